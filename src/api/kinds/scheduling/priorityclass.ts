// PriorityClass. Upstream: pkg/registry/scheduling/priorityclass/strategy.go, pkg/apis/scheduling/validation.
import type { PriorityClass } from 'kubernetes-types/scheduling/v1.js';
import { defineKind } from '../../kind.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';
import { optionalOneOf } from '../shared/field-rules.ts';

const group = 'scheduling.k8s.io';
const HIGHEST_USER_PRIORITY = 1_000_000_000;
export const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

/** Upstream: IsKnownSystemPriorityClass. */
function systemProblem(name: string, { value, globalDefault }: PriorityClass): string | undefined {
  if (!Object.hasOwn(SYSTEM_PRIORITIES, name)) return `${name} is not a known system priority class`;
  if (SYSTEM_PRIORITIES[name] !== value) return `value of ${name} PriorityClass must be ${SYSTEM_PRIORITIES[name]}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

const old = (version: string) => ({
  group,
  version,
  deprecated: deprecated({ group, version }, 'PriorityClass', '1.14', '1.22', 'scheduling.k8s.io/v1 PriorityClass'),
});

export default defineKind<PriorityClass>({
  group,
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  short: ['pc'],
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }, old('v1beta1'), old('v1alpha1')],
  generation: 'on create',
  defaults(draft) {
    draft.value ??= 0;
    draft.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validate(priority, errors) {
    const name = priority.metadata?.name ?? '';
    if (name.startsWith('system-')) {
      const problem = systemProblem(name, priority);
      if (problem) {
        const why = "priority class names with 'system-' prefix are reserved for system use only.";
        errors.forbidden('metadata.name', `${why} error: ${problem}`);
      }
    } else if (priority.value > HIGHEST_USER_PRIORITY) {
      const why = `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`;
      errors.forbidden('value', why);
    }
    optionalOneOf(errors, 'preemptionPolicy', priority.preemptionPolicy, ['PreemptLowerPriority', 'Never']);
  },
  validateUpdate(priority, before, errors) {
    if (priority.value !== before.value) errors.forbidden('value', 'may not be changed in an update.');
    if (priority.preemptionPolicy !== before.preemptionPolicy) {
      errors.invalid('preemptionPolicy', priority.preemptionPolicy, 'field is immutable');
    }
  },
  columns: [
    column('Value', 'integer', texts['PriorityClass.value']!, (p) => p.value ?? 0),
    column('Global-Default', 'boolean', texts['PriorityClass.globalDefault']!, (p) => p.globalDefault ?? false),
    ageColumn,
    column('PreemptionPolicy', 'string', texts['PriorityClass.preemptionPolicy']!, (p) => p.preemptionPolicy ?? ''),
  ],
});
