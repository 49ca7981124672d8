// Watches over nodes: silent ones become Unknown, their pods not ready, and taints follow conditions. Evicting pods
// by taint is taint-eviction.ts; the rules are in node/health.ts. Upstream: pkg/controller/nodelifecycle.
import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { Leases, Nodes, Pods } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { type Observation, desiredTaints, graceLeftMs, healthOf, observe, silentConditions } from './node/health.ts';
import { EvictionLimiter } from './node/disruption.ts';
import { indexByNode, podsOnNode } from './node/pods-by-node.ts';
import { timestamp } from './shared/conditions.ts';
import { about } from './shared/objects.ts';

const LEASE_NAMESPACE = 'kube-node-lease';
/** How often silence is looked for. Upstream: nodeMonitorPeriod. */
const MONITOR_MS = 5_000;

function setup({ informers, clock }: ControllerEnvironment) {
  const limiter = new EvictionLimiter(clock);
  const observations = new Map<string, Observation>();
  // Which nodes were seen before: a new one is announced.
  const known = new Set<string>();
  indexByNode(informers.for(Pods));
  return [
    defineController({
      name: 'node-lifecycle',
      for: Nodes,
      watches: [
        // Renewals are only read at the next look; a pod that turns ready on a dead node is set back at once.
        watch(Pods, (pod, old) =>
          pod.spec?.nodeName && old?.spec?.nodeName !== pod.spec.nodeName ? [pod.spec.nodeName] : [],
        ),
      ],
      reads: [Leases],
      workers: 8,
      reconcile: (context, key) => reconcile(context, key, observations, known, limiter),
    }),
  ];
}

async function reconcile(
  context: ControllerContext,
  name: string,
  observations: Map<string, Observation>,
  known: Set<string>,
  limiter: EvictionLimiter,
) {
  const { lister, clock, events } = context;
  const node = lister(Nodes).get(name);
  if (!node) {
    observations.delete(name);
    if (known.delete(name)) {
      const gone = { apiVersion: 'v1', kind: 'Node', metadata: { name, uid: name } };
      events.event(gone, 'Normal', 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`);
    }
    return;
  }
  if (!known.has(name)) {
    known.add(name);
    const message = `Node ${name} event: Registered Node ${name} in Controller`;
    events.event(about(Nodes, node), 'Normal', 'RegisteredNode', message);
  }
  const now = clock.now();
  const observation = observe(node, lister(Leases).get(`${LEASE_NAMESPACE}/${name}`), observations.get(name), now);
  observations.set(name, observation);
  const left = graceLeftMs(node, observation, now);
  const current = left > 0 ? node : await markSilent(context, node, now);
  if (!current) return;
  await writeTaints(context, current, limiter, now);
  if (healthOf(current) !== 'True') await markPodsNotReady(context, current, now);
  return { requeueAfterMs: left > 0 ? Math.min(left, MONITOR_MS) : MONITOR_MS };
}

/** Answers the node as it is now; undefined when it is gone. */
async function markSilent({ client, events }: ControllerContext, node: Node, nowMs: number): Promise<Node | undefined> {
  const conditions = silentConditions(node, nowMs);
  if (!conditions) return node;
  const { name = '' } = node.metadata ?? {};
  const wasReady = healthOf(node) === 'True';
  try {
    const patch = { status: { conditions } };
    const written = await client.patch(Nodes, { name }, 'strategic', patch, { subresource: 'status' });
    if (wasReady) {
      const message = `Node ${name} status is now: NodeNotReady`;
      events.event(about(Nodes, node), 'Normal', 'NodeNotReady', message);
    }
    return written;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function writeTaints(
  { client, lister }: ControllerContext,
  node: Node,
  limiter: EvictionLimiter,
  nowMs: number,
): Promise<void> {
  const taints = desiredTaints(node, (hasTaint) => limiter.ask(node, lister(Nodes).list(), hasTaint), nowMs);
  if (!taints) return;
  const { name = '', resourceVersion } = node.metadata ?? {};
  // Taints are one list for all who write them, so the version guards it.
  const patch = { metadata: { resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } };
  await client.patch(Nodes, { name }, 'merge', patch);
}

/** Services must not send traffic to a node that cannot answer. Upstream: MarkPodsNotReady. */
async function markPodsNotReady(context: ControllerContext, node: Node, nowMs: number): Promise<void> {
  const ready = (pod: Pod) => pod.status?.conditions?.find((c) => c.type === 'Ready');
  const pods = podsOnNode(context.lister(Pods), node.metadata?.name ?? '').filter((p) => ready(p)?.status === 'True');
  const results = await Promise.allSettled(
    pods.map(async (pod) => {
      const { name = '', namespace } = pod.metadata ?? {};
      const condition = { type: 'Ready', status: 'False', lastTransitionTime: timestamp(nowMs) };
      const patch = { status: { conditions: [condition] } };
      await context.client.patch(Pods, { name, namespace }, 'strategic', patch, { subresource: 'status' });
      context.events.event(about(Pods, pod), 'Warning', 'NodeNotReady', 'Node is not ready');
    }),
  );
  const failed = results.find((r) => r.status === 'rejected' && !isNotFound(r.reason));
  if (failed?.status === 'rejected') throw failed.reason;
}

export default defineControllerModule({ name: 'node-lifecycle', setup });
