// Node: its proxy subresource reaches the node's daemon, and other ports of the node. Upstream: pkg/registry/core/node/rest/proxy.go.
import { isIP } from 'node:net';
import { badRequest } from '../../../api/status.ts';
import { forwardToNode, kubeletOf } from '../connect/kubelet.ts';
import { isProxyable, proxied, proxyTo, splitName } from '../connect/proxy.ts';
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: '',
  plural: 'nodes',
  subresources: {
    proxy(context) {
      const { scheme, name, port } = splitName(context.name);
      const daemon = kubeletOf(context, name);
      const { address } = daemon;
      if (isIP(address) !== 0 && !isProxyable(address)) throw badRequest('address not allowed');
      if (port !== '' && port !== String(daemon.port)) {
        if (!/^\d+$/.test(port)) throw badRequest(`invalid port ${JSON.stringify(port)}`);
        return proxyTo(context, { address, port: Number(port), tls: scheme === 'https' });
      }
      return proxied(context, `${address}:${daemon.port}`, (path, request) =>
        forwardToNode({ ...context, request }, name, path),
      );
    },
  },
});
