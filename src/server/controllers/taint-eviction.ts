// Deletes pods from nodes with NoExecute taints that they do not tolerate, or no longer. Upstream:
// pkg/controller/tainteviction/taint_eviction.go.
import { Nodes, Pods } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import { objectKey, splitKey } from '../../api/types.ts';
import { semanticEqual } from '../../api/equal.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { evictionOf } from './node/eviction.ts';
import { indexByNode, podsOnNode } from './node/pods-by-node.ts';
import { timestamp } from './shared/conditions.ts';
import { about } from './shared/objects.ts';

/** The condition that says why a pod is going. */
const DISRUPTION = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'DeletionByTaintManager',
  message: 'Taint manager: deleting due to NoExecute taint',
};

function setup({ informers }: ControllerEnvironment) {
  indexByNode(informers.for(Pods));
  // Pods whose eviction is planned, and since when their node is known to be tainted.
  const planned = new Map<string, number>();
  return [
    defineController({
      name: 'taint-eviction',
      for: Pods,
      filter: (pod, old) =>
        Boolean(pod.spec?.nodeName) &&
        (!old || pod.spec?.nodeName !== old.spec?.nodeName || pod.spec?.tolerations !== old.spec?.tolerations),
      watches: [
        watch(Nodes, (node, old, { lister }) =>
          semanticEqual(node.spec?.taints, old?.spec?.taints)
            ? []
            : podsOnNode(lister(Pods), node.metadata?.name ?? '').map(objectKey),
        ),
      ],
      workers: 8,
      reconcile: (context, key) => reconcile(context, key, planned),
    }),
  ];
}

async function reconcile(context: ControllerContext, key: string, planned: Map<string, number>) {
  const { client, lister, clock, events } = context;
  const pod = lister(Pods).get(key);
  if (!pod?.spec?.nodeName || pod.metadata?.deletionTimestamp) {
    planned.delete(key);
    return;
  }
  const now = clock.now();
  const eviction = evictionOf(pod, lister(Nodes).get(pod.spec.nodeName), planned.get(key) ?? now);
  if ('stay' in eviction) {
    if (planned.delete(key)) {
      const message = `Cancelling deletion of Pod ${key}`;
      events.event(about(Pods, pod), 'Normal', 'TaintManagerEviction', message);
    }
    return;
  }
  if (eviction.atMs > now) {
    if (!planned.has(key)) planned.set(key, now);
    return { requeueAfterMs: eviction.atMs - now };
  }
  planned.delete(key);
  events.event(about(Pods, pod), 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
  const condition = { ...DISRUPTION, lastTransitionTime: timestamp(now) };
  try {
    // Not one that has taken its name since.
    const patch = { metadata: { uid: pod.metadata?.uid }, status: { conditions: [condition] } };
    await client.patch(Pods, splitKey(key), 'strategic', patch, { subresource: 'status' });
    await client.delete(Pods, splitKey(key), { preconditions: { uid: pod.metadata?.uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export default defineControllerModule({ name: 'taint-eviction', setup });
