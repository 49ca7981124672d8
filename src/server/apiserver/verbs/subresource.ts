// Requests below an object: status here, all others by the kind's hooks.
import type { Response } from '../../../wire/http.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { get } from './get.ts';
import { methodNotAllowed, noSuchPath } from './options.ts';
import { patch } from './patch.ts';
import { update } from './update.ts';

export async function serveSubresource(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const { info } = context;
  const subresource = endpoint.kind.definition.subresources?.[info.subresource];
  if (!subresource) throw noSuchPath();
  if (!subresource.verbs.includes(info.verb as never)) throw methodNotAllowed();
  if (info.subresource !== 'status') throw noSuchPath();
  if (info.verb === 'get') return get(context, endpoint);
  return info.verb === 'patch' ? patch(context, endpoint) : update(context, endpoint);
}
