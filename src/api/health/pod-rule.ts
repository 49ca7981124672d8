// The rule of pods. Upstream: kstatus/status/core.go, podConditions.
import type { Unstructured } from '../types.ts';
import { conditionOf, fields, isTrue, textAt } from './conditions.ts';
import { type Health, current, failed, inProgress } from './verdict.ts';

/** A container that waits to be started again after it ended; upstream looks for this one reason. */
function crashLooping(object: Unstructured): string[] {
  const status = fields(object['status']);
  const lists = [status['initContainerStatuses'], status['containerStatuses']];
  const all = lists.flatMap((list) => (Array.isArray(list) ? (list as Record<string, unknown>[]) : []));
  return all
    .filter((s) => fields(fields(s['state'])['waiting'])['reason'] === 'CrashLoopBackOff')
    .map((s) => String(s['name']));
}

/** Seconds for which a pod may be unschedulable before that counts as failed; autoscalers need some time. */
const SCHEDULE_WINDOW_MS = 15_000;

function pending(object: Unstructured, nowMs: number): Health {
  const scheduled = conditionOf(object, 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    const created = Date.parse(object.metadata.creationTimestamp ?? '');
    if (nowMs - created >= SCHEDULE_WINDOW_MS) return failed('Pod could not be scheduled');
    return inProgress('Pod has not been scheduled');
  }
  return inProgress('Pod is in the Pending phase');
}

export function podRule(object: Unstructured, nowMs: number): Health {
  const phase = textAt(fields(object['status']), 'phase');
  switch (phase) {
    case 'Succeeded':
      return current('Pod has completed successfully');
    case 'Failed':
      return failed('Pod has completed, but not successfully');
    case 'Running': {
      if (isTrue(object, 'Ready')) return current('Pod is Ready');
      if (conditionOf(object, 'Ready')?.reason === 'PodCompleted') return current('Pod has completed');
      const looping = crashLooping(object);
      if (looping.length) return failed(`Containers in CrashLoop state: ${looping.join(',')}`);
      return inProgress('Pod is running but is not Ready');
    }
    case 'Pending':
      return pending(object, nowMs);
    case '':
      return inProgress('Pod phase not available');
    default:
      return failed(`Pod is in an unknown phase: ${phase}`);
  }
}
