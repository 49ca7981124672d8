// ReplicationController. Upstream: pkg/registry/core/replicationcontroller/strategy.go.
import type { ReplicationController as CoreController } from 'kubernetes-types/core/v1.js';
import { defineKind } from '../../kind.ts';
import { formatLabels, selectorFromSet } from '../../selector.ts';
import { ageColumn, column, containersColumn, imagesColumn, wide } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { nonNegative } from '../shared/field-rules.ts';
import { defaultTemplate } from '../shared/pod-defaults.ts';
import { dropTemplate } from '../shared/pod-disabled.ts';
import { validateTemplate } from '../shared/pod-spec.ts';
import type { PodTemplate } from '../shared/pod-types.ts';
import { validateReplicaCounts } from '../shared/replica-counts.ts';
import { namedWorkloadWarnings, scale, status } from '../shared/workloads.ts';

type Spec = Omit<NonNullable<CoreController['spec']>, 'template'> & { template?: PodTemplate };
type Controller = Omit<CoreController, 'spec' | 'status'> & { spec?: Spec; status?: CoreController['status'] };

export default defineKind<Controller>({
  group: '',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  short: ['rc'],
  categories: ['all'],
  orphansIn: ['v1'],
  scope: 'Namespaced',
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  subresources: { status, scale },
  generation: true,
  defaults(draft) {
    const { spec } = draft;
    if (!spec) return;
    const labels = spec.template?.metadata?.labels;
    if (labels) {
      if (!Object.keys(spec.selector ?? {}).length) spec.selector = { ...labels };
      const metadata = (draft.metadata ??= {});
      if (!Object.keys(metadata.labels ?? {}).length) metadata.labels = { ...labels };
    }
    spec.replicas ??= 1;
    defaultTemplate(spec.template);
  },
  prepareCreate(draft) {
    draft.status = { replicas: 0 };
    dropTemplate(draft.spec?.template);
  },
  prepareUpdate: (draft, old) => dropTemplate(draft.spec?.template, old.spec?.template),
  validate({ spec }, errors) {
    nonNegative(errors, 'spec.minReadySeconds', spec?.minReadySeconds);
    if (!Object.keys(spec?.selector ?? {}).length) errors.required('spec.selector');
    nonNegative(errors, 'spec.replicas', spec?.replicas);
    if (!spec?.template) return errors.required('spec.template');
    const selects = Object.keys(spec.selector ?? {}).length > 0;
    if (selects && !selectorFromSet(spec.selector).matches(spec.template.metadata?.labels)) {
      const why = '`selector` does not match template `labels`';
      errors.invalid('spec.template.metadata.labels', spec.template.metadata?.labels ?? {}, why);
    }
    validateTemplate(errors, 'spec.template', spec.template);
    const restart = spec.template.spec?.restartPolicy;
    if (restart !== 'Always') errors.notSupported('spec.template.spec.restartPolicy', restart ?? '', ['Always']);
    if (spec.template.spec?.activeDeadlineSeconds != null) {
      const why = 'activeDeadlineSeconds in ReplicationController is not Supported';
      errors.forbidden('spec.template.spec.activeDeadlineSeconds', why);
    }
  },
  validateStatus: (controller, _old, errors) => validateReplicaCounts(errors, controller.status),
  warnings: (object, old) => namedWorkloadWarnings(object, old),
  selectableFields: { 'status.replicas': (c) => String(c.status?.replicas ?? 0) },
  columns: [
    column('Desired', 'integer', texts['ReplicationControllerSpec.replicas']!, (c) => c.spec?.replicas ?? 0),
    column('Current', 'integer', texts['ReplicationControllerStatus.replicas']!, (c) => c.status?.replicas ?? 0),
    column(
      'Ready',
      'integer',
      texts['ReplicationControllerStatus.readyReplicas']!,
      (c) => c.status?.readyReplicas ?? 0,
    ),
    ageColumn,
    containersColumn,
    imagesColumn,
    wide('Selector', 'string', texts['ReplicationControllerSpec.selector']!, (c) => formatLabels(c.spec?.selector)),
  ],
});
