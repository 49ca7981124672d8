// Takes a bearer token out of a request (the Authorization header, or a WebSocket's sub-protocol, which is where a
// browser can put one) and asks the token authenticators in turn.
// Upstream: apiserver/pkg/authentication/request/bearertoken and request/websocket.
import type { Request, User } from '../../../wire/http.ts';
import type { Authenticator } from '../types.ts';
import { unauthorized } from '../union.ts';

/** Undefined: not one of mine. Throws StatusError Unauthorized: one of mine, but no longer good. */
export interface TokenAuthenticator {
  name: string;
  authenticateToken(token: string, audiences?: readonly string[]): Promise<User | undefined> | User | undefined;
}

const PROTOCOL_PREFIX = 'base64url.bearer.authorization.k8s.io.';

export function bearerAuthenticator(authenticators: readonly TokenAuthenticator[]): Authenticator {
  return {
    name: 'bearer',
    async authenticate(request) {
      const token = bearerToken(request);
      return token === undefined ? undefined : authenticateToken(authenticators, token);
    },
  };
}

/** The first that knows the token answers; when none does, the last complaint stands. */
export async function authenticateToken(
  authenticators: readonly TokenAuthenticator[],
  token: string,
  audiences?: readonly string[],
): Promise<User> {
  let complaint: unknown;
  for (const authenticator of authenticators) {
    try {
      const user = await authenticator.authenticateToken(token, audiences);
      if (user) return user;
    } catch (error) {
      complaint = error;
    }
  }
  throw complaint ?? unauthorized('invalid bearer token');
}

export function bearerToken(request: Request): string | undefined {
  const header = request.headers['authorization'];
  if (header !== undefined) {
    const match = /^bearer +(\S+) *$/i.exec(header.trim());
    return match?.[1];
  }
  const protocols = request.headers['sec-websocket-protocol'];
  if (protocols === undefined || request.headers['upgrade']?.toLowerCase() !== 'websocket') return undefined;
  const entry = protocols
    .split(',')
    .map((p) => p.trim())
    .find((p) => p.startsWith(PROTOCOL_PREFIX));
  return entry === undefined
    ? undefined
    : Buffer.from(entry.slice(PROTOCOL_PREFIX.length), 'base64url').toString('utf8');
}
