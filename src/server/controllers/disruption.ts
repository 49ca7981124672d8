// Says in each PodDisruptionBudget's status how many of its pods may go now; the eviction subresource keeps to it.
// Upstream: pkg/controller/disruption/disruption.go. What counts is in disruption/, the arithmetic in api/disruption.ts.
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from 'kubernetes-types/core/v1.js';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from 'kubernetes-types/policy/v1.js';
import {
  DISRUPTION_TARGET,
  PodDisruptionBudgets,
  SYNC_FAILED,
  conditionsFor,
  dependsOnScale,
  desiredHealthy,
  disruptionsAllowed,
  withAllowedCondition,
} from '../../api/disruption.ts';
import { Deployments, Pods, ReplicaSets, ReplicationControllers, StatefulSets } from '../../api/resources.ts';
import { isConflict, isNotFound } from '../../api/status.ts';
import { objectKey } from '../../api/types.ts';
import { type ControllerContext, type ReconcileResult, defineController, watch } from '../../client/controller.ts';
import { defineControllerModule } from './_types.ts';
import { type Disrupted, countHealthy, disruptedPods, matters, staleTargetInMs } from './disruption/pods.ts';
import { expectedScale } from './disruption/scale.ts';
import { timestamp } from './shared/conditions.ts';
import { about, coalesce, messageOf } from './shared/objects.ts';
import { compiledSelector } from './shared/selectors.ts';

export default defineControllerModule({ name: 'disruption', setup: () => [budgets, staleTargets] });

const budgets = defineController({
  name: 'disruption',
  for: PodDisruptionBudgets,
  watches: [watch(Pods, wake)],
  reads: [ReplicaSets, Deployments, StatefulSets, ReplicationControllers],
  reconcile,
});

/** The budgets of a pod as it is and as it was. */
function wake(pod: Pod, old: Pod | undefined, context: ControllerContext): string[] {
  const all = context.lister(PodDisruptionBudgets).list(pod.metadata?.namespace ?? '');
  if (all.length === 0 || !matters(pod, old)) return [];
  const now = all.filter((budget) => selects(budget, pod));
  if (now.length > 1) {
    const { namespace, name } = pod.metadata ?? {};
    const chosen = JSON.stringify(now[0]!.metadata?.name);
    const message = `Pod "${namespace}"/"${name}" matches multiple PodDisruptionBudgets.  Chose ${chosen} arbitrarily.`;
    context.events.event(about(Pods, pod), 'Warning', 'MultiplePodDisruptionBudgets', message);
  }
  const before = old ? all.filter((budget) => !now.includes(budget) && selects(budget, old)) : [];
  return [...now, ...before].map(objectKey);
}

const selects = (budget: PodDisruptionBudget, pod: Pod): boolean =>
  compiledSelector(budget.spec?.selector).matches(pod.metadata?.labels);

async function reconcile(context: ControllerContext, key: string): Promise<ReconcileResult | void> {
  const budget = (): PodDisruptionBudget | undefined => context.lister(PodDisruptionBudgets).get(key);
  const namespace = budget()?.metadata?.namespace;
  if (namespace === undefined) return;
  await coalesce(context, context.lister(Pods).count(namespace));
  const pdb = budget();
  if (!pdb) return;
  try {
    return await sync(context, pdb);
  } catch (error) {
    if (isConflict(error) || isNotFound(error) || context.signal.aborted) throw error;
    await failSafe(context, pdb, messageOf(error));
    return;
  }
}

async function sync(context: ControllerContext, pdb: PodDisruptionBudget): Promise<ReconcileResult | void> {
  const say = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    context.events.event(about(PodDisruptionBudgets, pdb), type, reason, message);
  const pods = context
    .lister(Pods)
    .list(pdb.metadata?.namespace ?? '')
    .filter((pod) => selects(pdb, pod));
  if (pods.length === 0) say('Normal', 'NoPods', 'No matching pods found');
  let expected = pods.length;
  let desired: number;
  try {
    if (dependsOnScale(pdb)) {
      const scale = await expectedScale(pods, context);
      expected = scale.expected;
      if (scale.unmanaged.length > 0) say('Warning', 'UnmanagedPods', unmanagedText(pdb));
    }
    desired = desiredHealthy(pdb, expected);
  } catch (error) {
    const why = `Failed to calculate the number of expected pods: ${messageOf(error)}`;
    say('Warning', 'CalculateExpectedPodCountFailed', why);
    throw error;
  }
  const disrupted = disruptedPods(pods, pdb.status?.disruptedPods, context.clock.now());
  reportOverdue(context, pdb, disrupted);
  await writeStatus(context, pdb, { healthy: countHealthy(pods, disrupted.pods), desired, expected, disrupted });
  return disrupted.recheckInMs === undefined ? undefined : { requeueAfterMs: disrupted.recheckInMs + 1 };
}

const unmanagedText = (pdb: PodDisruptionBudget): string =>
  `Pods selected by this PodDisruptionBudget (selector: ${compiledSelector(pdb.spec?.selector).toString()}) were found ` +
  'to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined ' +
  'behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.';

function reportOverdue({ events }: ControllerContext, pdb: PodDisruptionBudget, { overdue }: Disrupted): void {
  const { namespace, name } = pdb.metadata ?? {};
  for (const pod of overdue) {
    const message = `Pod was expected by PDB ${namespace}/${name} to be deleted but it wasn't`;
    events.event(about(Pods, pod), 'Warning', 'NotDeleted', message);
  }
}

interface Counted {
  healthy: number;
  desired: number;
  expected: number;
  disrupted: Disrupted;
}

async function writeStatus(context: ControllerContext, pdb: PodDisruptionBudget, counted: Counted): Promise<void> {
  const { healthy, desired, expected, disrupted } = counted;
  const status: PodDisruptionBudgetStatus = {
    currentHealthy: healthy,
    desiredHealthy: desired,
    expectedPods: expected,
    disruptionsAllowed: disruptionsAllowed(healthy, desired, expected),
    ...(Object.keys(disrupted.pods).length > 0 ? { disruptedPods: disrupted.pods } : {}),
    observedGeneration: pdb.metadata?.generation ?? 0,
    ...(pdb.status?.conditions ? { conditions: pdb.status.conditions } : {}),
  };
  status.conditions = conditionsFor(status, timestamp(context.clock.now()));
  if (isDeepStrictEqual(status, pdb.status)) return;
  await context.client.updateStatus(PodDisruptionBudgets, { ...pdb, status });
}

/** What cannot be computed allows nothing. */
async function failSafe(context: ControllerContext, pdb: PodDisruptionBudget, why: string): Promise<void> {
  const old: PodDisruptionBudgetStatus = pdb.status ?? {
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
    disruptionsAllowed: 0,
  };
  const failed = { status: 'False', reason: SYNC_FAILED, message: why };
  const conditions = withAllowedCondition(old, failed, timestamp(context.clock.now()));
  const status = { ...old, disruptionsAllowed: 0, conditions };
  if (isDeepStrictEqual(status, pdb.status)) return;
  await context.client.updateStatus(PodDisruptionBudgets, { ...pdb, status });
}

const hasTarget = (pod: Pod): boolean => pod.status?.conditions?.some((c) => c.type === DISRUPTION_TARGET) ?? false;

/** Pods that were to be ended and were not say so no longer. */
const staleTargets = defineController({
  name: 'disruption',
  for: Pods,
  filter: hasTarget,
  workers: 1,
  async reconcile({ client, lister, clock }, key) {
    const pod = lister(Pods).get(key);
    const leftMs = pod && staleTargetInMs(pod, clock.now());
    if (!pod || leftMs === undefined) return;
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    const over = { type: DISRUPTION_TARGET, status: 'False', lastTransitionTime: timestamp(clock.now()) };
    const conditions = pod.status!.conditions!.map((c) => (c.type === DISRUPTION_TARGET ? over : c));
    await client.updateStatus(Pods, { ...pod, status: { ...pod.status, conditions } });
  },
});
