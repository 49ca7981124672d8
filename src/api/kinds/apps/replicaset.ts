// ReplicaSet. Upstream: pkg/registry/apps/replicaset/strategy.go, printReplicaSet.
import type { ReplicaSet as AppsReplicaSet } from 'kubernetes-types/apps/v1.js';
import { defineKind } from '../../kind.ts';
import { ageColumn, column, containersColumn, imagesColumn, selectorColumn } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { immutable, nonNegative } from '../shared/field-rules.ts';
import { defaultTemplate } from '../shared/pod-defaults.ts';
import { dropTemplate } from '../shared/pod-disabled.ts';
import { validateWorkload } from '../shared/pod-spec.ts';
import type { PodTemplate } from '../shared/pod-types.ts';
import { dropTerminatingReplicas, validateReplicaCounts } from '../shared/replica-counts.ts';
import { namedWorkloadWarnings, oldVersions, scale, status } from '../shared/workloads.ts';

type Spec = Omit<NonNullable<AppsReplicaSet['spec']>, 'template'> & { template?: PodTemplate };
export type ReplicaSet = Omit<AppsReplicaSet, 'spec' | 'status'> & { spec?: Spec; status?: AppsReplicaSet['status'] };

export default defineKind<ReplicaSet>({
  group: 'apps',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  short: ['rs'],
  categories: ['all'],
  orphansIn: ['extensions/v1beta1', 'apps/v1beta2'],
  scope: 'Namespaced',
  storage: { group: 'apps', version: 'v1' },
  served: [
    { group: 'apps', version: 'v1' },
    ...oldVersions('ReplicaSet', [
      { group: 'apps', version: 'v1beta2', since: '1.9' },
      { group: 'extensions', version: 'v1beta1', since: '1.8' },
    ]),
  ],
  subresources: { status, scale },
  generation: true,
  defaults({ spec }) {
    if (!spec) return;
    spec.replicas ??= 1;
    defaultTemplate(spec.template);
  },
  prepareCreate(draft) {
    draft.status = { replicas: 0 };
    dropTemplate(draft.spec?.template);
  },
  prepareUpdate: (draft, old) => dropTemplate(draft.spec?.template, old.spec?.template),
  prepareStatus: (draft, old) => dropTerminatingReplicas(draft.status, old.status),
  validate({ spec }, errors) {
    if (!spec) return errors.required('spec');
    nonNegative(errors, 'spec.replicas', spec.replicas);
    nonNegative(errors, 'spec.minReadySeconds', spec.minReadySeconds);
    validateWorkload(errors, 'replicaset', spec.selector, spec.template);
  },
  validateUpdate(set, old, errors) {
    immutable(errors, 'spec.selector', set.spec?.selector, old.spec?.selector);
  },
  validateStatus: (set, _old, errors) => validateReplicaCounts(errors, set.status),
  warnings: (object, old) => namedWorkloadWarnings(object, old),
  columns: [
    column('Desired', 'integer', texts['ReplicaSetSpec.replicas']!, (s) => s.spec?.replicas ?? 0),
    column('Current', 'integer', texts['ReplicaSetStatus.replicas']!, (s) => s.status?.replicas ?? 0),
    column('Ready', 'integer', texts['ReplicaSetStatus.readyReplicas']!, (s) => s.status?.readyReplicas ?? 0),
    ageColumn,
    containersColumn,
    imagesColumn,
    selectorColumn(texts['ReplicaSetSpec.selector']!),
  ],
});
