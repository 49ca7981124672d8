// Starts a scheduler on a client: informers in, binds and events out.
import type { KubeObject, ResourceType } from '../../api/types.ts';
import { Namespaces, Nodes, Pods } from '../../api/resources.ts';
import type { Clock } from '../../client/controller.ts';
import { type EventRecorder, createEventRecorder } from '../../client/events.ts';
import { type Informer, type Informers, type Lister, createInformers } from '../../client/informer.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';
import { Cache } from './cache.ts';
import { type EventOptions, namespaceHandler, nodeHandler, objectHandler, podHandler } from './events.ts';
import type { Extender } from './extender.ts';
import type { AnyPlugin } from './framework.ts';
import { DEFAULT_SCHEDULER, type Profile, profileOf } from './profile.ts';
import { SchedulingQueue } from './queue.ts';
import { createReporter } from './reporter.ts';
import { Scheduler } from './scheduler.ts';
import { clusterView } from './view.ts';

export { ConfigurationError, readConfiguration } from './config/configuration.ts';
export { loadPlugins } from './config/load.ts';

export interface SchedulerConfig {
  /** Default `default-scheduler`. */
  schedulerName?: string;
  /** Several schedulers in one; instead of schedulerName and plugins. */
  profiles?: readonly Profile[];
  /** Default: all of plugins/, in upstream's order. */
  plugins?: readonly AnyPlugin[];
  /** Default 0: adaptive. */
  percentageOfNodesToScore?: number;
  /** Before a rejected pod is tried again; default 1,000, doubled up to 10,000. */
  initialBackoffMs?: number;
  maxBackoffMs?: number;
  /** Programs elsewhere that have a say. */
  extenders?: readonly Extender[];
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
  const informers = options.informers ?? createInformers(client, { signal, log, unservedAreEmpty: true });
  const list = config.profiles ?? [profileOf(config.schedulerName ?? DEFAULT_SCHEDULER, config.plugins)];
  const profiles = new Map(list.map((profile) => [profile.schedulerName, profile]));
  const cache = new Cache();
  const { initialBackoffMs, maxBackoffMs, percentageOfNodesToScore, random, extenders = [] } = config;
  const extended = extenders.length > 0;
  const queue = new SchedulingQueue({ profiles, clock, signal, initialBackoffMs, maxBackoffMs, extended });
  const synced: Pick<Informer<KubeObject>, 'whenSynced'>[] = [];
  const lister = <T extends KubeObject>(type: ResourceType<T>): Lister<T> => {
    const informer = informers.for(type);
    synced.push(informer);
    return informer.lister;
  };
  const view = clusterView(cache, lister);
  watch({ cache, queue, profiles: list, informers, synced, responsibleFor: (name) => profiles.has(name) });
  try {
    await Promise.all(synced.map((informer) => informer.whenSynced(signal)));
  } catch {
    return;
  }
  const recorders = new Map<string, EventRecorder>();
  for (const name of profiles.keys()) {
    recorders.set(name, createEventRecorder({ client, source: { component: name }, clock, log }));
  }
  const reporter = createReporter({ client, events: (name) => recorders.get(name)!, clock, log });
  const rest = { percentageOfNodesToScore, random, extenders };
  const scheduler = new Scheduler({ client, profiles, view, cache, queue, reporter, clock, log, signal, ...rest });
  log.debug({ schedulers: [...profiles.keys()], nodes: view.nodes.length }, 'scheduler started');
  await scheduler.run();
  await Promise.all([...recorders.values()].map((recorder) => recorder.flush()));
}

interface WatchOptions extends EventOptions {
  profiles: readonly Profile[];
  informers: Informers;
  synced: Pick<Informer<KubeObject>, 'whenSynced'>[];
}

/** Everything that changes the cache or may help a waiting pod. */
function watch(options: WatchOptions): void {
  const { cache, queue, profiles, informers, synced } = options;
  const nodes = informers.for(Nodes);
  const pods = informers.for(Pods, { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' });
  const namespaces = informers.for(Namespaces);
  nodes.addHandler(nodeHandler(options));
  pods.addHandler(podHandler(options));
  namespaces.addHandler(namespaceHandler(cache, queue));
  synced.push(nodes, pods, namespaces);
  const wanted = new Map(
    profiles.flatMap(({ plugins }) => plugins.flatMap((p) => p.informers ?? [])).map((type) => [type.kind, type]),
  );
  for (const type of wanted.values()) {
    const informer = informers.for(type);
    informer.addHandler(objectHandler(type.kind, queue));
    synced.push(informer);
  }
}
