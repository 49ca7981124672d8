// Impersonate-User and its sisters: acts as somebody else when the authorizer lets the real user do so.
// Upstream: apiserver/pkg/endpoints/filters/impersonation.go.
import { StatusError, badRequest } from '../../../api/status.ts';
import type { User } from '../../../wire/http.ts';
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

const list = (header: string | undefined): string[] =>
  header === undefined
    ? []
    : header
        .split(',')
        .map((g) => g.trim())
        .filter((g) => g !== '');

async function impersonate(context: RequestContext): Promise<void> {
  const { headers } = context.request;
  const name = headers['impersonate-user'] ?? '';
  const groups = list(headers['impersonate-group']);
  const uid = headers['impersonate-uid'];
  const extra: Record<string, string[]> = {};
  for (const header in headers) {
    if (header.startsWith(EXTRA)) extra[safeDecode(header.slice(EXTRA.length))] = list(headers[header]);
  }
  if (name === '') {
    if (groups.length === 0 && uid === undefined && Object.keys(extra).length === 0) return;
    throw new StatusError('InternalError', `requested [] without impersonating a user`);
  }
  const account = serviceAccountOf(name);
  if (account) await check(context, { resource: 'serviceaccounts', ...account });
  else await check(context, { resource: 'users', name });
  for (const group of groups) await check(context, { resource: 'groups', name: group });
  if (uid !== undefined)
    await check(context, { group: 'authentication.k8s.io', version: 'v1', resource: 'uids', name: uid });
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) {
      const at = { group: 'authentication.k8s.io', version: 'v1', resource: 'userextras', subresource: key };
      await check(context, { ...at, name: value });
    }
  }
  context.user = impersonated(name, groups, uid, extra, account?.namespace);
}

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

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badRequest(`the header ${EXTRA}${text} is not valid percent-encoded UTF-8`);
  }
}
