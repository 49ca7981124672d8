// What differs between two states of an object, field by field, for `apply --show-diff`, `apply --atomic` and `undo`.
// Pure. Fields that only the server writes do not count.
import { stringifyJson } from '../../api/codec/json.ts';
import type { Unstructured } from '../../api/types.ts';
import { LAST_APPLIED } from '../last-applied.ts';
import { serverFields } from '../neat/metadata.ts';

type Fields = Record<string, unknown>;

export interface FieldChange {
  /** `spec.template.spec.containers[app].image` */
  path: string;
  /** Absent: there was no such field. */
  before?: unknown;
  after?: unknown;
}

/** A copy without status and without what the server writes into metadata. */
export function ownFields(object: Unstructured): Unstructured {
  const { status, ...rest } = object;
  void status;
  const metadata = { ...object.metadata } as Fields;
  for (const field of serverFields) delete metadata[field];
  return { ...(rest as Unstructured), metadata: metadata as unknown as Unstructured['metadata'] };
}

/** Without the annotation that `apply` keeps for itself: nobody wants to see that change. */
function shownFields(object: Unstructured): Unstructured {
  const own = ownFields(object);
  const annotations = { ...own.metadata.annotations };
  delete annotations[LAST_APPLIED];
  const metadata = { ...own.metadata, annotations };
  if (Object.keys(annotations).length === 0) delete (metadata as Fields)['annotations'];
  return { ...own, metadata };
}

export function fieldChanges(before: Unstructured, after: Unstructured): FieldChange[] {
  const changes: FieldChange[] = [];
  compare('', shownFields(before), shownFields(after), changes);
  return changes;
}

/** Every field of a manifest as new, but for those that say which object it is. */
export function manifestFields(manifest: Unstructured): FieldChange[] {
  const { apiVersion, kind, metadata, ...rest } = shownFields(manifest);
  void [apiVersion, kind];
  const { name, namespace, ...others } = metadata;
  void [name, namespace];
  const changes: FieldChange[] = [];
  leaves('', { metadata: others, ...rest }, changes);
  return changes;
}

/** It stands in the path. */
function withoutName(item: Fields): Fields {
  const { name, ...rest } = item;
  void name;
  return rest;
}

function leaves(path: string, value: unknown, changes: FieldChange[]): void {
  const names = Array.isArray(value) && value.length > 0 ? namesIn(value) : undefined;
  if (names) names.forEach((name, i) => leaves(`${path}[${name}]`, withoutName((value as Fields[])[i]!), changes));
  else if (!isFields(value) || (Object.keys(value).length === 0 && path !== 'metadata'))
    changes.push({ path, after: value });
  else for (const [key, inner] of Object.entries(value)) leaves(dotted(path, key), inner, changes);
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The names of a list's items, if each has its own. */
function namesIn(list: readonly unknown[]): string[] | undefined {
  const names = list.map((item) => (isFields(item) && typeof item['name'] === 'string' ? item['name'] : undefined));
  return names.every((n) => n !== undefined) && new Set(names).size === names.length ? (names as string[]) : undefined;
}

const keyed = (names: readonly string[], list: readonly unknown[]): Fields =>
  Object.fromEntries(names.map((name, i) => [name, list[i]]));

function compare(path: string, before: unknown, after: unknown, changes: FieldChange[]): void {
  if (before === after) return;
  if (isFields(before) && isFields(after)) return compareFields(path, before, after, changes, dotted);
  if (Array.isArray(before) && Array.isArray(after)) {
    const [from, to] = [namesIn(before), namesIn(after)];
    const named = from !== undefined && to !== undefined;
    const maps = named
      ? [keyed(from, before), keyed(to, after)]
      : [{ ...(before as unknown[]) }, { ...(after as unknown[]) }];
    return compareFields(path, maps[0] as Fields, maps[1] as Fields, changes, (at, key) => `${at}[${key}]`);
  }
  changes.push({ path, before, after });
}

const dotted = (path: string, key: string): string => {
  if (/[./]/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
};

function compareFields(
  path: string,
  before: Fields,
  after: Fields,
  changes: FieldChange[],
  pathOf: (path: string, key: string) => string,
): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const at = pathOf(path, key);
    if (!Object.hasOwn(before, key)) changes.push({ path: at, after: after[key] });
    else if (!Object.hasOwn(after, key)) changes.push({ path: at, before: before[key] });
    else compare(at, before[key], after[key], changes);
  }
}

/** `  ~ spec.replicas: 1 -> 3`. Values of secrets are not shown. */
export function formatChange({ path, before, after }: FieldChange, kind: string): string {
  const masked = kind === 'Secret' && /^(?:data|stringData)\b/.test(path);
  const text = (value: unknown): string => (masked ? '***' : stringifyJson(value));
  if (before === undefined) return `  + ${path}: ${text(after)}\n`;
  if (after === undefined) return `  - ${path}: ${text(before)}\n`;
  return `  ~ ${path}: ${text(before)} -> ${text(after)}\n`;
}
