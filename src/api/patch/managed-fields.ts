// metadata.managedFields: who owns which fields. Entries in and out of the wire form, and what an update does to them.
// Upstream: apimachinery pkg/util/managedfields/internal (managedfields.go, managedfieldsupdater.go, capmanagers.go,
// stripmeta.go, skipnonapplied.go), structured-merge-diff merge/update.go (Update).
import type { Schema, SchemaSource } from '../schema/schema.ts';
import type { JsonObject, KubeObject, ManagedFieldsEntry } from '../types.ts';
import { compareValues, filterComparison, type Comparison } from './compare.ts';
import {
  LEAF,
  difference,
  intersection,
  isEmptySet,
  pathSet,
  recursiveDifference,
  setOfPaths,
  union,
  type FieldNode,
} from './field-set.ts';
import { readFields } from './fields-v1.ts';
import { createdNode } from './field-walk.ts';
import { mergeTypeOf, type MergeType } from './merge-type.ts';

export interface Owner {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource?: string;
  time?: string;
  set: FieldNode;
}
/** By identity: what makes two entries one. */
export type Owners = Map<string, Owner>;

/** An Apply keeps its entry when it changes the version. Upstream: BuildManagerIdentifier. */
export function identityOf(owner: Pick<Owner, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): string {
  const version = owner.operation === 'Apply' ? '' : owner.apiVersion;
  // Sorts as upstream's JSON of the same does.
  return `${owner.manager}"\0${owner.operation}\0${version}\0${owner.subresource ?? ''}`;
}

/** Sets that encodeOwners made entries of: they are well formed, and in the objects of caches that nobody changes. */
const written = new WeakSet<object>();

function wellFormed(set: FieldNode): FieldNode {
  written.add(set);
  return set;
}

/** Throws an Error with upstream's words when an entry is not well formed. */
export function decodeOwners(entries: readonly ManagedFieldsEntry[] | undefined): Owners {
  const owners: Owners = new Map();
  (entries ?? []).forEach((entry, i) => {
    const { operation, apiVersion, fieldsType, fieldsV1, manager = '', subresource, time } = entry;
    if (operation !== 'Apply' && operation !== 'Update') throw new Error('operation must be `Apply` or `Update`');
    if (!apiVersion) throw new Error('apiVersion must not be empty');
    if (!fieldsType) throw new Error(`missing fieldsType in managed fields entry ${i}`);
    if ((fieldsType as string) !== 'FieldsV1') {
      throw new Error(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${i}`);
    }
    let set: FieldNode;
    try {
      set = fieldsV1 && written.has(fieldsV1) ? (fieldsV1 as FieldNode) : readFields(fieldsV1 ?? {});
    } catch (error) {
      throw new Error(`error decoding set: ${(error as Error).message} in managed fields entry ${i}`, { cause: error });
    }
    const owner: Owner = { manager, operation, apiVersion, set };
    if (subresource) owner.subresource = subresource;
    if (time) owner.time = time;
    owners.set(identityOf(owner), owner);
  });
  return owners;
}

const secondsOf = (owner: Owner): number => (owner.time ? Math.floor(Date.parse(owner.time) / 1000) : 0);
const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `2026-01-02T03:04:05Z`, as nearly all are: texts that compare as what they say. */
const isWhole = (time: string | undefined): time is string => time?.length === 20 && time.endsWith('Z');
const compareTimes = (a: Owner, b: Owner): number =>
  isWhole(a.time) && isWhole(b.time) ? compareTexts(a.time, b.time) : secondsOf(a) - secondsOf(b);

/** Entries in upstream's order, members in Go's; undefined when there are none. */
export function encodeOwners(owners: Owners): ManagedFieldsEntry[] | undefined {
  const list = [...owners.values()].filter((owner) => !isEmptySet(owner.set));
  if (list.length === 0) return undefined;
  list.sort(
    (a, b) =>
      compareTexts(a.operation, b.operation) ||
      compareTimes(a, b) ||
      compareTexts(a.manager, b.manager) ||
      compareTexts(a.apiVersion, b.apiVersion) ||
      compareTexts(a.subresource ?? '', b.subresource ?? ''),
  );
  return list.map((owner) => ({
    ...(owner.manager ? { manager: owner.manager } : {}),
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(owner.time ? { time: owner.time } : {}),
    fieldsType: 'FieldsV1',
    fieldsV1: wellFormed(owner.set) as JsonObject,
    ...(owner.subresource ? { subresource: owner.subresource } : {}),
  }));
}

/** What nobody owns: identity and what the server sets. Upstream: stripMetaManager. */
const neverOwned = [
  'apiVersion',
  'kind',
  'metadata',
  'metadata.name',
  'metadata.namespace',
  'metadata.creationTimestamp',
  'metadata.selfLink',
  'metadata.uid',
  'metadata.clusterName',
  'metadata.generation',
  'metadata.managedFields',
  'metadata.resourceVersion',
]
  .map((path) => pathSet(...path.split('.').map((name) => `f:${name}`)))
  .reduce(union, LEAF);

export const stripMeta = (set: FieldNode): FieldNode => difference(set, neverOwned);

/** At most so many Update entries; the oldest become one. */
const MAX_UPDATE_OWNERS = 10;

/** Upstream: capManagersManager.capUpdateManagers. */
function capOwners(owners: Owners): void {
  const updates = [...owners].filter(([, owner]) => owner.operation === 'Update');
  let count = updates.length;
  if (count <= MAX_UPDATE_OWNERS) return;
  updates.sort((a, b) => compareTimes(a[1], b[1]) || compareTexts(a[0], b[0]));
  const firstOfVersion = new Map<string, string>();
  for (const [identity, owner] of updates) {
    if (count <= MAX_UPDATE_OWNERS) return;
    const { apiVersion } = owner;
    const first = firstOfVersion.get(apiVersion);
    if (first === undefined) {
      firstOfVersion.set(apiVersion, identity);
      continue;
    }
    const bucket: Owner = { manager: 'ancient-changes', operation: 'Update', apiVersion, set: LEAF };
    const key = identityOf(bucket);
    const before = owners.get(key) ?? owners.get(first) ?? bucket;
    owners.delete(first);
    owners.delete(identity);
    bucket.set = union(owner.set, before.set);
    if (owner.time) bucket.time = owner.time;
    owners.set(key, bucket);
    count--;
  }
}

/** The changes as owners of a version see them; undefined: there is no such version any more. */
export type ChangesIn = (apiVersion: string) => Required<Comparison> | undefined;

/** Others lose what was changed or removed under them. Answers who would lose what. */
export function takeFromOthers(owners: Owners, self: string, changesIn: ChangesIn): Map<string, FieldNode> {
  const lost = new Map<string, FieldNode>();
  for (const [identity, owner] of owners) {
    if (identity === self) continue;
    const changes = changesIn(owner.apiVersion);
    if (!changes) {
      owners.delete(identity);
      continue;
    }
    const changed = union(changes.modified, changes.added);
    const taken = intersection(owner.set, changed);
    if (!isEmptySet(taken)) lost.set(identity, taken);
    const left = difference(difference(owner.set, taken), changes.removed);
    if (left === owner.set) continue;
    if (isEmptySet(left)) owners.delete(identity);
    else owners.set(identity, { ...owner, set: left });
  }
  return lost;
}

/**
 * Ownership follows the schema: who owned fields of a list or map that is one piece now owns that piece. (From one piece to
 * fields nothing is rewritten, upstream neither.) Changes `owners`. Upstream: typed/reconcile_schema.go.
 */
export function reconcileOwners(owners: Owners, typeAt: (apiVersion: string) => MergeType | undefined): void {
  for (const [identity, owner] of owners) {
    const type = typeAt(owner.apiVersion);
    const set = type ? reconciled(owner.set, type) : owner.set;
    if (set !== owner.set) owners.set(identity, { ...owner, set });
  }
}

function reconciled(node: FieldNode, type: MergeType): FieldNode {
  if (type.kind === 'scalar' || type.kind === 'open') return node;
  if (type.kind === 'atomic') return isEmptySet(node) ? node : LEAF;
  let result = node;
  for (const element in node) {
    if (element === '.') continue;
    const inner = type.kind === 'map' ? type.field(element.slice(2)) : type.items;
    const child = reconciled(node[element]!, inner);
    if (child === node[element]) continue;
    if (result === node) result = { ...node };
    result[element] = child;
  }
  return result;
}

/** The object without what the comparison of ownership must not see. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (!object.metadata?.managedFields) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

export interface UpdateOptions {
  /** Absent on create. */
  live?: KubeObject | undefined;
  updated: KubeObject;
  /** `unknown` when empty. */
  manager: string;
  /** The version of the request, in which `live` and `updated` are too. */
  apiVersion: string;
  subresource?: string | undefined;
  /** RFC 3339, whole seconds. */
  now: string;
  schema: Schema;
  source: SchemaSource;
  /** Paths that the endpoint puts back to what they were (`status`; `spec`, `metadata.labels` …). */
  resetFields?: readonly string[] | undefined;
  /** True for custom resources, whose empty object has no fields at all. */
  custom?: boolean | undefined;
  /**
   * The same two objects in the other versions that owners speak of. An owner of a version that is not among them is
   * dropped. Absent: all versions have one shape.
   */
  views?: ReadonlyMap<string, VersionView>;
}

export interface VersionView {
  live?: KubeObject | undefined;
  updated: KubeObject;
  schema: Schema;
}

/** Upstream: decodeLiveOrNew. A client may put entries back, or clear them by an empty list or an empty entry. */
function ownersOf(options: Pick<UpdateOptions, 'live' | 'updated' | 'subresource'>): Owners {
  const { live, updated, subresource } = options;
  const sent = updated.metadata?.managedFields;
  if (!subresource && sent) {
    const cleared = sent.length === 0 || (sent.length === 1 && Object.keys(sent[0] ?? {}).length === 0);
    if (cleared) return new Map();
    try {
      const owners = decodeOwners(sent);
      if (owners.size > 0) return owners;
    } catch {
      // What a client sent wrong counts as not sent.
    }
  }
  try {
    return decodeOwners(live?.metadata?.managedFields);
  } catch {
    return new Map();
  }
}

/** What a create or an update changed, and so owns. */
function changesOf(options: UpdateOptions, type: MergeType): Required<Comparison> {
  const { live, updated, custom } = options;
  const filterPaths = options.resetFields?.length ? setOfPaths(options.resetFields) : undefined;
  const filter = (set: FieldNode): FieldNode => (filterPaths ? recursiveDifference(set, filterPaths) : set);
  const after = withoutManagedFields(updated) as Record<string, unknown>;
  if (live) {
    const before = withoutManagedFields(live) as Record<string, unknown>;
    return filterComparison(compareValues(before, after, type) ?? {}, filter);
  }
  const added = custom ? compareValues({}, after, type)?.added : createdNode(after, type);
  return { added: filter(added ?? LEAF), modified: LEAF, removed: LEAF };
}

function changesByVersion(options: UpdateOptions, changes: Required<Comparison>): ChangesIn {
  const { views, apiVersion } = options;
  if (!views) return () => changes;
  const known = new Map<string, Required<Comparison> | undefined>([[apiVersion, changes]]);
  return (version) => {
    const view = views.get(version);
    if (!known.has(version) && view) {
      known.set(version, changesOf({ ...options, ...view }, mergeTypeOf(view.schema, options.source)));
    }
    return known.get(version);
  };
}

/** The versions that the owners of an object speak of, of an update before it is tracked. */
export function ownedVersions(options: Pick<UpdateOptions, 'live' | 'updated' | 'subresource'>): Set<string> {
  return new Set([...ownersOf(options).values()].map(({ apiVersion }) => apiVersion));
}

/** The object that entries are updated from and to must be of one version. Changes `owners`. */
export function updateOwners(owners: Owners, options: UpdateOptions): void {
  const { views } = options;
  if (options.custom) {
    reconcileOwners(owners, (version) => {
      const schema = views ? views.get(version)?.schema : options.schema;
      return schema && mergeTypeOf(schema, options.source);
    });
  }
  const changes = changesOf(options, mergeTypeOf(options.schema, options.source));
  if (isEmptySet(changes.added) && isEmptySet(changes.modified) && isEmptySet(changes.removed)) return;
  if (owners.size > 0) takeFromOthers(owners, '', changesByVersion(options, changes));
  const mine = stripMeta(union(changes.modified, changes.added));
  if (!isEmptySet(mine)) {
    const { apiVersion, now, subresource } = options;
    const owner: Owner = {
      manager: options.manager || 'unknown',
      operation: 'Update',
      apiVersion,
      time: now,
      set: mine,
    };
    if (subresource) owner.subresource = subresource;
    const identity = identityOf(owner);
    const before = owners.get(identity);
    if (before) owner.set = union(owner.set, before.set);
    owners.set(identity, owner);
  }
  capOwners(owners);
}

/**
 * The managedFields of the object that a create, update or patch makes; the caller puts them into it. An object whose
 * entries were cleared stays without until something is applied to it.
 */
export function updateManagedFields(options: UpdateOptions): ManagedFieldsEntry[] | undefined {
  const owners = ownersOf(options);
  if (owners.size === 0 && options.live?.metadata?.uid) return undefined;
  updateOwners(owners, options);
  return encodeOwners(owners);
}
