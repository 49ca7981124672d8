// When an object is done and when it never will be, for `wait --for=done` and `--fail-fast`: from its own status, and
// for what runs pods from those of the current revision.
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { conditionOf, fields, isTrue, numberAt } from '../../api/health/conditions.ts';
import { healthOf } from '../../api/health/health.ts';
import type { Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { CliError } from '../errors.ts';
import { listPods, podSelectorOf } from '../pods.ts';
import { splitReplicaSets, TEMPLATE_HASH } from '../rollout/replicasets.ts';
import { containerTroubles } from '../why/containers.ts';
import { FAILED_EXIT } from './conditions.ts';

const LOOK_MS = 1000;

export class WaitFailed extends CliError {
  constructor(info: Info, why: string) {
    super(`${info.mapping.plural}/${info.name} has failed: ${why}`, FAILED_EXIT);
  }
}

/** Ready, complete, rolled out: whatever its kind calls it. */
export function isDone(object: Unstructured | undefined): boolean {
  if (!object) return false;
  if (object.kind === 'Job') return isTrue(object, 'Complete');
  return healthOf(object).status === 'Current';
}

/** Why it will never be done; undefined while it may be. */
export function failureOf(object: Unstructured, nowMs: number): string | undefined {
  const failed = conditionOf(object, 'Failed');
  if (object.kind === 'Job' && failed?.status === 'True') {
    return [failed.reason, failed.message].filter((t) => t).join(': ');
  }
  if (object.kind === 'Pod') return podFailure(object as unknown as Pod, nowMs);
  const health = healthOf(object, nowMs);
  if (health.status !== 'Failed') return undefined;
  return health.message || 'no message';
}

export function podFailure(pod: Pod, nowMs: number): string | undefined {
  if (pod.status?.phase === 'Failed') {
    const { reason, message } = pod.status;
    const ended = containerTroubles(pod, nowMs).map((t) => `container ${t.container} ${t.message}`);
    const told = [reason, message].filter((t) => t).join(': ');
    return told || ended.join('; ') || 'its containers ended with an error';
  }
  const hopeless = containerTroubles(pod, nowMs).find((t) => t.fatal);
  return hopeless && `container ${hopeless.container}: ${hopeless.reason}: ${hopeless.message}`;
}

/** What is said while waiting. */
export function progressOf(object: Unstructured | undefined, nowMs: number): string {
  if (!object) return 'is not there yet';
  if (object.kind === 'Job') {
    const status = fields(object['status']);
    const wanted = numberAt(fields(object['spec']), 'completions', 1);
    return `${numberAt(status, 'succeeded')}/${wanted} completed, ${numberAt(status, 'active')} active, ${numberAt(status, 'failed')} failed`;
  }
  return healthOf(object, nowMs).message || 'no status yet';
}

const runsPods = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'ReplicationController']);

/** Looks at the pods of a workload until one has failed for good; rejects then, or resolves when `signal` is aborted. */
export async function watchPodsForFailure(cluster: Cluster, info: Info, signal: AbortSignal): Promise<void> {
  const end = aborted(signal);
  if (!runsPods.has(info.mapping.kind)) return end;
  while (!signal.aborted) {
    const why = await failingPod(cluster, info).catch(() => undefined);
    if (why !== undefined && !signal.aborted) throw new WaitFailed(info, why);
    await Promise.race([end, new Promise((r) => setTimeout(r, LOOK_MS).unref())]);
  }
}

/** The pods of a workload that are of its current revision. */
export async function currentPods(cluster: Cluster, namespace: string, object: Unstructured): Promise<Pod[]> {
  const pods = await listPods(cluster, namespace, podSelectorOf(object));
  return pods.filter(await ofCurrentRevision(cluster, object));
}

async function failingPod(cluster: Cluster, info: Info): Promise<string | undefined> {
  const { object } = info;
  if (!object) return undefined;
  for (const pod of await currentPods(cluster, info.namespace ?? '', object)) {
    // A job starts failed pods again, up to a limit of its own.
    const trouble = containerTroubles(pod, Date.now()).find(
      (t) => t.fatal && (object.kind !== 'Job' || t.ended !== true),
    );
    if (trouble)
      return `pod ${pod.metadata?.name}: container ${trouble.container}: ${trouble.reason}: ${trouble.message}`;
  }
  return undefined;
}

/** Pods of an older revision are on their way out, in whatever state. */
async function ofCurrentRevision(cluster: Cluster, object: Unstructured): Promise<(pod: Pod) => boolean> {
  const label = (name: string, value: string | undefined) => (pod: Pod) =>
    value === undefined || pod.metadata?.labels?.[name] === value;
  if (object.kind === 'Deployment') {
    const { newest } = await splitReplicaSets(cluster, object as unknown as Deployment);
    return newest ? label(TEMPLATE_HASH, newest.metadata?.labels?.[TEMPLATE_HASH]) : () => false;
  }
  const revision = fields(object['status'])['updateRevision'];
  if (object.kind === 'StatefulSet' && typeof revision === 'string') return label('controller-revision-hash', revision);
  return () => true;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
