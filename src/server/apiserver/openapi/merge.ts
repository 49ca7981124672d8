// Another server's OpenAPI v2 document below ours. Pure. Definitions of the same name and content are one; of the same
// name and other content, theirs is renamed. Upstream: kube-openapi/pkg/aggregator (MergeSpecsIgnorePathConflictRenamingDefinitions).
import { isDeepStrictEqual } from 'node:util';
import type { Json } from './definitions.ts';

const PREFIX = '#/definitions/';

/** A new document; paths that are there already stay as they are. */
export function mergeOpenApiV2(local: Json, remote: Json): Json {
  const definitions = { ...(local['definitions'] as Json) };
  const theirs = reachable(remote);
  const renamed = new Map<string, string>();
  for (const [name, definition] of Object.entries(theirs)) {
    const known = definitions[name];
    if (known === undefined || isDeepStrictEqual(known, definition)) continue;
    // Models that all servers have differ in their texts at most: ours is as good.
    if (isShared(name)) continue;
    let count = 2;
    while (definitions[`${name}_v${count}`] ?? theirs[`${name}_v${count}`]) count++;
    renamed.set(name, `${name}_v${count}`);
  }
  for (const [name, definition] of Object.entries(theirs)) {
    const to = renamed.get(name) ?? name;
    definitions[to] ??= withReferences(definition, renamed) as Json;
  }
  const paths = { ...(local['paths'] as Json) };
  for (const [path, item] of Object.entries(remote['paths'] as Json)) paths[path] ??= withReferences(item, renamed);
  return { ...local, paths: sorted(paths), definitions: sorted(definitions) };
}

const isShared = (name: string): boolean => name.startsWith('io.k8s.apimachinery.') || name.startsWith('io.k8s.api.');

const sorted = (map: Json): Json => Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Only the definitions that its paths use, through others too. */
function reachable(document: Json): Record<string, unknown> {
  const all = (document['definitions'] ?? {}) as Record<string, unknown>;
  const found: Record<string, unknown> = {};
  const visit = (value: unknown): void => {
    forEachReference(value, (name) => {
      if (Object.hasOwn(found, name) || !Object.hasOwn(all, name)) return;
      found[name] = all[name];
      visit(all[name]);
    });
  };
  visit(document['paths']);
  return found;
}

function forEachReference(value: unknown, visit: (name: string) => void): void {
  if (value === null || typeof value !== 'object') return;
  for (const [key, member] of Object.entries(value)) {
    if (key === '$ref' && typeof member === 'string' && member.startsWith(PREFIX)) visit(member.slice(PREFIX.length));
    else forEachReference(member, visit);
  }
}

function withReferences(value: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (renamed.size === 0 || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => withReferences(item, renamed));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const name = key === '$ref' && typeof member === 'string' ? renamed.get(member.slice(PREFIX.length)) : undefined;
      return [key, name === undefined ? withReferences(member, renamed) : `${PREFIX}${name}`];
    }),
  );
}
