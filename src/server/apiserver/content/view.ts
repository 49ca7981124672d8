// An entry as an endpoint shows it: as stored, or converted to another version, once for all readers.
import { builtinSchemas } from '../../../api/schema/builtin.ts';
import { coerce, coerceAndDefault } from '../../../api/schema/coerce.ts';
import { lacksDefaults } from '../../../api/schema/defaults.ts';
import type { Unstructured } from '../../../api/types.ts';
import { cloneJson, encodeWhole, freeze } from '../cache/encoding.ts';
import type { Entry } from '../cache/entry.ts';
import type { Converter } from '../crd/conversion.ts';
import type { Endpoint, StoredKind } from '../registry.ts';

/** The stored object in the endpoint's version, as a new draft. Not for kinds with a conversion webhook. */
function convertFromStorage(object: Unstructured, endpoint: Endpoint): Unstructured {
  const draft = endpoint.kind.custom ? renewed(object, endpoint.kind) : cloneJson(object);
  endpoint.served.convert?.fromStorage(draft);
  return settled(draft, endpoint);
}

/**
 * A custom resource as its own version has it today, as a new draft: its schema may be newer than it is, and what was
 * written through another version has no defaults of the stored one. Upstream: customresource_handler.go,
 * crdConversionRESTOptionsGetter: a stored object is pruned and defaulted by its version, converted, and pruned again.
 */
function renewed(object: Unstructured, { schemas }: StoredKind): Unstructured {
  const draft = cloneJson(object);
  const schema = schemas?.get(object.apiVersion);
  if (schema) coerceAndDefault(draft, schema, builtinSchemas);
  return draft;
}

/** Nothing that the version's schema says today is missing in it. */
function isCurrent(
  object: Unstructured,
  revision: number,
  { custom, since, mayLackDefaults, schemas }: StoredKind,
): boolean {
  if (!custom) return true;
  if (revision <= since) return false;
  const schema = mayLackDefaults ? schemas!.get(object.apiVersion) : undefined;
  return !schema || !lacksDefaults(object, schema, builtinSchemas);
}

function settled(draft: Unstructured, endpoint: Endpoint): Unstructured {
  const before = draft.apiVersion;
  draft.apiVersion = endpoint.apiVersion;
  draft.kind = endpoint.definition.kind;
  return endpoint.kind.custom && before !== endpoint.apiVersion ? convertedTo(draft, endpoint) : draft;
}

/** What came of another version, with what this one knows of it. */
function convertedTo(draft: Unstructured, { schema }: Endpoint): Unstructured {
  if (schema) coerce(draft, schema, builtinSchemas);
  return draft;
}

/** As convertFromStorage for every kind: a webhook may have to be asked. `object` may say an older stored version. */
export function convertTo(object: Unstructured, endpoint: Endpoint): Promise<Unstructured> | Unstructured {
  const { converter } = endpoint.kind;
  if (!converter) return convertFromStorage(object, endpoint);
  const source = renewed(object, endpoint.kind);
  return converter.convert([source], endpoint.apiVersion).then(([draft]) => convertedTo(draft!, endpoint));
}

/** An object in the version that is stored today, with what its schema says today; itself where that is the same. */
export async function inStorageVersion(object: Unstructured, kind: StoredKind): Promise<Unstructured> {
  const { converter, storageApiVersion } = kind;
  const same = object.apiVersion === storageApiVersion;
  if (same && isCurrent(object, Number(object.metadata.resourceVersion), kind)) return object;
  const draft = renewed(object, kind);
  if (same) return freeze(draft);
  if (converter) return freeze((await converter.convert([draft], storageApiVersion))[0]!);
  draft.apiVersion = storageApiVersion;
  return freeze(draft);
}

/** Objects of the stored version as an endpoint's own rules want to see them: those of built-in kinds as they are. */
export function inOwnVersion(
  objects: readonly Unstructured[],
  endpoint: Endpoint,
): Promise<Unstructured[]> | readonly Unstructured[] {
  const { kind, asStored, apiVersion } = endpoint;
  if (!kind.custom || asStored) return objects;
  if (!kind.converter) return objects.map((object) => convertFromStorage(object, endpoint));
  const sources = objects.map((object) => renewed(object, kind));
  return kind.converter
    .convert(sources, apiVersion)
    .then((drafts) => drafts.map((draft) => convertedTo(draft, endpoint)));
}

/** Objects of the stored version as the endpoint shows them, of built-in kinds too. */
export function inVersion(
  objects: readonly Unstructured[],
  endpoint: Endpoint,
): Promise<Unstructured[]> | readonly Unstructured[] {
  if (endpoint.kind.custom || endpoint.asStored) return inOwnVersion(objects, endpoint);
  return objects.map((object) => convertFromStorage(object, endpoint));
}

/** From one version of a kind to another; `object` may be a part of one. */
export function convertBetween(
  object: Unstructured,
  from: Endpoint,
  to: Endpoint,
): Promise<Unstructured> | Unstructured {
  if (to.kind.custom) return convertTo(object, to);
  const draft = cloneJson(object);
  from.served.convert?.toStorage(draft);
  to.served.convert?.fromStorage(draft);
  return settled(draft, to);
}

/** A custom resource may have been stored under another version than today's storage version, or an older schema. */
function asIs(entry: Entry, { asStored, apiVersion, kind }: Endpoint): boolean {
  if (!asStored || entry.revision <= kind.since) return false;
  if (!kind.mayLackDefaults || currentSince.get(entry) === kind.since) return true;
  const object = entry.object();
  if (object.apiVersion !== apiVersion || !isCurrent(object, entry.revision, kind)) return false;
  currentSince.set(entry, kind.since);
  return true;
}

/** Entries of kinds that may lack defaults that were found to be as the definition of that revision has them. */
const currentSince = new WeakMap<Entry, number>();

const face = (endpoint: Endpoint): string => `${endpoint.apiVersion} ${endpoint.kind.since}`;

/** What conversion webhooks made of entries, by face. Not among the faces, which may be forgotten at any time. */
const converted = new WeakMap<Entry, Map<string, Unstructured>>();
/** Those under way: watchers of one kind all want the same event at once. */
const pending = new WeakMap<Entry, Map<string, Promise<void>>>();

/**
 * Before entries of a kind with a conversion webhook are shown: asks it for all of them at once. Their conversions are
 * kept, as those of other kinds are. Throws what the webhook failed with.
 */
export async function prepareViews(entries: readonly Entry[], endpoint: Endpoint): Promise<void> {
  const { converter } = endpoint.kind;
  if (!converter) return;
  const name = face(endpoint);
  const waiting = new Set<Promise<void>>();
  const missing: Entry[] = [];
  for (const entry of entries) {
    if (asIs(entry, endpoint) || converted.get(entry)?.has(name)) continue;
    const asked = pending.get(entry)?.get(name);
    if (asked) waiting.add(asked);
    else missing.push(entry);
  }
  if (missing.length > 0) waiting.add(convertAll(missing, endpoint, converter, name));
  await Promise.all(waiting);
}

function convertAll(entries: readonly Entry[], endpoint: Endpoint, converter: Converter, name: string): Promise<void> {
  const objects = entries.map((entry) => renewed(entry.object(), endpoint.kind));
  const work = converter
    .convert(objects, endpoint.apiVersion)
    .then((drafts) => {
      entries.forEach((entry, i) => keep(converted, entry, name, freeze(convertedTo(drafts[i]!, endpoint))));
    })
    .finally(() => {
      for (const entry of entries) pending.get(entry)?.delete(name);
    });
  for (const entry of entries) keep(pending, entry, name, work);
  return work;
}

function keep<T>(map: WeakMap<Entry, Map<string, T>>, entry: Entry, name: string, value: T): void {
  let known = map.get(entry);
  if (!known) map.set(entry, (known = new Map()));
  known.set(name, value);
}

/** For kinds with a conversion webhook: only after prepareViews. */
export function objectOf(entry: Entry, endpoint: Endpoint): Unstructured {
  if (asIs(entry, endpoint)) return entry.object();
  const name = face(endpoint);
  if (!endpoint.kind.converter)
    return entry.face(`object ${name}`, () => freeze(convertFromStorage(entry.object(), endpoint)));
  const object = converted.get(entry)?.get(name);
  if (!object) throw new Error(`${entry.key} was not converted to ${endpoint.apiVersion}`);
  return object;
}

/** As objectOf, perhaps without managedFields. */
export const bareOf = (entry: Entry, endpoint: Endpoint): Unstructured =>
  asIs(entry, endpoint) ? entry.bare() : objectOf(entry, endpoint);

/** For one look at it, in the version whose columns and selectable fields are asked for: built-in kinds read the stored one. */
export function glanceOf(entry: Entry, endpoint: Endpoint): Unstructured {
  return !endpoint.kind.custom || asIs(entry, endpoint) ? entry.glance() : objectOf(entry, endpoint);
}

/** JSON and a line feed. */
export function bytesOf(entry: Entry, endpoint: Endpoint): Buffer {
  if (asIs(entry, endpoint)) return entry.bytes;
  return entry.face(`bytes ${face(endpoint)}`, () => encodeWhole(objectOf(entry, endpoint)));
}

/** What a stored or written object looks like in the endpoint's version; itself when that is how it is stored. */
export function viewOf(object: Unstructured, endpoint: Endpoint): Promise<Unstructured> | Unstructured {
  const { kind } = endpoint;
  const same = !kind.custom || object.apiVersion === endpoint.apiVersion;
  if (endpoint.asStored && same && isCurrent(object, Number(object.metadata.resourceVersion), kind)) return object;
  if (!kind.converter) return freeze(convertFromStorage(object, endpoint));
  return Promise.resolve(convertTo(object, endpoint)).then((draft) => freeze(draft));
}
