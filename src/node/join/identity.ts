// Who the node is to the API server: a client certificate kept in D/nodes/<name>/kubelet.kubeconfig, got with the join
// token once, renewed with itself before it expires. Upstream: client-go/util/certificate/certificate_manager.go,
// pkg/kubelet/certificate/bootstrap.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isReason } from '../../api/status.ts';
import type { Clock } from '../../client/controller.ts';
import { emptyKubeConfig, kubeConfigPaths, loadKubeConfig, readKubeConfigFile } from '../../client/kubeconfig.ts';
import { clientConfigFrom } from '../../client/kubeconfig-connection.ts';
import { writeKubeConfigFile } from '../../client/kubeconfig-write.ts';
import type { Logger } from '../../client/log.ts';
import { Client } from '../../client/rest.ts';
import type { ClientConfig } from '../../client/transport/config.ts';
import { type Transport, httpsTransport } from '../../client/transport/https.ts';
import { fetchAuthority } from './authority.ts';
import { expiresAtMs, requestCertificate, rotateAtMs } from './certificate-request.ts';
import { NodeStartError } from './start-error.ts';
import { caHashOf, parseJoinToken } from './token.ts';

export interface IdentityOptions {
  nodeName: string;
  /** D/nodes/<name>. */
  folder: string;
  server?: string;
  token?: string;
  /** Instead of joining: somebody made this node's credentials. */
  kubeconfig?: string;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

export interface NodeIdentityClient {
  client: Client;
  /** PEM of the cluster's CA, against which callers of the node are verified. */
  authority: string;
  server: string;
  close(): void;
}

const NAME = 'default';
/** Watches of the old certificate's connection end by themselves; this is how long they may. */
const OLD_TRANSPORT_MS = 600_000;

/** What was said about how to join, before anything is done with it. Throws NodeStartError. */
export function checkJoining({ kubeconfig, token }: Pick<IdentityOptions, 'kubeconfig' | 'token'>): void {
  if (kubeconfig !== undefined) {
    if (!existsSync(kubeconfig)) throw new NodeStartError(`the file ${kubeconfig} does not exist`);
    clientConfigFrom(loadKubeConfig(kubeConfigPaths(kubeconfig)));
  } else if (token !== undefined) parseJoinToken(token);
}

/** A client as this node. Throws NodeStartError. */
export async function openIdentity(options: IdentityOptions): Promise<NodeIdentityClient> {
  checkJoining(options);
  if (options.kubeconfig !== undefined) {
    return fromConfig(clientConfigFrom(loadKubeConfig(kubeConfigPaths(options.kubeconfig))), options, false);
  }
  const path = join(options.folder, 'kubelet.kubeconfig');
  const kept = existsSync(path) ? clientConfigFrom(loadKubeConfig([path])) : undefined;
  const valid = kept?.clientCertificate !== undefined && expiresAtMs(kept.clientCertificate) > options.clock.now();
  const sameServer = options.server === undefined || kept?.server === options.server;
  // With a token at hand, credentials of another cluster (another CA) are replaced; without one they are all there is.
  const sameCluster = options.token === undefined || (kept !== undefined && belongs(kept, options.token));
  if (kept && valid && sameServer && sameCluster) return fromConfig(kept, options, true);
  if (options.server === undefined || options.token === undefined) {
    throw new NodeStartError(
      `node ${options.nodeName} has no ${kept ? 'valid ' : ''}credentials in ${options.folder}: give --server and --token ` +
        "(the server's node.token), or --kubeconfig",
    );
  }
  return fromConfig(await bootstrap(options.server, options.token, options, path), options, true);
}

function belongs(config: ClientConfig, token: string): boolean {
  return (
    config.certificateAuthority !== undefined && caHashOf(config.certificateAuthority) === parseJoinToken(token).caHash
  );
}

async function bootstrap(server: string, token: string, options: IdentityOptions, path: string): Promise<ClientConfig> {
  const { bootstrap: bearer, caHash } = parseJoinToken(token);
  const authority = await fetchAuthority(server, caHash);
  const transport = httpsTransport({ server, certificateAuthority: authority, token: bearer });
  try {
    const { key, certificate } = await requestCertificate({
      client: new Client(transport.handler, { userAgent: 'kubelet' }),
      nodeName: options.nodeName,
      signer: 'kubernetes.io/kube-apiserver-client-kubelet',
      signal: options.signal,
    });
    return keep(path, { server, certificateAuthority: authority, clientCertificate: certificate, clientKey: key });
  } catch (error) {
    if (!isReason(error, 'Unauthorized', 'Forbidden')) throw asStartError(error, server);
    throw new NodeStartError(
      `the server ${server} does not accept the join token (${error.message}): copy the server's node.token anew`,
      { cause: error },
    );
  } finally {
    transport.close();
  }
}

function asStartError(error: unknown, server: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code !== 'string') return error;
  return new NodeStartError(`cannot reach the server ${server} (${code}): check the address, and that it runs`, {
    cause: error,
  });
}

function keep(path: string, config: ClientConfig): ClientConfig {
  const base64 = (text: string | undefined) => Buffer.from(text ?? '').toString('base64');
  const file = emptyKubeConfig();
  file.clusters.set(NAME, {
    server: config.server,
    'certificate-authority-data': base64(config.certificateAuthority),
  });
  file.users.set(NAME, {
    'client-certificate-data': base64(config.clientCertificate),
    'client-key-data': base64(config.clientKey),
  });
  file.contexts.set(NAME, { cluster: NAME, user: NAME });
  file.currentContext = NAME;
  writeKubeConfigFile(path, file);
  return clientConfigFrom(readKubeConfigFile(path));
}

function fromConfig(config: ClientConfig, options: IdentityOptions, rotate: boolean): NodeIdentityClient {
  if (config.certificateAuthority === undefined && config.server.startsWith('https:')) {
    throw new NodeStartError(
      `the credentials of node ${options.nodeName} name no certificate authority: add it to them`,
    );
  }
  let transport: Transport = httpsTransport(config);
  const client = new Client((request) => transport.handler(request), { userAgent: 'kubelet' });
  const replace = (next: ClientConfig) => {
    const old = transport;
    transport = httpsTransport(next);
    void options.clock.sleep(OLD_TRANSPORT_MS, options.signal).then(
      () => old.close(),
      () => old.close(),
    );
  };
  if (rotate && config.clientCertificate !== undefined) {
    void rotateClient(config, client, options, replace).catch(() => undefined);
  }
  return {
    client,
    authority: config.certificateAuthority ?? '',
    server: config.server,
    close: () => transport.close(),
  };
}

async function rotateClient(
  config: ClientConfig,
  client: Client,
  options: IdentityOptions,
  replace: (next: ClientConfig) => void,
): Promise<void> {
  const { clock, signal, log, nodeName } = options;
  let current = config;
  while (!signal.aborted) {
    await sleepUntil(clock, rotateAtMs(current.clientCertificate!), signal);
    try {
      const signer = 'kubernetes.io/kube-apiserver-client-kubelet';
      const { key, certificate } = await requestCertificate({ client, nodeName, signer, signal });
      current = { ...current, clientCertificate: certificate, clientKey: key };
      keep(join(options.folder, 'kubelet.kubeconfig'), current);
      replace(current);
      log.info({ node: nodeName }, 'the client certificate has been renewed');
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ error: String(error) }, 'cannot renew the client certificate; trying again');
      await clock.sleep(60_000, signal);
    }
  }
}

/** Timers hold at most 2^31 ms, which is less than a certificate's life. */
export async function sleepUntil(clock: Clock, atMs: number, signal: AbortSignal): Promise<void> {
  for (let left = atMs - clock.now(); left > 0; left = atMs - clock.now()) {
    await clock.sleep(Math.min(left, 24 * 3600 * 1000), signal);
  }
}
