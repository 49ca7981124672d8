// Requests below /apis/<group>/<version> that another server answers: passed on as they came, with who asks in headers.
// Upstream: kube-aggregator/pkg/apiserver/handler_proxy.go.
import { SHARED_CONTENT_TYPE, type Request, type Response } from '../../../wire/http.ts';
import { textResponse } from '../content/respond.ts';
import type { Filter, RequestContext } from '../context.ts';
import { identityHeaders } from './identity.ts';
import { type RemoteService, targetOf } from './remote.ts';

const UNAVAILABLE = 'service unavailable\n';

/** No remote service: one comparison per request. */
export const aggregation: Filter = (context, next) => {
  const { aggregator } = context.server;
  if (!aggregator || aggregator.remotes.size === 0) return next();
  const remote = remoteOf(context);
  return remote ? forward(context, remote, context.request.path) : next();
};

function remoteOf({ request: { path }, server }: RequestContext): RemoteService | undefined {
  if (!path.startsWith('/apis/')) return undefined;
  const [, , group, version] = path.split('/', 4);
  return version ? server.aggregator!.remotes.find(group!, version) : undefined;
}

/** Also for documents of the server: `path` without the query. */
export async function forward(context: RequestContext, remote: RemoteService, path: string): Promise<Response> {
  const { server, user } = context;
  const { options } = server.aggregator!;
  if (!remote.available) return textResponse(context, 503, UNAVAILABLE);
  const request = withoutSharing(context.request);
  const withQuery = request.query.size > 0 ? `${path}?${request.query}` : path;
  let target;
  try {
    target = targetOf(remote, withQuery, server.admission.lister, options.credential());
  } catch {
    return textResponse(context, 503, UNAVAILABLE);
  }
  try {
    return await options.caller.forward(target, withQuery, request, identityHeaders(user));
  } catch (error) {
    return textResponse(context, 503, `error trying to reach service: ${(error as Error).message}\n`);
  }
}

/** Callers in this process ask for shared objects, which another server does not have. */
function withoutSharing(request: Request): Request {
  const { accept } = request.headers;
  if (!accept?.includes(SHARED_CONTENT_TYPE)) return request;
  const kept = accept.split(',').filter((clause) => !clause.includes(SHARED_CONTENT_TYPE));
  return { ...request, headers: { ...request.headers, accept: kept.join(',') || 'application/json' } };
}
