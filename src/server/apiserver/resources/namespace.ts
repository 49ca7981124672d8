// Namespace: it stays, Terminating, until its spec.finalizers are gone; the finalize subresource takes them away.
// Upstream: pkg/registry/core/namespace/storage.
import type { Unstructured } from '../../../api/types.ts';
import { defineHooks } from '../types.ts';

type Namespace = Unstructured & { spec?: { finalizers?: string[] }; status?: { phase?: string } };

export default defineHooks({
  group: '',
  plural: 'namespaces',
  holdsDeletion: (object) => ((object as Namespace).spec?.finalizers ?? []).length > 0,
  beginTermination(draft) {
    (draft as Namespace).status = { ...(draft as Namespace).status, phase: 'Terminating' };
  },
  prepareSubresource: {
    finalize(draft, old) {
      const { finalizers } = (draft as Namespace).spec ?? {};
      draft['spec'] = { ...(old as Namespace).spec, finalizers: finalizers ?? [] };
      if (!finalizers?.length) delete (draft as Namespace).spec!.finalizers;
      draft['status'] = old['status'];
      draft.metadata = { ...old.metadata };
    },
  },
});
