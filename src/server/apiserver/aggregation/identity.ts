// Who asks, as an extension server is told: it believes these headers from who shows the front proxy's certificate.
// Upstream: client-go/transport/round_trippers.go (SetAuthProxyHeaders).
import type { User } from '../../../wire/http.ts';

/** As whom the server itself asks extension servers. */
export const AGGREGATOR: User = { name: 'system:kube-aggregator', groups: ['system:masters'] };

export function identityHeaders({ name, uid, groups, extra }: User): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {
    'x-remote-user': latin1(name),
    'x-remote-group': groups.map(latin1),
  };
  if (uid) headers['x-remote-uid'] = latin1(uid);
  for (const [key, values] of Object.entries(extra ?? {})) {
    headers[`x-remote-extra-${headerKey(key)}`] = values.map(latin1);
  }
  return headers;
}

/** Header values are bytes: text goes as its UTF-8. Line ends would be other headers. */
const latin1 = (text: string): string => Buffer.from(text.replaceAll(/[\r\n]/g, ' '), 'utf8').toString('latin1');

/** Upstream: headerKeyEscape: what may not be in a header's name is percent-encoded. */
const headerKey = (key: string): string =>
  key
    .toLowerCase()
    .replaceAll(/[^a-z0-9!#$&'*+.^_`|~-]/g, (c) =>
      [...Buffer.from(c, 'utf8')].map((b) => `%${b.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    );
