// Requests below an object. Those whose body is the object itself (status, approval, resize …) are updates and
// patches of a part of it; scale has a file of its own; all others are answered by the kind's hooks.
import { notFound } from '../../../api/status.ts';
import type { Unstructured } from '../../../api/types.ts';
import type { Response } from '../../../wire/http.ts';
import { negotiatePlain } from '../content/negotiate.ts';
import { objectResponse } from '../content/respond.ts';
import { CONNECTS, connectOptions } from '../connect/options.ts';
import { splitName } from '../connect/proxy.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import type { SubresourceContext } from '../types.ts';
import { Admission } from './admit.ts';
import { current, get } from './get.ts';
import { methodNotAllowed, noSuchPath } from './options.ts';
import { patch } from './patch.ts';
import { serveScale } from './scale.ts';
import { subresourceContext } from './subresource-context.ts';
import { update } from './update.ts';

export async function serveSubresource(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const { info } = context;
  const { definition } = endpoint;
  const { hooks, custom } = endpoint.kind;
  // Upstream: customresource_handler.go: whether a namespace is named must fit, below an object too.
  if (custom && endpoint.namespaced !== (info.namespace !== '')) throw noSuchPath();
  const { subresources = {} } = definition;
  const declared = Object.hasOwn(subresources, info.subresource) ? subresources[info.subresource] : undefined;
  // Upstream's router knows no such path; of custom resources their handler is asked, which says it otherwise.
  if (!declared && endpoint.kind.custom && info.name !== '') throw notFound(endpoint.qualified, info.name);
  if (!declared || info.name === '') throw noSuchPath();
  const hook = hooks?.subresources?.[info.subresource];
  if (!proxies(context)) {
    if (!declared.verbs.includes(info.verb as never)) throw methodNotAllowed();
    if (context.request.method === 'HEAD' && !endpoint.kind.custom) throw methodNotAllowed();
  }
  if (CONNECTS.has(info.subresource) && hook) return connect(context, endpoint, hook);
  if (info.subresource === 'scale' && !hook) return serveScale(context, endpoint);
  if (hook) return answer(context, endpoint, hook);
  if (info.verb === 'get') return get(context, endpoint);
  if (info.verb === 'patch') return patch(context, endpoint);
  if (info.verb === 'update') return update(context, endpoint);
  throw noSuchPath();
}

/** A proxy passes every method on. That of the old `/watch/…` paths is none: its verb says nothing of the method. */
const proxies = ({ info }: RequestContext): boolean => info.subresource === 'proxy' && info.verb !== 'watch';

type Hook = (context: SubresourceContext) => Promise<Response | Unstructured>;

/** Admission sees CONNECT, whatever the method. */
async function connect(context: RequestContext, endpoint: Endpoint, hook: Hook): Promise<Response> {
  const { subresource } = context.info;
  // A proxied name may say a scheme and a port too.
  const name = subresource === 'proxy' ? splitName(context.info.name).name : context.info.name;
  await context.server.feed.fresh();
  current({ ...context, info: { ...context.info, name } }, endpoint);
  const { kind } = endpoint.definition;
  const options = connectOptions(kind, subresource, context.request.query, context.info.rest);
  const admission = new Admission(context, endpoint, {
    operation: 'CONNECT',
    name,
    subresource,
    connect: options.kind,
    object: options.object,
    options: {},
    dryRun: false,
  });
  await admission.mutate();
  await admission.validate();
  return answer(context, endpoint, hook);
}

async function answer(context: RequestContext, endpoint: Endpoint, hook: Hook): Promise<Response> {
  const result = await hook(subresourceContext(context, endpoint));
  if (isResponse(result)) return result;
  const negotiated = negotiatePlain(context.request.headers['accept']);
  return objectResponse(context, context.info.verb === 'create' ? 201 : 200, () => result, negotiated);
}

const isResponse = (result: Response | Unstructured): result is Response =>
  'headers' in result && 'status' in result && !('kind' in result);
