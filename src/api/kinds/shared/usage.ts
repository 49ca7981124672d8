// What NodeMetrics and PodMetrics share: shapes, columns and schemas of metrics.k8s.io, which upstream's own data does
// not have. Upstream: k8s.io/metrics/pkg/apis/metrics/v1beta1/types.go, metrics-server pkg/api/table.go.
import type { Column } from '../../kind.ts';
import type { Schema } from '../../schema/schema.ts';
import type { KubeObject } from '../../types.ts';
import { column } from './columns.ts';

export interface Usage {
  cpu: string;
  memory: string;
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const usage: Schema = {
  type: 'object',
  description: 'usage is how much of each resource was used in the window.',
  additionalProperties: { ref: 'io.k8s.apimachinery.pkg.api.resource.Quantity' },
};

const containers: Schema = {
  type: 'array',
  description: 'containers has the usage of every container.',
  items: { type: 'object', required: ['name', 'usage'], properties: { name: { type: 'string' }, usage } },
};

/** `own` is what a node or a pod has beside the window. */
const metricsSchema = (own: 'usage' | 'containers'): Schema => ({
  type: 'object',
  required: ['timestamp', 'window', own],
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { ref: `${META}.ObjectMeta`, zero: {} },
    timestamp: { ref: `${META}.Time`, description: 'timestamp is the end of the window.' },
    window: { type: 'string', description: 'window is the time in which the usage was measured.' },
    [own]: own === 'usage' ? usage : containers,
  },
});
export const nodeMetricsSchema = metricsSchema('usage');
export const podMetricsSchema = metricsSchema('containers');

interface Measured extends KubeObject {
  window?: string;
}

export const usageColumns = <T extends Measured>(read: (object: T) => Usage): Column<T>[] => [
  { ...column<T>('cpu', 'string', '', (o) => read(o).cpu), format: 'quantity' },
  { ...column<T>('memory', 'string', '', (o) => read(o).memory), format: 'quantity' },
  { ...column<T>('Window', 'string', '', (o) => o.window ?? ''), format: 'duration' },
];
