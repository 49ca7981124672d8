// StatefulSet. Upstream: pkg/registry/apps/statefulset/strategy.go, ValidateStatefulSet, printStatefulSet.
import type { StatefulSet as AppsStatefulSet } from 'kubernetes-types/apps/v1.js';
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import { dns1123LabelErrors } from '../../names.ts';
import type { Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, containersColumn, imagesColumn } from '../shared/columns.ts';
import { nonNegative } from '../shared/field-rules.ts';
import { defaultTemplate } from '../shared/pod-defaults.ts';
import { validateWorkload } from '../shared/pod-spec.ts';
import type { PodTemplate } from '../shared/pod-types.ts';
import { type ResourceList, defaultResourceList } from '../shared/resource-list.ts';
import { oldVersions, scale, status, workloadWarnings } from '../shared/workloads.ts';

type Spec = Omit<NonNullable<AppsStatefulSet['spec']>, 'template'> & { template: PodTemplate };
export type StatefulSet = Omit<AppsStatefulSet, 'spec' | 'status'> & {
  spec?: Spec;
  status?: Partial<NonNullable<AppsStatefulSet['status']>>;
};

/** What an update may change; upstream: ValidateStatefulSetUpdate. */
const MUTABLE: readonly (keyof Spec)[] = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];
const UPDATE_MESSAGE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

function strategy(errors: FieldErrors, spec: Spec): void {
  const { type = '', rollingUpdate } = spec.updateStrategy ?? {};
  const path = 'spec.updateStrategy';
  if (!type) errors.required(path);
  else if (type === 'OnDelete') {
    if (rollingUpdate) {
      const why = `only allowed for updateStrategy 'RollingUpdate'`;
      errors.invalid(`${path}.rollingUpdate`, rollingUpdate, why);
    }
  } else if (type === 'RollingUpdate') nonNegative(errors, `${path}.rollingUpdate.partition`, rollingUpdate?.partition);
  else errors.invalid(path, spec.updateStrategy, `must be 'RollingUpdate' or 'OnDelete'`);
}

function validate({ spec, metadata }: StatefulSet, errors: FieldErrors): void {
  if (!spec) return errors.required('spec');
  const policy = spec.podManagementPolicy ?? '';
  if (!policy) errors.required('spec.podManagementPolicy');
  else if (policy !== 'OrderedReady' && policy !== 'Parallel') {
    errors.invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'");
  }
  strategy(errors, spec);
  nonNegative(errors, 'spec.replicas', spec.replicas);
  nonNegative(errors, 'spec.minReadySeconds', spec.minReadySeconds);
  nonNegative(errors, 'spec.ordinals.start', spec.ordinals?.start);
  validateWorkload(errors, 'statefulset', spec.selector, spec.template);
  // Pods are named after the set.
  for (const why of dns1123LabelErrors(metadata?.name || 'x')) errors.invalid('metadata.name', metadata?.name, why);
}

export default defineKind<StatefulSet>({
  group: 'apps',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  short: ['sts'],
  categories: ['all'],
  scope: 'Namespaced',
  storage: { group: 'apps', version: 'v1' },
  served: [
    { group: 'apps', version: 'v1' },
    ...oldVersions('StatefulSet', [
      { group: 'apps', version: 'v1beta2', since: '1.9' },
      {
        group: 'apps',
        version: 'v1beta1',
        since: '1.8',
        defaults(draft: Unstructured) {
          const spec = draft['spec'] as Spec | undefined;
          if (spec) (spec.updateStrategy ??= {}).type ||= 'OnDelete';
        },
      },
    ]),
  ],
  subresources: { status, scale },
  generation: true,
  defaults({ spec }) {
    if (!spec) return;
    spec.podManagementPolicy ||= 'OrderedReady';
    const update = (spec.updateStrategy ??= {});
    update.type ||= 'RollingUpdate';
    if (update.type === 'RollingUpdate') (update.rollingUpdate ??= {}).partition ??= 0;
    const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
    retention.whenDeleted ||= 'Retain';
    retention.whenScaled ||= 'Retain';
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    defaultTemplate(spec.template);
    for (const claim of spec.volumeClaimTemplates ?? []) {
      const typed = claim as { apiVersion?: string; kind?: string; status?: { phase?: string } };
      typed.apiVersion ||= 'v1';
      typed.kind ||= 'PersistentVolumeClaim';
      (typed.status ??= {}).phase ||= 'Pending';
      (claim.spec ??= {} as never).volumeMode ??= 'Filesystem';
      defaultResourceList(claim.spec?.resources?.requests as ResourceList | undefined);
    }
  },
  prepareCreate(draft) {
    draft.status = { replicas: 0, availableReplicas: 0 };
  },
  validate,
  validateUpdate(set, old, errors) {
    const keys = new Set([...Object.keys(set.spec ?? {}), ...Object.keys(old.spec ?? {})] as (keyof Spec)[]);
    for (const key of keys) {
      if (MUTABLE.includes(key) || semanticEqual(set.spec?.[key], old.spec?.[key])) continue;
      return errors.forbidden('spec', UPDATE_MESSAGE);
    }
  },
  warnings: workloadWarnings,
  columns: [
    column(
      'Ready',
      'string',
      'Number of the pod with ready state',
      (s) => `${s.status?.readyReplicas ?? 0}/${s.spec?.replicas ?? 0}`,
    ),
    ageColumn,
    containersColumn,
    imagesColumn,
  ],
});
