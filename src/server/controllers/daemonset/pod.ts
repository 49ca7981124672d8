// The pod of a DaemonSet for one node: it tolerates what nodes suffer from, and asks the scheduler for this node by
// name. Upstream: pkg/controller/daemon/util/daemonset_util.go.
import type { DaemonSet } from 'kubernetes-types/apps/v1.js';
import type { Affinity, Pod, PodSpec, Toleration } from 'kubernetes-types/core/v1.js';
import { DaemonSets } from '../../../api/resources.ts';
import { REVISION_HASH } from '../../../api/revisions.ts';
import { newControllerRef } from '../shared/owners.ts';
import { podFromTemplate } from '../shared/pod-control.ts';

/** An annotation of old, which apps/v1 servers still write; pods carry it as a label. */
const GENERATION_ANNOTATION = 'deprecated.daemonset.template.generation';
const GENERATION_LABEL = 'pod-template-generation';

const tolerate = (taint: string, effect: string): Toleration => ({
  key: `node.kubernetes.io/${taint}`,
  operator: 'Exists',
  effect,
});
const EVERYWHERE = [
  tolerate('not-ready', 'NoExecute'),
  tolerate('unreachable', 'NoExecute'),
  tolerate('disk-pressure', 'NoSchedule'),
  tolerate('memory-pressure', 'NoSchedule'),
  tolerate('pid-pressure', 'NoSchedule'),
  tolerate('unschedulable', 'NoSchedule'),
];
const ON_HOST_NETWORK = tolerate('network-unavailable', 'NoSchedule');

/** The template's own, with the automatic ones in the place of equal keys. Upstream: AddOrUpdateDaemonPodTolerations. */
export function daemonTolerations(spec: PodSpec | undefined): Toleration[] {
  const result = [...(spec?.tolerations ?? [])];
  for (const wanted of spec?.hostNetwork ? [...EVERYWHERE, ON_HOST_NETWORK] : EVERYWHERE) {
    const same = (t: Toleration) =>
      t.key === wanted.key && t.effect === wanted.effect && t.operator === wanted.operator && !t.value;
    const index = result.findIndex(same);
    if (index < 0) result.push(wanted);
    else result[index] = wanted;
  }
  return result;
}

/** Required terms give way to the one that names the node. Upstream: ReplaceDaemonSetPodNodeNameNodeAffinity. */
export function affinityToNode(affinity: Affinity | undefined, node: string): Affinity {
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] };
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
    },
  };
}

/** Where a pod is or is to be; undefined when it does not say. Upstream: GetTargetNodeName. */
export function targetNode(pod: Pod): string | undefined {
  if (pod.spec?.nodeName) return pod.spec.nodeName;
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  for (const term of required?.nodeSelectorTerms ?? []) {
    for (const { key, operator, values } of term.matchFields ?? []) {
      if (key === 'metadata.name' && operator === 'In' && values?.length === 1) return values[0];
    }
  }
  return undefined;
}

function templateGeneration(ds: DaemonSet): string | undefined {
  const text = ds.metadata?.annotations?.[GENERATION_ANNOTATION];
  return text !== undefined && /^\d+$/.test(text) ? String(Number(text)) : undefined;
}

/** Made of the template that has this hash, or of its generation. Upstream: IsPodUpdated. */
export function isPodUpdated(ds: DaemonSet, pod: Pod, hash: string): boolean {
  const labels = pod.metadata?.labels;
  const generation = templateGeneration(ds);
  return labels?.[REVISION_HASH] === hash || (generation !== undefined && labels?.[GENERATION_LABEL] === generation);
}

export function daemonPod(ds: DaemonSet, hash: string, node: string): Pod {
  const made = podFromTemplate(ds.spec!.template, ds, newControllerRef(DaemonSets, ds));
  const generation = templateGeneration(ds);
  const labels = {
    ...made.metadata?.labels,
    ...(generation === undefined ? {} : { [GENERATION_LABEL]: generation }),
    [REVISION_HASH]: hash,
  };
  const spec = {
    ...made.spec!,
    affinity: affinityToNode(made.spec?.affinity, node),
    tolerations: daemonTolerations(made.spec),
  };
  return { ...made, metadata: { ...made.metadata, labels }, spec };
}
