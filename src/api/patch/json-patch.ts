// JSON patches (RFC 6902). Inputs are never changed; containers on a changed path are copied once, the rest is shared.
// Upstream: gopkg.in/evanphx/json-patch.v4 patch.go, whose error texts these are.
import { setOwn, stringifyJson } from '../codec/json.ts';
import { StatusError, badRequest } from '../status.ts';
import { deepEqual, isFields } from './equal.ts';

/** As a client sent it: nothing is sure. */
export interface JsonPatchOperation {
  op?: string | null;
  path?: string | null;
  from?: string | null;
  value?: unknown;
}

/** Upstream's limit of operations in one patch (endpoints/handlers, maxJSONPatchOperations). */
const MAX_OPERATIONS = 10_000;
/** What all copies of one patch may add: as much as a body may have (upstream: jsonpatch.AccumulatedCopySizeLimit). */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

type Container = Record<string, unknown> | unknown[];
interface Place {
  holder: Container;
  key: string;
}

class PatchFailure extends Error {}

const decodeToken = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');

class Document {
  root: unknown;
  private copiedBytes = 0;
  /** Containers that are already ours to change. */
  private readonly own = new Set<object>();

  constructor(root: unknown) {
    this.root = this.copy(root);
  }

  private copy(value: unknown): unknown {
    if (value === null || typeof value !== 'object' || this.own.has(value)) return value;
    const copied = Array.isArray(value) ? [...value] : { ...value };
    this.own.add(copied);
    return copied;
  }

  /** The container that holds a path's last part, ours to change; undefined when it is not there. */
  container(path: string): Place | undefined {
    const tokens = path.split('/').slice(1).map(decodeToken);
    const key = tokens.pop();
    if (key === undefined) return undefined;
    let holder = this.root;
    for (const token of tokens) {
      if (!isContainer(holder)) return undefined;
      const next = this.copy(read(holder, token));
      if (!isContainer(next)) return undefined;
      write(holder, token, next);
      holder = next;
    }
    return isContainer(holder) ? { holder, key } : undefined;
  }

  /** `failing` begins the message when the place is there and does not take the value. */
  add(path: string, value: unknown, failing = `error in add for path: '${path}'`, missing?: string): void {
    const { holder, key } = this.need(path, missing ?? `add operation does not apply: doc is missing path: "${path}"`);
    if (!Array.isArray(holder)) {
      setOwn(holder, key, value);
      return;
    }
    if (key !== '-' && !INDEX.test(key)) throw noIndex(`${failing}: value was not a proper array index: '${key}'`, key);
    const at = key === '-' ? holder.length : indexIn(holder.length + 1, key, failing, holder.length + 1);
    holder.splice(at, 0, value);
  }

  remove(path: string, failing = `error in remove for path: '${path}'`, missing?: string): unknown {
    const place = this.need(path, missing ?? `remove operation does not apply: doc is missing path: "${path}"`);
    const { holder, key } = place;
    if (Array.isArray(holder)) return holder.splice(indexIn(holder.length, key, failing), 1)[0];
    if (!Object.hasOwn(holder, key)) {
      throw new PatchFailure(`${failing}: Unable to remove nonexistent key: ${key}: missing value`);
    }
    const value = holder[key];
    delete holder[key];
    return value;
  }

  /** A key of an object need not be there: what replaces it is added. */
  replace(path: string, value: unknown): void {
    if (path === '') {
      if (!isContainer(value)) throw new PatchFailure('replace operation value must be object or array: %!w(<nil>)');
      this.root = this.copy(value);
      return;
    }
    const { holder, key } = this.need(path, `replace operation does not apply: doc is missing path: ${path}`);
    if (!Array.isArray(holder)) {
      setOwn(holder, key, value);
      return;
    }
    const at = INDEX.test(key) ? within(holder.length, Number(key)) : undefined;
    if (at === undefined) {
      throw new PatchFailure(`replace operation does not apply: doc is missing key: ${path}: missing value`);
    }
    holder[at] = value;
  }

  move(from: string, path: string): void {
    const { key } = this.need(from, `move operation does not apply: doc is missing from path: ${from}`);
    const value = this.remove(from, `error in move for path: '${key}'`);
    const missing = `move operation does not apply: doc is missing destination path: ${path}`;
    this.add(path, value, `error in move for path: '${path}'`, missing);
  }

  /** Adds a copy that later operations change alone. Doubling something thirty times would be a billion of it. */
  duplicate(from: string, path: string): void {
    const place = this.need(from, `copy operation does not apply: doc is missing from path: ${from}`);
    const value = valueAt(place, `error in copy for from: '${from}'`) ?? null;
    const missing = `copy operation does not apply: doc is missing destination path: ${path}`;
    this.need(path, missing);
    this.copiedBytes += Buffer.byteLength(stringifyJson(value));
    if (this.copiedBytes > MAX_COPIED_BYTES) {
      throw new PatchFailure(
        `Unable to complete the copy, the accumulated size increase of copy is ${this.copiedBytes}, exceeding the limit ${MAX_COPIED_BYTES}`,
      );
    }
    this.add(path, structuredClone(value), 'error while adding value during copy', missing);
  }

  test(path: string, expected: unknown): void {
    const actual =
      path === ''
        ? this.root
        : valueAt(
            this.need(path, `test operation does not apply: is missing path: ${path}`),
            `error in test for path: '${path}'`,
          );
    if (!deepEqual(actual ?? null, expected ?? null)) {
      throw new PatchFailure(`testing value ${path} failed: test failed`);
    }
  }

  private need(path: string, otherwise: string): Place {
    const place = this.container(path);
    if (place) return place;
    throw new PatchFailure(`${otherwise}: missing value`);
  }
}

const isContainer = (value: unknown): value is Container => value !== null && typeof value === 'object';

/** What Go's strconv.Atoi takes. */
const INDEX = /^[-+]?[0-9]+$/;

const noIndex = (failing: string, key: string): PatchFailure =>
  new PatchFailure(`${failing}: strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`);

/** Negative indices count from the end; undefined when there is no such item. */
function within(length: number, index: number): number | undefined {
  const at = index < 0 ? index + length : index;
  return at >= 0 && at < length ? at : undefined;
}

function indexIn(length: number, key: string, failing: string, from = length): number {
  if (!INDEX.test(key)) throw noIndex(failing, key);
  const index = Number(key);
  const at = within(Math.max(length, from), index);
  if (at !== undefined) return at;
  throw new PatchFailure(`${failing}: Unable to access invalid index: ${index}: invalid index referenced`);
}

/** Undefined where an object has no such key; an array has to have the item. */
function valueAt({ holder, key }: Place, failing: string): unknown {
  return Array.isArray(holder) ? holder[indexIn(holder.length, key, failing)] : read(holder, key);
}

function read(holder: Container, key: string): unknown {
  if (Array.isArray(holder)) return INDEX.test(key) ? holder.at(Number(key)) : undefined;
  return Object.hasOwn(holder, key) ? holder[key] : undefined;
}

function write(holder: Container, key: string, value: unknown): void {
  if (Array.isArray(holder)) holder[Number(key) < 0 ? holder.length + Number(key) : Number(key)] = value;
  else setOwn(holder, key, value);
}

function applyOperation(document: Document, operation: JsonPatchOperation): void {
  const { op, path, value, from } = operation;
  if (!isOperation(op)) throw new PatchFailure(`Unexpected kind: ${op ?? 'unknown'}`);
  if (op === 'move' || op === 'copy') {
    if (typeof from !== 'string') {
      throw new PatchFailure(`${op} operation failed to decode from: operation, missing from field: missing value`);
    }
    if (typeof path !== 'string') throw noPath(op);
    return op === 'move' ? document.move(from, path) : document.duplicate(from, path);
  }
  if (typeof path !== 'string') throw noPath(op);
  switch (op) {
    case 'add':
      return document.add(path, value ?? null);
    case 'remove':
      document.remove(path);
      return;
    case 'replace':
      return document.replace(path, value ?? null);
  }
  document.test(path, value);
}

const OPERATIONS = new Set<unknown>(['add', 'remove', 'replace', 'move', 'copy', 'test']);
const isOperation = (op: unknown): op is string => OPERATIONS.has(op);

const NAMES_FIELD = new Set(['replace', 'move', 'test']);

const noPath = (op: string): PatchFailure =>
  new PatchFailure(
    `${op} operation failed to decode path: ${NAMES_FIELD.has(op) ? 'operation missing path field: ' : ''}missing value`,
  );

/**
 * The patched document. Throws BadRequest when `patch` is no list of operations or too long, and a 422 as upstream's
 * NewGenericServerResponse when an operation does not apply (a failed `test` too).
 */
export function jsonPatch(original: unknown, patch: unknown): unknown {
  if (patch === null) return original;
  if (!Array.isArray(patch)) {
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  }
  if (patch.length > MAX_OPERATIONS) {
    const message = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`;
    throw new StatusError('RequestEntityTooLarge', message);
  }
  const document = new Document(original);
  for (const operation of patch as unknown[]) {
    try {
      applyOperation(document, isFields(operation) ? operation : {});
    } catch (error) {
      if (!(error instanceof PatchFailure)) throw error;
      throw rejected(error.message);
    }
  }
  return document.root;
}

/** Upstream's answer to a patch that is well formed and cannot be applied. */
export function rejected(why: string): StatusError {
  return new StatusError(
    'Invalid',
    'the server rejected our request due to an error in our request',
    { causes: [{ reason: 'UnexpectedServerResponse', message: why }] },
    422,
  );
}
