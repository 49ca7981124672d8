// Walks to the fields that a field spec names (`spec/template/spec/containers[]/image`) and changes them in place.
// Lists on the way are gone through whether or not the path says `[]`. Upstream: kustomize api/filters/fieldspec.
import { type Gvk, isSelected } from './ids.ts';
import { type FieldSpec, KustomizeError } from './types.ts';

export type Node = Record<string, unknown>;

export const isMap = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Gets the value that is there (undefined when made) and answers what shall be there. */
export type Change = (value: unknown) => unknown;

/** What a field that is missing begins as; without it, fields are never made. */
export type Made = 'map' | 'scalar';

const MADE = Symbol('made');

/** `a/b\/c` → a, b/c. Upstream: kyaml utils.PathSplitter. */
export function splitPath(path: string, delimiter = '/'): string[] {
  let parts = path.split(delimiter);
  if (parts.length > 1 && parts[0] === '') parts = parts.slice(1);
  const result: string[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (last?.endsWith('\\')) result[result.length - 1] = last.slice(0, -1) + delimiter + part;
    else result.push(part);
  }
  return result;
}

const splitPaths = new Map<string, string[]>();
function partsOf(path: string): string[] {
  let parts = splitPaths.get(path);
  if (!parts) {
    parts = splitPath(path);
    // Paths are of tables, and few; those of users' configurations must not pile up.
    if (splitPaths.size < 2000) splitPaths.set(path, parts);
  }
  return parts;
}

/** Applies `change` at one spec, when the spec is for this kind. */
export function changeAt(object: object, gvk: Gvk, spec: FieldSpec, change: Change, made?: Made): void {
  if (!isSelected(gvk, spec)) return;
  const parts = partsOf(spec.path);
  walk(object, parts, 0, spec.create ? made : undefined, change, () => {});
}

function walk(
  node: unknown,
  parts: readonly string[],
  at: number,
  made: Made | undefined,
  change: Change,
  set: (value: unknown) => void,
): void {
  if (at === parts.length) {
    const before = node === MADE ? undefined : node;
    const after = change(before);
    if (after !== before || node === MADE) set(after);
    return;
  }
  if (node === null || node === undefined) return;
  if (Array.isArray(node)) {
    const list = node as unknown[];
    list.forEach((item, i) => walk(item, parts, at, made, change, (value) => (list[i] = value)));
    return;
  }
  if (!isMap(node)) throw new KustomizeError('expected sequence or mapping node');
  const raw = parts[at]!;
  const isList = raw.endsWith('[]');
  const name = isList ? raw.slice(0, -2) : raw;
  let child = Object.hasOwn(node, name) ? node[name] : undefined;
  if (child === undefined || child === null) {
    const creates = made !== undefined && !isList;
    if (creates) {
      if (at < parts.length - 1) node[name] = child = {};
      else child = MADE;
    } else if (child === undefined) return;
  }
  walk(child, parts, at + 1, made, change, (value) => (node[name] = value));
}

/** A copy that shares nothing; much quicker than structuredClone on plain data. */
export function cloneData<T>(value: T): T {
  if (Array.isArray(value)) return value.map(cloneData) as T;
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key === '__proto__')
      Object.defineProperty(copy, key, {
        value: cloneData(inner),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    else copy[key] = cloneData(inner);
  }
  return copy as T;
}
