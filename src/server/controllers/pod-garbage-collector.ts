// Removes pods that nobody else will: of nodes that are gone, terminating ones that never ran anywhere, and the oldest
// finished ones beyond a threshold. Upstream: pkg/controller/podgc/gc_controller.go.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Nodes, Pods } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import type { Clock } from '../../client/controller.ts';
import type { Client } from '../../client/rest.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { isPodTerminal } from './shared/pods.ts';
import { timestamp } from './shared/conditions.ts';

export const TERMINATED_THRESHOLD = 12_500;
const PERIOD_MS = 20_000;
/** A node must be gone for so long: it may only be registering again. */
export const QUARANTINE_MS = 40_000;

const created = (pod: Pod): number => Date.parse(pod.metadata?.creationTimestamp ?? '') || 0;

/** Which pods go now. `missingSince` remembers since when a node is not there; it is kept up to date. */
export function collectable(
  pods: readonly Pod[],
  hasNode: (name: string) => boolean,
  missingSince: Map<string, number>,
  nowMs: number,
): { terminated: Pod[]; orphaned: Pod[]; unscheduled: Pod[] } {
  const finished = pods.filter(isPodTerminal).sort((a, b) => created(a) - created(b));
  const terminated = finished.slice(0, Math.max(0, finished.length - TERMINATED_THRESHOLD));
  const missing = new Set<string>();
  for (const pod of pods) {
    const node = pod.spec?.nodeName;
    if (node && !hasNode(node)) missing.add(node);
  }
  for (const name of missingSince.keys()) if (!missing.has(name)) missingSince.delete(name);
  for (const name of missing) if (!missingSince.has(name)) missingSince.set(name, nowMs);
  const gone = (name: string) => nowMs - (missingSince.get(name) ?? nowMs) >= QUARANTINE_MS;
  const orphaned = pods.filter((pod) => pod.spec?.nodeName && gone(pod.spec.nodeName));
  const unscheduled = pods.filter((pod) => pod.metadata?.deletionTimestamp && !pod.spec?.nodeName);
  return { terminated, orphaned, unscheduled };
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
      await client.patch(Pods, key, 'strategic', { status }, { subresource: 'status' });
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
    const hasNode = (name: string) => nodes.lister.get(name) !== undefined;
    const found = collectable(pods.lister.list(), hasNode, missingSince, clock.now());
    const orphaned = new Set(found.orphaned);
    for (const pod of new Set([...found.terminated, ...orphaned, ...found.unscheduled])) {
      await remove(client, clock, pod, orphaned.has(pod)).catch((error: unknown) => {
        if (!signal.aborted)
          log.warn({ pod: pod.metadata?.name, error: String(error) }, 'pod garbage collection failed');
      });
    }
    await clock.sleep(PERIOD_MS, signal).catch(stopped);
  }
}

export default defineControllerModule({ name: 'pod-garbage-collector', setup: () => [], run });
