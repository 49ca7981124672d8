// A pod that names its node fits only there. Upstream: pkg/scheduler/framework/plugins/nodename.
import { definePlugin, unresolvable } from '../framework.ts';

const REJECTION = unresolvable("node(s) didn't match the requested node name");

export default definePlugin({
  name: 'NodeName',
  pure: true,
  filter: (pod, node) => {
    const wanted = pod.pod.spec?.nodeName;
    return !wanted || wanted === node.name ? undefined : REJECTION;
  },
  events: [{ resource: 'Node', actions: ['add'] }],
});
