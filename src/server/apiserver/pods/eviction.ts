// The eviction subresource of pods: a delete that asks first. There are no disruption budgets yet, so every eviction is
// allowed. Upstream: pkg/registry/core/pod/storage/eviction.go.
import { badRequest } from '../../../api/status.ts';
import type { Unstructured } from '../../../api/types.ts';
import { errorOf, isFailure } from '../content/answer-of.ts';
import type { SubresourceContext } from '../types.ts';

export async function evict(context: SubresourceContext): Promise<Unstructured> {
  const eviction = await context.body();
  const name = eviction?.metadata?.name;
  if (name && name !== context.name) throw badRequest('name in URL does not match name in Eviction object');
  await context.read();
  const options = { kind: 'DeleteOptions', apiVersion: 'v1', ...(eviction?.['deleteOptions'] as object | undefined) };
  if (context.dryRun) Object.assign(options, { dryRun: ['All'] });
  const response = await context.call({
    method: 'DELETE',
    path: `/api/v1/namespaces/${encodeURIComponent(context.namespace)}/pods/${encodeURIComponent(context.name)}`,
    query: new URLSearchParams(),
    headers: {},
    body: { bytes: async () => new Uint8Array(), shared: () => options },
    signal: context.request.signal,
  });
  if (isFailure(response)) throw await errorOf(response);
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}
