// Binding: the old way to bind a pod; the same as a POST to the pod's binding subresource, but that access and admission
// are asked about bindings alone. Upstream: LegacyBindingREST (pkg/registry/core/pod/storage).
import { bind } from '../pods/binding.ts';
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: '',
  plural: 'bindings',
  create: (draft, context) => bind(context.subresourceOf('pods', draft.metadata.name ?? '', 'binding', draft)),
});
