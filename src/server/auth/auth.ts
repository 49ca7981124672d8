// Puts the authenticators and authorizers of one server together. It reads the cluster through a view that is attached
// once the API server is there; until then nobody but in-process callers is known.
import type { KubeObject, ResourceType } from '../../api/types.ts';
import type { Request, User } from '../../wire/http.ts';
import { type TokenAuthenticator, authenticateToken, bearerAuthenticator } from './authenticators/bearer.ts';
import { bootstrapTokenAuthenticator } from './authenticators/bootstrap-token.ts';
import {
  type IdentityHeaders,
  type RequestHeaderOptions,
  requestHeaderAuthenticator,
} from './authenticators/request-header.ts';
import { serviceAccountAuthenticator } from './authenticators/service-account.ts';
import { x509Authenticator } from './authenticators/x509.ts';
import { mastersAuthorizer } from './authorizers/masters.ts';
import { nodeAuthorizer } from './authorizers/node.ts';
import { rbacAuthorizer } from './authorizers/rbac.ts';
import { certificateTrust } from './client-certificate.ts';
import type { ClusterView } from './feed.ts';
import { NodeGraph } from './node-graph.ts';
import { RbacIndex } from './rbac/index.ts';
import { type IssuerOptions, type ServiceAccountIssuer, serviceAccountIssuer } from './service-account-issuer.ts';
import type { Authenticator, Authorizer } from './types.ts';
import { unauthorized, unionAuthenticator, unionAuthorizer } from './union.ts';

export interface AuthOptions {
  /** The name in tokens, which is also the API server's own audience. */
  issuer: string;
  keys: IssuerOptions['keys'];
  /** PEM: the authorities whose client certificates name users. */
  clientCa?: string;
  /** Front proxies: `clientCa` is PEM, too, and must not be one of the users'. */
  requestHeader?: Omit<RequestHeaderOptions, 'trust'> & { clientCa: string };
  /** Asked before the others: a token file's. */
  tokenAuthenticators?: readonly TokenAuthenticator[];
  now?: () => number;
}

export interface Auth {
  authenticate(request: Request): Promise<User>;
  /** Whose token it is, and for which of the audiences (none given: the API server's own). */
  reviewToken(token: string, audiences: readonly string[]): Promise<{ user: User; audiences: string[] }>;
  authorizer: Authorizer;
  tokens: ServiceAccountIssuer;
  /** Starts to follow the cluster; answers what stops it. */
  attach(cluster: ClusterView): () => void;
}

export function createAuth(options: AuthOptions): Auth {
  const { issuer, keys, now } = options;
  const audiences = [issuer];
  let cluster: ClusterView | undefined;
  const view = {
    get: <T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string): T | undefined =>
      cluster?.get(type, namespace, name),
  };
  const index = new RbacIndex();
  const graph = new NodeGraph();
  const authorizer = unionAuthorizer([mastersAuthorizer, nodeAuthorizer(graph), rbacAuthorizer(index)]);
  const serviceAccounts = serviceAccountAuthenticator({
    issuer,
    publicKeys: [keys.publicKey],
    audiences,
    cluster: view,
    now,
  });
  const others = [...(options.tokenAuthenticators ?? []), bootstrapTokenAuthenticator(view, now)];
  const authenticate = unionAuthenticator([
    ...ofCertificates(options),
    bearerAuthenticator([serviceAccounts, ...others]),
  ]);
  /** Tokens other than service accounts' say no audience: they are for the API server. */
  async function reviewToken(token: string, wanted: readonly string[], own: readonly string[]) {
    let complaint: unknown;
    let user: User | undefined;
    const found: string[] = [];
    for (const audience of wanted) {
      try {
        user = (await serviceAccounts.authenticateToken(token, [audience])) ?? user;
        if (user) found.push(audience);
      } catch (error) {
        complaint = error;
      }
    }
    if (user) return { user, audiences: found };
    if (complaint !== undefined) throw complaint;
    const shared = wanted.filter((audience) => own.includes(audience));
    if (shared.length === 0) throw unauthorized('token audiences are invalid for the target audiences');
    return { user: await authenticateToken(others, token), audiences: shared };
  }
  return {
    authorizer,
    tokens: serviceAccountIssuer({ issuer, keys, audiences, now }),
    authenticate: withoutIdentity(authenticate, options.requestHeader?.headers),
    reviewToken: (token, wanted) => reviewToken(token, wanted.length > 0 ? wanted : audiences, audiences),
    attach(view) {
      cluster = view;
      const stops = [index.follow(view), graph.follow(view)];
      return () => stops.forEach((stop) => stop());
    },
  };
}

/**
 * Who asks is known then: what said so goes no further, to pods or extension servers. Headers of the standard names never
 * do (wire/proxy.ts). Upstream: ClearAuthenticationHeaders.
 */
function withoutIdentity(
  authenticate: Auth['authenticate'],
  headers: IdentityHeaders | undefined,
): typeof authenticate {
  const { username = [], uid = [], group = [], extraPrefix = [] } = headers ?? {};
  const own = (names: readonly string[]): string[] =>
    names.map((name) => name.toLowerCase()).filter((name) => !name.startsWith('x-remote-'));
  const [names, prefixes] = [own([...username, ...uid, ...group]), own(extraPrefix)];
  if (names.length === 0 && prefixes.length === 0) return authenticate;
  return async (request) => {
    const user = await authenticate(request);
    for (const header in request.headers) {
      if (names.includes(header) || prefixes.some((prefix) => header.startsWith(prefix)))
        delete request.headers[header];
    }
    return user;
  };
}

function ofCertificates({ clientCa, requestHeader, now }: AuthOptions): Authenticator[] {
  const authenticators: Authenticator[] = [];
  if (requestHeader) {
    const { clientCa: authority, ...rest } = requestHeader;
    authenticators.push(requestHeaderAuthenticator({ ...rest, trust: certificateTrust(authority) }, now));
  }
  if (clientCa !== undefined) authenticators.push(x509Authenticator(certificateTrust(clientCa), now));
  return authenticators;
}
