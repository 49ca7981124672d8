// Lets pods stay five minutes on a node that is not ready or cannot be reached, unless they say otherwise.
// Upstream: plugin/pkg/admission/defaulttolerationseconds/admission.go.
import type { Pod, Toleration } from 'kubernetes-types/core/v1.js';
import { defineAdmission } from './types.ts';

const TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const SECONDS = 300;

const tolerates = (toleration: Toleration, key: string): boolean =>
  (toleration.key === key || !toleration.key) && (toleration.effect === 'NoExecute' || !toleration.effect);

export default defineAdmission({
  name: 'DefaultTolerationSeconds',
  phase: 'mutating',
  handles: (request) =>
    (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
    request.resource.resource === 'pods' &&
    request.resource.group === '' &&
    request.subresource === '',
  admit(request) {
    const spec = (request.object as unknown as Pod).spec;
    if (!spec) return;
    const present = spec.tolerations ?? [];
    const missing = TAINTS.filter((key) => !present.some((toleration) => tolerates(toleration, key)));
    if (missing.length === 0) return;
    spec.tolerations = [
      ...present,
      ...missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS })),
    ];
  },
});
