// Takes away what nodes of a data directory have left on this machine: containers, networks, mounts, rules. For `down`;
// the daemons must have ended before (it all outlives them). What is stored of the cluster stays.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { labels } from './agent/names.ts';
import { DEFAULT_DOCKER_SOCKET, DockerClient } from './docker/client.ts';
import { cleanupNetwork } from './network/network.ts';
import { systemIptables } from './proxy/iptables.ts';
import { unmountBelow } from './volumes/mounts.ts';
import { PodDirectories } from './volumes/pod-directory.ts';

/** What is in this machine's (or network namespace's) kernel: rules, the tunnel and its routes. */
export async function cleanupHost(): Promise<void> {
  await systemIptables().cleanup();
  await cleanupNetwork();
}

export interface CleanupOptions {
  dataDir: string;
  dockerSocket?: string;
}

export interface CleanupResult {
  containers: number;
  networks: number;
}

/** Throws DockerUnavailable when Docker does not answer; mounts and rules are removed first. */
export async function cleanupNodes(options: CleanupOptions): Promise<CleanupResult> {
  const { dataDir } = options;
  await cleanupHost();
  const docker = new DockerClient({ socketPath: options.dockerSocket ?? DEFAULT_DOCKER_SOCKET });
  try {
    const owned = { [labels.dataDir]: dataDir };
    const containers = await docker.listContainers(owned);
    await Promise.all(containers.map(({ Id }) => docker.removeContainer(Id)));
    const networks = await docker.listNetworks(owned);
    for (const { Id } of networks) await docker.removeNetwork(Id);
    const nodes = await readdir(join(dataDir, 'nodes')).catch(() => [] as string[]);
    for (const name of nodes) {
      const directories = new PodDirectories(join(dataDir, 'nodes', name));
      for (const uid of await directories.list()) await directories.remove(uid);
      await unmountBelow(join(dataDir, 'nodes', name));
    }
    return { containers: containers.length, networks: networks.length };
  } finally {
    await docker.close();
  }
}
