// An entry as an endpoint shows it: as stored, or converted to another version, once for all readers.
import { builtinSchemas } from '../../../api/schema/builtin.ts';
import { applyDefaults } from '../../../api/schema/defaults.ts';
import { pruneUnknown } from '../../../api/schema/prune.ts';
import type { Unstructured } from '../../../api/types.ts';
import { cloneJson, encodeWhole, freeze } from '../cache/encoding.ts';
import type { Entry } from '../cache/entry.ts';
import type { Endpoint } from '../registry.ts';

/** The stored object in the endpoint's version, as a new draft. */
export function convertFromStorage(object: Unstructured, endpoint: Endpoint): Unstructured {
  const draft = cloneJson(object);
  endpoint.served.convert?.fromStorage(draft);
  draft.apiVersion = endpoint.apiVersion;
  draft.kind = endpoint.kind.definition.kind;
  // Upstream prunes and defaults custom resources when it reads them, too: their schema may be newer than they are.
  if (endpoint.kind.custom && endpoint.schema) {
    pruneUnknown(draft, endpoint.schema, builtinSchemas);
    applyDefaults(draft, endpoint.schema, builtinSchemas);
  }
  return draft;
}

/**
 * The same for objects whose conversion a webhook may have to do. `object` is in the stored version, or in an older one
 * that was the stored version when it was written.
 */
export function convertTo(object: Unstructured, endpoint: Endpoint): Promise<Unstructured> | Unstructured {
  return convertFromStorage(object, endpoint);
}

/** A custom resource may have been stored under another version than today's storage version, or an older schema. */
const asIs = (entry: Entry, { asStored, apiVersion, kind }: Endpoint): boolean =>
  asStored && entry.revision > kind.since && (!kind.mixedVersions || entry.object().apiVersion === apiVersion);

const face = (endpoint: Endpoint): string => `${endpoint.apiVersion} ${endpoint.kind.since}`;

export function objectOf(entry: Entry, endpoint: Endpoint): Unstructured {
  if (asIs(entry, endpoint)) return entry.object();
  return entry.face(`object ${face(endpoint)}`, () => freeze(convertFromStorage(entry.object(), endpoint)));
}

/** JSON and a line feed. */
export function bytesOf(entry: Entry, endpoint: Endpoint): Buffer {
  if (asIs(entry, endpoint)) return entry.bytes;
  return entry.face(`bytes ${face(endpoint)}`, () => encodeWhole(objectOf(entry, endpoint)));
}

/** What a stored or written object looks like in the endpoint's version; itself when that is how it is stored. */
export function viewOf(object: Unstructured, endpoint: Endpoint): Unstructured {
  const { kind } = endpoint;
  const old = kind.custom && Number(object.metadata.resourceVersion) <= kind.since;
  return endpoint.asStored && !old ? object : freeze(convertFromStorage(object, endpoint));
}
