// A text that names a folder in a Git repository, taken apart: `https://host/repo.git//path?ref=x`, `git::…`,
// `user@host:repo.git//path`, `github.com/org/repo/path`, `file:///repo//path`. Nothing is fetched here.
// Upstream: kustomize api/internal/git/repospec.go (5.5).
import { posix } from 'node:path';
import { parseDuration } from '../duration.ts';

export interface RepoSpec {
  /** The text itself, to find cycles. */
  raw: string;
  /** What `git fetch` is given. */
  url: string;
  /** Below the repository's root. */
  path: string;
  /** A branch, tag or commit; empty: HEAD. */
  ref: string;
  timeoutMs: number;
  submodules: boolean;
}

const DEFAULT_TIMEOUT_MS = 27_000;
const SCHEMES = ['ssh://', 'https://', 'http://', 'file://'];

/** Undefined for what is no repository: a path, most of all. */
export function parseRepoSpec(raw: string): RepoSpec | undefined {
  if (raw.startsWith('/')) return undefined;
  const question = raw.indexOf('?');
  const [address, query] = question < 0 ? [raw, ''] : [raw.slice(0, question), raw.slice(question + 1)];
  const host = hostOf(/^git::/i.test(address) ? address.slice('git::'.length) : address);
  const parts = host && splitPath(host.rest, host.host.startsWith('file://'));
  if (!parts || parts.repo === '') return undefined;
  const path = parts.path.replace(/^\//, '');
  const outside = posix.normalize(path || '.').split('/')[0] === '..';
  return outside ? undefined : { raw, url: host.host + parts.repo, path, ...parseQuery(query) };
}

/** Scheme, user and host with what follows them, and the rest. */
function hostOf(text: string): { host: string; rest: string } | undefined {
  const scheme = SCHEMES.find((s) => text.slice(0, s.length).toLowerCase() === s) ?? '';
  const afterScheme = text.slice(scheme.length);
  if (scheme === 'file://') return { host: scheme, rest: afterScheme };
  const user = /^[a-zA-Z][a-zA-Z0-9-]*@/.exec(afterScheme)?.[0] ?? '';
  const afterUser = afterScheme.slice(user.length);
  const isGithub = /^github\.com[/:]/i.test(afterUser);
  const isScp = scheme === '' && (user !== '' || isGithub);
  if (scheme === '' && !isScp) return undefined;
  const at = separator(afterUser, isScp);
  const [host, rest] = at < 0 ? [afterUser, ''] : [afterUser.slice(0, at + 1), afterUser.slice(at + 1)];
  if (isGithub) {
    return { host: scheme === 'ssh://' || user !== '' ? `${user}github.com:` : 'https://github.com/', rest };
  }
  return host === '' ? undefined : { host: scheme + user + host, rest };
}

function separator(text: string, isScp: boolean): number {
  const slash = text.indexOf('/');
  const colon = isScp ? text.indexOf(':') : -1;
  return isScp && (slash < 0 || (colon > 0 && colon < slash)) ? colon : slash;
}

/** The repository and the path in it: by `_git/`, `//` or `.git`, else by the first two names. */
function splitPath(text: string, whole: boolean): { repo: string; path: string } | undefined {
  const cut = (at: number, skip: number): { repo: string; path: string } => ({
    repo: text.slice(0, at),
    path: text.slice(at + skip),
  });
  const azure = text.indexOf('_git/');
  if (azure >= 0) {
    const end = text.indexOf('/', azure + '_git/'.length);
    return end < 0 ? { repo: text, path: '' } : cut(end, 1);
  }
  const double = text.indexOf('//');
  if (double >= 0) return cut(double, 2);
  const suffix = text.indexOf('.git');
  if (suffix >= 0) return cut(suffix + '.git'.length, 0);
  if (whole) return { repo: text, path: '' };
  const [organisation, name, ...rest] = text.split('/');
  return name === undefined ? undefined : { repo: `${organisation}/${name}`, path: rest.join('/') };
}

function parseQuery(query: string): Pick<RepoSpec, 'ref' | 'timeoutMs' | 'submodules'> {
  const values = new URLSearchParams(query);
  const submodules = values.get('submodules') ?? '';
  return {
    ref: values.get('ref') || values.get('version') || '',
    timeoutMs: timeoutOf(values.get('timeout') ?? ''),
    submodules: !/^(0|f|F|false|FALSE|False)$/.test(submodules),
  };
}

function timeoutOf(text: string): number {
  if (/^[-+]?\d+$/.test(text)) return Number(text) > 0 ? Number(text) * 1000 : DEFAULT_TIMEOUT_MS;
  try {
    const ms = parseDuration(text);
    return ms > 0 ? ms : DEFAULT_TIMEOUT_MS;
  } catch {
    return DEFAULT_TIMEOUT_MS;
  }
}
