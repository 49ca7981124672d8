// The condition Available of an APIService. Pure. Upstream: kube-aggregator/pkg/apis/apiregistration/v1/helper/helpers.go.
import type { ApiService } from '../../../api/kinds/apiregistration/apiservice.ts';

export interface Availability {
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
}

interface Condition extends Availability {
  type: string;
  lastTransitionTime: string;
}

export const LOCAL: Availability = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
};
export const PASSED: Availability = { status: 'True', reason: 'Passed', message: 'all checks passed' };

/** The status with the condition; undefined when it says so already. */
export function withAvailability(
  { status }: ApiService,
  availability: Availability,
  nowIso: string,
): { conditions: Condition[] } | undefined {
  const conditions = (status?.conditions ?? []) as Condition[];
  const before = conditions.find((c) => c.type === 'Available');
  const same = before?.status === availability.status;
  if (same && before.reason === availability.reason && before.message === availability.message) return undefined;
  const condition = {
    type: 'Available',
    lastTransitionTime: same ? before.lastTransitionTime : nowIso,
    ...availability,
  };
  return { ...status, conditions: [...conditions.filter((c) => c !== before), condition] };
}
