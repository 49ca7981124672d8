// kubeconfig files, read and merged as client-go's clientcmd does. What a context means to a client is
// kubeconfig-connection.ts, changes are kubeconfig-write.ts. Upstream: client-go/tools/clientcmd/loader.go.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseYaml } from '../api/codec/yaml.ts';
import { wrongShape } from './kubeconfig-shape.ts';
import type { ExecConfig } from './transport/config.ts';

export interface ClusterStanza {
  server?: string;
  'tls-server-name'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'proxy-url'?: string;
  'disable-compression'?: boolean;
  extensions?: unknown;
}
export interface UserStanza {
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  token?: string;
  tokenFile?: string;
  as?: string;
  'as-uid'?: string;
  'as-groups'?: string[];
  'as-user-extra'?: Record<string, string[]>;
  username?: string;
  password?: string;
  'auth-provider'?: unknown;
  exec?: ExecConfig;
  extensions?: unknown;
}
export interface ContextStanza {
  cluster?: string;
  user?: string;
  namespace?: string;
  extensions?: unknown;
}

/** A merged view, or one file. Maps are in file order; `origin` says which file a stanza came from. */
export interface NamedExtension {
  name?: string;
  extension?: unknown;
}

export interface KubeConfig {
  clusters: Map<string, ClusterStanza>;
  users: Map<string, UserStanza>;
  contexts: Map<string, ContextStanza>;
  currentContext: string;
  preferences: Record<string, unknown>;
  /** Of the file as a whole: other programs' notes, which are kept. */
  extensions: NamedExtension[];
  /** `clusters/name` → path of the file that it was read from. */
  origin: Map<string, string>;
}

export const emptyKubeConfig = (): KubeConfig => ({
  clusters: new Map(),
  users: new Map(),
  contexts: new Map(),
  currentContext: '',
  preferences: {},
  extensions: [],
  origin: new Map(),
});

/** A broken file: the message is what the user should read. */
export class KubeConfigError extends Error {}

/** The files that count: --kubeconfig alone, else $KUBECONFIG's list, else ~/.kube/config. */
export function kubeConfigPaths(explicit?: string, env: NodeJS.ProcessEnv = process.env): string[] {
  if (explicit) return [explicit];
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((p) => p !== '');
  if (listed.length > 0) return [...new Set(listed)];
  return [join(env['HOME'] ?? homedir(), '.kube', 'config')];
}

interface RawFile {
  apiVersion?: unknown;
  kind?: unknown;
  'current-context'?: string;
  preferences?: Record<string, unknown>;
  extensions?: NamedExtension[] | null;
  clusters?: { name?: string; cluster?: ClusterStanza }[] | null;
  users?: { name?: string; user?: UserStanza }[] | null;
  contexts?: { name?: string; context?: ContextStanza }[] | null;
}

/** One file; an absent or empty one is an empty config. Paths in it stay as they are written. */
export function readKubeConfigFile(path: string): KubeConfig {
  const config = emptyKubeConfig();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return config;
    if (code === 'ENOTDIR') throw new KubeConfigError(`stat ${path}: not a directory`);
    throw new KubeConfigError(`error loading config file "${path}": ${describeReadError(error, path)}`);
  }
  let raw: RawFile;
  try {
    // A key that stands twice is no error here: the last one counts.
    raw = (parseYaml(text, { onDuplicate: () => undefined }) ?? {}) as RawFile;
  } catch (error) {
    throw new KubeConfigError(`error loading config file "${path}": ${(error as Error).message}`);
  }
  const wrong = (typeof raw === 'object' ? wrongKind(raw) : undefined) ?? wrongShape(raw);
  if (wrong !== undefined) throw new KubeConfigError(`error loading config file "${path}": ${wrong}`);
  const add = <S>(section: string, into: Map<string, S>, entries: [string, S | undefined][]) => {
    for (const [name, stanza] of entries) {
      into.set(name, stanza ?? ({} as S));
      config.origin.set(`${section}/${name}`, path);
    }
  };
  add(
    'clusters',
    config.clusters,
    (raw.clusters ?? []).map((e) => [e.name ?? '', e.cluster]),
  );
  add(
    'users',
    config.users,
    (raw.users ?? []).map((e) => [e.name ?? '', e.user]),
  );
  add(
    'contexts',
    config.contexts,
    (raw.contexts ?? []).map((e) => [e.name ?? '', e.context]),
  );
  config.currentContext = raw['current-context'] ?? '';
  config.preferences = raw.preferences ?? {};
  const named = (raw.extensions ?? []).map(({ name = '', extension = null }) => ({ name, extension }));
  config.extensions = named.sort((a, b) => (a.name < b.name ? -1 : 1));
  return config;
}

/** A file may say nothing of what it is. Upstream: clientcmd.Load, whose scheme knows one kind of one version. */
function wrongKind({ apiVersion = 'v1', kind = 'Config' }: RawFile): string | undefined {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    const [field, value] = typeof apiVersion === 'string' ? ['kind', kind] : ['apiVersion', apiVersion];
    return `couldn't get version/kind; json parse error: json: cannot unmarshal ${typeof value} into Go struct field .${field} of type string`;
  }
  if (apiVersion.split('/').length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  if (apiVersion === 'v1' && kind === 'Config') return undefined;
  return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "k8s.io/client-go/tools/clientcmd/api/latest/latest.go:50"`;
}

function describeReadError(error: unknown, path: string): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EACCES') return `open ${path}: permission denied`;
  if (code === 'EISDIR') return `read ${path}: is a directory`;
  return (error as Error).message;
}

/** Merges in order: the first file that has a stanza or a current-context wins. */
export function loadKubeConfig(paths: readonly string[], options: { explicit?: boolean } = {}): KubeConfig {
  if (options.explicit && paths[0] && !existsSync(paths[0])) {
    throw new KubeConfigError(`stat ${paths[0]}: no such file or directory`);
  }
  const merged = emptyKubeConfig();
  for (const path of paths) {
    const file = readKubeConfigFile(path);
    mergeInto(merged.clusters, file.clusters);
    mergeInto(merged.users, file.users);
    mergeInto(merged.contexts, file.contexts);
    mergeInto(merged.origin, file.origin);
    merged.currentContext ||= file.currentContext;
    merged.preferences = { ...file.preferences, ...merged.preferences };
    const named = new Set(merged.extensions.map(({ name }) => name));
    merged.extensions = [...merged.extensions, ...file.extensions.filter(({ name }) => !named.has(name))];
  }
  return merged;
}

function mergeInto<V>(into: Map<string, V>, from: Map<string, V>): void {
  for (const [name, value] of from) if (!into.has(name)) into.set(name, value);
}
