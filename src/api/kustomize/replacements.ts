// replacements: values copied from one resource's field into others'. Upstream: kustomize api/filters/replacement,
// kyaml/yaml/match.go (paths), kyaml/utils/pathsplitter.go.
import { RE2JS } from 're2js';
import { resolvePlain } from '../codec/yaml-scalars.ts';
import { type Node, cloneData, isMap, splitPath } from './fields.ts';
import { idText, isSelectedBy } from './ids.ts';
import type { Loader } from './loader.ts';
import { type Resource, selectorMatches } from './resource.ts';
import { type FieldOptions, KustomizeError, type Replacement, type ReplacementSource, type Selector } from './types.ts';

export function replaceValues(
  resources: readonly Resource[],
  replacements: readonly Replacement[],
  loader: Loader,
): void {
  for (const replacement of replacements.flatMap((entry) => inFiles(entry, loader))) replaceOne(resources, replacement);
}

const refuse = (message: string): KustomizeError => new KustomizeError(message, undefined, 'replacements');

function inFiles(entry: Replacement, loader: Loader): Replacement[] {
  if (!entry.path) return [entry];
  if (entry.source || (entry.targets ?? []).length > 0) {
    throw refuse('cannot specify both path and inline replacement');
  }
  const parsed = loader.parse(entry.path);
  if (Array.isArray(parsed)) return parsed as Replacement[];
  if (isMap(parsed)) return [parsed as Replacement];
  throw refuse(`unsupported replacement type encountered within replacement path: ${typeof parsed}`);
}

/** `metadata.annotations.[a.b/c]` → parts: brackets keep dots together, and stay where they hold a list's `key=value`. */
export function splitFieldPath(path: string): string[] {
  const parts = splitPath(path, '.');
  const result: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    let part = parts[i]!;
    if (part.startsWith('[') && !part.endsWith(']')) {
      while (i < parts.length - 1) {
        part += `.${parts[++i]!}`;
        if (part.endsWith(']')) break;
      }
      if (!part.includes('=')) part = part.replace(/^\[+|\]+$/g, '');
    }
    result.push(part);
  }
  return result;
}

function replaceOne(resources: readonly Resource[], { source, targets }: Replacement): void {
  if (!source || !targets) throw refuse('replacements must specify a source and at least one target');
  const value = readSource(resources, source);
  for (const target of targets) {
    if (!target.select) throw refuse('target must specify resources to select');
    const { select, reject = [], options } = target;
    const fieldPaths = target.fieldPaths && target.fieldPaths.length > 0 ? target.fieldPaths : ['metadata.name'];
    for (const resource of resources) {
      if (!selects(resource, select) || reject.some((r) => rejects(resource, r))) continue;
      for (const path of fieldPaths) copyTo(resource.object as Node, path, value, options);
    }
  }
}

const annotated = (resource: Resource, { labelSelector, annotationSelector }: Selector): boolean =>
  selectorMatches(labelSelector, resource.labels()) && selectorMatches(annotationSelector, resource.annotations());

const selects = (resource: Resource, selector: Selector): boolean =>
  annotated(resource, selector) && resource.ids.some((id) => isSelectedBy(id, selector));

/** The parts of a rejection each reject alone. */
function rejects(resource: Resource, selector: Selector): boolean {
  if ((selector.labelSelector || selector.annotationSelector) && annotated(resource, selector)) return true;
  const { group, version, kind, name, namespace } = selector;
  if (![group, version, kind, name, namespace].some(Boolean)) return false;
  return resource.ids.some((id) => isSelectedBy(id, selector));
}

function readSource(resources: readonly Resource[], source: ReplacementSource): unknown {
  const { options } = source;
  const shown = [
    idText(source),
    ...(source.fieldPath ? [source.fieldPath] : []),
    ...(options && (options.delimiter || options.create)
      ? [`${options.delimiter ?? ''}(${options.index ?? 0}), create=${options.create ?? false}`]
      : []),
  ].join(':');
  const found = resources.filter((r) => r.ids.some((id) => isSelectedBy(id, source)));
  if (found.length > 1) throw refuse(`multiple matches for selector ${shown}`);
  if (found.length === 0) throw refuse(`nothing selected by ${shown}`);
  const fieldPath = source.fieldPath || 'metadata.name';
  const value = lookUp(found[0]!.object, splitFieldPath(fieldPath));
  if (isNothing(value)) {
    throw refuse(`fieldPath \`${fieldPath}\` is missing for replacement source ${idText(source)}`);
  }
  if (!options?.delimiter) return value;
  if (isMap(value) || Array.isArray(value)) throw refuse('delimiter option can only be used with scalar nodes');
  const parts = String(value as string).split(options.delimiter);
  const { index = 0 } = options;
  if (index < 0 || index >= parts.length) {
    throw refuse(`options.index ${index} is out of bounds for value ${String(value as string)}`);
  }
  return typeof value === 'string' ? parts[index] : resolvePlain(parts[index]!);
}

const isNothing = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) && value.length === 0) ||
  (isMap(value) && Object.keys(value).length === 0);

/** One value; a path of a source has no wildcards. */
function lookUp(node: unknown, path: readonly string[]): unknown {
  let value: unknown = node;
  for (const part of path.map((p) => p.trim()).filter((p) => p !== '')) {
    if (part === '*') throw refuse('error looking up replacement source: wildcard is not supported in PathGetter');
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value)) {
      const list = value as unknown[];
      if (/^\d+$/.test(part)) value = list[Number(part)];
      else if (part === '-') value = list.at(-1);
      else if (isListIndex(part)) {
        const [key, wanted] = keyAndValue(part);
        value = list.find((item) => String(key === '' ? item : isMap(item) ? item[key] : undefined) === wanted);
      } else
        throw refuse(
          `error looking up replacement source: wrong node kind: expected MappingNode but got SequenceNode: node contents:\n${JSON.stringify(value)}`,
        );
    } else value = isMap(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }
  return value;
}

const isListIndex = (part: string): boolean => part.startsWith('[') && part.endsWith(']');

function keyAndValue(part: string): [key: string, value: string] {
  const inner = part.slice(1, -1);
  const at = inner.indexOf('=');
  if (at < 0) throw refuse('list path element must contain fieldName=fieldValue for element to match');
  return [inner.slice(0, at), inner.slice(at + 1)];
}

/** A place that a path leads to. */
interface Slot {
  get(): unknown;
  set(value: unknown): void;
}

function copyTo(object: Node, path: string, value: unknown, options: FieldOptions | undefined): void {
  const create = options?.create ?? false;
  const missing = `unable to find ${create ? 'or create ' : ''}field ${JSON.stringify(path)} in replacement target`;
  let slots: Slot[];
  try {
    const root: Slot = { get: () => object, set: () => {} };
    slots = findSlots(root, splitFieldPath(path), create ? value : undefined);
  } catch (error) {
    throw refuse(`${missing}: ${(error as Error).message}`);
  }
  if (slots.length === 0) throw refuse(missing);
  for (const slot of slots) slot.set(combined(slot.get(), value, options));
}

/** What shall be made where a path ends in nothing; for parts on the way the next part says it. */
const madeFor = (next: string | undefined, last: unknown): unknown => {
  if (next === undefined) return Array.isArray(last) ? [] : isMap(last) ? {} : MADE_SCALAR;
  return /^\d+$/.test(next) || isListIndex(next) ? [] : {};
};
const MADE_SCALAR = Symbol('made');

function findSlots(slot: Slot, path: readonly string[], created: unknown): Slot[] {
  const [part, ...rest] = path;
  if (part === undefined) return [slot];
  const node = slot.get();
  if (/^\d+$/.test(part) && Array.isArray(node)) return atIndex(node, Number(part), rest, created);
  if (part === '*' && Array.isArray(node)) {
    return node.flatMap((_, i) => findSlots(inList(node, i), rest, created));
  }
  if (isListIndex(part) && Array.isArray(node)) return atKey(node, part, rest, created);
  if (node === undefined || node === null) return [];
  if (!isMap(node)) {
    const kind = Array.isArray(node) ? 'SequenceNode' : 'ScalarNode';
    throw refuse(`wrong node kind: expected MappingNode but got ${kind}: node contents:\n${JSON.stringify(node)}`);
  }
  const missing = !Object.hasOwn(node, part);
  if (missing && created === undefined) return [];
  if (missing) node[part] = madeFor(rest[0], created);
  return findSlots({ get: () => node[part], set: (value) => (node[part] = value) }, rest, created);
}

const inList = (list: unknown[], i: number): Slot => ({ get: () => list[i], set: (value) => (list[i] = value) });

function atIndex(list: unknown[], index: number, rest: readonly string[], created: unknown): Slot[] {
  if (index === list.length && created !== undefined) list.push(madeFor(rest[0], created));
  if (index >= list.length) throw refuse(`index ${index} specified but only ${list.length} elements found`);
  return findSlots(inList(list, index), rest, created);
}

/** The value is a regular expression, which may stand anywhere in the field. */
function atKey(list: unknown[], part: string, rest: readonly string[], created: unknown): Slot[] {
  const [key, wanted] = keyAndValue(part);
  const pattern = RE2JS.compile(wanted);
  const search = () =>
    list.flatMap((item, i) => {
      const text = key === '' ? item : isMap(item) ? item[key] : undefined;
      if (text === undefined || !pattern.matcher(String(text as string)).find()) return [];
      return key === '' ? [inList(list, i)] : findSlots(inList(list, i), rest, created);
    });
  const found = search();
  if (found.length > 0 || created === undefined) return found;
  list.push(key === '' ? wanted : { [key]: wanted });
  return search();
}

function combined(old: unknown, value: unknown, options: FieldOptions | undefined): unknown {
  let next = cloneData(value);
  if (options?.delimiter) {
    if (isMap(old) || Array.isArray(old)) throw refuse('delimiter option can only be used with scalar nodes');
    const { delimiter, index = 0 } = options;
    const parts = (old === MADE_SCALAR ? '' : String(old as string)).split(delimiter);
    if (index < 0) parts.unshift(String(value as string));
    else if (index >= parts.length) parts.push(String(value as string));
    else parts[index] = String(value as string);
    next = parts.join(delimiter);
  }
  // A scalar keeps its type; what is made takes the type that its text has.
  if (isMap(old) || Array.isArray(old) || isMap(next) || Array.isArray(next)) return next;
  if (typeof old === 'string') return String(next as string);
  return typeof next === 'string' ? resolvePlain(next) : next;
}
