// Takes away what nodes of a data directory have left on this machine: containers, networks, mounts, rules. For `down`;
// the daemons must have ended before (it all outlives them). What is stored of the cluster stays.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { labels } from './agent/names.ts';
import { DEFAULT_DOCKER_SOCKET, DockerClient } from './docker/client.ts';
import { DockerError } from './docker/errors.ts';
import type { ContainerSummary } from './docker/types.ts';
import { cleanupNetwork } from './network/network.ts';
import { systemIptables } from './proxy/iptables.ts';
import { detachBelow } from './volumes/mounts.ts';

const TRIES = 50;
const BETWEEN_TRIES_MS = 100;

/**
 * Removes the containers and networks that carry the labels. A daemon that died a moment ago may have asked Docker for
 * one more: until the networks are free of them, it looks again. Throws DockerError, DockerUnavailable.
 */
export async function removeOwned(docker: DockerClient, owned: Record<string, string>): Promise<void> {
  for (let left = TRIES; ; left--) {
    const containers = await docker.listContainers(owned);
    const isSandbox = (c: ContainerSummary): boolean => c.Labels[labels.type] === 'podsandbox';
    await Promise.all(
      containers.map((c) => (isSandbox(c) ? docker.removeSandbox(c.Id) : docker.removeContainer(c.Id))),
    );
    try {
      for (const { Id } of await docker.listNetworks(owned)) await docker.removeNetwork(Id);
      return;
    } catch (error) {
      if (left === 0 || !(error instanceof DockerError && error.status === 403)) throw error;
      await sleep(BETWEEN_TRIES_MS);
    }
  }
}

/** Rules, the tunnel, its routes and the pods' mounts. Docker Engines that run in the data directory keep theirs. */
export async function cleanupHost(dataDir: string): Promise<void> {
  await systemIptables().cleanup();
  await cleanupNetwork();
  const nodes = join(dataDir, 'nodes');
  await detachBelow(nodes, (path) => path.includes('/docker/'));
  for (const name of await readdir(nodes).catch(() => [] as string[])) {
    await rm(join(nodes, name, 'pods'), { recursive: true, force: true });
  }
}

/** What Docker holds for the data directory. Throws DockerUnavailable when it does not answer. */
export async function cleanupDocker(dataDir: string, socketPath = DEFAULT_DOCKER_SOCKET): Promise<void> {
  const docker = new DockerClient({ socketPath });
  try {
    await removeOwned(docker, { [labels.dataDir]: dataDir });
  } finally {
    await docker.close();
  }
}
