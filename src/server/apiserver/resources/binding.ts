// Binding: the old way to bind a pod; the same as a POST to the pod's binding subresource.
import { errorOf, isFailure } from '../content/answer-of.ts';
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: '',
  plural: 'bindings',
  async create(draft, { namespace, call, dryRun }) {
    const name = draft.metadata.name ?? '';
    const response = await call({
      method: 'POST',
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/binding`,
      query: new URLSearchParams(dryRun ? { dryRun: 'All' } : {}),
      headers: {},
      body: { bytes: async () => new Uint8Array(), shared: () => draft },
      signal: new AbortController().signal,
    });
    if (isFailure(response)) throw await errorOf(response);
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  },
});
