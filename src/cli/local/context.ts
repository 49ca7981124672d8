// The kubeconfig context `sampan` of the cluster on this machine: put in by `up`, taken out by `down`.
import { join } from 'node:path';
import { clientConfigFrom, loadKubeConfig, modifyKubeConfig } from '../../client/kubeconfig.ts';
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

export function removeContext(paths: readonly string[]): void {
  modifyKubeConfig(paths, (config) => {
    config.clusters.delete(CONTEXT);
    config.users.delete(CONTEXT);
    config.contexts.delete(CONTEXT);
    if (config.currentContext === CONTEXT) config.currentContext = [...config.contexts.keys()][0] ?? '';
  });
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
