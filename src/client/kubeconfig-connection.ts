// The connection that a context of a kubeconfig stands for, or the one of a program inside a pod. Upstream:
// client-go/tools/clientcmd/client_config.go.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { type AuthProvider, providerToken } from './auth-provider.ts';
import { clusterErrors, userErrors } from './kubeconfig-check.ts';
import { type ClusterStanza, type KubeConfig, KubeConfigError, type UserStanza } from './kubeconfig.ts';
import type { ClientConfig } from './transport/config.ts';

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
