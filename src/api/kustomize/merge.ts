// Strategic merge as kustomize does it, which is not the API server's: new list items go to the front, empty maps in
// lists go away, nulls of the patch are dropped. Upstream: kustomize kyaml/yaml/merge2 and kyaml/yaml/walk. It changes
// `dest` in place; `patch` must be a copy of its own.
import { builtinSchemas } from '../schema/builtin.ts';
import type { Schema, SchemaSource } from '../schema/schema.ts';
import { type Node, isMap } from './fields.ts';
import { gvkOf } from './ids.ts';
import { KustomizeError } from './types.ts';

/** What is to be removed. */
const CLEAR = undefined;
/** A null that stood in the object already stays. */
const KEPT_NULL = Symbol('kept null');

/** Undefined: the patch deletes the whole. */
export function mergeStrategically(dest: Node, patch: Node, schemas: SchemaSource): Node | undefined {
  const { group, version, kind } = gvkOf(dest as never);
  const merged = walk(dest, patch, schemas.forKind(group, version, kind));
  return merged as Node | undefined;
}

const resolved = (schema: Schema | undefined): Schema | undefined =>
  schema?.ref === undefined ? schema : { ...builtinSchemas.definition(schema.ref), ...definedOnly(schema) };

/** What a field says beside its reference: merge keys stand there. */
function definedOnly({ patchStrategy, patchMergeKey, listMapKeys }: Schema): Partial<Schema> {
  return {
    ...(patchStrategy ? { patchStrategy } : {}),
    ...(patchMergeKey ? { patchMergeKey } : {}),
    ...(listMapKeys ? { listMapKeys } : {}),
  };
}

function fieldSchema(schema: Schema | undefined, name: string): Schema | undefined {
  const field = schema?.properties?.[name];
  if (field) return resolved(field);
  return typeof schema?.additionalProperties === 'object' ? resolved(schema.additionalProperties) : undefined;
}

const kindOf = (value: unknown): 'map' | 'list' | 'scalar' | undefined =>
  value === undefined || value === null ? undefined : Array.isArray(value) ? 'list' : isMap(value) ? 'map' : 'scalar';

const goKinds = { map: 'MappingNode', list: 'SequenceNode', scalar: 'ScalarNode' };

function walk(dest: unknown, patch: unknown, schema: Schema | undefined): unknown {
  const kind = kindOf(dest) ?? kindOf(patch);
  for (const value of [dest, patch]) {
    const actual = kindOf(value);
    if (kind && actual && actual !== kind) {
      throw new KustomizeError(
        `wrong node kind: expected ${goKinds[kind]} but got ${goKinds[actual]}: node contents:\n${printNode(value)}`,
      );
    }
  }
  if (kind === 'scalar') return patch !== undefined ? patch : dest;
  if (kind !== 'list') return walkMap(dest as Node | null | undefined, patch as Node | null | undefined, schema);
  if (schema?.patchStrategy?.split(',').includes('merge')) {
    return walkKeyed(dest as unknown[] | null | undefined, patch as unknown[] | null | undefined, schema);
  }
  return patch !== undefined ? patch : dest;
}

const printNode = (value: unknown): string => JSON.stringify(value);

type Directive = 'merge' | 'replace' | 'delete';

function directiveOf(text: unknown): Directive {
  if (text === 'merge' || text === 'replace' || text === 'delete') return text;
  throw new KustomizeError(`unknown patch strategy '${String(text)}'`);
}

/** Takes the directive out of a map. */
function mapDirective(patch: Node | null | undefined): Directive {
  if (!patch || !('$patch' in patch) || patch['$patch'] === null) return 'merge';
  const directive = directiveOf(patch['$patch']);
  delete patch['$patch'];
  return directive;
}

/** A list's directive is an item of its own, with nothing else in it. */
function listDirective(patch: unknown[] | null | undefined): Directive {
  const at = patch?.findIndex((item) => isMap(item) && '$patch' in item) ?? -1;
  if (!patch || at < 0 || Object.keys(patch[at] as Node).length > 1) return 'merge';
  const directive = directiveOf((patch[at] as Node)['$patch']);
  patch.splice(at, 1);
  return directive;
}

function walkMap(dest: Node | null | undefined, patch: Node | null | undefined, schema: Schema | undefined): unknown {
  let target: Node | null | undefined;
  if (dest === undefined || dest === null) {
    if (mapDirective(patch) === 'delete') return CLEAR;
    if (patch === undefined) return dest === null ? KEPT_NULL : CLEAR;
    target = patch;
  } else if (patch === null) return CLEAR;
  else {
    const directive = mapDirective(patch);
    if (directive === 'delete') return CLEAR;
    target = directive === 'replace' ? patch : dest;
  }
  if (!target) return CLEAR;
  const names = new Set([...Object.keys(target), ...Object.keys(patch ?? {})]);
  for (const name of names) {
    const value = walk(target[name], patch?.[name], fieldSchema(schema, name));
    if (value === KEPT_NULL) target[name] = null;
    else if (value === undefined || value === null) delete target[name];
    else target[name] = value;
  }
  return target;
}

const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value as string));
const keyText = (item: unknown, key: string): string => (isMap(item) ? text(item[key]) : '');

function walkKeyed(dest: unknown[] | null | undefined, patch: unknown[] | null | undefined, schema: Schema): unknown {
  let target: unknown[];
  if (dest === undefined || dest === null) {
    if (!patch) return CLEAR;
    target = patch;
  } else if (patch === null) return CLEAR;
  else {
    const directive = listDirective(patch);
    if (directive === 'delete') return CLEAR;
    target = directive === 'replace' ? patch! : dest;
  }
  const keys = schema.listMapKeys ?? (schema.patchMergeKey ? [schema.patchMergeKey] : []);
  const merged = keys.length > 0 ? mergeItems(target, patch, keys, resolved(schema.items)) : mergeSet(target, patch);
  return merged;
}

/** Finalizers and the like: what the patch adds comes first. */
function mergeSet(target: unknown[], patch: unknown[] | undefined | null): unknown[] {
  const seen = new Set<string>();
  const merged: unknown[] = [];
  for (const item of [...(patch ?? []), ...target]) {
    if (seen.has(text(item))) continue;
    seen.add(text(item));
    merged.push(item);
  }
  return merged;
}

function mergeItems(
  target: unknown[],
  patch: unknown[] | undefined | null,
  keys: readonly string[],
  schema: Schema | undefined,
): unknown[] {
  const identities = distinct([...(patch ?? []), ...target].map((item) => keys.map((key) => keyText(item, key))));
  if (keys.length > 1) completeIdentities(identities);
  const used = keys.filter((_, i) => identities.some((values) => values[i] !== ''));
  const valid = used.length > 0 ? used : keys;
  let left: unknown[] = target;
  let merged: unknown[] = [];
  for (const identity of identities) {
    const values = keys.flatMap((key, i) => (valid.includes(key) ? [identity[i]!] : []));
    const value = walk(find(left, valid, values), find(patch ?? [], valid, values), schema) as Node | undefined;
    if (!isMap(value) || Object.keys(value).length === 0) {
      left = setItem(left, valid, values, undefined);
      continue;
    }
    valid.forEach((key, i) => {
      if (value[key] === undefined && values[i] !== '') value[key] = asScalar(values[i]!);
    });
    merged = setItem(merged, valid, values, value);
  }
  for (const item of left) merged = appendItem(merged, valid, item);
  return merged;
}

/** Upstream: appendListNode. An item without its keys is put behind; with several keys, a match moves to the end. */
function appendItem(list: unknown[], keys: readonly string[], item: unknown): unknown[] {
  const values: string[] = [];
  let result = list;
  for (const key of keys) {
    if (keyText(item, key) === '' && !(isMap(item) && key in item)) result = [...result, item];
    else values.push(keyText(item, key));
  }
  if (keys.length > 1) result = setItem(result, keys, values, undefined);
  return setItem(result, keys, values, item);
}

const asScalar = (value: string): unknown => (/^\d+$/.test(value) ? Number(value) : value);

function distinct(identities: string[][]): string[][] {
  const seen = new Set<string>();
  return identities.filter((values) => {
    const key = values.join('\u0000');
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Two that agree where both say something are one: port 80 and port 80/TCP. */
function completeIdentities(identities: string[][]): void {
  for (let i = 0; i < identities.length; i++) {
    for (let j = 0; j < identities.length; j++) {
      const [a, b] = [identities[i]!, identities[j]!];
      const common = a.some((value, k) => value === b[k]);
      if (!common || a.some((value, k) => value !== '' && b[k] !== '' && value !== b[k])) continue;
      const both = a.map((value, k) => value || b[k]!);
      identities[i] = both;
      identities[j] = both;
    }
  }
}

/** An empty value asks only that the field is there. */
const hasField = (item: unknown, key: string, value: string): boolean =>
  isMap(item) && item[key] !== undefined && (value === '' || text(item[key]) === value);

/** Keys that the identity says nothing of do not count. */
function find(list: readonly unknown[], keys: readonly string[], values: readonly string[]): unknown {
  const known = keys.map((_, i) => i).filter((i) => values[i] !== '');
  const asked = known.length > 0 ? known : keys.map((_, i) => i);
  return list.find((item) => asked.every((i) => hasField(item, keys[i]!, values[i]!)));
}

/** Puts `value` where the item with these keys is, else at the end; undefined removes. Upstream: yaml.ElementSetter. */
function setItem(
  list: readonly unknown[],
  keys: readonly string[],
  values: readonly string[],
  value: unknown,
): unknown[] {
  let found = false;
  const next = list.flatMap((item) => {
    if (item === null || (isMap(item) && Object.keys(item).length === 0)) return [];
    if (!isMap(item) && values.length > 0 && values[0] !== '') return [item];
    const matches = values.length > 0 && values.every((v, i) => hasField(item, keys[i]!, v));
    if (!matches) return values.length > 0 ? [item] : [];
    found = true;
    return value === undefined ? [] : [value];
  });
  if (!found && value !== undefined) next.push(value);
  return next;
}
