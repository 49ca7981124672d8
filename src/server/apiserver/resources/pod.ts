// Pod: binding, eviction, streams and the parts that other subresources may change. Upstream: pkg/registry/core/pod.
import { prepareEphemeralContainers, prepareResize } from '../../../api/kinds/shared/pod-subresources.ts';
import { attach, exec, log, portforward } from '../connect/pod-streams.ts';
import { proxyPod } from '../connect/proxy.ts';
import { bind } from '../pods/binding.ts';
import { evict } from '../pods/eviction.ts';
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: '',
  plural: 'pods',
  subresources: { binding: bind, eviction: evict, log, exec, attach, portforward, proxy: proxyPod },
  prepareSubresource: {
    ephemeralcontainers: prepareEphemeralContainers,
    resize: prepareResize,
  },
});
