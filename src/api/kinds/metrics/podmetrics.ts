// PodMetrics: what the containers of a pod use now. Never stored; a hook asks the pod's node.
// Upstream: metrics-server pkg/api/pod.go.
import { defineKind } from '../../kind.ts';
import { addQuantities, formatQuantity, parseQuantity, zeroQuantity } from '../../quantity.ts';
import type { KubeObject } from '../../types.ts';
import { type Usage, podMetricsSchema, usageColumns } from '../shared/usage.ts';

const group = 'metrics.k8s.io';

interface PodMetrics extends KubeObject {
  window?: string;
  containers?: { name: string; usage: Usage }[];
}

function total({ containers = [] }: PodMetrics): Usage {
  const sum = (of: keyof Usage): string =>
    formatQuantity(containers.map((c) => parseQuantity(c.usage[of])).reduce(addQuantities, zeroQuantity));
  return { cpu: sum('cpu'), memory: sum('memory') };
}

export default defineKind<PodMetrics>({
  group,
  kind: 'PodMetrics',
  plural: 'pods',
  singular: '',
  scope: 'Namespaced',
  verbs: ['get', 'list'],
  virtual: true,
  storage: { group, version: 'v1beta1' },
  served: [{ group, version: 'v1beta1', schema: podMetricsSchema }],
  generation: false,
  columns: usageColumns<PodMetrics>(total),
});
