// Node: its proxy subresource reaches the node's daemon. Upstream: pkg/registry/core/node/rest/proxy.go.
import { isIP } from 'node:net';
import { badRequest } from '../../../api/status.ts';
import { forwardToNode, kubeletOf } from '../connect/kubelet.ts';
import { isProxyable, proxiedPath, splitName } from '../connect/proxy.ts';
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: '',
  plural: 'nodes',
  subresources: {
    proxy(context) {
      const { name } = splitName(context.name);
      const { address } = kubeletOf(context, name);
      if (isIP(address) !== 0 && !isProxyable(address)) throw badRequest('address not allowed');
      return forwardToNode(context, name, proxiedPath(context));
    },
  },
});
