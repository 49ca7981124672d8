// What the API server is given and gives. Its parts (store, auth, admission) are injected by server/server.ts; tests
// inject a memory store and allow-all. Resource hooks (resources/<kind>.ts) are what kinds do beside being stored.
import type { AnyKind } from '../../api/kind.ts';
import type { KubeObject, ResourceType, Unstructured } from '../../api/types.ts';
import type { Handler, Request, Response, User } from '../../wire/http.ts';
import type { HttpsCaller } from '../../wire/https-caller.ts';
import type { AdmissionPlugin, Lister } from '../admission/types.ts';
import type { WebhookClient } from '../admission/webhook/client.ts';
import type { Authorizer } from '../auth/types.ts';
import type { Compare, Operation, Store } from '../store/store.ts';

/** Opens connections to node daemons, with the API server's client certificate; verifies the cluster's CA. */
export interface NodeConnector {
  /** Forwards a request (upgrades included) to `https://<address>:<port><path>` and answers what came back. */
  forward(
    target: { address: string; port: number; serverName: string; unverified?: boolean },
    path: string,
    request: Request,
  ): Promise<Response>;
  /**
   * The same to a pod, without credentials, and with `tls` without a look at its certificate: for the proxy subresources
   * of pods and services.
   */
  forwardPlain?(
    target: { address: string; port: number; tls?: boolean },
    path: string,
    request: Request,
  ): Promise<Response>;
}

/** Signs service account tokens (server/auth/service-account-issuer.ts). */
export interface TokenIssuer {
  issue(claims: {
    namespace: string;
    serviceAccount: { name: string; uid: string };
    boundObject?: { kind: 'Pod' | 'Secret' | 'Node'; name: string; uid: string };
    node?: { name: string; uid: string };
    audiences?: string[];
    expirationSeconds: number;
    extendedSeconds?: number;
  }): Promise<{ token: string; expirationTimestamp: string }>;
  /** What `/openid/v1/jwks` answers. */
  jwks(): Promise<{ keys: object[] }>;
  issuer: string;
}

/** PEM. */
export interface Credential {
  cert: string;
  key: string;
}

export interface AggregationOptions {
  caller: HttpsCaller;
  /** The front proxy's, which extension servers trust to say who asks. */
  credential(): Credential | undefined;
  /** Default true: an APIService object for each group and version that is answered here. */
  registerLocal?: boolean;
}

export interface ApiServerOptions {
  store: Store;
  /** Default: all of api/kinds. */
  kinds?: readonly AnyKind[];
  /** Answers the user, ANONYMOUS included; throws StatusError Unauthorized. Not asked when the request has a user. */
  authenticate(request: Request): Promise<User>;
  /**
   * Whose token it is, for TokenReview: for one of the audiences asked for (none: the server's own). Answers which of
   * them it is for; throws StatusError Unauthorized, whose `cause` says why.
   */
  reviewToken?(token: string, audiences: readonly string[]): Promise<{ user: User; audiences: string[] }>;
  authorizer: Authorizer;
  admission: readonly AdmissionPlugin[];
  nodes?: NodeConnector;
  tokens?: TokenIssuer;
  /** Calls conversion webhooks; without it, what they would convert fails. */
  webhooks?: WebhookClient;
  /** Other servers may answer groups and versions (APIService objects); without it those objects are only stored. */
  aggregation?: AggregationOptions;
  /** `10.96.0.0/16`; the first address is the `kubernetes` service's. */
  serviceCidr?: string;
  /** Default 30000-32767. */
  nodePorts?: { from: number; to: number };
  /** Named checks for /livez and /readyz beyond the API server's own; a rejection is a failed check. */
  healthChecks?: Record<string, () => Promise<void>>;
  /** What runs beside this server and makes the control plane, for ComponentStatus; a rejection is an unhealthy one. */
  components?: Record<string, () => Promise<void>>;
  clock?: { now(): number };
  /** Told of errors that no client caused (they are answered as 500), for the log. */
  onBug?(error: unknown, request: { id: string; method: string; path: string }): void;
  /** Values for tests: uid and name-suffix generators. */
  newUid?(): string;
  newNameSuffix?(): string;
}

export interface ApiServer {
  /** The whole chain: authentication, authorization, admission, verbs. */
  handler: Handler;
  /** Frozen objects from the watch caches; complete once `ready` resolved. Custom resources included. */
  lister: Lister;
  /**
   * Calls back for every object of a kind that is cached now (without `old`) and for each later change, in order and
   * in the same turn in which the lister changes; for indexes that must not be rebuilt per request. A deleted object
   * comes as `old` alone. Objects are frozen. Returns the removal.
   */
  observe<T extends KubeObject>(
    type: ResourceType<T>,
    onChange: (object: T | undefined, old: T | undefined) => void,
  ): () => void;
  ready: Promise<void>;
  /** Ends watches, answers what is in flight, closes the caches (not the store). */
  close(): Promise<void>;
}

/** What a hook sees of the transaction that writes its object. */
export interface HookContext {
  user: User;
  dryRun: boolean;
  namespace: string;
  name: string;
  lister: Lister;
  /** Extra keys for the object's own store transaction (allocations). Not called for dry runs. */
  addToTransaction(compares: Compare[], operations: Operation[]): void;
  /** Reads a raw key of the store (allocation records). */
  readKey(key: string): Promise<{ value: Uint8Array; modRevision: number } | undefined>;
  warn(message: string): void;
  /** Calls the API server again as this user, past the network: for eviction's delete and the like. */
  call: Handler;
  /** The same as the API server itself, for what a user may cause without the right to do it: a budget's status. */
  callAsServer: Handler;
  options: ApiServerOptions;
}

/** What answers the POST of a kind that is not stored is given. */
export interface VirtualContext extends HookContext {
  /** A subresource of an object of the same group, whose body is admitted already. */
  subresourceOf(plural: string, name: string, subresource: string, body: Unstructured): SubresourceContext;
}

export interface SubresourceContext extends HookContext {
  request: Request;
  /** The parent's path in the store is known to the server: read, then write with compare-and-swap and retry. */
  read(): Promise<Unstructured>;
  /** `change` mutates a draft; re-run on conflict. Answers the written object (or the would-be one on dry run). */
  modify(change: (draft: Unstructured) => void | Promise<void>): Promise<Unstructured>;
  /** The same, asking no admission and recording no owner of fields. */
  modifyUnseen(change: (draft: Unstructured) => void | Promise<void>): Promise<Unstructured>;
  /** Deletes the parent: the user needs no right to delete it, and admission is not asked again. */
  remove(options: Record<string, unknown>): Promise<void>;
  /** The decoded body as a draft; undefined when there is none. */
  body(): Promise<Unstructured | undefined>;
}

/** A hook may run several times for one request (conflict retries): it must not have effects of its own. */
export interface ResourceHooks {
  group: string;
  plural: string;
  beginCreate?(draft: Unstructured, context: HookContext): Promise<void>;
  beginUpdate?(draft: Unstructured, old: Unstructured, context: HookContext): Promise<void>;
  /** Adds to the transaction that removes the object (releases). */
  beginDelete?(old: Unstructured, context: HookContext): Promise<void>;
  /**
   * By subresource name, for those that get, update and patch the object itself (approval, finalize, resize): puts
   * back in the draft what this endpoint may not change. Runs instead of the kind's prepareUpdate.
   */
  prepareSubresource?: Record<string, (draft: Unstructured, old: Unstructured) => void>;
  /** By subresource name: answers the request itself. The server has authorised it. */
  subresources?: Record<string, (context: SubresourceContext) => Promise<Response | Unstructured>>;
  /** True: the object stays although it has no finalizers in its metadata (a namespace's spec.finalizers). */
  holdsDeletion?(object: Unstructured): boolean;
  /** The first delete of an object that is to stay for a while: what else changes in it. */
  beginTermination?(draft: Unstructured, nowMs: number): void;
  /** For virtual kinds that can be read: all that there are now, or those of `context.namespace`, in order. */
  read?(context: HookContext): Promise<Unstructured[]>;
  /** For virtual kinds: answers a create. */
  create?(draft: Unstructured, context: VirtualContext): Promise<Unstructured>;
}

export const defineHooks = (hooks: ResourceHooks): ResourceHooks => hooks;
