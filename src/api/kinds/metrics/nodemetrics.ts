// NodeMetrics: what a node uses now. Never stored; a hook asks the node. Upstream: metrics-server pkg/api/node.go.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { type Usage, nodeMetricsSchema, usageColumns } from '../shared/usage.ts';

const group = 'metrics.k8s.io';

interface NodeMetrics extends KubeObject {
  window?: string;
  usage?: Usage;
}

export default defineKind<NodeMetrics>({
  group,
  kind: 'NodeMetrics',
  plural: 'nodes',
  singular: '',
  scope: 'Cluster',
  verbs: ['get', 'list'],
  virtual: true,
  storage: { group, version: 'v1beta1' },
  served: [{ group, version: 'v1beta1', schema: nodeMetricsSchema }],
  generation: false,
  columns: usageColumns<NodeMetrics>(({ usage }) => usage ?? { cpu: '0', memory: '0' }),
});
