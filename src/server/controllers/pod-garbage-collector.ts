// Removes pods that nobody else will: of nodes that are gone, terminating ones that never ran anywhere or whose node is
// out of service, and the oldest finished ones beyond a threshold. Upstream: pkg/controller/podgc/gc_controller.go.
import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { Nodes, Pods } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import type { Clock } from '../../client/controller.ts';
import type { Client } from '../../client/rest.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { isPodTerminal } from './shared/pods.ts';
import { healthOf } from './node/health.ts';
import { timestamp } from './shared/conditions.ts';

export const TERMINATED_THRESHOLD = 12_500;
const PERIOD_MS = 20_000;
/** A node must be gone for so long: it may only be registering again. */
export const QUARANTINE_MS = 40_000;

/** Upstream: TaintNodeOutOfService. Whoever sets it says that nothing runs there any more. */
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

const isEvicted = ({ status }: Pod): boolean => status?.reason === 'Evicted';
const created = (pod: Pod): number => Date.parse(pod.metadata?.creationTimestamp ?? '') || 0;

/** Which pods go now. `missingSince` remembers since when a node is not there; it is kept up to date. */
export function collectable(
  pods: readonly Pod[],
  nodeOf: (name: string) => Node | undefined,
  missingSince: Map<string, number>,
  nowMs: number,
): { terminated: Pod[]; orphaned: Pod[]; unscheduled: Pod[]; outOfService: Pod[] } {
  const age = (a: Pod, b: Pod) => Number(isEvicted(b)) - Number(isEvicted(a)) || created(a) - created(b);
  const finished = pods.filter(isPodTerminal).sort(age);
  const terminated = finished.slice(0, Math.max(0, finished.length - TERMINATED_THRESHOLD));
  const missing = new Set<string>();
  for (const pod of pods) {
    const node = pod.spec?.nodeName;
    if (node && !nodeOf(node)) missing.add(node);
  }
  for (const name of missingSince.keys()) if (!missing.has(name)) missingSince.delete(name);
  for (const name of missing) if (!missingSince.has(name)) missingSince.set(name, nowMs);
  const gone = (name: string) => nowMs - (missingSince.get(name) ?? nowMs) >= QUARANTINE_MS;
  const orphaned = pods.filter((pod) => pod.spec?.nodeName && gone(pod.spec.nodeName));
  const unscheduled = pods.filter((pod) => pod.metadata?.deletionTimestamp && !pod.spec?.nodeName);
  const outOfService = pods.filter(
    (pod) => pod.metadata?.deletionTimestamp && pod.spec?.nodeName && isOutOfService(nodeOf(pod.spec.nodeName)),
  );
  return { terminated, orphaned, unscheduled, outOfService };
}

const isOutOfService = (node: Node | undefined): boolean =>
  node !== undefined &&
  healthOf(node) !== 'True' &&
  (node.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) ?? false);

/** The cache may have missed that it came back. */
async function isThere(client: Client, name: string): Promise<boolean> {
  try {
    await client.get(Nodes, { name });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function remove(client: Client, clock: Clock, pod: Pod, orphaned: boolean): Promise<void> {
  const { name = '', namespace, uid } = pod.metadata ?? {};
  const key = { name, namespace };
  try {
    if (!isPodTerminal(pod)) {
      const condition = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByPodGC',
        message: 'PodGC: node no longer exists',
        lastTransitionTime: timestamp(clock.now()),
      };
      const status = { phase: 'Failed', ...(orphaned ? { conditions: [condition] } : {}) };
      await client.patch(Pods, key, 'strategic', { metadata: { uid }, status }, { subresource: 'status' });
    }
    await client.delete(Pods, key, { gracePeriodSeconds: 0, preconditions: { uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function run({ client, informers, clock, log, signal }: ControllerEnvironment): Promise<void> {
  const [pods, nodes] = [informers.for(Pods), informers.for(Nodes)];
  const missingSince = new Map<string, number>();
  const stopped = () => undefined;
  await Promise.all([pods.whenSynced(signal), nodes.whenSynced(signal)]).catch(stopped);
  while (!signal.aborted) {
    const found = collectable(pods.lister.list(), (name) => nodes.lister.get(name), missingSince, clock.now());
    const there = new Set<string>();
    for (const name of new Set(found.orphaned.map((pod) => pod.spec?.nodeName ?? ''))) {
      if (await isThere(client, name).catch(() => true)) there.add(name);
    }
    const orphaned = new Set(found.orphaned.filter((pod) => !there.has(pod.spec?.nodeName ?? '')));
    for (const pod of new Set([...found.terminated, ...found.outOfService, ...orphaned, ...found.unscheduled])) {
      await remove(client, clock, pod, orphaned.has(pod)).catch((error: unknown) => {
        if (!signal.aborted)
          log.warn({ pod: pod.metadata?.name, error: String(error) }, 'pod garbage collection failed');
      });
    }
    await clock.sleep(PERIOD_MS, signal).catch(stopped);
  }
}

export default defineControllerModule({ name: 'pod-garbage-collector', setup: () => [], run });
