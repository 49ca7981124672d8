// What an admission plugin is. One file per plugin in this folder; what they read or write of the cluster comes in
// through `AdmissionContext`. Upstream: apiserver/pkg/admission.
import type { GroupVersionKind, KubeObject, List, ResourceType, Unstructured } from '../../api/types.ts';
import type { Authorizer } from '../auth/types.ts';
import type { User } from '../../wire/http.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface GroupVersionResource {
  group: string;
  version: string;
  resource: string;
}

/** How other groups and versions see what is admitted. Conversions may ask a webhook. */
export interface AdmittedVersions {
  /** The kind as the request named it: `apps/v1beta1 Deployment`, `autoscaling/v1 Scale`. */
  kind: GroupVersionKind;
  /** Where else the same resource is served. Not asked for per request. */
  equivalents: readonly { resource: GroupVersionResource; kind: GroupVersionKind }[];
  /** A copy of an object of the stored version; what is no object of the resource's own kind stays as it is. */
  convert(object: Unstructured, kind: GroupVersionKind): Promise<Unstructured> | Unstructured;
  /** Back to a draft of the stored version, pruned and defaulted. Gives up `object`. */
  restore(object: Unstructured, kind: GroupVersionKind): Promise<Unstructured> | Unstructured;
}

/** What plug-ins remember between the two rounds of one request. Upstream: admission.ReinvocationContext. */
export interface Reinvocation {
  /** True in the second round. */
  again: boolean;
  /** Set by a plug-in that changed the object after others had seen it. */
  wanted: boolean;
  /** By the plug-in's name. */
  memory: Map<string, unknown>;
}

export interface AdmissionRequest {
  operation: Operation;
  /** The stored kind (group, version, kind) and the resource that was asked. */
  kind: { group: string; version: string; kind: string };
  resource: { group: string; version: string; resource: string };
  subresource: string;
  namespace: string;
  name: string;
  user: User;
  /** A draft that `admit` may mutate; undefined for DELETE. */
  object?: Unstructured;
  /** Frozen; undefined for CREATE. */
  readonly oldObject?: Unstructured | undefined;
  options: Readonly<Record<string, unknown>>;
  dryRun: boolean;
  versions(): AdmittedVersions;
  reinvocation: Reinvocation;
  /** Aborted when the caller is gone. */
  signal: AbortSignal;
  /** When the caller's own `timeout` is over, in milliseconds of the epoch. */
  deadlineMs?: number;
  /** Adds a Warning header to the response. */
  warn(message: string): void;
}

/** Read access fed by the API server's own watch cache; synchronous, frozen objects. */
export interface Lister {
  get<T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string): T | undefined;
  list<T extends KubeObject>(type: ResourceType<T>, namespace?: string): readonly T[];
}

export interface AdmissionContext {
  lister: Lister;
  /** Reads past the cache, from the store itself; for what may not be stale. */
  live<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
  ): Promise<T | undefined>;
  liveList<T extends KubeObject>(type: ResourceType<T>, namespace?: string): Promise<List<T>>;
  /**
   * All that the lister shows, perhaps without managedFields, and then each change in the turn in which it does; for what
   * must not be counted anew.
   * `onEnd`: the kind is gone; one of the same name that comes back is another.
   */
  observe<T extends KubeObject>(
    type: ResourceType<T>,
    onChange: (object: T | undefined, old: T | undefined) => void,
    onEnd?: () => void,
  ): () => void;
  authorizer: Authorizer;
}

/** What else changes in the very transaction that writes the object. Made anew for each attempt. */
export interface Reservation {
  /**
   * `next` takes the place of `old` if that is still what is stored; otherwise nothing is written, and all is tried again.
   * An `old` without resourceVersion is on its way to the store, and is known there by all that it says.
   */
  replacements: readonly { type: ResourceType<never>; old: KubeObject; next: KubeObject }[];
  /** The transaction is on its way, and what is given to the store from now on is done after it. Not with every store. */
  handed?(): void;
  /** Called once: with the revision of the transaction, or without when nothing was written. */
  settle(revision: number | undefined): void;
}

export interface AdmissionPlugin {
  name: string;
  /** Orders plugins; mutating (`admit`) of all phases run before any `validate`. */
  phase: 'early' | 'mutating' | 'webhook' | 'validating' | 'quota';
  handles(request: AdmissionRequest): boolean;
  /** May mutate request.object; throws StatusError (usually Forbidden) to refuse. */
  admit?(request: AdmissionRequest, context: AdmissionContext): Promise<void> | void;
  validate?(request: AdmissionRequest, context: AdmissionContext): Promise<void> | void;
  /** After all validation. Throws StatusError to refuse. */
  reserve?(
    request: AdmissionRequest,
    context: AdmissionContext,
  ): Promise<Reservation | undefined> | Reservation | undefined;
}

export const defineAdmission = (plugin: AdmissionPlugin): AdmissionPlugin => plugin;
