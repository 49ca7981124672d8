// StatefulSet. Upstream: pkg/registry/apps/statefulset/strategy.go, ValidateStatefulSet, printStatefulSet.
import type { StatefulSet as AppsStatefulSet } from 'kubernetes-types/apps/v1.js';
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import { dns1123LabelErrors } from '../../names.ts';
import type { Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, containersColumn, imagesColumn } from '../shared/columns.ts';
import { type ClaimSpec, claimSpecWarnings } from '../shared/claim-spec.ts';
import { dnsLabel, nonNegative, push } from '../shared/field-rules.ts';
import { type GoFields, goStruct, pointerTo } from '../shared/go-structs.ts';
import { STATEFUL_SET_GATES, dropper } from '../shared/feature-gates.ts';
import { defaultTemplate } from '../shared/pod-defaults.ts';
import { dropTemplate } from '../shared/pod-disabled.ts';
import { validateWorkload } from '../shared/pod-spec.ts';
import type { PodTemplate } from '../shared/pod-types.ts';
import { collisionCount } from '../shared/replica-counts.ts';
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

const ROLLING: GoFields = { Partition: 0, MaxUnavailable: null };
const STRATEGY: GoFields = { Type: '', RollingUpdate: pointerTo(ROLLING) };

function strategy(errors: FieldErrors, spec: Spec): void {
  const { type = '', rollingUpdate } = spec.updateStrategy ?? {};
  const path = 'spec.updateStrategy';
  if (!type) errors.required(path);
  else if (type === 'OnDelete') {
    if (rollingUpdate) {
      const why = `only allowed for updateStrategy 'RollingUpdate'`;
      errors.invalid(`${path}.rollingUpdate`, goStruct(rollingUpdate, ROLLING), why);
    }
  } else if (type === 'RollingUpdate') nonNegative(errors, `${path}.rollingUpdate.partition`, rollingUpdate?.partition);
  else errors.invalid(path, goStruct(spec.updateStrategy, STRATEGY), `must be 'RollingUpdate' or 'OnDelete'`);
}

function retention(errors: FieldErrors, spec: Spec): void {
  const policy = spec.persistentVolumeClaimRetentionPolicy;
  if (!policy) return;
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const value = policy[field] ?? '';
    if (value === 'Retain' || value === 'Delete') continue;
    errors.notSupported(`spec.persistentVolumeClaimRetentionPolicy.${field}`, value, ['Retain', 'Delete']);
  }
}

/** The template as its pods will be: with a volume for each claim, whatever the template's own of that name is. */
function withClaims({ template, volumeClaimTemplates: claims }: Spec): PodTemplate {
  if (!claims?.length || !template?.spec) return template;
  const names = new Set(claims.map(({ metadata }) => metadata?.name ?? ''));
  const others = template.spec.volumes?.filter((volume) => !names.has(volume.name)) ?? [];
  const added = Array.from(names, (name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  return { ...template, spec: { ...template.spec, volumes: [...others, ...added] } };
}

function validate({ spec }: StatefulSet, errors: FieldErrors): void {
  if (!spec) return errors.required('spec');
  const policy = spec.podManagementPolicy ?? '';
  if (!policy) errors.required('spec.podManagementPolicy');
  else if (policy !== 'OrderedReady' && policy !== 'Parallel') {
    errors.invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'");
  }
  strategy(errors, spec);
  retention(errors, spec);
  nonNegative(errors, 'spec.replicas', spec.replicas);
  nonNegative(errors, 'spec.minReadySeconds', spec.minReadySeconds);
  nonNegative(errors, 'spec.ordinals.start', spec.ordinals?.start);
  validateWorkload(errors, 'statefulset', spec.selector, withClaims(spec));
}

const COUNTS = [
  'replicas',
  'readyReplicas',
  'currentReplicas',
  'updatedReplicas',
  'availableReplicas',
  'observedGeneration',
  'collisionCount',
] as const;

/** Upstream: ValidateStatefulSetStatus. */
function validateStatus({ status: s = {} }: StatefulSet, old: StatefulSet, errors: FieldErrors): void {
  for (const field of COUNTS) nonNegative(errors, `status.${field}`, s[field]);
  for (const field of ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const) {
    if ((s[field] ?? 0) <= (s.replicas ?? 0)) continue;
    errors.invalid(`status.${field}`, s[field] ?? 0, 'cannot be greater than status.replicas');
  }
  if ((s.availableReplicas ?? 0) > (s.readyReplicas ?? 0)) {
    errors.invalid('status.availableReplicas', s.availableReplicas ?? 0, 'cannot be greater than status.readyReplicas');
  }
  collisionCount(errors, s, old.status);
}

const dropFields = dropper(STATEFUL_SET_GATES);

function drop(spec: Spec | undefined, old?: Spec): void {
  dropFields(spec, old);
  dropTemplate(spec?.template, old?.template);
}

function warnings(set: StatefulSet, old: StatefulSet | undefined): string[] {
  const list = workloadWarnings(set, old);
  set.spec?.volumeClaimTemplates?.forEach(({ spec }, i) => {
    list.push(...claimSpecWarnings(`spec.volumeClaimTemplates[${i}].spec`, spec as ClaimSpec));
  });
  if ((set.spec?.revisionHistoryLimit ?? 0) < 0) {
    const why = 'a negative value retains all historical revisions; a value >= 0 is recommended';
    list.push(`spec.revisionHistoryLimit: ${why}`);
  }
  return list;
}

export default defineKind<StatefulSet>({
  group: 'apps',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  short: ['sts'],
  categories: ['all'],
  orphansIn: ['apps/v1beta1', 'apps/v1beta2'],
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
    drop(draft.spec);
  },
  prepareUpdate: (draft, old) => drop(draft.spec, old.spec),
  validate,
  validateCreate({ spec, metadata }, errors) {
    if (spec?.serviceName) dnsLabel(errors, 'spec.serviceName', spec.serviceName);
    // Pods are named after the set.
    push(errors, 'metadata.name', metadata?.name, dns1123LabelErrors(metadata?.name || 'x'));
  },
  validateUpdate(set, old, errors) {
    const keys = new Set([...Object.keys(set.spec ?? {}), ...Object.keys(old.spec ?? {})] as (keyof Spec)[]);
    for (const key of keys) {
      if (MUTABLE.includes(key) || semanticEqual(set.spec?.[key], old.spec?.[key])) continue;
      return errors.forbidden('spec', UPDATE_MESSAGE);
    }
  },
  validateStatus,
  warnings,
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
