// Keeps the registry equal to the CustomResourceDefinitions in the cache, and finishes their deletion: objects first,
// then the finalizer, then the definition. Runs inside the API server, as upstream's finalizer controller does.
import { CustomResourceDefinitions } from '../../../api/resources.ts';
import { isConflict, isNotFound } from '../../../api/status.ts';
import { SYSTEM_MASTERS } from '../../auth/types.ts';
import type { User } from '../../../wire/http.ts';
import { registryPrefix } from '../cache/feed.ts';
import { type Server, newContext } from '../context.ts';
import type { StoredKind } from '../registry.ts';
import { deleteObject } from '../verbs/delete.ts';
import { modifyExisting } from '../verbs/modify.ts';
import { cloneJson } from '../cache/encoding.ts';
import { converterOf } from './conversion.ts';
import { definitionOf, scalePaths } from './definition.ts';
import { type Crd, CLEANUP_FINALIZER, hasCondition } from './types.ts';

const SELF: User = { name: 'system:apiserver', groups: [SYSTEM_MASTERS] };
const RETRY_MS = 100;
const PLURAL = CustomResourceDefinitions.plural;

export function startCrdManager(server: Server): void {
  const { registry, closing } = server;
  const kind = registry.kind(CustomResourceDefinitions.group, PLURAL);
  if (!kind) return;
  const finishing = new Set<string>();
  const served = new Map<string, string>();

  const follow = (crd: Crd): void => {
    serve(server, crd, served);
    const { name, deletionTimestamp, finalizers } = crd.metadata;
    if (!deletionTimestamp || !finalizers?.includes(CLEANUP_FINALIZER) || finishing.has(name!)) return;
    finishing.add(name!);
    void finish(server, kind, crd).finally(() => finishing.delete(name!));
  };
  for (const entry of kind.cache.range(undefined)) follow(entry.object() as Crd);
  const stop = kind.cache.listen({
    onEvent({ type, entry, previous }) {
      const crd = (type === 'delete' ? (previous ?? entry) : entry).object() as Crd;
      if (type === 'put') return follow(crd);
      served.delete(crd.metadata.name!);
      registry.remove(crd.spec.group, crd.spec.names.plural);
      server.feed.drop(registryPrefix(crd.spec.group, crd.spec.names.plural));
    },
    onClose() {},
  });
  closing.addEventListener('abort', stop, { once: true });
}

/** (Re)builds the kind when the specification or the accepted names changed. */
function serve(server: Server, crd: Crd, served: Map<string, string>): void {
  if (!hasCondition(crd, 'Established', 'True')) return;
  const shape = JSON.stringify([crd.spec, crd.status?.acceptedNames]);
  const name = crd.metadata.name!;
  if (served.get(name) === shape) return;
  served.set(name, shape);
  server.registry.add(definitionOf(crd), {
    custom: true,
    scale: scalePaths(crd),
    since: Number(crd.metadata.resourceVersion),
    converter: converterOf(crd, server.options.webhooks, server.admission.lister),
  });
}

/** Deletes the objects, waits until their finalizers let them go, then lets the definition go. */
async function finish(server: Server, kind: StoredKind, crd: Crd): Promise<void> {
  const { group, names } = crd.spec;
  const name = crd.metadata.name!;
  const request = {
    method: 'DELETE',
    path: '',
    query: new URLSearchParams(),
    headers: {},
    signal: server.closing,
    user: SELF,
  };
  while (!server.closing.aborted) {
    try {
      const instances = server.registry.kind(group, names.plural);
      const endpoint = instances && server.registry.endpointFor(instances, instances.storageApiVersion);
      const left = instances ? [...instances.cache.range(undefined)] : [];
      if (left.length === 0) return await release(server, kind, name);
      for (const entry of left) {
        const context = newContext(server, request, 'crd-cleanup');
        context.info = { ...context.info, namespace: entry.namespace, name: entry.name };
        if (endpoint) await deleteObject(context, endpoint, entry.key, { dryRun: false }).catch(ignoreGone);
      }
      await server.feed.fresh();
      if (instances && instances.cache.size === 0) continue;
    } catch (error) {
      server.onBug(error, newContext(server, request, 'crd-cleanup'));
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
  }
}

function ignoreGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error;
}

async function release(server: Server, kind: StoredKind, name: string): Promise<void> {
  const endpoint = server.registry.endpointFor(kind, kind.storageApiVersion);
  if (!endpoint) return;
  const request = {
    method: 'PUT',
    path: '',
    query: new URLSearchParams(),
    headers: {},
    signal: server.closing,
    user: SELF,
  };
  const context = newContext(server, request, 'crd-cleanup');
  await modifyExisting(context, endpoint, name, {
    subresource: '',
    dryRun: false,
    change: (old) => {
      const draft = cloneJson(old);
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((f) => f !== CLEANUP_FINALIZER);
      return draft;
    },
    track: () => {},
  });
}
