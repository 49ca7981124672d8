// Cordoned nodes take only pods that tolerate it. Upstream: pkg/scheduler/framework/plugins/nodeunschedulable.
import { isTolerated } from '../../../api/tolerations.ts';
import { definePlugin, unresolvable } from '../framework.ts';

const REJECTION = unresolvable('node(s) were unschedulable');
const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export default definePlugin({
  name: 'NodeUnschedulable',
  pure: true,
  filter: (pod, node) => (!node.unschedulable || isTolerated(pod.tolerations, TAINT) ? undefined : REJECTION),
  events: [
    {
      resource: 'Node',
      actions: ['add', 'updateUnschedulable'],
      helps: (pod, { node }) => !node?.unschedulable || isTolerated(pod.tolerations, TAINT),
    },
    { resource: 'Pod', actions: ['updateTolerations'] },
  ],
});
