// Signs service account tokens and publishes the keys that verify them.
// Upstream: pkg/serviceaccount/claims.go (Claims) and jwt.go (JWTTokenGenerator).
import { type KeyObject, createHash, randomUUID } from 'node:crypto';
import { SignJWT, exportJWK } from 'jose';

export const TOKEN_ALGORITHM = 'ES256';

interface Reference {
  name: string;
  uid: string;
}

/** What the API server's TokenIssuer is. */
export interface ServiceAccountIssuer {
  issue(claims: {
    namespace: string;
    serviceAccount: Reference;
    boundObject?: Reference & { kind: 'Pod' | 'Secret' | 'Node' };
    node?: Reference;
    audiences?: string[];
    expirationSeconds: number;
    /** How long it is really good: clients that do not renew it in time are only to be warned. */
    extendedSeconds?: number;
  }): Promise<{ token: string; expirationTimestamp: string }>;
  jwks(): Promise<{ keys: object[] }>;
  issuer: string;
}

export interface IssuerOptions {
  issuer: string;
  keys: { privateKey: KeyObject; publicKey: KeyObject };
  /** Audiences of a token that asks for none; the API server's own. */
  audiences: readonly string[];
  now?: () => number;
}

/** Who made the tokens that are kept in Secrets. Upstream: pkg/serviceaccount/legacy.go. */
export const SECRET_ISSUER = 'kubernetes/serviceaccount';
export const SECRET_CLAIM = 'kubernetes.io/serviceaccount/';

/** The token of a Secret of type kubernetes.io/service-account-token: good as long as Secret and account are there. */
export function signSecretToken(
  keys: IssuerOptions['keys'],
  token: { namespace: string; secret: string; serviceAccount: Reference },
): Promise<string> {
  const { namespace, secret, serviceAccount } = token;
  return new SignJWT({
    iss: SECRET_ISSUER,
    [`${SECRET_CLAIM}namespace`]: namespace,
    [`${SECRET_CLAIM}secret.name`]: secret,
    [`${SECRET_CLAIM}service-account.name`]: serviceAccount.name,
    [`${SECRET_CLAIM}service-account.uid`]: serviceAccount.uid,
    sub: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
  })
    .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid: keyId(keys.publicKey) })
    .sign(keys.privateKey);
}

/** Upstream: keyIDFromPublicKey: SHA-256 over the SubjectPublicKeyInfo, base64url. */
export function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

export function serviceAccountIssuer(options: IssuerOptions): ServiceAccountIssuer {
  const { issuer, keys, audiences, now = Date.now } = options;
  const kid = keyId(keys.publicKey);
  return {
    issuer,
    async issue(claims) {
      const nowSeconds = Math.floor(now() / 1000);
      const expirySeconds = nowSeconds + claims.expirationSeconds;
      const bound = claims.boundObject;
      const node = claims.node ?? (bound?.kind === 'Node' ? { name: bound.name, uid: bound.uid } : undefined);
      const kubernetes = {
        namespace: claims.namespace,
        ...(node ? { node: node.uid ? node : { name: node.name } } : {}),
        ...(bound?.kind === 'Pod' ? { pod: { name: bound.name, uid: bound.uid } } : {}),
        ...(bound?.kind === 'Secret' ? { secret: { name: bound.name, uid: bound.uid } } : {}),
        serviceaccount: claims.serviceAccount,
        ...(claims.extendedSeconds === undefined ? {} : { warnafter: expirySeconds }),
      };
      const token = await new SignJWT({
        aud: [...(claims.audiences?.length ? claims.audiences : audiences)],
        exp: nowSeconds + (claims.extendedSeconds ?? claims.expirationSeconds),
        iat: nowSeconds,
        iss: issuer,
        jti: randomUUID(),
        'kubernetes.io': kubernetes,
        nbf: nowSeconds,
        sub: `system:serviceaccount:${claims.namespace}:${claims.serviceAccount.name}`,
      })
        .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid })
        .sign(keys.privateKey);
      const expirationTimestamp = new Date(expirySeconds * 1000).toISOString().replace('.000Z', 'Z');
      return { token, expirationTimestamp };
    },
    async jwks() {
      return { keys: [{ use: 'sig', kid, alg: TOKEN_ALGORITHM, ...(await exportJWK(keys.publicKey)) }] };
    },
  };
}
