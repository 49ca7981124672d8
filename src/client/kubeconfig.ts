// kubeconfig files: load and merge as client-go's clientcmd does, turn a context into a ClientConfig, write changes
// back to the file that a stanza came from. Upstream: client-go/tools/clientcmd/{loader,client_config,config}.go.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { parseYaml } from '../api/codec/yaml.ts';
import { type AuthProvider, providerToken } from './auth-provider.ts';
import { clusterErrors, userErrors } from './kubeconfig-check.ts';
import { formOf, STANZAS, type Struct, wrongShape } from './kubeconfig-shape.ts';
import type { ClientConfig, ExecConfig } from './transport/config.ts';

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
export interface KubeConfig {
  clusters: Map<string, ClusterStanza>;
  users: Map<string, UserStanza>;
  contexts: Map<string, ContextStanza>;
  currentContext: string;
  preferences: Record<string, unknown>;
  /** `clusters/name` → path of the file that it was read from. */
  origin: Map<string, string>;
}

export const emptyKubeConfig = (): KubeConfig => ({
  clusters: new Map(),
  users: new Map(),
  contexts: new Map(),
  currentContext: '',
  preferences: {},
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
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return config;
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
  }
  return merged;
}

function mergeInto<V>(into: Map<string, V>, from: Map<string, V>): void {
  for (const [name, value] of from) if (!into.has(name)) into.set(name, value);
}

/** What the command line says against the file; see kubectl options. */
export interface ConfigOverrides {
  context?: string;
  cluster?: string;
  user?: string;
  namespace?: string;
  server?: string;
  token?: string;
  username?: string;
  password?: string;
  certificateAuthority?: string;
  clientCertificate?: string;
  clientKey?: string;
  tlsServerName?: string;
  insecureSkipTlsVerify?: boolean;
  disableCompression?: boolean;
  impersonate?: ClientConfig['impersonate'];
  timeoutMs?: number;
}

/**
 * The connection that a context (default: the current one) stands for, with overrides. Without any configuration it is
 * http://localhost:8080, as upstream's. Throws KubeConfigError for what is named but absent.
 */
export function clientConfigFrom(config: KubeConfig, overrides: ConfigOverrides = {}): ClientConfig {
  const contextName = overrides.context ?? config.currentContext;
  const context = config.contexts.get(contextName);
  if (overrides.context && !context) throw new KubeConfigError(`context "${overrides.context}" does not exist`);
  if (contextName && !context && !overrides.server) {
    throw new KubeConfigError(`context was not found for specified context: ${contextName}`);
  }
  const clusterName = overrides.cluster ?? context?.cluster ?? '';
  const userName = overrides.user ?? context?.user ?? '';
  const cluster = config.clusters.get(clusterName);
  const user = config.users.get(userName);
  if (overrides.cluster && !cluster) throw new KubeConfigError(`cluster "${overrides.cluster}" does not exist`);
  if (overrides.user && !user) throw new KubeConfigError(`auth info "${overrides.user}" does not exist`);
  const namespace = overrides.namespace ?? context?.namespace;
  check(config, { clusterName, userName }, overrides);
  const result: ClientConfig = {
    server: withScheme(overrides.server ?? (cluster?.server || 'http://localhost:8080')),
    ...(namespace ? { namespace } : {}),
    ...clusterPart(cluster ?? {}, config.origin.get(`clusters/${clusterName}`), overrides),
    ...userPart(user ?? {}, config.origin.get(`users/${userName}`), overrides),
  };
  if (overrides.timeoutMs) result.timeoutMs = overrides.timeoutMs;
  if (overrides.impersonate) result.impersonate = { ...result.impersonate, ...overrides.impersonate };
  return result;
}

/** Throws what is wrong with the two stanzas as the flags leave them. Upstream: DirectClientConfig.ConfirmUsable. */
function check(
  config: KubeConfig,
  { clusterName, userName }: { clusterName: string; userName: string },
  overrides: ConfigOverrides,
): void {
  const given = <T extends object>(stanza: T): T =>
    Object.fromEntries(Object.entries(stanza).filter(([, value]) => value !== undefined)) as T;
  const { user: as, uid, groups } = overrides.impersonate ?? {};
  const { clientCertificate, clientKey, certificateAuthority, token, username, password } = overrides;
  const known = config.users.get(userName) ?? {};
  const user: UserStanza = {
    ...known,
    ...given({ as, 'as-uid': uid, 'as-groups': groups, token, username, password } as UserStanza),
    ...(clientCertificate ? { 'client-certificate': clientCertificate, 'client-certificate-data': '' } : {}),
    ...(clientKey ? { 'client-key': clientKey, 'client-key-data': '' } : {}),
  };
  // A flag decides between the methods of the file.
  if (token) delete user.username;
  if (token) delete user.password;
  const cluster: ClusterStanza = {
    ...config.clusters.get(clusterName),
    ...(certificateAuthority
      ? { 'certificate-authority': certificateAuthority, 'certificate-authority-data': '' }
      : {}),
  };
  const from = (section: string, flags: readonly (string | undefined)[]) => (path: string) =>
    flags.includes(path) ? path : located(path, config.origin.get(section));
  const errors = [
    ...userErrors(userName, user, from(`users/${userName}`, [clientCertificate, clientKey])),
    ...clusterErrors(clusterName, cluster, from(`clusters/${clusterName}`, [certificateAuthority])),
  ];
  if (errors.length === 1) throw new KubeConfigError(errors[0]);
  if (errors.length > 1)
    throw new KubeConfigError(`Error in configuration: \n${errors.map((e) => `* ${e}\n`).join('')}`);
  const authority = cluster['certificate-authority'] ?? cluster['certificate-authority-data'];
  if (cluster['insecure-skip-tls-verify'] && authority && overrides.insecureSkipTlsVerify === undefined) {
    throw new KubeConfigError('specifying a root certificates file with the insecure flag is not allowed');
  }
}

/** Upstream: client-go rest.DefaultServerURL. */
function withScheme(server: string): string {
  if (/^[a-z][a-z\d+.-]*:\/\/[^/?#]/i.test(server)) return server;
  const url = `http://${server}`;
  if (!/^http:\/\/[^/]*\/?$/.test(url)) {
    throw new KubeConfigError(`host must be a URL or a host:port pair: ${JSON.stringify(server)}`);
  }
  return url;
}

function clusterPart(
  cluster: ClusterStanza,
  origin: string | undefined,
  overrides: ConfigOverrides,
): Partial<ClientConfig> {
  const insecure = overrides.insecureSkipTlsVerify ?? cluster['insecure-skip-tls-verify'];
  const serverName = overrides.tlsServerName ?? cluster['tls-server-name'];
  const authority = overrides.certificateAuthority
    ? readPem(overrides.certificateAuthority, undefined, 'certificate-authority')
    : pem(cluster['certificate-authority-data'], cluster['certificate-authority'], origin, 'certificate-authority');
  return {
    // An explicit choice not to verify outweighs an authority of the file, as upstream's override does.
    ...(authority && !insecure ? { certificateAuthority: authority } : {}),
    ...(insecure ? { insecureSkipTlsVerify: true } : {}),
    ...(serverName ? { tlsServerName: serverName } : {}),
    ...(cluster['proxy-url'] ? { proxyUrl: cluster['proxy-url'] } : {}),
    ...((overrides.disableCompression ?? cluster['disable-compression']) ? { disableCompression: true } : {}),
  };
}

function userPart(user: UserStanza, origin: string | undefined, overrides: ConfigOverrides): Partial<ClientConfig> {
  const certificate = overrides.clientCertificate
    ? readPem(overrides.clientCertificate, undefined, 'client-cert')
    : pem(user['client-certificate-data'], user['client-certificate'], origin, 'client-cert');
  const key = overrides.clientKey
    ? readPem(overrides.clientKey, undefined, 'client-key')
    : certificate && pem(user['client-key-data'], user['client-key'], origin, 'client-key');
  const provider = user['auth-provider'] as AuthProvider | undefined;
  const token = overrides.token ?? user.token ?? (provider && providerToken(provider));
  const username = overrides.username ?? user.username;
  const password = overrides.password ?? user.password;
  const impersonate = {
    ...(user.as ? { user: user.as } : {}),
    ...(user['as-uid'] ? { uid: user['as-uid'] } : {}),
    ...(user['as-groups'] ? { groups: user['as-groups'] } : {}),
    ...(user['as-user-extra'] ? { extra: user['as-user-extra'] } : {}),
  };
  return {
    ...(certificate ? { clientCertificate: certificate } : {}),
    ...(key ? { clientKey: key } : {}),
    ...(token ? { token } : {}),
    ...(user.tokenFile && !overrides.token ? { tokenFile: located(user.tokenFile, origin) } : {}),
    ...(username !== undefined ? { username } : {}),
    ...(password !== undefined ? { password } : {}),
    ...(user.exec && !overrides.token ? { exec: user.exec } : {}),
    ...(Object.keys(impersonate).length > 0 ? { impersonate } : {}),
  };
}

function pem(data: string | undefined, path: string | undefined, origin: string | undefined, what: string): string {
  if (data) return Buffer.from(data, 'base64').toString('utf8');
  return path ? readPem(path, origin, what) : '';
}

function readPem(path: string, origin: string | undefined, what: string): string {
  const file = located(path, origin);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'no such file or directory' : (error as Error).message;
    throw new KubeConfigError(`unable to read ${what} ${path} due to open ${file}: ${why}`);
  }
}

/** Paths in a kubeconfig are relative to the file that they stand in. */
const located = (path: string, origin: string | undefined): string =>
  isAbsolute(path) || !origin ? path : resolve(dirname(origin), path);

/** Prints a config as `kubectl config view --raw` and kubectl's own files have it: sorted keys and entries. */
export function formatKubeConfig(config: KubeConfig): string {
  const entries = (map: ReadonlyMap<string, object>, field: string, struct: Struct) =>
    [...map.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, stanza]) => ({ [field]: formOf(struct, stanza as Record<string, unknown>), name }));
  const empty = (list: unknown[]) => (list.length > 0 ? list : null);
  const document = {
    apiVersion: 'v1',
    clusters: empty(entries(config.clusters, 'cluster', STANZAS.clusters)),
    contexts: empty(entries(config.contexts, 'context', STANZAS.contexts)),
    'current-context': config.currentContext,
    kind: 'Config',
    preferences: config.preferences,
    users: empty(entries(config.users, 'user', STANZAS.users)),
  };

  return stringify(document, {
    indentSeq: false,
    lineWidth: 0,
    sortMapEntries: true,
    version: '1.1',
    aliasDuplicateObjects: false,
  });
}

/** Replaces a file atomically, mode 0600, its folder made when absent. */
export function writeKubeConfigFile(path: string, config: KubeConfig): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, formatKubeConfig(config), { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Applies a change to the merged config and writes back the files it touches: a stanza goes to the file that it came
 * from, a new one to the first file that exists (else the last named). A lock file keeps two writers apart, as
 * upstream's does.
 */
export function modifyKubeConfig(paths: readonly string[], change: (config: KubeConfig) => void): void {
  const target = paths.find((p) => existsSync(p)) ?? paths[paths.length - 1]!;
  const before = loadKubeConfig(paths);
  const after = cloneKubeConfig(before);
  change(after);
  const files = new Map<string, KubeConfig>();
  const file = (path: string) => {
    let loaded = files.get(path);
    if (!loaded) files.set(path, (loaded = readKubeConfigFile(path)));
    return loaded;
  };
  for (const section of ['clusters', 'users', 'contexts'] as const) {
    const old = before[section] as Map<string, object>;
    const now = after[section] as Map<string, object>;
    for (const [name, stanza] of now) {
      if (JSON.stringify(stanza) === JSON.stringify(old.get(name))) continue;
      (file(before.origin.get(`${section}/${name}`) ?? target)[section] as Map<string, object>).set(name, stanza);
    }
    for (const name of old.keys()) {
      const origin = before.origin.get(`${section}/${name}`);
      if (!now.has(name) && origin) file(origin)[section].delete(name);
    }
  }
  if (after.currentContext !== before.currentContext) {
    // The first file that names one wins when merging: change it there.
    const holder = paths.find((p) => readKubeConfigFile(p).currentContext !== '') ?? target;
    file(holder).currentContext = after.currentContext;
  }
  if (JSON.stringify(after.preferences) !== JSON.stringify(before.preferences)) {
    file(target).preferences = after.preferences;
  }
  for (const [path, config] of files) withLock(path, () => writeKubeConfigFile(path, config));
}

function cloneKubeConfig(config: KubeConfig): KubeConfig {
  return structuredClone(config);
}

function withLock(path: string, write: () => void): void {
  const lock = `${path}.lock`;
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(lock, '', { flag: 'wx', mode: 0 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new KubeConfigError(`open ${lock}: file exists`);
  }
  try {
    write();
  } finally {
    rmSync(lock, { force: true });
  }
}

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The configuration of a program inside a pod; undefined elsewhere. */
export function inClusterConfig(env: NodeJS.ProcessEnv = process.env): ClientConfig | undefined {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  const tokenFile = `${serviceAccountFolder}/token`;
  if (!host || !port || !existsSync(tokenFile)) return undefined;
  const authority = `${serviceAccountFolder}/ca.crt`;
  const namespace = `${serviceAccountFolder}/namespace`;
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tokenFile,
    ...(existsSync(authority) ? { certificateAuthority: readFileSync(authority, 'utf8') } : {}),
    ...(existsSync(namespace) ? { namespace: readFileSync(namespace, 'utf8').trim() } : {}),
  };
}
