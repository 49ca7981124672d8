// Impersonate-User and its sisters: acts as somebody else when the authorizer lets the real user do so.
// Upstream: apiserver/pkg/endpoints/filters/impersonation.go.
import { StatusError } from '../../../api/status.ts';
import { headerValues } from '../../../wire/header-values.ts';
import type { User } from '../../../wire/http.ts';
import { unescapedKey } from '../../auth/authenticators/request-header.ts';
import { ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, type Attributes } from '../../auth/types.ts';
import type { Filter, RequestContext } from '../context.ts';
import { forbiddenRequest } from './authorization.ts';

const EXTRA = 'impersonate-extra-';

export const impersonation: Filter = async (context, next) => {
  if (asksForAnother(context)) await impersonate(context);
  return next();
};

function asksForAnother({ request }: RequestContext): boolean {
  for (const name in request.headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

async function impersonate(context: RequestContext): Promise<void> {
  const { request } = context;
  const name = headerValues(request, 'impersonate-user')[0] ?? '';
  const groups = headerValues(request, 'impersonate-group');
  const uid = headerValues(request, 'impersonate-uid')[0] || undefined;
  const extra: Record<string, string[]> = {};
  for (const header in request.headers) {
    if (header.startsWith(EXTRA)) extra[unescapedKey(header.slice(EXTRA.length))] = headerValues(request, header);
  }
  const account = serviceAccountOf(name);
  const asked: Asked[] = [];
  if (account) asked.push({ kind: 'ServiceAccount', attributes: { resource: 'serviceaccounts', ...account } });
  else if (name !== '') asked.push({ kind: 'User', attributes: { resource: 'users', name } });
  for (const group of groups) asked.push({ kind: 'Group', attributes: { resource: 'groups', name: group } });
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) asked.push(extraAsked(key, value));
  }
  if (uid !== undefined) asked.push({ kind: 'UID', attributes: { ...AUTHENTICATION, resource: 'uids', name: uid } });
  if (asked.length === 0) return;
  if (name === '') throw new StatusError('InternalError', `requested ${textOf(asked)} without impersonating a user`);
  for (const { attributes } of asked) await check(context, attributes);
  context.user = impersonated(name, groups, uid, extra, account?.namespace);
}

const AUTHENTICATION = { group: 'authentication.k8s.io', version: 'v1' };

interface Asked {
  kind: string;
  attributes: Partial<Attributes>;
}

const extraAsked = (key: string, value: string): Asked => ({
  kind: 'UserExtra',
  attributes: { ...AUTHENTICATION, resource: 'userextras', subresource: key, name: value },
});

/** As Go prints a list of object references: kind, namespace, name, uid, version, resource version, field path. */
const textOf = (asked: readonly Asked[]): string =>
  `[${asked
    .map(({ kind, attributes: a }) => {
      const version = a.group ? `${a.group}/${a.version}` : '';
      return `{${kind} ${a.namespace ?? ''} ${a.name}  ${version}  ${a.subresource ?? ''}}`;
    })
    .join(' ')}]`;

function impersonated(
  name: string,
  groups: readonly string[],
  uid: string | undefined,
  extra: Record<string, string[]>,
  accountNamespace: string | undefined,
): User {
  const all = [...groups];
  if (accountNamespace !== undefined && all.length === 0) {
    all.push('system:serviceaccounts', `system:serviceaccounts:${accountNamespace}`);
  }
  const anonymous = name === 'system:anonymous';
  const membership = anonymous ? ALL_UNAUTHENTICATED : ALL_AUTHENTICATED;
  if (!all.includes(ALL_UNAUTHENTICATED) && !all.includes(membership)) all.push(membership);
  return {
    name,
    groups: all,
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

function serviceAccountOf(name: string): { namespace: string; name: string } | undefined {
  if (!name.startsWith('system:serviceaccount:')) return undefined;
  const [, , namespace, account, ...rest] = name.split(':');
  return namespace && account && rest.length === 0 ? { namespace, name: account } : undefined;
}

async function check(context: RequestContext, what: Partial<Attributes>): Promise<void> {
  const attributes: Attributes = { group: '', ...what, user: context.user, verb: 'impersonate' };
  const decision = await context.server.options.authorizer.authorize(attributes);
  if (!decision.allowed) throw forbiddenRequest(attributes, decision.reason);
}
