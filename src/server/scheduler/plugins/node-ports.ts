// Two pods of a node cannot have the same host port. Upstream: pkg/scheduler/framework/plugins/nodeports.
import { SKIP, definePlugin, unschedulable } from '../framework.ts';

const REJECTION = unschedulable("node(s) didn't have free ports for the requested pod ports");

export default definePlugin<undefined>({
  name: 'NodePorts',
  preFilter: (pod) => (pod.hostPorts.length === 0 ? SKIP : { state: undefined }),
  pure: true,
  filter: (pod, node) => (node.portConflict(pod.hostPorts) ? REJECTION : undefined),
  events: [
    { resource: 'AssignedPod', actions: ['delete'], helps: (_pod, event) => (event.pod?.hostPorts.length ?? 1) > 0 },
    { resource: 'Node', actions: ['add', 'updateAllocatable'] },
  ],
});
