// An entry as an endpoint shows it: as stored, or converted to another version, once for all readers.
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
  return draft;
}

/** A custom resource may have been stored under another version than today's storage version. */
const asIs = (entry: Entry, endpoint: Endpoint): boolean =>
  endpoint.asStored && (!endpoint.kind.mixedVersions || entry.object().apiVersion === endpoint.apiVersion);

export function objectOf(entry: Entry, endpoint: Endpoint): Unstructured {
  if (asIs(entry, endpoint)) return entry.object();
  return entry.face(`object ${endpoint.apiVersion}`, () => freeze(convertFromStorage(entry.object(), endpoint)));
}

/** JSON and a line feed. */
export function bytesOf(entry: Entry, endpoint: Endpoint): Buffer {
  if (asIs(entry, endpoint)) return entry.bytes;
  return entry.face(`bytes ${endpoint.apiVersion}`, () => encodeWhole(objectOf(entry, endpoint)));
}

/** What a written object looks like in the endpoint's version; itself when that is the stored one. */
export function viewOf(object: Unstructured, endpoint: Endpoint): Unstructured {
  return endpoint.asStored ? object : freeze(convertFromStorage(object, endpoint));
}
