// Deployment. Upstream: pkg/registry/apps/deployment/strategy.go, pkg/apis/apps/validation, printDeployment.
import type { Deployment as AppsDeployment } from 'kubernetes-types/apps/v1.js';
import { defineKind } from '../../kind.ts';
import { selectorFromObject } from '../../selector.ts';
import type { Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, containersColumn, imagesColumn, wide } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { immutable, nonNegative } from '../shared/field-rules.ts';
import { ROLLING_STRATEGY, goStruct } from '../shared/go-structs.ts';
import { amount, notMoreThanAll, positiveIntOrPercent } from '../shared/int-or-percent.ts';
import { defaultTemplate } from '../shared/pod-defaults.ts';
import { dropTemplate } from '../shared/pod-disabled.ts';
import { validateWorkload } from '../shared/pod-spec.ts';
import type { PodTemplate } from '../shared/pod-types.ts';
import { collisionCount, dropTerminatingReplicas } from '../shared/replica-counts.ts';
import { namedWorkloadWarnings, oldVersions, scale, status } from '../shared/workloads.ts';

type Spec = Omit<NonNullable<AppsDeployment['spec']>, 'template'> & { template: PodTemplate };
export type Deployment = Omit<AppsDeployment, 'spec' | 'status'> & { spec?: Spec; status?: AppsDeployment['status'] };

const MAX_INT32 = 2147483647;

function validateStrategy(errors: FieldErrors, spec: Spec): void {
  const { type = '', rollingUpdate } = spec.strategy ?? {};
  const path = 'spec.strategy';
  if (type === 'Recreate') {
    if (rollingUpdate) {
      errors.forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'");
    }
    return;
  }
  if (type !== 'RollingUpdate') {
    return errors.notSupported(path, goStruct(spec.strategy, ROLLING_STRATEGY), ['Recreate', 'RollingUpdate']);
  }
  if (!rollingUpdate) return errors.required(`${path}.rollingUpdate`, 'this should be defaulted and never be nil');
  const { maxSurge, maxUnavailable } = rollingUpdate;
  const [unavailable, surge] = [`${path}.rollingUpdate.maxUnavailable`, `${path}.rollingUpdate.maxSurge`];
  positiveIntOrPercent(errors, unavailable, maxUnavailable);
  positiveIntOrPercent(errors, surge, maxSurge);
  if (amount(maxUnavailable) === 0 && amount(maxSurge) === 0) {
    errors.invalid(unavailable, maxUnavailable, 'may not be 0 when `maxSurge` is 0');
  }
  notMoreThanAll(errors, unavailable, maxUnavailable);
}

function validate(deployment: Deployment, errors: FieldErrors): void {
  const { spec } = deployment;
  if (!spec) return errors.required('spec');
  nonNegative(errors, 'spec.replicas', spec.replicas);
  validateWorkload(errors, 'deployment', spec.selector, spec.template);
  validateStrategy(errors, spec);
  nonNegative(errors, 'spec.minReadySeconds', spec.minReadySeconds);
  nonNegative(errors, 'spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  const deadline = spec.progressDeadlineSeconds;
  nonNegative(errors, 'spec.progressDeadlineSeconds', deadline);
  if (deadline != null && deadline <= (spec.minReadySeconds ?? 0)) {
    errors.invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds');
  }
}

const COUNTS = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'collisionCount',
] as const;

function validateStatus({ status: s = {} }: Deployment, old: Deployment, errors: FieldErrors): void {
  for (const field of COUNTS) nonNegative(errors, `status.${field}`, s[field]);
  const over = 'cannot be greater than status.replicas';
  const total = s.replicas ?? 0;
  for (const field of ['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const) {
    if ((s[field] ?? 0) > total) errors.invalid(`status.${field}`, s[field] ?? 0, over);
  }
  if ((s.availableReplicas ?? 0) > (s.readyReplicas ?? 0)) {
    errors.invalid('status.availableReplicas', s.availableReplicas ?? 0, 'cannot be greater than readyReplicas');
  }
  collisionCount(errors, s, old.status);
}

function defaults(draft: Deployment): void {
  const { spec } = draft;
  if (!spec) return;
  spec.replicas ??= 1;
  const strategy = (spec.strategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    const rolling = (strategy.rollingUpdate ??= {});
    rolling.maxUnavailable ??= '25%';
    rolling.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  defaultTemplate(spec.template);
}

function defaultsOfExtensions(draft: Unstructured): void {
  const spec = draft['spec'] as Spec | undefined;
  if (!spec) return;
  const strategy = (spec.strategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    const rolling = (strategy.rollingUpdate ??= {});
    rolling.maxUnavailable ??= 1;
    rolling.maxSurge ??= 1;
  }
  spec.progressDeadlineSeconds ??= MAX_INT32;
  spec.revisionHistoryLimit ??= MAX_INT32;
}

function defaultsOfBeta1(draft: Unstructured): void {
  const spec = draft['spec'] as Spec | undefined;
  if (spec) spec.revisionHistoryLimit ??= 2;
}

function selectorText(deployment: Deployment): string {
  try {
    return selectorFromObject(deployment.spec?.selector).toString();
  } catch {
    return '<invalid>';
  }
}

export default defineKind<Deployment>({
  group: 'apps',
  kind: 'Deployment',
  plural: 'deployments',
  short: ['deploy'],
  categories: ['all'],
  orphansIn: ['extensions/v1beta1', 'apps/v1beta1', 'apps/v1beta2'],
  scope: 'Namespaced',
  storage: { group: 'apps', version: 'v1' },
  served: [
    { group: 'apps', version: 'v1' },
    ...oldVersions('Deployment', [
      { group: 'apps', version: 'v1beta2', since: '1.9' },
      { group: 'apps', version: 'v1beta1', since: '1.8', defaults: defaultsOfBeta1 },
      { group: 'extensions', version: 'v1beta1', since: '1.8', defaults: defaultsOfExtensions },
    ]),
  ],
  subresources: { status, scale },
  generation: true,
  generationWith: 'annotations',
  defaults,
  prepareCreate(draft) {
    draft.status = {};
    dropTemplate(draft.spec?.template);
  },
  prepareUpdate: (draft, old) => dropTemplate(draft.spec?.template, old.spec?.template),
  statusKeeps: ['labels'],
  prepareStatus: (draft, old) => dropTerminatingReplicas(draft.status, old.status),
  validate,
  validateUpdate(deployment, old, errors) {
    immutable(errors, 'spec.selector', deployment.spec?.selector, old.spec?.selector);
  },
  validateStatus,
  warnings: (object, old) => namedWorkloadWarnings(object, old),
  columns: [
    column(
      'Ready',
      'string',
      'Number of the pod with ready state',
      (d) => `${d.status?.readyReplicas ?? 0}/${d.spec?.replicas ?? 0}`,
    ),
    column('Up-to-date', 'string', texts['DeploymentStatus.updatedReplicas']!, (d) => d.status?.updatedReplicas ?? 0),
    column(
      'Available',
      'string',
      texts['DeploymentStatus.availableReplicas']!,
      (d) => d.status?.availableReplicas ?? 0,
    ),
    ageColumn,
    containersColumn,
    imagesColumn,
    wide('Selector', 'string', texts['DeploymentSpec.selector']!, selectorText),
  ],
});
