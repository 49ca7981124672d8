// Whether an object is what its spec asks for: kstatus as rules per kind, and a rule for all others. Read by GitOps and
// `wait`; `rollout status` has its own words (rollout.ts). Upstream: sigs.k8s.io/cli-utils/pkg/kstatus/status.
import { type Unstructured, parseApiVersion } from '../types.ts';
import { conditionOf, conditionsOf, fields, numberAt } from './conditions.ts';
import { rules } from './rules.ts';
import { type Health, current, failed, inProgress } from './verdict.ts';

export type { Health, HealthStatus } from './verdict.ts';

/** Upstream: checkGenericProperties; undefined when they say nothing. */
function generic(object: Unstructured): Health | undefined {
  if (object.metadata.deletionTimestamp) {
    return { status: 'Terminating', message: 'Resource scheduled for deletion' };
  }
  const generation = object.metadata.generation;
  const observed = fields(object['status'])['observedGeneration'];
  if (generation !== undefined && typeof observed === 'number' && observed !== generation) {
    const name = object.kind;
    return inProgress(`${name} generation is ${generation}, but latest observed generation is ${observed}`);
  }
  const reconciling = conditionOf(object, 'Reconciling');
  if (reconciling?.status === 'True') return inProgress(reconciling.message ?? '');
  const stalled = conditionOf(object, 'Stalled');
  return stalled?.status === 'True' ? failed(stalled.message ?? '') : undefined;
}

/** Kinds without a rule of their own are current unless a Ready condition says otherwise. Upstream: checkReadyCondition. */
function byReadyCondition(object: Unstructured): Health {
  const ready = conditionsOf(object).find((c) => c.type === 'Ready');
  if (!ready || ready.status === 'True')
    return current(ready?.status === 'True' ? 'Resource is Ready' : 'Resource is current');
  return inProgress(ready.message ?? '');
}

/** Undefined is an object that is not there. */
export function healthOf(object: Unstructured | undefined, nowMs = Date.now()): Health {
  if (!object) return { status: 'NotFound', message: 'Resource not found' };
  const verdict = generic(object);
  if (verdict) return verdict;
  const { group } = parseApiVersion(object.apiVersion);
  const rule = rules[group ? `${object.kind}.${group}` : object.kind];
  return rule ? rule(object, nowMs) : byReadyCondition(object);
}

/** True when there is nothing left to wait for. */
export const isSettled = (health: Health): boolean => health.status === 'Current' || health.status === 'NotFound';

/** `3/5`: how many of the replicas that are asked for are ready; for progress lines. */
export function replicaProgress(object: Unstructured): string | undefined {
  const wanted = fields(object['spec'])['replicas'];
  if (typeof wanted !== 'number') return undefined;
  return `${numberAt(fields(object['status']), 'readyReplicas')}/${wanted}`;
}
