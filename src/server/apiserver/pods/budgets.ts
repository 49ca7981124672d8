// Disruption budgets as an eviction meets them: which are a pod's, whether they allow one more, and the note in their
// status that a pod is about to go. Upstream: checkAndDecrement in pkg/registry/core/pod/storage/eviction.go.
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from 'kubernetes-types/policy/v1.js';
import { parseJson } from '../../../api/codec/json.ts';
import { PodDisruptionBudgets, SYNC_FAILED, allowedCondition, conditionsFor } from '../../../api/disruption.ts';
import { type LabelSelector, selectorFromObject } from '../../../api/selector.ts';
import { StatusError, forbidden, isConflict } from '../../../api/status.ts';
import { type KubeObject, resourcePath } from '../../../api/types.ts';
import type { Lister } from '../../admission/types.ts';
import { errorOf, isFailure } from '../content/answer-of.ts';
import type { SubresourceContext } from '../types.ts';
import { timestamp } from '../verbs/metadata.ts';

/** More evictions that the controller has not seen are too many. Upstream: MaxDisruptedPodSize. */
const MAX_DISRUPTED_PODS = 2000;
/** So long others may be faster. Upstream: EvictionsRetry, 20 attempts of half a second. */
const PATIENCE_MS = 10_000;

export function budgetsOf(lister: Lister, pod: KubeObject): PodDisruptionBudget[] {
  return lister
    .list(PodDisruptionBudgets, pod.metadata?.namespace)
    .filter(({ spec }) => spec?.selector && matches(spec.selector, pod));
}

function matches(selector: LabelSelector, pod: KubeObject): boolean {
  try {
    return selectorFromObject(selector).matches(pod.metadata?.labels);
  } catch {
    return false;
  }
}

/** Whether a pod that is not ready may go only when the budget has room: it does not count as healthy anyway. */
export function guardsUnready({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return false;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return !(currentHealthy >= desiredHealthy && desiredHealthy > 0);
}

/** Takes one disruption off the budget, or throws TooManyRequests, Forbidden or Timeout. */
export async function grantEviction(
  context: SubresourceContext,
  budget: PodDisruptionBudget,
  dryRun: boolean,
): Promise<void> {
  const clock = context.options.clock ?? Date;
  const end = Date.now() + PATIENCE_MS;
  for (let current = budget; ;) {
    check(current);
    if (dryRun) return;
    try {
      await call(context, 'PUT', current, decremented(current, context.name, timestamp(clock.now())));
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (Date.now() > end) throw timedOut(budget);
      current = await call(context, 'GET', current);
    }
  }
}

const nameOf = (budget: PodDisruptionBudget): string => budget.metadata?.name ?? '';

function timedOut(budget: PodDisruptionBudget): StatusError {
  const what = `couldn't update PodDisruptionBudget ${JSON.stringify(nameOf(budget))} due to conflicts`;
  return new StatusError('Timeout', `Timeout: ${what}`, { retryAfterSeconds: 10 });
}

function check(budget: PodDisruptionBudget): void {
  const status = budget.status;
  if ((status?.observedGeneration ?? 0) < (budget.metadata?.generation ?? 0)) throw tooManyRequests(budget);
  const allowed = status?.disruptionsAllowed ?? 0;
  const refuse = (why: string): StatusError =>
    forbidden({ group: 'policy', plural: 'poddisruptionbudget' }, nameOf(budget), why);
  if (allowed < 0) throw refuse('pdb disruptions allowed is negative');
  if (Object.keys(status?.disruptedPods ?? {}).length > MAX_DISRUPTED_PODS) {
    throw refuse('DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (allowed === 0) throw violation(whyNone(budget), 0);
}

function whyNone(budget: PodDisruptionBudget): string {
  const start = `The disruption budget ${nameOf(budget)}`;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  const condition = allowedCondition(budget.status);
  const said = condition?.status === 'False' && condition.message ? condition : undefined;
  // After a failure the numbers are not to be trusted.
  if (said?.reason === SYNC_FAILED) {
    return `${start} does not allow evicting pods currently because it failed sync: ${said.message}`;
  }
  if (currentHealthy <= desiredHealthy) {
    return `${start} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  }
  if (said) return `${start} does not allow evicting pods currently (${said.reason}): ${said.message}`;
  return `${start} does not allow evicting pods currently`;
}

/** The controller is not up to date with this budget: come again. */
export const tooManyRequests = (budget: PodDisruptionBudget): StatusError =>
  violation(`The disruption budget ${nameOf(budget)} is still being processed by the server.`, 10);

function violation(message: string, retryAfterSeconds: number): StatusError {
  return new StatusError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
    ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
  });
}

function decremented(budget: PodDisruptionBudget, pod: string, now: string): PodDisruptionBudget {
  const old = budget.status!;
  const status: PodDisruptionBudgetStatus = {
    ...old,
    disruptionsAllowed: old.disruptionsAllowed - 1,
    disruptedPods: { ...old.disruptedPods, [pod]: now },
  };
  if (status.disruptionsAllowed === 0) status.conditions = conditionsFor(status, now);
  return { ...budget, apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', status };
}

/** As the server: who may evict need not be able to read or write budgets. */
async function call(
  { callAsServer, request }: SubresourceContext,
  method: 'GET' | 'PUT',
  { metadata }: PodDisruptionBudget,
  sent?: PodDisruptionBudget,
): Promise<PodDisruptionBudget> {
  const { name = '', namespace } = metadata ?? {};
  const response = await callAsServer({
    method,
    path: resourcePath(PodDisruptionBudgets, { name, namespace, ...(sent ? { subresource: 'status' } : {}) }),
    query: new URLSearchParams(),
    headers: { accept: 'application/json', 'content-type': 'application/json', 'user-agent': 'kube-apiserver' },
    ...(sent ? { body: { bytes: async () => Buffer.from(JSON.stringify(sent)), shared: () => sent } } : {}),
    signal: request.signal,
  });
  if (isFailure(response)) throw await errorOf(response);
  return parseJson((await response.body!.bytes()) as Uint8Array) as unknown as PodDisruptionBudget;
}
