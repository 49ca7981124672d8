// Pods name a RuntimeClass that is there; what it costs and where it runs become part of the pod.
// Upstream: plugin/pkg/admission/runtimeclass/admission.go.
import type { Pod, Toleration } from 'kubernetes-types/core/v1.js';
import type { RuntimeClass } from 'kubernetes-types/node/v1.js';
import { semanticEqual } from '../../api/equal.ts';
import type { ResourceType } from '../../api/types.ts';
import { newForbidden } from './_forbidden.ts';
import { type AdmissionContext, type AdmissionRequest, defineAdmission } from './types.ts';

const RuntimeClasses: ResourceType<RuntimeClass> = {
  group: 'node.k8s.io',
  version: 'v1',
  plural: 'runtimeclasses',
  kind: 'RuntimeClass',
  namespaced: false,
};

async function classOf(
  pod: Pod,
  request: AdmissionRequest,
  context: AdmissionContext,
): Promise<RuntimeClass | undefined> {
  const name = pod.spec?.runtimeClassName;
  if (!name) return undefined;
  const found =
    context.lister.get(RuntimeClasses, undefined, name) ?? (await context.live(RuntimeClasses, undefined, name));
  if (!found) throw newForbidden(request, `pod rejected: RuntimeClass "${name}" not found`);
  return found;
}

export default defineAdmission({
  name: 'RuntimeClass',
  phase: 'mutating',
  handles: (request) =>
    request.operation === 'CREATE' &&
    request.subresource === '' &&
    request.resource.group === '' &&
    request.resource.resource === 'pods',
  async admit(request, context) {
    const pod = request.object as unknown as Pod;
    const found = await classOf(pod, request, context);
    if (!pod.spec || !found) return;
    const overhead = found.overhead?.podFixed;
    if (overhead) {
      if (pod.spec.overhead && !semanticEqual(pod.spec.overhead, overhead)) {
        throw newForbidden(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      }
      pod.spec.overhead = { ...overhead };
    }
    const { nodeSelector = {}, tolerations = [] } = found.scheduling ?? {};
    for (const [key, value] of Object.entries(nodeSelector)) {
      const own = pod.spec.nodeSelector?.[key];
      if (own !== undefined && own !== value) {
        const pair = `runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`;
        throw newForbidden(request, `conflict: ${pair}`);
      }
      pod.spec.nodeSelector = { ...pod.spec.nodeSelector, [key]: value };
    }
    if (tolerations.length > 0) pod.spec.tolerations = merged(pod.spec.tolerations ?? [], tolerations);
  },
  async validate(request, context) {
    const pod = request.object as unknown as Pod;
    const overhead = (await classOf(pod, request, context))?.overhead?.podFixed;
    if (overhead && !semanticEqual(pod.spec?.overhead, overhead)) {
      throw newForbidden(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    if (!overhead && pod.spec?.overhead) {
      throw newForbidden(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    }
  },
});

/** Those of the class that the pod does not have already. */
const merged = (own: readonly Toleration[], more: readonly Toleration[]): Toleration[] => [
  ...own,
  ...more.filter((toleration) => !own.some((present) => semanticEqual(present, toleration))),
];
