// What the hook of a subresource is given: the parent to read, change and delete, and the request's body, admitted.
// Upstream: the storages of subresources (pkg/registry/core/pod/storage and its like).
import { badRequest } from '../../../api/status.ts';
import type { Unstructured } from '../../../api/types.ts';
import { cloneJson } from '../cache/encoding.ts';
import { CONNECTS } from '../connect/options.ts';
import { decodeAs } from '../content/decode.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import type { SubresourceContext } from '../types.ts';
import { Admission } from './admit.ts';
import { keyOf, noExtras } from './commit.ts';
import { deleteAdmitted } from './delete.ts';
import { current } from './get.ts';
import { hookContext } from './hook-context.ts';
import { trackUpdate } from './managed-fields.ts';
import { modify } from './modify.ts';
import { deleteOptions, writeOptions } from './options.ts';

/** `given`: a body that was admitted as another resource's already. */
export function subresourceContext(
  context: RequestContext,
  endpoint: Endpoint,
  given?: Unstructured,
): SubresourceContext {
  const { info, request, server } = context;
  const { subresource, name } = info;
  const reading = request.method === 'GET' || request.method === 'HEAD';
  const streaming = reading || CONNECTS.has(subresource);
  const options = streaming ? undefined : writeOptions(context, 'UpdateOptions');
  const write = async (change: (draft: Unstructured) => void | Promise<void>, unseen: boolean) => {
    const written = await modify(context, endpoint, name, {
      subresource,
      unseen,
      dryRun: options?.dryRun ?? false,
      change: async (old) => {
        const draft = cloneJson(old);
        await change(draft);
        return draft;
      },
      track: (draft, old) =>
        options && !unseen ? trackUpdate(context, endpoint, draft, old, options, subresource) : undefined,
    });
    return written.object;
  };
  return {
    ...hookContext(context, name, options?.dryRun ?? false, noExtras()),
    request,
    async read() {
      await server.feed.fresh();
      return current(context, endpoint).object();
    },
    modify: (change) => write(change, false),
    modifyUnseen: (change) => write(change, true),
    async remove(wanted) {
      const key = keyOf(endpoint.namespaced ? info.namespace : '', name);
      await server.feed.fresh();
      await deleteAdmitted(context, endpoint, key, deleteOptions(context, wanted));
    },
    async body() {
      if (given) return given;
      const { definition } = endpoint;
      const { group, version } = endpoint;
      const own = { group, version, kind: definition.kind };
      const { kind = own, also = [] } = definition.subresources?.[subresource] ?? {};
      const draft = await decodeAs(context, kind, also);
      const namespace = draft?.metadata?.namespace;
      if (namespace && endpoint.namespaced && namespace !== info.namespace) {
        throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
      }
      if (draft && info.verb === 'create') await admitCreate(context, endpoint, draft, options?.dryRun ?? false);
      return draft;
    },
  };
}

/** Bindings, evictions and token requests are creates below an object, and admission sees them as such. */
async function admitCreate(context: RequestContext, endpoint: Endpoint, object: Unstructured, dryRun: boolean) {
  const { name, subresource } = context.info;
  const admission = new Admission(context, endpoint, {
    operation: 'CREATE',
    name,
    subresource,
    object,
    options: {},
    dryRun,
  });
  await admission.mutate();
  await admission.validate();
}
