// Watches every kind that can be deleted, custom ones included, and keeps the graph. Discovery is read again when
// definitions of custom resources change, and every 30 seconds. Upstream: GraphBuilder.syncMonitors,
// GarbageCollector.Sync.
import { CustomResourceDefinitions } from '../../../api/resources.ts';
import { type KubeObject, type OwnerReference, type ResourceType, parseApiVersion } from '../../../api/types.ts';
import { type DiscoveredResource, discover, flatten } from '../../../client/discovery.ts';
import { type Informer, startInformer } from '../../../client/informer.ts';
import type { ControllerEnvironment } from '../_types.ts';
import { distinctResources } from '../shared/resources.ts';

const RESYNC_MS = 30_000;
const RETRY_MS = 1_000;
/** After a change of definitions: several come together. */
const SETTLE_MS = 100;

interface Monitor {
  type: DiscoveredResource;
  informer: Informer<KubeObject>;
  /** Ends deliveries; a shared informer lives on. */
  stop(): void;
}

export interface MonitorHandlers {
  applied(type: ResourceType<KubeObject>, object: KubeObject): void;
  removed(object: KubeObject): void;
  /** Discovery was read, and all that it names is watched and seen. */
  synced(): void;
}

const IGNORED = new Set(['/events', 'events.k8s.io/events']);
const idOf = (r: { group: string; plural: string }): string => `${r.group}/${r.plural}`;

/** What can own or be owned: kinds that can be listed, watched and deleted. */
export const collectableResources = (resources: readonly DiscoveredResource[]): DiscoveredResource[] =>
  distinctResources(resources, ['delete', 'list', 'watch']).filter((r) => !IGNORED.has(idOf(r)));

export class Monitors {
  private readonly environment: ControllerEnvironment;
  private readonly handlers: MonitorHandlers;
  private readonly byId = new Map<string, Monitor>();
  private byKind = new Map<string, DiscoveredResource>();
  private wake: () => void = () => undefined;

  constructor(environment: ControllerEnvironment, handlers: MonitorHandlers) {
    this.environment = environment;
    this.handlers = handlers;
  }

  /** The resource of a reference; undefined when the server has no such kind (as far as is known). */
  typeOf(reference: Pick<OwnerReference, 'apiVersion' | 'kind'>): ResourceType<KubeObject> | undefined {
    const { group } = parseApiVersion(reference.apiVersion);
    return this.byKind.get(`${group}/${reference.kind}`) as ResourceType<KubeObject> | undefined;
  }

  /** Runs until the signal aborts. `ready` is called after the first complete view. */
  async run(ready: () => void): Promise<void> {
    const { clock, log, signal, informers } = this.environment;
    let changed = new Promise<void>((resolve) => (this.wake = resolve));
    const mark = () => this.wake();
    informers.for(CustomResourceDefinitions).addHandler({ add: mark, update: mark, delete: mark });
    const pause = (ms: number) => clock.sleep(ms, signal).catch(() => undefined);
    let first = true;
    while (!signal.aborted) {
      let again = RESYNC_MS;
      try {
        await this.sync();
        if (first) ready();
        first = false;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ error: String(error) }, 'garbage collector could not read discovery');
        again = RETRY_MS;
      }
      await Promise.race([pause(again), changed]);
      changed = new Promise<void>((resolve) => (this.wake = resolve));
      await pause(SETTLE_MS);
    }
  }

  private async sync(): Promise<void> {
    const { client, signal } = this.environment;
    const { groups, failed } = await discover(client);
    const resources = flatten(groups);
    const wanted = new Map(collectableResources(resources).map((r) => [idOf(r), r]));
    const kinds = new Map<string, DiscoveredResource>();
    for (const r of resources) if (!kinds.has(`${r.group}/${r.kind}`) && r.kind) kinds.set(`${r.group}/${r.kind}`, r);
    this.byKind = kinds;
    const added: Monitor[] = [];
    for (const [id, type] of wanted) {
      const known = this.byId.get(id);
      if (known?.type.version === type.version) continue;
      known?.stop();
      const monitor = this.start(type);
      this.byId.set(id, monitor);
      added.push(monitor);
    }
    for (const [id, monitor] of this.byId) {
      // What only failed to answer is not gone.
      const { group, version } = monitor.type;
      const unknown = failed.includes(group === '' ? version : `${group}/${version}`);
      if (wanted.has(id) || unknown) continue;
      monitor.stop();
      this.byId.delete(id);
    }
    await Promise.all(added.map(({ informer }) => informer.whenSynced(signal)));
    this.handlers.synced();
  }

  private start(type: DiscoveredResource): Monitor {
    const { client, informers, signal, log } = this.environment;
    const untyped = type as ResourceType<KubeObject>;
    const custom = this.isCustom(type);
    // Definitions come and go, and a stopped informer must not be found again: custom kinds have their own.
    const informer = custom ? startInformer(client, untyped, { signal, log }) : informers.for(untyped);
    const remove = informer.addHandler({
      add: (object) => this.handlers.applied(untyped, object),
      update: (object, old) => {
        if (isRelevant(object, old)) this.handlers.applied(untyped, object);
      },
      delete: (object) => this.handlers.removed(object),
    });
    const stop = () => {
      remove();
      if (!custom) return;
      informer.stop();
      // With the definition its objects are gone, too.
      for (const object of informer.lister.list()) this.handlers.removed(object);
    };
    return { type, informer, stop };
  }

  private isCustom({ group, plural }: DiscoveredResource): boolean {
    return this.environment.informers.for(CustomResourceDefinitions).lister.get(`${plural}.${group}`) !== undefined;
  }
}

/** Most updates change neither owners nor finalizers nor deletion. */
function isRelevant(object: KubeObject, old: KubeObject): boolean {
  const [a, b] = [object.metadata ?? {}, old.metadata ?? {}];
  if (a.deletionTimestamp !== b.deletionTimestamp) return true;
  if (a.deletionTimestamp !== undefined) return true;
  if (!a.ownerReferences && !b.ownerReferences) return false;
  return JSON.stringify(a.ownerReferences) !== JSON.stringify(b.ownerReferences);
}
