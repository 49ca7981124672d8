// DaemonSet. Upstream: pkg/registry/apps/daemonset/strategy.go, printDaemonSet.
import type { DaemonSet as AppsDaemonSet } from 'kubernetes-types/apps/v1.js';
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import { formatLabels } from '../../selector.ts';
import type { Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, containersColumn, imagesColumn, selectorColumn } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { immutable, nonNegative } from '../shared/field-rules.ts';
import { ROLLING_STRATEGY, goStruct } from '../shared/go-structs.ts';
import { amount, notMoreThanAll, positiveIntOrPercent } from '../shared/int-or-percent.ts';
import { defaultTemplate } from '../shared/pod-defaults.ts';
import { dropTemplate } from '../shared/pod-disabled.ts';
import { validateWorkload } from '../shared/pod-spec.ts';
import type { PodTemplate } from '../shared/pod-types.ts';
import { collisionCount } from '../shared/replica-counts.ts';
import { oldVersions, status, workloadWarnings } from '../shared/workloads.ts';

type Spec = Omit<NonNullable<AppsDaemonSet['spec']>, 'template'> & { template: PodTemplate };
export type DaemonSet = Omit<AppsDaemonSet, 'spec' | 'status'> & { spec?: Spec; status?: AppsDaemonSet['status'] };

function validateStrategy(errors: FieldErrors, spec: Spec): void {
  const { type = '', rollingUpdate } = spec.updateStrategy ?? {};
  const path = 'spec.updateStrategy';
  if (type === 'OnDelete') return;
  if (type !== 'RollingUpdate') {
    return errors.notSupported(path, goStruct(spec.updateStrategy, ROLLING_STRATEGY), ['RollingUpdate', 'OnDelete']);
  }
  if (!rollingUpdate) return errors.required(`${path}.rollingUpdate`);
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  const [unavailable, surge] = [`${path}.rollingUpdate.maxUnavailable`, `${path}.rollingUpdate.maxSurge`];
  positiveIntOrPercent(errors, unavailable, maxUnavailable);
  positiveIntOrPercent(errors, surge, maxSurge);
  notMoreThanAll(errors, unavailable, maxUnavailable);
  notMoreThanAll(errors, surge, maxSurge);
  const [some, more] = [amount(maxUnavailable) !== 0, amount(maxSurge) !== 0];
  if (some && more) errors.invalid(surge, maxSurge, 'may not be set when maxUnavailable is non-zero');
  else if (!some && !more) errors.required(unavailable, 'cannot be 0 when maxSurge is 0');
}

const COUNTS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
] as const;

function validateStatus({ status: s }: DaemonSet, old: DaemonSet, errors: FieldErrors): void {
  for (const field of COUNTS) nonNegative(errors, `status.${field}`, s?.[field]);
  collisionCount(errors, s, old.status);
}

function onDelete(draft: Unstructured): void {
  const spec = draft['spec'] as Spec | undefined;
  if (spec) (spec.updateStrategy ??= {}).type ||= 'OnDelete';
}

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

const templateGeneration = ({ metadata }: DaemonSet): number =>
  Math.trunc(Number(metadata?.annotations?.[TEMPLATE_GENERATION] ?? 0)) || 0;

/** A field of the internal kind, which v1 shows as an annotation. */
function setTemplateGeneration(draft: DaemonSet, generation: number): void {
  const metadata = (draft.metadata ??= {});
  metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

const count = (field: keyof NonNullable<DaemonSet['status']>) => (set: DaemonSet) =>
  (set.status?.[field] as number) ?? 0;

export default defineKind<DaemonSet>({
  group: 'apps',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  short: ['ds'],
  categories: ['all'],
  orphansIn: ['extensions/v1beta1', 'apps/v1beta2'],
  scope: 'Namespaced',
  storage: { group: 'apps', version: 'v1' },
  served: [
    { group: 'apps', version: 'v1' },
    ...oldVersions('DaemonSet', [
      { group: 'apps', version: 'v1beta2', since: '1.9' },
      { group: 'extensions', version: 'v1beta1', since: '1.8', defaults: onDelete },
    ]),
  ],
  subresources: { status },
  generation: true,
  defaults({ spec }) {
    if (!spec) return;
    const strategy = (spec.updateStrategy ??= {});
    strategy.type ||= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      const rolling = (strategy.rollingUpdate ??= {});
      rolling.maxUnavailable ??= 1;
      rolling.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
    defaultTemplate(spec.template);
  },
  prepareCreate(draft) {
    draft.status = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };
    setTemplateGeneration(draft, Math.max(1, templateGeneration(draft)));
    dropTemplate(draft.spec?.template);
  },
  prepareUpdate(draft, old) {
    dropTemplate(draft.spec?.template, old.spec?.template);
    const changed = !semanticEqual(draft.spec?.template, old.spec?.template);
    setTemplateGeneration(draft, templateGeneration(old) + (changed ? 1 : 0));
  },
  validate({ spec }, errors) {
    if (!spec) return errors.required('spec');
    validateWorkload(errors, 'daemonset', spec.selector, spec.template);
    nonNegative(errors, 'spec.minReadySeconds', spec.minReadySeconds);
    validateStrategy(errors, spec);
    nonNegative(errors, 'spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  },
  validateUpdate(set, old, errors) {
    immutable(errors, 'spec.selector', set.spec?.selector, old.spec?.selector);
  },
  validateStatus,
  warnings: workloadWarnings,
  columns: [
    column('Desired', 'integer', texts['DaemonSetStatus.desiredNumberScheduled']!, count('desiredNumberScheduled')),
    column('Current', 'integer', texts['DaemonSetStatus.currentNumberScheduled']!, count('currentNumberScheduled')),
    column('Ready', 'integer', texts['DaemonSetStatus.numberReady']!, count('numberReady')),
    column('Up-to-date', 'integer', texts['DaemonSetStatus.updatedNumberScheduled']!, count('updatedNumberScheduled')),
    column('Available', 'integer', texts['DaemonSetStatus.numberAvailable']!, count('numberAvailable')),
    column('Node Selector', 'string', texts['PodSpec.nodeSelector']!, (s) =>
      formatLabels(s.spec?.template?.spec?.nodeSelector),
    ),
    ageColumn,
    containersColumn,
    imagesColumn,
    selectorColumn(texts['DaemonSetSpec.selector']!),
  ],
});
