// Keeps the registry equal to the CustomResourceDefinitions in the cache, has their deletion finished and names that
// were given up settled anew. Runs inside the API server, as upstream's controllers of definitions do.
import { stringifyJson } from '../../../api/codec/json.ts';
import { deepEqual } from '../../../api/patch/equal.ts';
import { CustomResourceDefinitions } from '../../../api/resources.ts';
import { apiVersionOf } from '../../../api/types.ts';
import { registryPrefix } from '../cache/feed.ts';
import type { Server } from '../context.ts';
import type { StoredKind } from '../registry.ts';
import { converterOf } from './conversion.ts';
import { definitionOf, schemasOf } from './definition.ts';
import { finishDeletion, settleAnew } from './finish.ts';
import { awaitsNames } from './status.ts';
import { type Crd, CLEANUP_FINALIZER, hasCondition } from './types.ts';

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
    void finishDeletion(server, kind, crd).finally(() => finishing.delete(name!));
  };
  for (const entry of kind.cache.range(undefined)) follow(entry.object() as Crd);
  const stop = kind.cache.listen({
    onEvent({ type, entry, previous }) {
      const crd = (type === 'delete' ? (previous ?? entry) : entry).object() as Crd;
      if (type === 'put') {
        const had = (previous?.object() as Crd | undefined)?.status?.acceptedNames;
        if (had && !deepEqual(had, crd.status?.acceptedNames)) reconsider(server, kind, crd);
        // Whoever writes the status may leave out what is settled here, and has it back at once.
        if (!crd.metadata.deletionTimestamp && !isSettled(crd)) void settleAnew(server, kind, entry.name);
        return follow(crd);
      }
      served.delete(crd.metadata.name!);
      const { group, names } = crd.spec;
      if (!registry.isBuiltIn(group, names.plural)) {
        registry.remove(group, names.plural);
        server.feed.drop(registryPrefix(group, names.plural));
      }
      reconsider(server, kind, crd);
    },
    onClose() {},
  });
  closing.addEventListener('abort', stop, { once: true });
}

const isSettled = ({ status }: Crd): boolean =>
  ['NamesAccepted', 'Established'].every((type) => status?.conditions?.some((condition) => condition.type === type));

/**
 * (Re)builds the kind when the specification or the accepted names changed. What the server has itself is served by it
 * alone: upstream's own API server answers before that of custom resources does.
 */
function serve(server: Server, crd: Crd, served: Map<string, string>): void {
  if (!hasCondition(crd, 'Established', 'True')) return;
  const { registry } = server;
  if (registry.isBuiltIn(crd.spec.group, crd.spec.names.plural)) return;
  const shape = stringifyJson([crd.spec, crd.status?.acceptedNames]);
  const name = crd.metadata.name!;
  if (served.get(name) === shape) return;
  served.set(name, shape);
  const definition = definitionOf(crd);
  const reachable = definition.served.filter((version) => !registry.hasBuiltIn(apiVersionOf(version)));
  const kind = registry.add(
    { ...definition, served: reachable },
    {
      schemas: schemasOf(crd),
      since: Number(crd.metadata.resourceVersion),
      converter: converterOf(crd, server.options.webhooks, server.admission.lister),
    },
  );
  kind.cache.redefined();
}

/** A definition that gave up names lets others of its group have them. */
function reconsider(server: Server, kind: StoredKind, { spec, metadata }: Crd): void {
  for (const entry of kind.cache.range(undefined)) {
    const other = entry.object() as Crd;
    if (other.spec.group !== spec.group || other.metadata.name === metadata.name || !awaitsNames(other)) continue;
    void settleAnew(server, kind, entry.name);
  }
}
