// Kubernetes' URL functions, after Go's net/url. Upstream: apiserver pkg/cel/library/urls.go, pkg/cel/url.go.
import { CONSTANT, type FunctionTable, declare, traversal } from '../functions.ts';
import { CelError, type OpaqueValue } from '../values.ts';

export class UrlValue implements OpaqueValue {
  readonly typeName = 'kubernetes.URL';
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly text: string;
  constructor(text: string, [scheme, host, path, query]: readonly [string, string, string, string]) {
    [this.text, this.scheme, this.host, this.path, this.query] = [text, scheme, host, path, query];
  }
  equalTo(other: OpaqueValue): boolean {
    return other instanceof UrlValue && other.text === this.text;
  }
}

const CONTROL = /[\u0000-\u001f\u007f]/;
const badEscape = (text: string): boolean => /%(?![0-9a-fA-F]{2})/.test(text);

/** Go's url.ParseRequestURI: absolute, or an absolute path. A text says what is wrong. */
export function parseUrl(text: string): UrlValue | string {
  const wrong = (why: string): string => `parse ${JSON.stringify(text)}: ${why}`;
  if (CONTROL.test(text)) return wrong('net/url: invalid control character in URL');
  if (text === '') return wrong('empty url');
  if (text === '*') return new UrlValue(text, ['', '', '*', '']);
  const colon = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text);
  if (!colon && /^[^/?]*:/.test(text)) {
    if (text.startsWith(':')) return wrong('missing protocol scheme');
    if (!/^[A-Za-z]/.test(text)) return wrong('first path segment in URL cannot contain colon');
  }
  const scheme = colon?.[1]!.toLowerCase() ?? '';
  let rest = colon ? text.slice(colon[0].length) : text;
  const mark = rest.indexOf('?');
  const query = mark < 0 ? '' : rest.slice(mark + 1);
  if (mark >= 0) rest = rest.slice(0, mark);
  if (!rest.startsWith('/'))
    return scheme === '' ? wrong('invalid URI for request') : new UrlValue(text, [scheme, '', '', query]);
  let host = '';
  if (rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))) {
    const [, authority = '', path = ''] = /^\/\/([^/]*)(.*)$/s.exec(rest)!;
    host = authority.slice(authority.lastIndexOf('@') + 1);
    rest = path;
    const problem = hostProblem(host);
    if (problem !== undefined) return wrong(problem);
  }
  if (badEscape(rest)) return wrong(`invalid URL escape ${JSON.stringify(/%.{0,2}/.exec(rest)![0])}`);
  // Upstream parses once more, with what comes after a # as a part of its own.
  return new UrlValue(text, [scheme, beforeHash(host), beforeHash(rest), rest.includes('#') ? '' : beforeHash(query)]);
}

const beforeHash = (text: string): string => text.split('#', 1)[0]!;

function hostProblem(host: string): string | undefined {
  if (host.startsWith('[')) {
    const end = host.indexOf(']');
    if (end < 0) return "missing ']' in host";
    return portProblem(host.slice(end + 1));
  }
  const bad = /[ <>"{}|\\^`]/.exec(host)?.[0];
  if (bad !== undefined) return `invalid character ${JSON.stringify(bad)} in host name`;
  const colon = host.lastIndexOf(':');
  return colon < 0 ? undefined : portProblem(host.slice(colon));
}

const portProblem = (text: string): string | undefined =>
  text === '' || /^:\d*$/.test(text) ? undefined : `invalid port ${JSON.stringify(text)} after host`;

function hostname({ host }: UrlValue): string {
  const bracketed = /^\[(.*)\]/.exec(host);
  return bracketed ? bracketed[1]! : host.replace(/:\d*$/, '');
}

function escapedPath({ path }: UrlValue): string {
  return path.replaceAll(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]]/gu, (c) => encodeURIComponent(c));
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
};

function queryOf({ query }: UrlValue): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const part of query.split('&')) {
    if (part === '' || part.includes(';')) continue;
    const at = part.indexOf('=');
    const key = decoded(at < 0 ? part : part.slice(0, at));
    const value = at < 0 ? '' : decoded(part.slice(at + 1));
    if (key === undefined || value === undefined) continue;
    const known = out.get(key);
    if (known) known.push(value);
    else out.set(key, [value]);
  }
  return out;
}

function url(text: string): UrlValue {
  const parsed = parseUrl(text);
  if (typeof parsed === 'string') throw new CelError(`URL parse error during conversion from string: ${parsed}`);
  return parsed;
}

export function declareUrls(table: FunctionTable): void {
  const T = 'kubernetes.URL';
  declare(table, 'string_to_url', `url(string) ${T}`, url, traversal(undefined, 0, true));
  declare(table, 'is_url_string', 'isURL(string) bool', (text: string) => typeof parseUrl(text) !== 'string');
  declare(table, 'url_get_scheme', `.getScheme(${T}) string`, (u: UrlValue) => u.scheme, CONSTANT);
  declare(table, 'url_get_host', `.getHost(${T}) string`, (u: UrlValue) => u.host, CONSTANT);
  declare(table, 'url_get_hostname', `.getHostname(${T}) string`, hostname, CONSTANT);
  const port = ({ host }: UrlValue): string => /:(\d+)$/.exec(host)?.[1] ?? '';
  declare(table, 'url_get_port', `.getPort(${T}) string`, port, CONSTANT);
  declare(table, 'url_get_escaped_path', `.getEscapedPath(${T}) string`, escapedPath, CONSTANT);
  declare(table, 'url_get_query', `.getQuery(${T}) map(string, list(string))`, queryOf, CONSTANT);
}
