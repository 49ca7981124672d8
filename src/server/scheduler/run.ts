// Starts a scheduler on a client: informers in, binds and events out.
import type { KubeObject, ResourceType } from '../../api/types.ts';
import { Namespaces, Nodes, Pods, ReplicaSets, Services } from '../../api/resources.ts';
import type { Clock } from '../../client/controller.ts';
import { createEventRecorder } from '../../client/events.ts';
import { type Informer, type Informers, createInformers } from '../../client/informer.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';
import { Cache } from './cache.ts';
import { nodeHandler, podHandler } from './events.ts';
import type { AnyPlugin, ClusterView } from './framework.ts';
import { defaultPlugins } from './profile.ts';
import { SchedulingQueue } from './queue.ts';
import { createReporter } from './reporter.ts';
import { Scheduler } from './scheduler.ts';

export interface SchedulerConfig {
  /** Default `default-scheduler`. */
  schedulerName?: string;
  /** Default: all of plugins/, in upstream's order. */
  plugins?: readonly AnyPlugin[];
  /** Default 0: adaptive. */
  percentageOfNodesToScore?: number;
  /** Before a rejected pod is tried again; default 1,000, doubled up to 10,000. */
  initialBackoffMs?: number;
  maxBackoffMs?: number;
  /** Breaks ties; for tests. */
  random?(): number;
}

export interface RunSchedulerOptions {
  client: Client;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  config?: SchedulerConfig;
  /** Shared with others in the process; default: its own. */
  informers?: Informers;
}

/** Runs until the signal aborts. Needs system:kube-scheduler's rights. */
export async function runScheduler(options: RunSchedulerOptions): Promise<void> {
  const { client, clock, log, signal, config = {} } = options;
  const name = config.schedulerName ?? 'default-scheduler';
  const informers = options.informers ?? createInformers(client, { signal, log });
  const plugins = config.plugins ?? defaultPlugins();
  const cache = new Cache();
  const { initialBackoffMs, maxBackoffMs } = config;
  const queue = new SchedulingQueue({ plugins, clock, signal, initialBackoffMs, maxBackoffMs });
  const informer = <T extends KubeObject>(type: ResourceType<T>): Informer<T> => informers.for(type);
  const view = clusterView(cache, informer);
  const nodes = informer(Nodes);
  const pods = informers.for(Pods, { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' });
  const handlers = { cache, queue, responsibleFor: (wanted: string) => wanted === name };
  const synced = [nodes, pods, informer(Services), informer(ReplicaSets), informer(Namespaces)];
  nodes.addHandler(nodeHandler(handlers));
  pods.addHandler(podHandler(handlers));
  try {
    await Promise.all(synced.map((i) => i.whenSynced(signal)));
  } catch {
    return;
  }
  const events = createEventRecorder({ client, source: { component: name }, clock, log });
  const reporter = createReporter({ client, events, clock, log });
  const { percentageOfNodesToScore, random } = config;
  const scheduler = new Scheduler({
    client,
    plugins,
    view,
    cache,
    queue,
    reporter,
    clock,
    log,
    signal,
    ...(percentageOfNodesToScore === undefined ? {} : { percentageOfNodesToScore }),
    ...(random ? { random } : {}),
  });
  log.debug({ scheduler: name, nodes: view.nodes.length }, 'scheduler started');
  await scheduler.run();
  await events.flush();
}

const NO_LABELS: Readonly<Record<string, string>> = {};

function clusterView(
  cache: Cache,
  informer: <T extends KubeObject>(type: ResourceType<T>) => Informer<T>,
): ClusterView {
  const services = informer(Services).lister;
  const sets = informer(ReplicaSets).lister;
  const namespaces = informer(Namespaces).lister;
  return {
    get nodes() {
      return cache.nodes;
    },
    node: (name) => cache.node(name),
    podCounts: (namespace, selector) => cache.podCounts(namespace, selector),
    podCountsByLabel: (namespace, selector, key) => cache.podCountsByLabel(namespace, selector, key),
    labelValues: (key) => cache.labelValues(key),
    nodesWithAffinityPods: cache.nodesWithAffinityPods,
    nominatedBefore: (pod, nodeName) => cache.nominations.before(pod, nodeName),
    get lowestPriority() {
      return cache.lowestPriority;
    },
    imageNodes: (image) => cache.imageNodes(image),
    services: (namespace) => services.list(namespace),
    replicaSet: (namespace, name) => sets.get(`${namespace}/${name}`),
    namespaceLabels: (namespace) => namespaces.get(namespace)?.metadata?.labels ?? NO_LABELS,
  };
}
