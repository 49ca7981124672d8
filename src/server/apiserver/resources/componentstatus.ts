// ComponentStatus: the store, and what runs beside this server. Upstream: pkg/registry/core/componentstatus/rest.go.
import type { Unstructured } from '../../../api/types.ts';
import { type ApiServerOptions, defineHooks } from '../types.ts';

export default defineHooks({
  group: '',
  plural: 'componentstatuses',
  async read({ options }) {
    const checks = Object.entries(checksOf(options)).sort(([a], [b]) => (a < b ? -1 : 1));
    return Promise.all(checks.map(([name, check]) => statusOf(name, check)));
  },
});

const checksOf = ({ components, store }: ApiServerOptions): Record<string, () => Promise<unknown>> => ({
  ...components,
  'etcd-0': () => store.currentRevision(),
});

async function statusOf(name: string, check: () => Promise<unknown>): Promise<Unstructured> {
  const condition = await check().then(
    () => ({ type: 'Healthy', status: 'True', message: 'ok' }),
    (error: unknown) => ({ type: 'Healthy', status: 'False', message: (error as Error).message }),
  );
  return { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name }, conditions: [condition] } as Unstructured;
}
