// Acting as somebody else: the Impersonate-* headers, each of whose claims the caller must be allowed to make.
// Upstream: apiserver/pkg/endpoints/filters/impersonation.go.
import { forbidden } from '../../api/status.ts';
import type { Request, User } from '../../wire/http.ts';
import { ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, ANONYMOUS, type Attributes, type Authorizer } from './types.ts';
import { unauthorized } from './union.ts';

const EXTRA_PREFIX = 'impersonate-extra-';
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** The user that the request is to be made as: `user` itself unless there are Impersonate headers. */
export async function impersonate(request: Request, user: User, authorizer: Authorizer): Promise<User> {
  const { headers } = request;
  const name = headers['impersonate-user'];
  const groups = split(headers['impersonate-group']);
  const uid = headers['impersonate-uid'];
  if (name === undefined) {
    const stray =
      groups.length > 0 || uid !== undefined || Object.keys(headers).some((h) => h.startsWith(EXTRA_PREFIX));
    if (stray) throw unauthorized('requested impersonation without impersonating a user');
    return user;
  }
  const extra = extraOf(request);
  for (const claim of claims(name, groups, uid, extra)) await mayClaim(claim, user, authorizer);
  return {
    name,
    groups: withImplied(name, groups),
    ...(uid !== undefined ? { uid } : {}),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

type Claim = Pick<Attributes, 'group' | 'version' | 'resource' | 'subresource' | 'namespace' | 'name'>;

function* claims(
  name: string,
  groups: readonly string[],
  uid: string | undefined,
  extra: Record<string, string[]>,
): Iterable<Claim> {
  const account = SERVICE_ACCOUNT.exec(name);
  if (account) yield { group: '', version: 'v1', resource: 'serviceaccounts', namespace: account[1], name: account[2] };
  else yield { group: '', version: 'v1', resource: 'users', name };
  for (const group of groups) yield { group: '', version: 'v1', resource: 'groups', name: group };
  const authentication = { group: 'authentication.k8s.io', version: 'v1' };
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) yield { ...authentication, resource: 'userextras', subresource: key, name: value };
  }
  if (uid !== undefined) yield { ...authentication, resource: 'uids', name: uid };
}

async function mayClaim(claim: Claim, user: User, authorizer: Authorizer): Promise<void> {
  const decision = await authorizer.authorize({ ...claim, user, verb: 'impersonate' });
  if (decision.allowed) return;
  const resource = claim.subresource ? `${claim.resource}/${claim.subresource}` : (claim.resource ?? '');
  const where = claim.namespace ? ` in the namespace "${claim.namespace}"` : ' at the cluster scope';
  throw forbidden(
    { group: claim.group ?? '', plural: claim.resource ?? '' },
    claim.name ?? '',
    `User "${user.name}" cannot impersonate resource "${resource}" in API group "${claim.group}"${where}` +
      (decision.reason ? `: ${decision.reason}` : ''),
  );
}

/** Groups that come with being who one is; only a service account's own groups are implied, and only without others. */
function withImplied(name: string, groups: readonly string[]): string[] {
  const account = SERVICE_ACCOUNT.exec(name);
  const all =
    account && groups.length === 0 ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`] : [...groups];
  if (name === ANONYMOUS.name) return all.includes(ALL_UNAUTHENTICATED) ? all : [...all, ALL_UNAUTHENTICATED];
  return all.includes(ALL_AUTHENTICATED) || all.includes(ALL_UNAUTHENTICATED) ? all : [...all, ALL_AUTHENTICATED];
}

function extraOf(request: Request): Record<string, string[]> {
  const extra: Record<string, string[]> = {};
  for (const [header, value] of Object.entries(request.headers)) {
    if (!header.startsWith(EXTRA_PREFIX)) continue;
    extra[decodeURIComponent(header.slice(EXTRA_PREFIX.length)).toLowerCase()] = split(value);
  }
  return extra;
}

/** Repeated headers come joined with a comma and a space. */
const split = (value: string | undefined): string[] =>
  (value ?? '')
    .split(', ')
    .map((v) => v.trim())
    .filter((v) => v !== '');
