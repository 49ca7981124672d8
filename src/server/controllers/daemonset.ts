// Keeps one pod of a DaemonSet on each node that it is for. This file wakes, claims and writes; the decisions are in
// daemonset/. Upstream: pkg/controller/daemon/daemon_controller.go.
import type { ControllerRevision, DaemonSet } from 'kubernetes-types/apps/v1.js';
import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { semanticEqual } from '../../api/equal.ts';
import { ControllerRevisions, DaemonSets, Nodes, Pods } from '../../api/resources.ts';
import { objectKey } from '../../api/types.ts';
import { defineController, watch } from '../../client/controller.ts';
import type { Lister } from '../../client/informer.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { FailedPodBackoff } from './daemonset/backoff.ts';
import { eligibilityOf } from './daemonset/eligibility.ts';
import { type DaemonState, syncDaemonSet } from './daemonset/sync.ts';
import { Expectations } from './shared/expectations.ts';
import { controllerOf, indexByController } from './shared/owners.ts';
import { unlessTerminating } from './shared/pod-control.ts';
import { ownedSelector } from './shared/selectors.ts';

const ownerKey = (object: Pod | ControllerRevision): string | undefined => {
  const owner = controllerOf(object);
  return owner?.kind === 'DaemonSet' && owner.apiVersion.startsWith('apps/')
    ? `${object.metadata?.namespace}/${owner.name}`
    : undefined;
};

function setup({ informers, clock }: ControllerEnvironment) {
  const podInformer = informers.for(Pods);
  const state: DaemonState = {
    expectations: new Expectations(clock),
    backoff: new FailedPodBackoff(),
    sets: informers.for(DaemonSets).lister,
    pods: indexByController(podInformer),
    revisions: indexByController(informers.for(ControllerRevisions)),
    nodes: informers.for(Nodes).lister,
  };
  const { expectations, sets } = state;
  const deleted = (pod: Pod) => {
    const key = ownerKey(pod);
    if (key) expectations.deletionObserved(key, objectKey(pod));
  };
  podInformer.addHandler({
    add: (pod, initial) => {
      const key = ownerKey(pod);
      if (key && !initial) expectations.creationObserved(key);
      if (pod.metadata?.deletionTimestamp) deleted(pod);
    },
    update: (pod) => pod.metadata?.deletionTimestamp && deleted(pod),
    delete: deleted,
  });
  return [
    defineController({
      name: 'daemonset',
      for: DaemonSets,
      owns: [Pods, ControllerRevisions],
      watches: [
        watch(Pods, (pod) => adopters(pod, sets)),
        watch(ControllerRevisions, (revision) => adopters(revision, sets)),
        watch(Nodes, (node, old) => placedOn(node, old, sets)),
      ],
      workers: 2,
      reconcile: (context, key) => unlessTerminating(syncDaemonSet(context, key, state)),
    }),
  ];
}

/** What nobody controls wakes every set that could adopt it. */
function adopters(object: Pod | ControllerRevision, sets: Lister<DaemonSet>): string[] {
  const { labels, namespace } = object.metadata ?? {};
  if (controllerOf(object) || !labels) return [];
  return sets
    .list(namespace)
    .filter((ds) => ownedSelector(ds.spec?.selector).matches(labels))
    .map(objectKey);
}

const placementFacts = (node: Node) => ({ labels: node.metadata?.labels, taints: node.spec?.taints });

/** A node wakes the sets for which it now counts otherwise; most changes of nodes are heartbeats. */
function placedOn(node: Node, old: Node | undefined, sets: Lister<DaemonSet>): string[] {
  if (old && semanticEqual(placementFacts(node), placementFacts(old))) return [];
  const changed = (ds: DaemonSet) => {
    const eligible = eligibilityOf(ds);
    const now = eligible(node);
    if (!old) return now.keep;
    const before = eligible(old);
    return now.run !== before.run || now.keep !== before.keep;
  };
  return sets.list().filter(changed).map(objectKey);
}

export default defineControllerModule({ name: 'daemonset', setup });
