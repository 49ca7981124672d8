// What a PodDisruptionBudget's status says, for those who write it (the disruption controller, the eviction
// subresource). Pure. Upstream: component-helpers/apps/poddisruptionbudget/helpers.go, pkg/controller/disruption.
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from 'kubernetes-types/policy/v1.js';
import { scaledValue } from './intstr.ts';
import type { ResourceType } from './types.ts';

export const PodDisruptionBudgets: ResourceType<PodDisruptionBudget> = {
  group: 'policy',
  version: 'v1',
  plural: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  namespaced: true,
};

export const DISRUPTION_ALLOWED = 'DisruptionAllowed';
export const SYNC_FAILED = 'SyncFailed';
/** On pods: somebody is about to end them. */
export const DISRUPTION_TARGET = 'DisruptionTarget';

type Condition = NonNullable<PodDisruptionBudgetStatus['conditions']>[number];

export const allowedCondition = (status: PodDisruptionBudgetStatus | undefined): Condition | undefined =>
  status?.conditions?.find((condition) => condition.type === DISRUPTION_ALLOWED);

/** The conditions with DisruptionAllowed set; its transition time moves only with its status. */
export function withAllowedCondition(
  status: PodDisruptionBudgetStatus,
  next: Pick<Condition, 'status' | 'reason' | 'message'>,
  now: string,
): Condition[] {
  const current = allowedCondition(status);
  const condition: Condition = {
    type: DISRUPTION_ALLOWED,
    ...next,
    ...(status.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
    lastTransitionTime: current?.status === next.status ? current.lastTransitionTime : now,
  };
  if (!current) return [...(status.conditions ?? []), condition];
  return status.conditions!.map((old) => (old === current ? condition : old));
}

/** Upstream: UpdateDisruptionAllowedCondition. */
export function conditionsFor(status: PodDisruptionBudgetStatus, now: string): Condition[] {
  const next =
    status.disruptionsAllowed > 0
      ? { status: 'True', reason: 'SufficientPods', message: '' }
      : { status: 'False', reason: 'InsufficientPods', message: '' };
  return withAllowedCondition(status, next, now);
}

/**
 * How many pods have to be healthy. `expected` is the scale of what controls them; a whole number of available pods
 * does not depend on it. Throws an Error for what is neither a number nor a percentage.
 */
export function desiredHealthy({ spec }: PodDisruptionBudget, expected: number): number {
  if (spec?.maxUnavailable != null) {
    return Math.max(0, expected - scaledValue(spec.maxUnavailable, expected, true));
  }
  return spec?.minAvailable == null ? 0 : scaledValue(spec.minAvailable, expected, true);
}

/** Whether the number of pods is asked of their controllers; otherwise it is counted. */
export const dependsOnScale = ({ spec }: PodDisruptionBudget): boolean =>
  spec?.maxUnavailable != null || typeof spec?.minAvailable === 'string';

/** With nothing expected nothing may go: the first pods may come at any moment. */
export const disruptionsAllowed = (healthy: number, desired: number, expected: number): number =>
  expected <= 0 ? 0 : Math.max(0, healthy - desired);
