// What the server knows about one kind, as one record. Built-in kinds are files in api/kinds; a
// CustomResourceDefinition builds the same record at run time, so both have one code path.
// Shape after upstream's registry strategies (pkg/registry/*/strategy.go); no storage, no I/O here.
import type { FieldErrors } from './validation.ts';
import type { KubeObject, Unstructured } from './types.ts';
import type { Schema } from './schema/schema.ts';

export type Scope = 'Namespaced' | 'Cluster';
export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';
export const ALL_VERBS: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

/** One column of a server-side table. Priority 0 is always shown, 1 with `-o wide`. */
export interface Column<T> {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  format?: string;
  description: string;
  priority?: number;
  /** The cell; ages are humanised against `nowMs` (milliseconds since the epoch). */
  value(object: T, nowMs: number): string | number | boolean | null;
}

/** A version (and group) under which the one stored object is served; the first of a kind is the preferred one. */
export interface ServedVersion {
  group: string;
  version: string;
  /** From this version to the stored one and back; absent when the shapes are equal. Drafts are mutated in place. */
  convert?: { toStorage(draft: Unstructured): void; fromStorage(draft: Unstructured): void };
  /** Defaults of this version alone, applied to a decoded draft before conversion. */
  defaults?(draft: Unstructured): void;
  /** Rules of this version alone, after the kind's own; `old` is there on update. On the stored version's shape. */
  validate?(object: Unstructured, old: Unstructured | undefined, errors: FieldErrors): void;
  /** What holds for a status that is written in this version, instead of the kind's own `validateStatus`. */
  validateStatus?(object: Unstructured, old: Unstructured, errors: FieldErrors): void;
  /** The schema when it is not found by group, version and kind in the built-in schema data. */
  schema?: Schema;
  /** Custom resources: what holds in this version, whose columns, rules and subresources are its own. */
  definition?: AnyKind;
  /** Answered with a Warning header: `<group/version> <Kind> is deprecated …; use <replacement>`. */
  deprecated?: { replacement: string; message?: string };
}

/** Where a kind keeps what a Scale shows. */
export interface ScalePaths {
  spec: readonly string[];
  status: readonly string[];
  selector?: readonly string[];
}

export interface Subresource {
  /** What nobody owns by writing it, beside what it does not change. Upstream: its strategy's GetResetFields. */
  resets?: readonly string[];
  /** get, update, patch for status and scale; create for binding, eviction, token. */
  verbs: readonly ('get' | 'create' | 'update' | 'patch' | 'delete')[];
  /** The kind that its requests and answers have, when it is not the parent's: `Scale`, `Binding`, `Eviction`. */
  kind?: { group: string; version: string; kind: string };
  /** Older versions of that kind with the same fields, which clients may still send. */
  also?: readonly string[];
  /** Custom resources: where the kind keeps what a Scale shows; built-in kinds keep it where all do. */
  paths?: ScalePaths;
}

/** All callbacks get drafts that they may mutate in place, except `old`, which is frozen. T is the stored version's type. */
export interface KindDefinition<T extends KubeObject = Unstructured> {
  group: string;
  kind: string;
  plural: string;
  singular?: string;
  listKind?: string;
  short?: readonly string[];
  categories?: readonly string[];
  scope: Scope;
  /** Default: all. An empty list is a kind that only its hooks serve (access reviews have ['create']). */
  verbs?: readonly Verb[];
  /** Not stored: a hook of the API server answers (SubjectAccessReview, TokenReview). */
  virtual?: boolean;
  storage: { group: string; version: string };
  served: readonly ServedVersion[];
  subresources?: Readonly<Record<string, Subresource>>;
  /** How metadata.name is checked. Default 'subdomain' (RFC 1123 subdomain); 'path' is any path segment (RBAC). */
  nameRule?: 'subdomain' | 'label' | 'label1035' | 'path' | ((name: string) => string[]);
  /** Upstream's SetDefaults_* beyond what the schema's `default` values say. On the stored version. */
  defaults?(draft: T): void;
  /** Upstream's PrepareForCreate: clear status, drop what the client may not set; `warn` tells what that changed. */
  prepareCreate?(draft: T, warn: (message: string) => void): void;
  /** Upstream's PrepareForUpdate: restore what this endpoint may not change (status is restored by the server). */
  prepareUpdate?(draft: T, old: T): void;
  /** What nobody owns by writing the object itself, beside a status that has its own endpoint. Upstream: GetResetFields. */
  resets?: readonly string[];
  /** What of the metadata an update of the status leaves alone (upstream's ResetObjectMetaForStatus: all four). */
  statusKeeps?: readonly ('labels' | 'annotations' | 'finalizers' | 'ownerReferences')[];
  /** As prepareUpdate, of an update of the status; `now` is RFC 3339. */
  prepareStatus?(draft: T, old: T, now: string): void;
  /** Validation; pushes field errors. `validateUpdate` runs after `validate` on the new object. */
  validate?(object: T, errors: FieldErrors): void;
  validateUpdate?(object: T, old: T, errors: FieldErrors): void;
  /** True: what is wrong with the change is told before what is wrong with the object, as upstream's does. */
  updateErrorsFirst?: boolean;
  /** Runs after `validate` on create only: what may be there later, but not from the start. */
  validateCreate?(object: T, errors: FieldErrors): void;
  validateStatus?(object: T, old: T, errors: FieldErrors): void;
  /** Other subresources that write the object, by name; runs after `validate`. */
  validateSubresource?: Readonly<Record<string, (object: T, old: T, errors: FieldErrors) => void>>;
  /** Warnings for the client (upstream's WarningsOnCreate/WarningsOnUpdate). */
  warnings?(object: T, old: T | undefined): string[];
  /** True (default when the kind has a spec) makes metadata.generation 1 on create, +1 when anything but metadata
   *  and status changed. False for kinds without generation (ConfigMap, Secret, Service before 1.3x …). One word for
   *  the kinds of which upstream forgot the other half. */
  generation?: boolean | 'on create' | 'on update';
  /** Whose change counts for the generation as well, since it is copied into other objects. */
  generationWith?: 'annotations' | 'labels';
  /** True: an update of the main endpoint may create (upstream's AllowCreateOnUpdate: Lease, Event, …). */
  createOnUpdate?: boolean;
  /** True: an update without resourceVersion is allowed (upstream's AllowUnconditionalUpdate). Default true. */
  unconditionalUpdate?: boolean;
  /** API versions in which a deletion without a policy leaves the dependents (upstream's DefaultGarbageCollectionPolicy
   *  says OrphanDependents), for the sake of clients that are older than garbage collection. */
  orphansIn?: readonly string[];
  /** Seconds of graceful deletion for this object; undefined or 0 deletes at once. Pods only, upstream. */
  gracePeriodSeconds?(object: T, requested: number | undefined): number | undefined;
  /** Field selectors beyond metadata.name and metadata.namespace. Values are the strings that are compared. */
  selectableFields?: Readonly<Record<string, (object: T) => string>>;
  /** What is said of a field that is none of these, when it is not `field label not supported: x`. */
  unknownField?(field: string, apiVersion: string): string;
  /** Table columns after Name (which is always first) and with Age where upstream has it; default: Name, Age. */
  columns?: readonly Column<T>[];
  /** The order of the rows of a table, when it is not that of names (upstream: printFlowSchemaList). */
  rowOrder?(a: T, b: T): number;
  /** Seconds after which the object vanishes by itself (Event: 3600). */
  ttlSeconds?: number;
  /** The schema of the stored version when built at run time (custom resources). */
  schema?: Schema;
}

/** Identity at run time: gives the record its type and keeps every kind file of one shape. */
export function defineKind<T extends KubeObject>(definition: KindDefinition<T>): KindDefinition<T> {
  return definition;
}
/** A kind record of unknown T, as registries hold them. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyKind = KindDefinition<any>;
