// Writes the decision: the pod's binding subresource. Upstream: pkg/scheduler/framework/plugins/defaultbinder.
import { Pods } from '../../../api/resources.ts';
import { definePlugin } from '../framework.ts';

export default definePlugin({
  name: 'DefaultBinder',
  async bind(pod, node, { client }) {
    const { name = '', namespace, uid } = pod.pod.metadata ?? {};
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { kind: 'Node', name: node.name },
    };
    await client.create(Pods, binding as never, { namespace, name, subresource: 'binding' });
    return true;
  },
});
