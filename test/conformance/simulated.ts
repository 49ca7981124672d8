// A cluster in this process with simulated nodes that are ready, for what workloads ask.
import { setMaxListeners } from 'node:events';
import { systemClock } from '../../src/client/clock.ts';
import { silentLogger } from '../../src/client/log.ts';
import { runSimulatedNodes } from '../../src/node/simulated/run.ts';
import { type Cluster, type Doc, startCluster } from './api.ts';

const isReady = (node: Doc): boolean =>
  node['status'].conditions?.some((c: Doc) => c['type'] === 'Ready' && c['status'] === 'True') && !node['spec'].taints;

/** Nodes `simulated-0` …; its end is that of the nodes, too. */
export async function startSimulatedCluster(count: number): Promise<Cluster> {
  const cluster = await startCluster();
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const nodes = runSimulatedNodes({
    client: cluster.server.client(),
    count,
    clock: systemClock,
    log: silentLogger,
    signal: stop.signal,
  });
  await cluster.api.until(
    () => cluster.api.items('/api/v1/nodes'),
    (all) => all.filter(isReady).length === count,
  );
  return {
    ...cluster,
    async close() {
      stop.abort();
      await nodes.catch(() => undefined);
      await cluster.close();
    },
  };
}
