// What an admission plugin is. One file per plugin in this folder; what they read or write of the cluster comes in
// through `AdmissionContext`. Upstream: apiserver/pkg/admission.
import type { KubeObject, List, ResourceType, Unstructured } from '../../api/types.ts';
import type { Authorizer } from '../auth/types.ts';
import type { User } from '../../wire/http.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

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
  oldObject?: Unstructured;
  options: Readonly<Record<string, unknown>>;
  dryRun: boolean;
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
  authorizer: Authorizer;
}

export interface AdmissionPlugin {
  name: string;
  /** Orders plugins; mutating (`admit`) of all phases run before any `validate`. */
  phase: 'early' | 'mutating' | 'webhook' | 'validating' | 'quota';
  handles(request: AdmissionRequest): boolean;
  /** May mutate request.object; throws StatusError (usually Forbidden) to refuse. */
  admit?(request: AdmissionRequest, context: AdmissionContext): Promise<void> | void;
  validate?(request: AdmissionRequest, context: AdmissionContext): Promise<void> | void;
}

export const defineAdmission = (plugin: AdmissionPlugin): AdmissionPlugin => plugin;
