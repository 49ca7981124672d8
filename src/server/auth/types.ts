// What authenticators and authorizers are. One file each beside this one; all that they read of the cluster is
// injected. Upstream: apiserver/pkg/authentication, apiserver/pkg/authorization.
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';
import type { Request, User } from '../../wire/http.ts';

export const SYSTEM_MASTERS = 'system:masters';
export const ALL_AUTHENTICATED = 'system:authenticated';
export const ALL_UNAUTHENTICATED = 'system:unauthenticated';
export const ANONYMOUS: User = { name: 'system:anonymous', groups: [ALL_UNAUTHENTICATED] };

/** Undefined: no credential of mine in the request. Throws StatusError Unauthorized: a credential, but a bad one. */
export interface Authenticator {
  name: string;
  authenticate(request: Request): Promise<User | undefined>;
}

export interface Attributes {
  user: User;
  /** get, list, watch, create, update, patch, delete, deletecollection, or a lower-case HTTP method for paths. */
  verb: string;
  /** Resource requests: */
  group?: string;
  version?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  /** Of a list, watch or deletion of a collection, as the client sent it. */
  fieldSelector?: string;
  labelSelector?: string;
  /** Non-resource requests: */
  path?: string;
}

export interface Decision {
  allowed: boolean;
  /** Denied for good: no later authorizer is asked. */
  denied?: boolean;
  reason?: string;
}

export interface Authorizer {
  name: string;
  authorize(attributes: Attributes): Promise<Decision> | Decision;
  /**
   * All rules that a user has in a namespace (undefined: cluster-wide alone), for rule reviews and escalation checks.
   * Authorizers that do not decide by rules leave it out.
   */
  rulesFor?(user: User, namespace: string | undefined): readonly PolicyRule[];
}

const NODE_PREFIX = 'system:node:';
export const NODES_GROUP = 'system:nodes';

/** The node that a user is; undefined for everybody else. Upstream: pkg/auth/nodeidentifier. */
export function nodeOf(user: User): string | undefined {
  return user.name.startsWith(NODE_PREFIX) && user.groups.includes(NODES_GROUP)
    ? user.name.slice(NODE_PREFIX.length)
    : undefined;
}
