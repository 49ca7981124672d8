// Keeps cache and queue in step with the cluster, and tells the queue what a change may help.
// Upstream: pkg/scheduler/eventhandlers.go, framework/events.go.
import type { Namespace, Node, Pod } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../../api/types.ts';
import type { InformerHandler } from '../../client/informer.ts';
import type { Cache } from './cache.ts';
import type { EventAction } from './framework.ts';
import { PodInfo } from './pod-info.ts';
import type { SchedulingQueue } from './queue.ts';

export interface EventOptions {
  cache: Cache;
  queue: SchedulingQueue;
  /** Names of the schedulers that this one is. */
  responsibleFor(schedulerName: string): boolean;
}

const isTerminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);

export function podHandler({ cache, queue, responsibleFor }: EventOptions): InformerHandler<Pod> {
  const set = (pod: Pod, old: Pod | undefined): void => {
    const uid = pod.metadata?.uid ?? '';
    if (isTerminal(pod)) return remove(pod);
    const nodeName = pod.spec?.nodeName;
    if (nodeName) {
      queue.delete(uid);
      const known = cache.has(uid) && !cache.isAssumed(uid);
      if (known && old && onlyStatusChanged(pod, old)) return;
      const info = new PodInfo(pod);
      cache.setPod(info, nodeName);
      const actions = known && old ? podActions(pod, old) : (['add'] as const);
      if (actions.length > 0) queue.moveFor({ resource: 'AssignedPod', actions, pod: info });
      return;
    }
    if (!responsibleFor(pod.spec?.schedulerName || 'default-scheduler')) return;
    // Between our bind and its confirmation older versions of the pod may still arrive.
    if (cache.isAssumed(uid)) return;
    if (pod.metadata?.deletionTimestamp) return queue.delete(uid);
    const info = new PodInfo(pod);
    const nominated = pod.status?.nominatedNodeName;
    if (nominated) cache.nominations.set(info, nominated);
    if (!queue.has(uid)) queue.add(info);
    else queue.update(info, old !== undefined && podActions(pod, old).length > 0);
  };
  const remove = (pod: Pod): void => {
    const uid = pod.metadata?.uid ?? '';
    queue.delete(uid);
    cache.nominations.delete(uid);
    const info = cache.removePod(uid);
    if (info) queue.moveFor({ resource: 'AssignedPod', actions: ['delete'], pod: info });
  };
  return { add: (pod) => set(pod, undefined), update: set, delete: remove };
}

/** Most changes of placed pods: nothing that the scheduler counts. */
function onlyStatusChanged(pod: Pod, old: Pod): boolean {
  const [a, b] = [pod.metadata ?? {}, old.metadata ?? {}];
  if (a.generation === undefined || a.generation !== b.generation || pod.spec?.nodeName !== old.spec?.nodeName)
    return false;
  return a.deletionTimestamp === b.deletionTimestamp && !differ(a.labels, b.labels);
}

/** What of a pod changed that matters to where pods may go. */
function podActions(pod: Pod, old: Pod): EventAction[] {
  const actions: EventAction[] = [];
  if (pod.metadata?.labels !== old.metadata?.labels && differ(pod.metadata?.labels, old.metadata?.labels)) {
    actions.push('updateLabels');
  }
  if (pod.spec === old.spec) return actions;
  if (differ(pod.spec?.schedulingGates, old.spec?.schedulingGates)) actions.push('updateGates');
  if (differ(pod.spec?.tolerations, old.spec?.tolerations)) actions.push('updateTolerations');
  const requests = (p: Pod) => p.spec?.containers.map((c) => c.resources?.requests);
  if (differ(requests(pod), requests(old))) actions.push('updateRequests');
  if (differ([pod.spec?.nodeSelector, pod.spec?.affinity], [old.spec?.nodeSelector, old.spec?.affinity])) {
    actions.push('update');
  }
  return actions;
}

export function nodeHandler({ cache, queue }: EventOptions): InformerHandler<Node> {
  return {
    add(node) {
      queue.moveFor({ resource: 'Node', actions: ['add'], node: cache.setNode(node) });
    },
    update(node, old) {
      const actions = nodeActions(node, old);
      // Heartbeats change nothing that a plugin reads.
      if (actions.length === 0) return;
      queue.moveFor({ resource: 'Node', actions, node: cache.setNode(node) });
    },
    delete(node) {
      cache.removeNode(node.metadata?.name ?? '');
      queue.moveFor({ resource: 'Node', actions: ['delete'] });
    },
  };
}

function nodeActions(node: Node, old: Node): EventAction[] {
  const actions: EventAction[] = [];
  if (differ(node.status?.allocatable, old.status?.allocatable)) actions.push('updateAllocatable');
  if (differ(node.metadata?.labels, old.metadata?.labels)) actions.push('updateLabels');
  if (differ(node.spec?.taints, old.spec?.taints)) actions.push('updateTaints');
  if (Boolean(node.spec?.unschedulable) !== Boolean(old.spec?.unschedulable)) actions.push('updateUnschedulable');
  if (differ(node.status?.images, old.status?.images)) actions.push('update');
  return actions;
}

/** Affinity terms may select namespaces by their labels. */
export function namespaceHandler(cache: Cache, queue: SchedulingQueue): InformerHandler<Namespace> {
  return {
    update(namespace, old) {
      if (!differ(namespace.metadata?.labels, old.metadata?.labels)) return;
      cache.namespacesChanged();
      queue.moveFor({ resource: 'Namespace', actions: ['updateLabels'], object: namespace });
    },
  };
}

/** Objects that a plugin asked for: every change of them is told. */
export function objectHandler(kind: string, queue: SchedulingQueue): InformerHandler<KubeObject> {
  const tell = (action: 'add' | 'update' | 'delete') => (object: KubeObject) =>
    queue.moveFor({ resource: kind, actions: [action], object });
  return { add: tell('add'), update: tell('update'), delete: tell('delete') };
}
