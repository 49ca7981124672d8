// Pod: binding, eviction, streams and the parts that other subresources may change. Upstream: pkg/registry/core/pod.
import type { Unstructured } from '../../../api/types.ts';
import { attach, exec, log, portforward } from '../connect/pod-streams.ts';
import { proxyPod } from '../connect/proxy.ts';
import { bind } from '../pods/binding.ts';
import { evict } from '../pods/eviction.ts';
import { defineHooks } from '../types.ts';

interface Container {
  name: string;
  resources?: object;
  resizePolicy?: object[];
}
type PodSpec = { containers?: Container[]; initContainers?: Container[]; ephemeralContainers?: object[] } & Record<
  string,
  unknown
>;
const specOf = (pod: Unstructured): PodSpec => pod['spec'] as PodSpec;

/** The old spec with these containers' resources. */
function withResources(old: Container[] | undefined, sent: Container[] | undefined): Container[] | undefined {
  return old?.map((container) => {
    const wanted = sent?.find((c) => c.name === container.name);
    if (!wanted) return container;
    const { resources, resizePolicy } = wanted;
    return { ...container, ...(resources ? { resources } : {}), ...(resizePolicy ? { resizePolicy } : {}) };
  });
}

export default defineHooks({
  group: '',
  plural: 'pods',
  subresources: { binding: bind, eviction: evict, log, exec, attach, portforward, proxy: proxyPod },
  prepareSubresource: {
    ephemeralcontainers(draft, old) {
      const { ephemeralContainers } = specOf(draft);
      draft['spec'] = { ...specOf(old), ...(ephemeralContainers ? { ephemeralContainers } : {}) };
      draft['status'] = old['status'];
    },
    resize(draft, old) {
      const sent = specOf(draft);
      const spec = specOf(old);
      const containers = withResources(spec.containers, sent.containers);
      const initContainers = withResources(spec.initContainers, sent.initContainers);
      draft['spec'] = { ...spec, containers, ...(initContainers ? { initContainers } : {}) };
      draft['status'] = old['status'];
    },
  },
});
