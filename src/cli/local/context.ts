// The kubeconfig context `sampan` of the cluster on this machine: put in by `up`, taken out by `down`.
import { join } from 'node:path';
import { type ClusterStanza, loadKubeConfig } from '../../client/kubeconfig.ts';
import { clientConfigFrom } from '../../client/kubeconfig-connection.ts';
import { modifyKubeConfig } from '../../client/kubeconfig-write.ts';
import { Client } from '../../client/rest.ts';
import { httpsTransport } from '../../client/transport/https.ts';

export const CONTEXT = 'sampan';

const adminFile = (dataDir: string): string => join(dataDir, 'admin.kubeconfig');

/** Makes the context current. */
export function addContext(dataDir: string, paths: readonly string[]): void {
  const admin = loadKubeConfig([adminFile(dataDir)]);
  const cluster = [...admin.clusters.values()][0];
  const user = [...admin.users.values()][0];
  if (!cluster || !user) throw new Error(`${adminFile(dataDir)} names no cluster or no user`);
  modifyKubeConfig(paths, (config) => {
    config.clusters.set(CONTEXT, cluster);
    config.users.set(CONTEXT, user);
    const { namespace } = config.contexts.get(CONTEXT) ?? {};
    config.contexts.set(CONTEXT, { cluster: CONTEXT, user: CONTEXT, ...(namespace ? { namespace } : {}) });
    config.currentContext = CONTEXT;
  });
}

/** Takes the context out when it is this data directory's; another cluster's stays. False when there was none. */
export function removeContext(dataDir: string, paths: readonly string[]): boolean {
  let removed = false;
  modifyKubeConfig(paths, (config) => {
    const named = config.clusters.get(CONTEXT);
    const authority = authorityOf(dataDir);
    if (!named || authority === undefined || named['certificate-authority-data'] !== authority) return;
    removed = true;
    config.clusters.delete(CONTEXT);
    config.users.delete(CONTEXT);
    config.contexts.delete(CONTEXT);
    if (config.currentContext === CONTEXT) config.currentContext = [...config.contexts.keys()][0] ?? '';
  });
  return removed;
}

const clusterOf = (dataDir: string): ClusterStanza | undefined =>
  [...loadKubeConfig([adminFile(dataDir)]).clusters.values()][0];
const authorityOf = (dataDir: string): string | undefined => clusterOf(dataDir)?.['certificate-authority-data'];

/** The port at which the cluster was served last; undefined when nothing that can be read says so. */
export function lastPort(dataDir: string): number | undefined {
  try {
    return Number(new URL(clusterOf(dataDir)?.server ?? '').port || 443);
  } catch {
    return undefined;
  }
}

/** An administrator's client for the cluster of a data directory. Throws when the server has not written its file yet. */
export function adminClient(dataDir: string): { client: Client; server: string; close(): void } {
  const config = clientConfigFrom(loadKubeConfig([adminFile(dataDir)], { explicit: true }));
  const transport = httpsTransport({ ...config, timeoutMs: 5000 });
  return {
    client: new Client(transport.handler, { userAgent: 'sampan-up' }),
    server: config.server,
    close: () => transport.close(),
  };
}
