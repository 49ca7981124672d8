// Objects as bytes. A stored value is JSON without metadata.resourceVersion (the store's revision is the only truth);
// a cached value has it spliced in after the uid, where Go prints it, and ends with the line feed of an answer.
//
//   stored  {"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","uid":"1b…","creationTimestamp":…
//   cached  {"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","uid":"1b…","resourceVersion":"7","creationTime…}\n
import { parseJson, stringifyJson } from '../../../api/codec/json.ts';
import { META_ORDER } from '../../../api/go-order.ts';
import type { ObjectMeta, Unstructured } from '../../../api/types.ts';

const UID = Buffer.from('"uid":"');
const QUOTE = 0x22;
const LINE_FEED = 0x0a;

/**
 * The object with kind, apiVersion and metadata first and without its resourceVersion, as it is stored and held. What it is
 * made of was drafted by adding and removing members, which leaves objects that are several times as large.
 */
export function storedForm(object: Unstructured): Unstructured {
  const { kind, apiVersion, metadata, ...rest } = object;
  return { kind, apiVersion, metadata: orderMeta(metadata), ...rest };
}

/** What storedForm made, as bytes. */
export const encodeForm = (stored: Unstructured): Buffer => Buffer.from(stringifyJson(stored));

export const encodeStored = (object: Unstructured): Buffer => encodeForm(storedForm(object));

/** With what only answers have. */
const SHOWN_FIELDS = META_ORDER.filter((field) => field !== 'selfLink');
const META_FIELDS = SHOWN_FIELDS.filter((field) => field !== 'resourceVersion');

function orderMeta(metadata: ObjectMeta, fields: readonly (keyof ObjectMeta)[] = META_FIELDS): ObjectMeta {
  const ordered: Record<string, unknown> = {};
  for (const field of fields) {
    const value = metadata[field];
    if (value !== undefined && value !== '') ordered[field] = value;
  }
  return ordered as ObjectMeta;
}

/** Metadata in the order in which Go prints it; in memory its fields stand as they were set. */
export const shownMeta = (metadata: ObjectMeta): ObjectMeta => orderMeta(metadata, SHOWN_FIELDS);

/** An object that is not in the store (or no longer), as one that is would be printed. */
export function encodeShown(object: Unstructured): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object;
  return encodeWhole({ kind, apiVersion, metadata: shownMeta(metadata), ...rest });
}

/** The cached form of a stored value. */
export function spliceRevision(stored: Uint8Array, revision: number): Buffer {
  const from = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const uid = from.indexOf(UID);
  const at = uid < 0 ? -1 : from.indexOf(QUOTE, uid + UID.length) + 1;
  if (at <= 0) return reencode(from, revision);
  const insert = `,"resourceVersion":"${revision}"`;
  const to = Buffer.allocUnsafeSlow(from.length + insert.length + 1);
  from.copy(to, 0, 0, at);
  to.write(insert, at, 'latin1');
  from.copy(to, at + insert.length, at);
  to[to.length - 1] = LINE_FEED;
  return to;
}

/** A cached form under another revision; undefined: its revision does not stand where it is spliced in. */
export function restamp(cached: Buffer, from: number, to: number): Buffer | undefined {
  const [before, after] = [`,"resourceVersion":"${from}"`, `,"resourceVersion":"${to}"`];
  const at = cached.indexOf(QUOTE, cached.indexOf(UID) + UID.length) + 1;
  if (cached.toString('latin1', at, at + before.length) !== before) return undefined;
  return Buffer.concat([cached.subarray(0, at), Buffer.from(after), cached.subarray(at + before.length)]);
}

const BEFORE_DELETION = /^,"resourceVersion":"\d+"(,"generation":\d+)?(,"creationTimestamp":"[^"]*")(?!,"deletion)/;

/**
 * The stored form of an object whose deletion begins, from its cached form; only these three fields are others. Undefined:
 * they do not stand where they should.
 */
export function terminatingForm(
  cached: Buffer,
  { generation, deletionTimestamp, deletionGracePeriodSeconds }: ObjectMeta,
): Buffer | undefined {
  const at = cached.indexOf(QUOTE, cached.indexOf(UID) + UID.length) + 1;
  const found = BEFORE_DELETION.exec(cached.toString('latin1', at, at + 200));
  if (!found || (found[1] === undefined) !== (generation === undefined)) return undefined;
  const counted = generation === undefined ? '' : `,"generation":${generation}`;
  const begun = `,"deletionTimestamp":"${deletionTimestamp}","deletionGracePeriodSeconds":${deletionGracePeriodSeconds}`;
  const insert = counted + found[2] + begun;
  const after = at + found[0].length;
  // Without the line feed.
  const to = Buffer.allocUnsafeSlow(at + insert.length + cached.length - after - 1);
  cached.copy(to, 0, 0, at);
  to.write(insert, at, 'latin1');
  cached.copy(to, at + insert.length, after, cached.length - 1);
  return to;
}

/** The same object under another revision; it shares all but its metadata. */
export const atRevision = <T extends Unstructured>(object: T, revision: number): T => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: String(revision) },
});

/** For values that another program wrote without a uid. */
function reencode(stored: Buffer, revision: number): Buffer {
  const object = parseJson(stored.toString('utf8')) as Unstructured;
  object.metadata = { ...object.metadata, resourceVersion: String(revision) };
  return encodeWhole(object);
}

/** Any object as an answer: one line, ended by a line feed. */
export function encodeWhole(object: unknown): Buffer {
  return Buffer.from(stringifyJson(object) + '\n');
}

export function decodeObject(bytes: Uint8Array): Unstructured {
  return parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as Unstructured;
}

const deep = process.env['SAMPAN_DEEP_FREEZE'] !== undefined || process.env['VITEST'] !== undefined;

/** Deep in tests, where a mutation must fail loudly; elsewhere only the object itself. */
export function freeze<T>(value: T): T {
  if (!deep) return Object.freeze(value);
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) freeze(child);
  }
  return value;
}

/** A deep copy of JSON data that drops what JSON would drop; many times faster than structuredClone. */
export function cloneJson<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item: unknown) => cloneJson(item)) as T;
  if (value instanceof Date) return value.toISOString() as T;
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    const child = (value as Record<string, unknown>)[key];
    if (child === undefined) continue;
    if (key === '__proto__')
      Object.defineProperty(copy, key, {
        value: cloneJson(child),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    else copy[key] = cloneJson(child);
  }
  return copy as T;
}
