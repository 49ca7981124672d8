// Requests below an object. Those whose body is the object itself (status, approval, resize …) are updates and
// patches of a part of it; scale has a file of its own; all others are answered by the kind's hooks.
import { badRequest, notFound } from '../../../api/status.ts';
import type { Unstructured } from '../../../api/types.ts';
import type { Response } from '../../../wire/http.ts';
import { cloneJson } from '../cache/encoding.ts';
import { decodeAs } from '../content/decode.ts';
import { negotiatePlain } from '../content/negotiate.ts';
import { objectResponse } from '../content/respond.ts';
import { connectOptions } from '../connect/options.ts';
import { splitName } from '../connect/proxy.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import type { SubresourceContext } from '../types.ts';
import { Admission } from './admit.ts';
import { keyOf, noExtras } from './commit.ts';
import { deleteAdmitted } from './delete.ts';
import { current, get } from './get.ts';
import { hookContext } from './hook-context.ts';
import { trackUpdate } from './managed-fields.ts';
import { modify } from './modify.ts';
import { deleteOptions, methodNotAllowed, noSuchPath, writeOptions } from './options.ts';
import { patch } from './patch.ts';
import { serveScale } from './scale.ts';
import { update } from './update.ts';

const CONNECTS = new Set(['exec', 'attach', 'portforward', 'proxy']);

export async function serveSubresource(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const { info } = context;
  const { definition } = endpoint;
  const { hooks } = endpoint.kind;
  const { subresources = {} } = definition;
  const declared = Object.hasOwn(subresources, info.subresource) ? subresources[info.subresource] : undefined;
  // Upstream's router knows no such path; of custom resources their handler is asked, which says it otherwise.
  if (!declared && endpoint.kind.custom && info.name !== '') throw notFound(endpoint.qualified, info.name);
  if (!declared || info.name === '') throw noSuchPath();
  const hook = hooks?.subresources?.[info.subresource];
  if (!declared.verbs.includes(info.verb as never) && !proxies(context)) throw methodNotAllowed();
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

/** Bindings, evictions and token requests are creates below an object, and admission sees them as such. */
async function admitCreate(context: RequestContext, endpoint: Endpoint, object: Unstructured, dryRun: boolean) {
  const { name, subresource } = context.info;
  const admission = new Admission(context, endpoint, {
    operation: 'CREATE',
    name,
    subresource,
    object,
    options: {},
    dryRun,
  });
  await admission.mutate();
  await admission.validate();
}

const isResponse = (result: Response | Unstructured): result is Response =>
  'headers' in result && 'status' in result && !('kind' in result);

function subresourceContext(context: RequestContext, endpoint: Endpoint): SubresourceContext {
  const { info, request, server } = context;
  const { subresource, name } = info;
  const reading = request.method === 'GET' || request.method === 'HEAD';
  const streaming = reading || CONNECTS.has(subresource);
  const options = streaming ? undefined : writeOptions(context, 'UpdateOptions');
  const write = async (change: (draft: Unstructured) => void | Promise<void>, unseen: boolean) => {
    const written = await modify(context, endpoint, name, {
      subresource,
      unseen,
      dryRun: options?.dryRun ?? false,
      change: async (old) => {
        const draft = cloneJson(old);
        await change(draft);
        return draft;
      },
      track: (draft, old) =>
        options && !unseen ? trackUpdate(context, endpoint, draft, old, options, subresource) : undefined,
    });
    return written.object;
  };
  return {
    ...hookContext(context, name, options?.dryRun ?? false, noExtras()),
    request,
    async read() {
      await server.feed.fresh();
      return current(context, endpoint).object();
    },
    modify: (change) => write(change, false),
    modifyUnseen: (change) => write(change, true),
    async remove(given) {
      const key = keyOf(endpoint.namespaced ? info.namespace : '', name);
      await server.feed.fresh();
      await deleteAdmitted(context, endpoint, key, deleteOptions(context, given));
    },
    async body() {
      const { definition } = endpoint;
      const { group, version } = endpoint;
      const own = { group, version, kind: definition.kind };
      const { kind = own, also = [] } = definition.subresources?.[subresource] ?? {};
      const draft = await decodeAs(context, kind, also);
      const namespace = draft?.metadata?.namespace;
      if (namespace && endpoint.namespaced && namespace !== info.namespace) {
        throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
      }
      if (draft && info.verb === 'create') await admitCreate(context, endpoint, draft, options?.dryRun ?? false);
      return draft;
    },
  };
}
