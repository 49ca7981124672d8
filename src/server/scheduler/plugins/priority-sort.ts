// Higher priority first, then who waits longest. Upstream: pkg/scheduler/framework/plugins/queuesort.
import { definePlugin } from '../framework.ts';

export default definePlugin({
  name: 'PrioritySort',
  queueSort: (a, b) => b.pod.priority - a.pod.priority || a.queuedMs - b.queuedMs,
});
