// Node: its proxy subresource reaches the node's daemon. Upstream: pkg/registry/core/node/rest/proxy.go.
import { forwardToNode } from '../connect/kubelet.ts';
import { proxiedPath, splitName } from '../connect/proxy.ts';
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: '',
  plural: 'nodes',
  subresources: {
    proxy: (context) => forwardToNode(context, splitName(context.name).name, proxiedPath(context)),
  },
});
