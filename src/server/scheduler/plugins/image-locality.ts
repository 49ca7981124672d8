// Prefers nodes that have the pod's images, large ones above all. Upstream: pkg/scheduler/framework/plugins/imagelocality.
import { MAX_NODE_SCORE, SKIP, definePlugin } from '../framework.ts';

const MIN_BYTES = 23 * 1024 * 1024;
const MAX_BYTES_PER_CONTAINER = 1000 * 1024 * 1024;

/** How much an image counts for: less when few nodes have it, so that it does not draw all pods to them. */
type Spread = Map<string, number>;

export default definePlugin<undefined, Spread>({
  name: 'ImageLocality',
  weight: 1,
  preScore(pod, _nodes, view) {
    const spread: Spread = new Map();
    for (const image of pod.images) {
      const count = view.imageNodes(image);
      if (count > 0) spread.set(image, count / view.nodes.length);
    }
    return spread.size === 0 ? SKIP : spread;
  },
  score(pod, node, spread) {
    let sum = 0;
    for (const image of pod.images) {
      const size = node.images.get(image);
      if (size !== undefined) sum += Math.trunc(size * (spread.get(image) ?? 0));
    }
    const max = MAX_BYTES_PER_CONTAINER * pod.images.length;
    const clamped = Math.min(Math.max(sum, MIN_BYTES), max);
    return Math.trunc((MAX_NODE_SCORE * (clamped - MIN_BYTES)) / (max - MIN_BYTES));
  },
});
