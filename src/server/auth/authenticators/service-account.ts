// Service account tokens. A signature is checked once per token and remembered; whether the token still counts (its
// time, its service account, the pod, secret or node that it is bound to) is looked up at every request, in memory.
// Upstream: pkg/serviceaccount/jwt.go (jwtTokenAuthenticator) and claims.go (validator.Validate).
import type { KeyObject } from 'node:crypto';
import { decodeJwt, jwtVerify } from 'jose';
import { Nodes, Pods, Secrets, ServiceAccounts } from '../../../api/resources.ts';
import type { KubeObject, ResourceType } from '../../../api/types.ts';
import type { User } from '../../../wire/http.ts';
import type { ClusterView } from '../feed.ts';
import { SECRET_CLAIM, SECRET_ISSUER, TOKEN_ALGORITHM } from '../service-account-issuer.ts';
import { ALL_AUTHENTICATED } from '../types.ts';
import { unauthorized } from '../union.ts';
import type { TokenAuthenticator } from './bearer.ts';
import { equal } from './bootstrap-token.ts';

interface Reference {
  name: string;
  uid: string;
}

interface Verified {
  user: User;
  /** Undefined: the API server's own, whatever they are. */
  audiences: readonly string[] | undefined;
  notBeforeMs: number;
  expiresMs: number;
  namespace: string;
  serviceAccount: Reference;
  /** The Secret that the token is kept in. */
  keptIn?: string;
  pod?: Reference;
  secret?: Reference;
  node?: Reference;
}

export interface ServiceAccountOptions {
  issuer: string;
  publicKeys: readonly KeyObject[];
  /** The API server's own audiences: a token must be for one of them unless the caller asks for others. */
  audiences: readonly string[];
  cluster: Pick<ClusterView, 'get'>;
  now?: () => number;
}

/** Bound: about 2 MB of tokens. The oldest goes first; a token in use is verified anew when it comes again. */
const MAX_REMEMBERED = 2048;
/** Clocks differ: times count this long before and after. Upstream: jwt.DefaultLeeway. */
const LEEWAY_MS = 60_000;

export function serviceAccountAuthenticator(options: ServiceAccountOptions): TokenAuthenticator {
  const { cluster, now = Date.now } = options;
  const remembered = new Map<string, Verified>();
  return {
    name: 'service-account',
    async authenticateToken(token, audiences = options.audiences) {
      let verified = remembered.get(token);
      if (!verified) {
        verified = await verify(token, options);
        if (!verified) return undefined;
        if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value!);
        remembered.set(token, verified);
      }
      check(verified, options, audiences, now());
      if (verified.keptIn !== undefined) checkSecret(verified, token, cluster);
      return verified.user;
    },
  };
}

/** Undefined when another issuer made the token; throws when its signature is wrong. */
async function verify(token: string, options: ServiceAccountOptions): Promise<Verified | undefined> {
  const issuer = issuerOf(token);
  if (issuer !== options.issuer && issuer !== SECRET_ISSUER) return undefined;
  for (const key of options.publicKeys) {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [TOKEN_ALGORITHM],
        issuer,
        // Times are checked at each request, by the same clock as everything else.
        currentDate: new Date((decodeJwt(token).iat ?? 0) * 1000),
      });
      return issuer === SECRET_ISSUER ? readSecretToken(payload) : read(payload);
    } catch {
      continue;
    }
  }
  throw unauthorized('invalid service account token');
}

function issuerOf(token: string): string | undefined {
  // Two dots make a JWT; anything else need not be decoded to know that.
  if (token.split('.', 4).length !== 3) return undefined;
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

function userOf(namespace: string, { name, uid }: Reference, extra?: Record<string, string[]>): User {
  return Object.freeze({
    name: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, ALL_AUTHENTICATED],
    ...(extra ? { extra } : {}),
  });
}

/** Upstream: legacyValidator in pkg/serviceaccount/legacy.go. */
function readSecretToken(payload: Record<string, unknown>): Verified {
  const claim = (name: string): string => String(payload[SECRET_CLAIM + name] ?? '');
  const namespace = claim('namespace');
  const serviceAccount = { name: claim('service-account.name'), uid: claim('service-account.uid') };
  const user = userOf(namespace, serviceAccount);
  if (payload['sub'] !== user.name) throw unauthorized('sub claim is invalid');
  const keptIn = claim('secret.name');
  if (!namespace || !serviceAccount.name || !serviceAccount.uid || !keptIn) throw unauthorized('a claim is missing');
  return { user, audiences: undefined, notBeforeMs: 0, expiresMs: Infinity, namespace, serviceAccount, keptIn };
}

function read(payload: Record<string, unknown>): Verified {
  const claims = payload['kubernetes.io'] as Omit<Verified, 'user'> & { serviceaccount: Reference };
  const { namespace, serviceaccount, pod, secret, node } = claims;
  const sub = `system:serviceaccount:${namespace}:${serviceaccount.name}`;
  if (payload['sub'] !== sub) throw unauthorized('token subject does not match its claims');
  const extra: Record<string, string[]> = {
    'authentication.kubernetes.io/credential-id': [`JTI=${String(payload['jti'])}`],
  };
  if (node) {
    extra['authentication.kubernetes.io/node-name'] = [node.name];
    if (node.uid) extra['authentication.kubernetes.io/node-uid'] = [node.uid];
  }
  if (pod) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid];
  }
  return {
    user: userOf(namespace, serviceaccount, extra),
    audiences: [payload['aud'] ?? []].flat() as string[],
    notBeforeMs: Number(payload['nbf'] ?? 0) * 1000,
    expiresMs: Number(payload['exp'] ?? 0) * 1000,
    namespace,
    serviceAccount: serviceaccount,
    pod,
    secret,
    node,
  };
}

function check(
  token: Verified,
  { cluster, audiences: own }: ServiceAccountOptions,
  audiences: readonly string[],
  nowMs: number,
): void {
  if (nowMs > token.expiresMs + LEEWAY_MS) throw unauthorized('service account token has expired');
  if (nowMs + LEEWAY_MS < token.notBeforeMs) throw unauthorized('service account token is not valid yet');
  const isFor = token.audiences ?? own;
  if (!isFor.some((audience) => audiences.includes(audience))) {
    throw unauthorized(`token audiences ${JSON.stringify(isFor)} is invalid for the target audiences`);
  }
  const { namespace, serviceAccount, pod, secret, node } = token;
  const account = cluster.get(ServiceAccounts, namespace, serviceAccount.name);
  if (!account) throw unauthorized(`serviceaccounts ${JSON.stringify(serviceAccount.name)} not found`);
  if (isGone(account, nowMs))
    throw unauthorized(`service account ${namespace}/${serviceAccount.name} has been deleted`);
  const { uid } = account.metadata ?? {};
  if (uid !== serviceAccount.uid) {
    throw unauthorized(`service account UID (${uid}) does not match claim (${serviceAccount.uid})`);
  }
  const bound = <T extends KubeObject>(type: ResourceType<T>, where: string | undefined, ref?: Reference): void => {
    if (!ref) return;
    const object = cluster.get(type, where, ref.name);
    if (!object || isGone(object, nowMs)) throw unauthorized('service account token has been invalidated');
    if (object.metadata?.uid === ref.uid) return;
    const what = type.kind.toLowerCase();
    const claim = `service account ${what} ref claim (${ref.uid})`;
    throw unauthorized(`${what} UID (${object.metadata?.uid}) does not match ${claim}`);
  };
  bound(Secrets, namespace, secret);
  bound(Pods, namespace, pod);
  // A pod's token names its node for information; only a token bound to the node alone dies with it.
  if (!pod) bound(Nodes, undefined, node);
}

/** Things go slowly: what has been told to go counts a while longer. */
function isGone({ metadata }: KubeObject, nowMs: number): boolean {
  return !!metadata?.deletionTimestamp && Date.parse(metadata.deletionTimestamp) + LEEWAY_MS < nowMs;
}

/** Who takes the token out of its Secret, or the Secret away, takes the token away. */
function checkSecret({ namespace, keptIn = '' }: Verified, token: string, cluster: Pick<ClusterView, 'get'>): void {
  const secret = cluster.get(Secrets, namespace, keptIn);
  if (!secret || secret.metadata?.deletionTimestamp) throw unauthorized('service account token has been invalidated');
  const kept = Buffer.from(secret.data?.['token'] ?? '', 'base64').toString('utf8');
  if (!equal(kept, token)) throw unauthorized("service account token does not match server's copy");
  const since = secret.metadata?.labels?.['kubernetes.io/legacy-token-invalid-since'];
  if (since) throw unauthorized(`the token in secret ${namespace}/${keptIn} has been marked as invalid`);
}
