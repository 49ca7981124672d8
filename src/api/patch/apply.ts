// Server-side apply: the applied object is merged into the live one, what this manager applied before and no longer
// does is removed unless somebody else owns it, and fields of others conflict unless forced.
// Upstream: structured-merge-diff merge/update.go (Apply), apimachinery pkg/util/managedfields/internal
// (structuredmerge.go, lastappliedmanager.go, lastappliedupdater.go, conflict.go).
import { parseJson, stringifySorted } from '../codec/json.ts';
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
  reconcileOwners,
  updateOwners,
  withoutManagedFields,
  type ChangesIn,
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
  /**
   * What is applied is another object, of this version, that stands for a part of this one (a Scale): conflicts name it,
   * and it is nothing that client-side apply could know.
   */
  standsFor?: string | undefined;
  /** Schemas of the kind's other versions, when these differ. Undefined: there is no such version any more. */
  schemaAt?: ((apiVersion: string) => Schema | undefined) | undefined;
}

/** An object is wanted in another version. */
export interface Conversion {
  object: Unstructured;
  apiVersion: string;
}
/** Stops where an object must be converted, and goes on with what it became. */
type Steps<T> = Generator<Conversion, T, Unstructured>;

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

function printOwner({ manager, operation, apiVersion, subresource }: Owner, version = apiVersion): string {
  const name = JSON.stringify(manager) + (subresource ? ` with subresource ${JSON.stringify(subresource)}` : '');
  return operation === 'Update' ? `${name} using ${version}` : name;
}

/** Upstream: NewConflictError. */
function conflictError(conflicts: Conflicts, version?: string): StatusError {
  const causes: StatusCause[] = [];
  const groups: string[] = [];
  for (const identity of [...conflicts.lost.keys()].sort()) {
    const owner = printOwner(conflicts.owners.get(identity)!, version);
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

/** Whether everybody owns what he did, in the same version. Upstream: ManagedFields.Equals. */
const sameOwners = (before: Owners, after: Owners): boolean =>
  before.size === after.size &&
  [...after].every(([identity, { apiVersion, set }]) => {
    const known = before.get(identity);
    return known?.apiVersion === apiVersion && (known.set === set || deepEqual(known.set, set));
  });

const remove = (value: unknown, set: FieldNode, type: MergeType, keep?: FieldNode): Unstructured =>
  (removeMembers(value, set, type, keep) ?? {}) as Unstructured;

/** What is owned in each version, the one of `first` before the others; without it all are of one shape. */
function managedByVersion(owners: Owners, first: string | undefined): Map<string, FieldNode> {
  const managed = new Map<string, FieldNode>();
  if (first !== undefined) managed.set(first, LEAF);
  for (const { apiVersion, set } of owners.values()) {
    const version = first === undefined ? '' : apiVersion;
    managed.set(version, union(managed.get(version) ?? LEAF, set));
  }
  return managed;
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

  /** Undefined: there is no such version any more. */
  private typeAt(apiVersion: string): MergeType | undefined {
    const { schemaAt, apiVersion: own, source } = this.options;
    if (!schemaAt || apiVersion === own) return this.type;
    const schema = schemaAt(apiVersion);
    return schema && mergeTypeOf(schema, source);
  }

  private *convert(object: Unstructured, apiVersion: string): Steps<Unstructured> {
    return this.options.schemaAt && object.apiVersion !== apiVersion ? yield { object, apiVersion } : object;
  }

  /** What changed, as owners of each version see it. */
  private *changesIn(owners: Owners, object: Unstructured): Steps<ChangesIn> {
    const known = new Map<string, Required<Comparison> | undefined>();
    for (const { apiVersion } of owners.values()) {
      const type = this.typeAt(apiVersion);
      if (!type || known.has(apiVersion)) continue;
      const before = yield* this.convert(this.live, apiVersion);
      const after = yield* this.convert(object, apiVersion);
      const changes = compareValues(before, after, type) ?? {};
      known.set(apiVersion, filterComparison(changes, this.filter) as Required<Comparison>);
    }
    return (apiVersion) => known.get(apiVersion);
  }

  /** Throws Conflicts unless forced. Changes `owners` only when it succeeds. */
  *run(owners: Owners, force: boolean): Steps<Unstructured> {
    if (this.options.custom) reconcileOwners(owners, (version) => this.typeAt(version));
    const { applied, manager, apiVersion, subresource } = this.options;
    const self: Owner = { manager, operation: 'Apply', apiVersion, set: this.filter(this.setOf(applied)) };
    if (subresource) self.subresource = subresource;
    const identity = identityOf(self);
    const last = owners.get(identity);
    if (last?.time) self.time = last.time;
    const next: Owners = new Map(owners).set(identity, self);
    const merged = mergeValues(this.live, applied, this.type) as Unstructured;
    const droppedSome = last && !isEmptySet(difference(last.set, self.set));
    const object = droppedSome ? yield* this.prune(merged, next, last) : merged;
    const lost = takeFromOthers(next, identity, yield* this.changesIn(next, object));
    if (!force && lost.size > 0) throw new Conflicts(lost, owners);
    const changed = !deepEqual(this.live, object);
    self.set = stripMeta(self.set);
    if (isEmptySet(self.set)) next.delete(identity);
    else if (changed || !sameOwners(owners, next)) self.time = this.options.now;
    owners.clear();
    for (const [key, owner] of next) owners.set(key, owner);
    return changed ? object : this.live;
  }

  private setOf(object: unknown, type = this.type): FieldNode {
    return appliedNode(object, type) ?? LEAF;
  }

  /** Takes away what this manager applied last and now does not, unless others own it, each in its own version. */
  private *prune(merged: Unstructured, owners: Owners, last: Owner): Steps<Unstructured> {
    const lastType = this.typeAt(last.apiVersion);
    if (isEmptySet(last.set) || !lastType) return merged;
    const { apiVersion } = this.options;
    const whole = yield* this.convert(merged, last.apiVersion);
    let pruned = remove(whole, withNamedFields(last.set, lastType), lastType);
    for (const [version, managed] of managedByVersion(owners, this.options.schemaAt ? last.apiVersion : undefined)) {
      const type = this.typeAt(version);
      if (!type) continue;
      const from = yield* this.convert(merged, version);
      const left = yield* this.convert(pruned, version);
      const kept = union(this.setOf(left, type), managed);
      const gone = difference(withNamedFields(this.setOf(from, type), type), withNamedFields(kept, type));
      pruned = remove(from, gone, type, kept);
    }
    const left = yield* this.convert(pruned, last.apiVersion);
    const kept = this.setOf(left, lastType);
    const wholeSet = withNamedFields(this.setOf(whole, lastType), lastType);
    const gone = difference(wholeSet, withNamedFields(kept, lastType));
    const dangling = intersection(gone, withNamedFields(last.set, lastType));
    return yield* this.convert(remove(whole, dangling, lastType, kept), apiVersion);
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
function* runAs(application: Application, owners: Owners, options: ApplyOptions): Steps<Unstructured> {
  try {
    return yield* application.run(owners, options.force);
  } catch (error) {
    if (!(error instanceof Conflicts)) throw error;
    if (options.manager !== 'kubectl' || options.standsFor) throw conflictError(error, options.standsFor);
    const allowed = application.allowedFromLastApplied();
    const left = new Map<string, FieldNode>();
    for (const [identity, set] of error.lost) {
      const rest = difference(set, allowed);
      if (!isEmptySet(rest)) left.set(identity, rest);
    }
    if (left.size > 0) throw conflictError(new Conflicts(left, error.owners));
    return yield* application.run(owners, true);
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
  const text = `${stringifySorted({ ...applied, metadata })}\n`;
  return { ...object, metadata: { ...object.metadata, annotations: { ...annotations, [LAST_APPLIED]: text } } };
}

function* applySteps(options: ApplyOptions): Steps<Applied> {
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
  let object = yield* runAs(new Application(options), owners, options);
  if (manager === 'kubectl' && !options.standsFor) object = withLastApplied(object, applied);
  const managedFields = encodeOwners(owners);
  const changed = !live || !deepEqual(object, before);
  return {
    object: { ...object, metadata: { ...object.metadata, ...(managedFields ? { managedFields } : {}) } },
    changed,
  };
}

/**
 * Throws Conflict with upstream's message and a cause per field, and BadRequest for an applied object that cannot be
 * merged. Never changes `live` or `applied`; the result shares parts with both.
 */
export function serverSideApply(options: ApplyOptions): Applied {
  const step = applySteps({ ...options, schemaAt: undefined }).next();
  if (!step.done) throw new Error('one version needs no conversion');
  return step.value;
}

/** As serverSideApply, for a kind whose versions differ: its owners may speak of several. */
export async function applyAcrossVersions(
  options: ApplyOptions,
  convert: (conversion: Conversion) => Promise<Unstructured>,
): Promise<Applied> {
  const steps = applySteps(options);
  let step = steps.next();
  while (!step.done) step = steps.next(await convert(step.value));
  return step.value;
}
