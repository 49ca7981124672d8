// Which labels a node may give itself. Upstream: getForbiddenLabels in plugin/pkg/admission/noderestriction/admission.go,
// IsKubeletLabel in kubelet/pkg/apis/well_known_labels.go.
import type { Node } from 'kubernetes-types/core/v1.js';

/** Those that `now` has otherwise than `old`, and that a node must not write; sorted. */
export function reservedChanges(now: Node, old: Node | undefined): string[] {
  const [next, before] = [now.metadata?.labels ?? {}, old?.metadata?.labels ?? {}];
  const modified = [...new Set([...Object.keys(next), ...Object.keys(before)])].filter((k) => next[k] !== before[k]);
  return modified.filter(isReserved).sort();
}

/** Labels of the kubernetes.io and k8s.io domains that say what a node is trusted for. */
function isReserved(label: string): boolean {
  const domain = label.includes('/') ? label.slice(0, label.indexOf('/')) : '';
  const within = (parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`);
  if (within('node-restriction.kubernetes.io')) return true;
  if (!within('kubernetes.io') && !within('k8s.io')) return false;
  return !within('kubelet.kubernetes.io') && !within('node.kubernetes.io') && !KUBELET_LABELS.has(label);
}

const KUBELET_LABELS = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.kubernetes.io/region',
  'failure-domain.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);
