// Bootstrap tokens: `abcdef.0123456789abcdef`, kept in the Secret kube-system/bootstrap-token-abcdef, with which a node
// asks for its certificate. Upstream: plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go.
import { timingSafeEqual } from 'node:crypto';
import { Secrets } from '../../../api/resources.ts';
import type { ClusterView } from '../feed.ts';
import { ALL_AUTHENTICATED } from '../types.ts';
import type { TokenAuthenticator } from './bearer.ts';

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
export const BOOTSTRAP_TOKEN_TYPE = 'bootstrap.kubernetes.io/token';

export function bootstrapTokenAuthenticator(
  cluster: Pick<ClusterView, 'get'>,
  now: () => number = Date.now,
): TokenAuthenticator {
  return {
    name: 'bootstrap-token',
    authenticateToken(token) {
      const [, id, secret] = TOKEN.exec(token) ?? [];
      if (id === undefined || secret === undefined) return undefined;
      const stored = cluster.get(Secrets, 'kube-system', `bootstrap-token-${id}`);
      if (!stored || stored.type !== BOOTSTRAP_TOKEN_TYPE || stored.metadata?.deletionTimestamp) return undefined;
      const field = (name: string): string => Buffer.from(stored.data?.[name] ?? '', 'base64').toString('utf8');
      if (!equal(field('token-secret'), secret) || field('token-id') !== id) return undefined;
      const expiration = field('expiration');
      if (expiration !== '' && !(Date.parse(expiration) > now())) return undefined;
      if (field('usage-bootstrap-authentication') !== 'true') return undefined;
      const extra = field('auth-extra-groups')
        .split(',')
        .filter((group) => group !== '');
      if (!extra.every((group) => GROUP.test(group))) return undefined;
      return { name: `system:bootstrap:${id}`, groups: ['system:bootstrappers', ...extra, ALL_AUTHENTICATED] };
    },
  };
}

/** Takes as long for a near miss as for a far one. */
export function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
