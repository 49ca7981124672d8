// Server-side apply: the applied object is merged into the live one, what this manager applied before and no longer
// does is removed unless somebody else owns it, and fields of others conflict unless forced.
// Upstream: structured-merge-diff merge/update.go (Apply), apimachinery pkg/util/managedfields/internal
// (structuredmerge.go, lastappliedmanager.go, lastappliedupdater.go, conflict.go).
import { parseJson, stringifyJson } from '../codec/json.ts';
import type { Schema, SchemaSource } from '../schema/schema.ts';
import { StatusError, badRequest, type StatusCause } from '../status.ts';
import type { Unstructured } from '../types.ts';
import { compareValues, filterComparison, type Comparison } from './compare.ts';
import { deepEqual } from './equal.ts';
import {
  LEAF,
  difference,
  intersection,
  isEmptySet,
  memberPaths,
  recursiveDifference,
  setOfPaths,
  union,
  type FieldNode,
} from './field-set.ts';
import { appliedNode } from './field-walk.ts';
import {
  decodeOwners,
  encodeOwners,
  identityOf,
  stripMeta,
  takeFromOthers,
  updateOwners,
  withoutManagedFields,
  type Owner,
  type Owners,
} from './managed-fields.ts';
import { mergeTypeOf, type MergeType } from './merge-type.ts';
import { mergeValues, removeMembers, withNamedFields } from './typed-merge.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export interface ApplyOptions {
  /** Absent when the apply creates the object. In the version of the request. */
  live?: Unstructured | undefined;
  applied: Unstructured;
  manager: string;
  force: boolean;
  apiVersion: string;
  subresource?: string | undefined;
  /** RFC 3339, whole seconds. */
  now: string;
  schema: Schema;
  source: SchemaSource;
  /** Paths that this endpoint does not let its callers own or change (`status`; `spec` …). */
  resetFields?: readonly string[] | undefined;
  custom?: boolean | undefined;
}

export interface Applied {
  /** With its managedFields. Not defaulted or validated: the caller does that, as for an update. */
  object: Unstructured;
  /** False when the object would stay as it is (its managedFields may differ). */
  changed: boolean;
}

/** Who would lose which fields. */
class Conflicts extends Error {
  readonly lost: Map<string, FieldNode>;
  readonly owners: Owners;
  constructor(lost: Map<string, FieldNode>, owners: Owners) {
    super();
    this.lost = lost;
    this.owners = owners;
  }
}

function printOwner({ manager, operation, apiVersion, subresource }: Owner): string {
  const name = JSON.stringify(manager) + (subresource ? ` with subresource ${JSON.stringify(subresource)}` : '');
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}

/** Upstream: NewConflictError. */
function conflictError(conflicts: Conflicts): StatusError {
  const causes: StatusCause[] = [];
  const groups: string[] = [];
  for (const identity of [...conflicts.lost.keys()].sort()) {
    const owner = printOwner(conflicts.owners.get(identity)!);
    const paths = memberPaths(conflicts.lost.get(identity)!);
    groups.push(`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`));
    for (const field of paths)
      causes.push({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field });
  }
  const only = causes.length === 1 ? causes[0] : undefined;
  const message = only
    ? `Apply failed with 1 conflict: ${only.message}: ${only.field}`
    : `Apply failed with ${causes.length} conflicts: ${groups.join('\n')}`;
  return new StatusError('Conflict', message, { causes });
}

class Application {
  private readonly options: ApplyOptions;
  private readonly type: MergeType;
  private readonly live: Unstructured;
  private readonly ignored: FieldNode | undefined;

  constructor(options: ApplyOptions) {
    this.options = options;
    this.type = mergeTypeOf(options.schema, options.source);
    const { apiVersion, kind } = options.applied;
    this.live = withoutManagedFields(options.live ?? { apiVersion, kind, metadata: {} });
    this.ignored = options.resetFields?.length ? setOfPaths(options.resetFields) : undefined;
  }

  private filter = (set: FieldNode): FieldNode => (this.ignored ? recursiveDifference(set, this.ignored) : set);

  /** Throws Conflicts unless forced. Changes `owners` only when it succeeds. */
  run(owners: Owners, force: boolean): Unstructured {
    const { applied, manager, apiVersion, subresource } = this.options;
    const self: Owner = { manager, operation: 'Apply', apiVersion, set: this.filter(this.setOf(applied)) };
    if (subresource) self.subresource = subresource;
    const identity = identityOf(self);
    const last = owners.get(identity);
    if (last?.time) self.time = last.time;
    const next: Owners = new Map(owners).set(identity, self);
    const merged = mergeValues(this.live, applied, this.type) as Unstructured;
    const droppedSome = last && !isEmptySet(difference(last.set, self.set));
    const object = droppedSome ? this.prune(merged, next, last.set) : merged;
    const changes = filterComparison(compareValues(this.live, object, this.type) ?? {}, this.filter);
    const lost = takeFromOthers(next, identity, changes as Required<Comparison>);
    if (!force && lost.size > 0) throw new Conflicts(lost, owners);
    const changed = !deepEqual(this.live, object);
    self.set = stripMeta(self.set);
    if (isEmptySet(self.set)) next.delete(identity);
    else if (changed) self.time = this.options.now;
    owners.clear();
    for (const [key, owner] of next) owners.set(key, owner);
    return changed ? object : this.live;
  }

  private setOf(object: unknown): FieldNode {
    return appliedNode(object, this.type) ?? LEAF;
  }

  /** Takes away what this manager applied last and now does not, unless others own it. */
  private prune(merged: Unstructured, owners: Owners, last: FieldNode): Unstructured {
    const { type } = this;
    if (isEmptySet(last)) return merged;
    const remove = (value: unknown, set: FieldNode, keep?: FieldNode): unknown =>
      removeMembers(value, set, type, keep) ?? {};
    const named = (set: FieldNode): FieldNode => withNamedFields(set, type);
    const mergedSet = named(this.setOf(merged));
    const lastNamed = named(last);
    let pruned = remove(merged, lastNamed);
    let managed: FieldNode = LEAF;
    for (const owner of owners.values()) managed = union(managed, owner.set);
    pruned = remove(merged, difference(mergedSet, union(named(this.setOf(pruned)), named(managed))), managed);
    const gone = difference(mergedSet, named(this.setOf(pruned)));
    return remove(merged, intersection(gone, lastNamed), managed) as Unstructured;
  }

  /** What client-side apply set and nobody changed since: kubectl may take that over. */
  allowedFromLastApplied(): FieldNode {
    const text = this.live.metadata.annotations?.[LAST_APPLIED];
    if (!text) return LEAF;
    let last: unknown;
    try {
      last = parseJson(text);
    } catch {
      return LEAF;
    }
    if ((last as Unstructured | null)?.apiVersion !== this.options.apiVersion) return LEAF;
    const { added, modified, removed } = filterComparison(compareValues(last, this.live, this.type) ?? {}, (s) => s);
    return difference(difference(difference(this.setOf(last), modified), added), removed);
  }
}

/** Upstream: lastAppliedManager.Apply. Only the manager that kubectl uses may. */
function runAs(application: Application, owners: Owners, options: ApplyOptions): Unstructured {
  try {
    return application.run(owners, options.force);
  } catch (error) {
    if (!(error instanceof Conflicts)) throw error;
    if (options.manager !== 'kubectl') throw conflictError(error);
    const allowed = application.allowedFromLastApplied();
    const left = new Map<string, FieldNode>();
    for (const [identity, set] of error.lost) {
      const rest = difference(set, allowed);
      if (!isEmptySet(rest)) left.set(identity, rest);
    }
    if (left.size > 0) throw conflictError(new Conflicts(left, error.owners));
    return application.run(owners, true);
  }
}

/** Keeps `kubectl apply` without --server-side working on the object. Upstream: lastAppliedUpdater. */
function withLastApplied(object: Unstructured, applied: Unstructured): Unstructured {
  const annotations = object.metadata.annotations;
  if (!annotations?.[LAST_APPLIED]) return object;
  const { [LAST_APPLIED]: _, ...rest } = applied.metadata.annotations ?? {};
  const metadata = { ...applied.metadata };
  if (Object.keys(rest).length > 0) metadata.annotations = rest;
  else delete metadata.annotations;
  const text = `${stringifyJson({ ...applied, metadata })}\n`;
  return { ...object, metadata: { ...object.metadata, annotations: { ...annotations, [LAST_APPLIED]: text } } };
}

/**
 * Throws Conflict with upstream's message and a cause per field, and BadRequest for an applied object that cannot be
 * merged. Never changes `live` or `applied`; the result shares parts with both.
 */
export function serverSideApply(options: ApplyOptions): Applied {
  const { live, applied, apiVersion, manager } = options;
  if (applied.apiVersion !== apiVersion) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${applied.apiVersion}, expected: ${apiVersion}`,
    );
  }
  if (applied.metadata?.managedFields) throw badRequest('metadata.managedFields must be nil');
  let owners: Owners;
  try {
    owners = decodeOwners(live?.metadata.managedFields);
  } catch (error) {
    throw new StatusError('', `failed to decode managed fields: ${(error as Error).message}`, undefined, 500);
  }
  if (live && owners.size === 0) {
    updateOwners(owners, {
      ...options,
      live: undefined,
      updated: live,
      manager: 'before-first-apply',
    });
  }
  const before = withoutManagedFields(live ?? applied);
  let object = runAs(new Application(options), owners, options);
  if (manager === 'kubectl') object = withLastApplied(object, applied);
  const managedFields = encodeOwners(owners);
  const changed = !live || !deepEqual(object, before);
  return {
    object: { ...object, metadata: { ...object.metadata, ...(managedFields ? { managedFields } : {}) } },
    changed,
  };
}
