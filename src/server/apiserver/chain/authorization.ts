// May the user do it? Upstream: apiserver/pkg/endpoints/filters/authorization.go, handlers/responsewriters/errors.go.
import { StatusError } from '../../../api/status.ts';
import type { Attributes } from '../../auth/types.ts';
import type { Filter, RequestContext } from '../context.ts';

/** Answered to everybody, as upstream's --authorization-always-allow-paths. */
const ALWAYS_ALLOWED = new Set(['/healthz', '/readyz', '/livez']);

export const authorization: Filter = async (context, next) => {
  if (!context.info.isResource && ALWAYS_ALLOWED.has(context.info.path)) return next();
  const attributes = attributesOf(context);
  const asked = context.server.options.authorizer.authorize(attributes);
  const decision = asked instanceof Promise ? await asked : asked;
  if (!decision.allowed) throw forbiddenRequest(attributes, decision.reason);
  return next();
};

export function attributesOf({ info, user, request }: RequestContext): Attributes {
  if (!info.isResource) return { user, verb: info.verb, path: info.path };
  const { verb, group, version, resource, subresource, namespace, name } = info;
  const attributes = { user, verb, group, version, resource, subresource, namespace, name };
  if (verb !== 'list' && verb !== 'watch' && verb !== 'deletecollection') return attributes;
  const { query } = request;
  const selectors = {
    fieldSelector: query.get('fieldSelector') ?? '',
    labelSelector: query.get('labelSelector') ?? '',
  };
  return { ...attributes, ...selectors };
}

/** `pods "a" is forbidden: User "x" cannot get resource "pods" in API group "" in the namespace "b": reason`. */
export function forbiddenRequest(attributes: Attributes, reason: string | undefined): StatusError {
  const { user, verb, path, group = '', resource = '', subresource = '', namespace = '', name = '' } = attributes;
  const suffix = reason ? `: ${reason}` : '';
  if (path !== undefined) {
    return new StatusError(
      'Forbidden',
      `forbidden: User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}${suffix}`,
      {},
    );
  }
  const full = subresource ? `${resource}/${subresource}` : resource;
  const where = namespace ? ` in the namespace ${JSON.stringify(namespace)}` : ' at the cluster scope';
  const what = `User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(full)} in API group ${JSON.stringify(group)}${where}`;
  const qualified = group ? `${resource}.${group}` : resource;
  const head = name ? `${qualified} ${JSON.stringify(name)} is forbidden` : `${qualified} is forbidden`;
  const details = { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: resource };
  return new StatusError('Forbidden', `${head}: ${what}${suffix}`, details);
}
