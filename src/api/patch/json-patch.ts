// JSON patches (RFC 6902). Inputs are never changed; containers on a changed path are copied once, the rest is shared.
// Upstream: gopkg.in/evanphx/json-patch.v4 patch.go, whose error texts these are.
import { setOwn, stringifyJson } from '../codec/json.ts';
import { StatusError, badRequest } from '../status.ts';
import { deepEqual, isFields } from './equal.ts';

export interface JsonPatchOperation {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

/** Upstream's limit of operations in one patch (endpoints/handlers, maxJSONPatchOperations). */
const MAX_OPERATIONS = 10_000;
/** What all copies of one patch may add: as much as a body may have (upstream: jsonpatch.AccumulatedCopySizeLimit). */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

type Container = Record<string, unknown> | unknown[];

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
  container(path: string): { holder: Container; key: string } | undefined {
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

  add(path: string, value: unknown): void {
    if (path === '') {
      this.root = this.copy(value);
      return;
    }
    const place = this.container(path);
    if (!place) throw new PatchFailure(`add operation does not apply: doc is missing path: "${path}": missing value`);
    const { holder, key } = place;
    if (!Array.isArray(holder)) {
      setOwn(holder, key, value);
      return;
    }
    const index = key === '-' ? holder.length : position(key, path, 'add');
    const at = index < 0 ? index + holder.length + 1 : index;
    if (at > holder.length || at < 0) {
      throw new PatchFailure(
        `error in add for path: '${path}': Unable to access invalid index: ${index}: invalid index referenced`,
      );
    }
    holder.splice(at, 0, value);
  }

  remove(path: string, operation = 'remove'): unknown {
    const place = this.container(path);
    if (!place) {
      throw new PatchFailure(`${operation} operation does not apply: doc is missing path: "${path}": missing value`);
    }
    const { holder, key } = place;
    if (Array.isArray(holder)) {
      const index = position(key, path, operation);
      const at = index < 0 ? index + holder.length : index;
      if (at >= holder.length || at < 0) {
        throw new PatchFailure(
          `error in ${operation} for path: '${path}': Unable to access invalid index: ${index}: invalid index referenced`,
        );
      }
      return holder.splice(at, 1)[0];
    }
    if (!Object.hasOwn(holder, key)) {
      throw new PatchFailure(
        `error in ${operation} for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`,
      );
    }
    const value = holder[key];
    delete holder[key];
    return value;
  }

  replace(path: string, value: unknown): void {
    if (path === '') {
      this.root = this.copy(value);
      return;
    }
    const place = this.container(path);
    if (!place) throw new PatchFailure(`replace operation does not apply: doc is missing path: ${path}: missing value`);
    if (read(place.holder, place.key) === undefined) {
      throw new PatchFailure(`replace operation does not apply: doc is missing key: ${path}: missing value`);
    }
    write(place.holder, place.key, value);
  }

  get(path: string, operation: string): unknown {
    if (path === '') return this.root;
    const place = this.container(path);
    if (!place) {
      throw new PatchFailure(`${operation} operation does not apply: doc is missing from path: ${path}: missing value`);
    }
    return read(place.holder, place.key);
  }

  /** A copy that later operations change alone. Doubling something thirty times would be a billion of it. */
  duplicate(path: string): unknown {
    const value = this.get(path, 'copy');
    this.copiedBytes += Buffer.byteLength(stringifyJson(value ?? null));
    if (this.copiedBytes <= MAX_COPIED_BYTES) return structuredClone(value);
    throw new PatchFailure(
      `Unable to complete the copy, the accumulated size increase of copy is ${this.copiedBytes}, exceeding the limit ${MAX_COPIED_BYTES}`,
    );
  }

  test(path: string, expected: unknown): void {
    const place = path === '' ? undefined : this.container(path);
    if (path !== '' && !place) {
      throw new PatchFailure(`test operation does not apply: is missing path: ${path}: missing value`);
    }
    const actual = place ? read(place.holder, place.key) : this.root;
    if (!deepEqual(actual ?? null, expected ?? null)) {
      throw new PatchFailure(`testing value ${path} failed: test failed`);
    }
  }
}

const isContainer = (value: unknown): value is Container => value !== null && typeof value === 'object';

function position(key: string, path: string, operation: string): number {
  if (!/^-?[0-9]+$/.test(key)) {
    throw new PatchFailure(
      `error in ${operation} for path: '${path}': strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`,
    );
  }
  return Number(key);
}

function read(holder: Container, key: string): unknown {
  if (Array.isArray(holder)) return /^-?[0-9]+$/.test(key) ? holder.at(Number(key)) : undefined;
  return Object.hasOwn(holder, key) ? holder[key] : undefined;
}

function write(holder: Container, key: string, value: unknown): void {
  if (Array.isArray(holder)) holder[Number(key) < 0 ? holder.length + Number(key) : Number(key)] = value;
  else setOwn(holder, key, value);
}

function applyOperation(document: Document, operation: JsonPatchOperation): void {
  const { op, path, value, from } = operation;
  switch (op) {
    case 'add':
      return document.add(path, value ?? null);
    case 'remove':
      document.remove(path);
      return;
    case 'replace':
      return document.replace(path, value ?? null);
    case 'move':
      return document.add(path, document.remove(from ?? '', 'move'));
    case 'copy':
      return document.add(path, document.duplicate(from ?? ''));
    case 'test':
      return document.test(path, value);
  }
  throw new PatchFailure(`Unexpected kind: ${op}`);
}

/**
 * The patched document. Throws BadRequest when `patch` is no list of operations or too long, and a 422 as upstream's
 * NewGenericServerResponse when an operation does not apply (a failed `test` too).
 */
export function jsonPatch(original: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  }
  if (patch.length > MAX_OPERATIONS) {
    const message = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`;
    throw new StatusError('RequestEntityTooLarge', message);
  }
  const document = new Document(original);
  for (const operation of patch as JsonPatchOperation[]) {
    try {
      if (!isFields(operation) || typeof operation.path !== 'string') throw new PatchFailure('missing value');
      applyOperation(document, operation as JsonPatchOperation);
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
