// Tainted nodes take only pods that tolerate it; soft taints lower a node's score.
// Upstream: pkg/scheduler/framework/plugins/tainttoleration.
import type { Taint, Toleration } from 'kubernetes-types/core/v1.js';
import { isTolerated } from '../../../api/tolerations.ts';
import { type Rejection, definePlugin, normalizeByMax, unresolvable } from '../framework.ts';

const rejections = new Map<string, Rejection>();
function rejectionOf({ key, value = '' }: Taint): Rejection {
  const text = `node(s) had untolerated taint {${key}: ${value}}`;
  let rejection = rejections.get(text);
  if (!rejection) {
    if (rejections.size > 1000) rejections.clear();
    rejections.set(text, (rejection = unresolvable(text)));
  }
  return rejection;
}

function untolerated(taints: readonly Taint[], tolerations: readonly Toleration[]): Taint | undefined {
  for (const taint of taints) if (!isTolerated(tolerations, taint)) return taint;
  return undefined;
}

/** Soft taints are tolerated by tolerations for them or for any effect. */
const forSoftTaints = (tolerations: readonly Toleration[]): Toleration[] =>
  tolerations.filter((t) => !t.effect || t.effect === 'PreferNoSchedule');

export default definePlugin<undefined, Toleration[]>({
  name: 'TaintToleration',
  weight: 3,
  pure: true,
  filter(pod, node) {
    if (node.hardTaints.length === 0) return undefined;
    const taint = untolerated(node.hardTaints, pod.tolerations);
    return taint && rejectionOf(taint);
  },
  preScore: (pod) => forSoftTaints(pod.tolerations),
  score(_pod, node, tolerations) {
    let count = 0;
    for (const taint of node.softTaints) if (!isTolerated(tolerations, taint)) count++;
    return count;
  },
  normalize: (scores) => normalizeByMax(scores, true),
  events: [
    {
      resource: 'Node',
      actions: ['add', 'updateTaints'],
      helps: (pod, { node }) => !node || untolerated(node.hardTaints, pod.tolerations) === undefined,
    },
    { resource: 'Pod', actions: ['updateTolerations'] },
  ],
});
