// ComponentStatus: whether the parts of the control plane are well. Never stored; a hook looks when it is asked.
// Upstream: pkg/registry/core/componentstatus/rest.go, printComponentStatus.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { column } from '../shared/columns.ts';

interface Condition {
  type: string;
  status: string;
  message?: string;
  error?: string;
}
interface ComponentStatus extends KubeObject {
  conditions?: Condition[];
}

const STATES: Readonly<Record<string, string>> = { True: 'Healthy', False: 'Unhealthy' };
const healthy = ({ conditions }: ComponentStatus): Condition | undefined =>
  conditions?.find((condition) => condition.type === 'Healthy');

export default defineKind<ComponentStatus>({
  group: '',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  short: ['cs'],
  scope: 'Cluster',
  verbs: ['get', 'list'],
  virtual: true,
  storage: { group: '', version: 'v1' },
  served: [
    {
      group: '',
      version: 'v1',
      deprecated: { replacement: '', message: 'v1 ComponentStatus is deprecated in v1.19+' },
    },
  ],
  generation: false,
  columns: [
    column(
      'Status',
      'string',
      'Status of the component conditions',
      (c) => STATES[healthy(c)?.status ?? ''] ?? 'Unknown',
    ),
    column('Message', 'string', 'Message of the component conditions', (c) => healthy(c)?.message ?? ''),
    column('Error', 'string', 'Error of the component conditions', (c) => healthy(c)?.error ?? ''),
  ],
});
