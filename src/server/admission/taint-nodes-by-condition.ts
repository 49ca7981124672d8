// A new node takes no pods before it said that it is ready; the node life cycle controller removes the taint.
// Upstream: plugin/pkg/admission/nodetaint/admission.go.
import type { Node } from 'kubernetes-types/core/v1.js';
import { defineAdmission } from './types.ts';

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

export default defineAdmission({
  name: 'TaintNodesByCondition',
  phase: 'mutating',
  handles: (request) =>
    request.operation === 'CREATE' &&
    request.resource.resource === 'nodes' &&
    request.resource.group === '' &&
    request.subresource === '',
  admit(request) {
    const node = request.object as unknown as Node;
    const spec = (node.spec ??= {});
    const taints = spec.taints ?? [];
    if (taints.some((taint) => taint.key === NOT_READY.key && taint.effect === NOT_READY.effect)) return;
    spec.taints = [...taints, { ...NOT_READY }];
  },
});
