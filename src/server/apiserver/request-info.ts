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
  // The old forms /api/v1/watch/… and /api/v1/proxy/… are verbs whatever the method is.
  const legacy = parts[at] === 'watch' || parts[at] === 'proxy';
  if (legacy) {
    if (parts.length === at + 1) throw new PathError(request);
    info.verb = parts[at++]!;
  }
  locate(info, parts, at);
  if (!legacy) refineVerb(info, request);
  return info;
}

/** A path that says no resource. Upstream answers it in plain text (responsewriters.InternalError). */
export class PathError extends Error {
  constructor({ path }: Request) {
    const place = path.replace(/[&<>]/g, (sign) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt' }[sign]!};`);
    const why = `unable to determine kind and namespace from url, ${place}`;
    super(`Internal Server Error: "${place}": failed to create RequestInfo: ${why}\n`);
  }
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

/** A get without a name is a list or a watch, unless the path said what it is. */
function refineVerb(info: RequestInfo, request: Request): void {
  if (info.name !== '') return;
  if (info.verb === 'get') {
    info.verb = isTrue(request.query.get('watch')) ? 'watch' : 'list';
    // So that a rule with resourceNames can allow what selects that one name.
    const selector = request.query.get('fieldSelector');
    if (selector?.includes('metadata.name')) {
      try {
        const name = parseFieldSelector(selector).requires('metadata.name') ?? '';
        if (isPathSegment(name)) info.name = name;
      } catch {
        // The verb answers what is wrong with it.
      }
    }
  } else if (info.verb === 'delete') info.verb = 'deletecollection';
}

/** Upstream: apimachinery/pkg/runtime/converter Convert_Slice_string_To_bool. */
export const isTrue = (value: string | null): boolean =>
  value !== null && !['false', '0'].includes(value.toLowerCase());

/** Upstream: apimachinery/pkg/api/validation/path IsValidPathSegmentName. */
const isPathSegment = (name: string): boolean => name !== '.' && name !== '..' && !/[/%]/.test(name);
