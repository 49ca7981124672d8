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
        ...(node ? { node } : {}),
        ...(bound?.kind === 'Pod' ? { pod: { name: bound.name, uid: bound.uid } } : {}),
        ...(bound?.kind === 'Secret' ? { secret: { name: bound.name, uid: bound.uid } } : {}),
        serviceaccount: claims.serviceAccount,
      };
      const token = await new SignJWT({
        aud: [...(claims.audiences?.length ? claims.audiences : audiences)],
        exp: expirySeconds,
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
