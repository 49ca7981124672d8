// What a request is about, from its method, path and query alone. Upstream: apiserver/pkg/endpoints/request/
// requestinfo.go (RequestInfoFactory.NewRequestInfo). No look-up of what exists, no regular expressions.
import { parseFieldSelector } from '../../api/field-selector.ts';
import { badRequest } from '../../api/status.ts';
import type { Request } from '../../wire/http.ts';

export interface RequestInfo {
  /** False: a plain path such as /version. */
  isResource: boolean;
  path: string;
  verb: string;
  group: string;
  version: string;
  namespace: string;
  resource: string;
  subresource: string;
  name: string;
  /** What follows the subresource, for proxies: `/a/b`, still escaped. */
  rest: string;
}

const METHOD_VERBS: ReadonlyMap<string, string> = new Map([
  ['POST', 'create'],
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);
/** What stands after a namespace's name and is not a resource in it. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`the path segment ${JSON.stringify(segment)} is not valid percent-encoded UTF-8`);
  }
}

function pathOnly(request: Request): RequestInfo {
  return {
    isResource: false,
    path: request.path,
    verb: request.method.toLowerCase(),
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    rest: '',
  };
}

export function requestInfo(request: Request): RequestInfo {
  const info = pathOnly(request);
  const parts = request.path.split('/');
  if (parts[0] === '') parts.shift();
  if (parts.at(-1) === '') parts.pop();
  let at: number;
  if (parts[0] === 'api' && parts.length >= 3) {
    info.version = parts[1]!;
    at = 2;
  } else if (parts[0] === 'apis' && parts.length >= 4) {
    info.group = parts[1]!;
    info.version = parts[2]!;
    at = 3;
  } else return info;
  info.isResource = true;
  info.verb = METHOD_VERBS.get(request.method) ?? '';
  // The old forms /api/v1/watch/… and /api/v1/proxy/…
  const legacyWatch = parts[at] === 'watch' && parts.length > at + 1;
  if (legacyWatch) at++;
  locate(info, parts, at);
  refineVerb(info, request, legacyWatch);
  return info;
}

function locate(info: RequestInfo, parts: string[], at: number): void {
  if (parts[at] === 'namespaces' && parts.length > at + 1) {
    info.namespace = decodeSegment(parts[at + 1]!);
    // /namespaces/x/pods is about pods in x; /namespaces/x and /namespaces/x/status are about x itself.
    if (parts.length > at + 2 && !NAMESPACE_SUBRESOURCES.has(parts[at + 2]!)) at += 2;
  }
  info.resource = decodeSegment(parts[at]!);
  if (parts.length > at + 1) info.name = decodeSegment(parts[at + 1]!);
  if (parts.length > at + 2) info.subresource = decodeSegment(parts[at + 2]!);
  if (parts.length > at + 3) {
    const before = parts.slice(0, at + 3).join('/').length;
    info.rest = info.path.slice(before + (info.path.startsWith('/') ? 1 : 0));
  }
}

function refineVerb(info: RequestInfo, request: Request, legacyWatch: boolean): void {
  if (info.name !== '' && !legacyWatch) return;
  if (info.verb === 'get' || legacyWatch) {
    const asked = request.query.get('watch');
    const watching = legacyWatch || (asked !== null && asked !== 'false' && asked !== '0');
    info.verb = watching ? 'watch' : 'list';
    // So that a rule with resourceNames can allow what selects that one name.
    const selector = request.query.get('fieldSelector');
    if (selector?.includes('metadata.name')) {
      try {
        info.name = parseFieldSelector(selector).requires('metadata.name') ?? info.name;
      } catch {
        // The verb answers what is wrong with it.
      }
    }
  } else if (info.verb === 'delete') info.verb = 'deletecollection';
}
