// From kubeconfig and global flags to a connected Cluster. Loaded by the first command that needs the server.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { homedir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../api/duration.ts';
import { kubeConfigPaths, loadKubeConfig } from '../client/kubeconfig.ts';
import { type ConfigOverrides, clientConfigFrom } from '../client/kubeconfig-connection.ts';
import type { ClientConfig } from '../client/transport/config.ts';
import { httpsTransport } from '../client/transport/https.ts';
import { retrying } from '../client/transport/retrying.ts';
import type { Handler, Headers } from '../wire/http.ts';
import { Cluster } from './cluster.ts';
import { requestFailure } from './connection-message.ts';
import { CliError, PlainError } from './errors.ts';
import type { GlobalFlags } from './globals.ts';
import type { Io } from './io.ts';

/** The connection that kubeconfig and flags stand for. Upstream: genericclioptions.ConfigFlags.ToRESTConfig. */
export function clientConfig(globals: GlobalFlags, changed: ReadonlySet<string>, io: Io): ClientConfig {
  const explicit = globals.kubeconfig || undefined;
  const config = loadKubeConfig(kubeConfigPaths(explicit, io.env), { explicit: explicit !== undefined });
  try {
    return clientConfigFrom(config, overridesFrom(globals, changed));
  } catch (error) {
    throw configurationError(error);
  }
}

/** What a wrong name in a flag or a kubeconfig is called. Upstream: clientcmd.validateClusterInfo and its like. */
function configurationError(error: unknown): unknown {
  const message = error instanceof Error ? error.message : '';
  const context = /^context "(.*)" does not exist$/.exec(message)?.[1];
  if (context !== undefined) {
    return new PlainError(`Error in configuration: context was not found for specified context: ${context}`);
  }
  if (message.startsWith('Error in configuration')) return new PlainError(message);
  if (message.startsWith('context was not found')) return new PlainError(`Error in configuration: ${message}`);
  const cluster = /^cluster "(.*)" does not exist$/.exec(message)?.[1];
  return cluster === undefined ? error : new CliError(`no server found for cluster ${JSON.stringify(cluster)}`);
}

function overridesFrom(globals: GlobalFlags, changed: ReadonlySet<string>): ConfigOverrides {
  const timeoutMs = requestTimeout(globals['request-timeout']);
  const impersonate = {
    ...(globals.as ? { user: globals.as } : {}),
    ...(globals['as-uid'] ? { uid: globals['as-uid'] } : {}),
    ...(globals['as-group'].length > 0 ? { groups: globals['as-group'] } : {}),
  };
  const texts = {
    context: globals.context,
    cluster: globals.cluster,
    user: globals.user,
    namespace: globals.namespace,
    server: globals.server,
    token: globals.token,
    username: globals.username,
    password: globals.password,
    certificateAuthority: globals['certificate-authority'],
    clientCertificate: globals['client-certificate'],
    clientKey: globals['client-key'],
    tlsServerName: globals['tls-server-name'],
  };
  return {
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== '')),
    ...(changed.has('insecure-skip-tls-verify') ? { insecureSkipTlsVerify: globals['insecure-skip-tls-verify'] } : {}),
    ...(changed.has('disable-compression') ? { disableCompression: globals['disable-compression'] } : {}),
    ...(timeoutMs > 0 ? { timeoutMs } : {}),
    ...(Object.keys(impersonate).length > 0 ? { impersonate } : {}),
  };
}

/** A number is seconds, as upstream's ParseTimeout has it. */
export function requestTimeout(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  try {
    return parseDuration(text);
  } catch {
    throw new CliError(
      `Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)`,
    );
  }
}

/** Where discovery of a server is kept: a file for each host and port. */
export function cacheFileFor(server: string, cacheDir: string, io: Io): string {
  const folder = cacheDir || io.env['KUBECACHEDIR'] || join(io.env['HOME'] ?? homedir(), '.kube', 'cache');
  const host = server.replace(/^https?:\/\//, '').replaceAll(/[^\w.-]/g, '_');
  return join(folder, 'sampan', `${host}.json`);
}

/** What the transport will add to requests, for traces. */
function addedHeaders({ token, tokenFile, username, impersonate = {} }: ClientConfig): Headers {
  const { user, uid, groups = [] } = impersonate;
  return {
    ...(token || tokenFile ? { authorization: 'Bearer x' } : username ? { authorization: 'Basic x' } : {}),
    ...(user ? { 'impersonate-user': user } : {}),
    ...(uid ? { 'impersonate-uid': uid } : {}),
    ...(groups.length > 0 ? { 'impersonate-group': groups } : {}),
  } as Headers;
}

async function tracing(handler: Handler, config: ClientConfig, globals: GlobalFlags, io: Io): Promise<Handler> {
  const { traced } = await import('./trace.ts');
  await tellFiles(globals, io);
  const url = config.server.replace(/\/$/, '');
  return traced(handler, { io, url, verbosity: globals.v, added: addedHeaders(config) });
}

const refusing =
  (protocol: string): Handler =>
  () =>
    Promise.reject(
      new PlainError(`Unable to connect to the server: unsupported protocol scheme "${protocol.slice(0, -1)}"`),
    );

async function tellFiles(globals: GlobalFlags, io: Io): Promise<void> {
  const { klog } = await import('./klog.ts');
  for (const file of kubeConfigPaths(globals.kubeconfig || undefined, io.env)) {
    if (existsSync(file)) klog(io, 'I', 'loader.go:402', `Config loaded from file:  ${file}`);
  }
}

/** For what is made without a server: the settings are read all the same, and what is wrong with them is told. */
export async function readSettings(globals: GlobalFlags, changed: ReadonlySet<string>, io: Io): Promise<void> {
  const explicit = globals.kubeconfig || undefined;
  const config = loadKubeConfig(kubeConfigPaths(explicit, io.env), { explicit: explicit !== undefined });
  clientConfigFrom(config, overridesFrom(globals, changed));
  if (globals.v >= 6) await tellFiles(globals, io);
}

/** Failures below HTTP name the request that failed. */
const telling =
  (handler: Handler, base: string): Handler =>
  async (request) => {
    try {
      return await handler(request);
    } catch (error) {
      const query = [...request.query].sort(([a], [b]) => (a < b ? -1 : 1));
      const search = query.length > 0 ? `?${new URLSearchParams(query).toString()}` : '';
      throw requestFailure(error, request.method, `${base}${request.path}${search}`);
    }
  };
const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  await sleep(ms, undefined, { signal });
};

export async function connect(globals: GlobalFlags, changed: ReadonlySet<string>, io: Io): Promise<Cluster> {
  const config = clientConfig(globals, changed, io);
  const transport = httpsTransport(config);
  const handler = retrying(transport.handler, pause);
  const url = new URL(config.server);
  const base = config.server.replace(/\/$/, '');
  const told = telling(/^https?:$/.test(url.protocol) ? handler : refusing(url.protocol), base);
  return new Cluster({
    handler: globals.v >= 6 ? await tracing(told, config, globals, io) : told,
    dialer: transport.dialer,
    server: url.host,
    url: base,
    namespace: config.namespace ?? 'default',
    explicitNamespace: globals.namespace !== '',
    cacheFile: cacheFileFor(config.server, globals['cache-dir'], io),
    timeoutMs: config.timeoutMs ?? 0,
    verbosity: globals.v,
    io,
    close: () => transport.close(),
  });
}
