// Deletes what only owners kept that are gone: in the background, in the foreground, or orphaned, as the deletion said.
// The graph only says where to look; every decision is made on live objects. Upstream: pkg/controller/garbagecollector.
import { isConflict, isNotFound } from '../../api/status.ts';
import type { KubeObject, OwnerReference, ResourceType } from '../../api/types.ts';
import { WorkQueue } from '../../client/workqueue.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { type OwnerState, decide, ownerState } from './garbage/decide.ts';
import { type Consequences, FOREGROUND, Graph, type GraphNode, ORPHAN, blockingDependents } from './garbage/graph.ts';
import { Monitors } from './garbage/monitors.ts';
import { about } from './shared/objects.ts';

const WORKERS = 20;
/** Owners that were looked up and are not there: a uid never comes back. */
const ABSENT_KEPT = 5_000;

class Collector {
  private readonly environment: ControllerEnvironment;
  private readonly monitors: Monitors;
  private readonly graph: Graph;
  private readonly checks = new WorkQueue({ baseMs: 5, maxMs: 30_000 });
  /** Uids that have to do with kinds which the server does not have, as far as is known: asked again with discovery. */
  private readonly unjudged = new Set<string>();
  private readonly absent = new Set<string>();
  private readonly orphans = new WorkQueue({ baseMs: 5, maxMs: 30_000 });

  constructor(environment: ControllerEnvironment) {
    this.environment = environment;
    this.graph = new Graph((reference) => this.monitors.typeOf(reference));
    this.monitors = new Monitors(environment, {
      applied: (type, object) => this.enqueue(this.graph.apply(type, object)),
      removed: (object) => this.enqueue(this.graph.remove(object.metadata?.uid ?? '')),
      synced: () => {
        for (const uid of this.unjudged) this.checks.add(uid);
        this.unjudged.clear();
      },
    });
    environment.signal.addEventListener('abort', () => {
      this.checks.shutDown();
      this.orphans.shutDown();
    });
  }

  async run(): Promise<void> {
    const running: Promise<void>[] = [];
    // Nothing is judged before the whole graph was seen once.
    await this.monitors.run(() => {
      for (let i = 0; i < WORKERS; i++) {
        running.push(this.work(this.checks, (node) => this.check(node)));
        running.push(this.work(this.orphans, (node) => this.orphan(node)));
      }
    });
    await Promise.all(running);
  }

  private enqueue({ check, orphan }: Consequences): void {
    for (const uid of check) this.checks.add(uid);
    for (const uid of orphan) this.orphans.add(uid);
  }

  private async work(queue: WorkQueue, reconcile: (node: GraphNode) => Promise<void>): Promise<void> {
    const { log, signal } = this.environment;
    for (let uid = await queue.get(); uid !== undefined; uid = await queue.get()) {
      try {
        const node = this.graph.get(uid);
        if (node) await reconcile(node);
        queue.forget(uid);
      } catch (error) {
        if (signal.aborted) return;
        const level = isConflict(error) ? 'debug' : 'warn';
        log[level]({ uid, name: this.graph.get(uid)?.name, error: String(error) }, 'garbage collection failed');
        queue.addRateLimited(uid);
      } finally {
        queue.done(uid);
      }
    }
  }

  /** The object itself, if it is still that one. */
  private async live({ type, namespace, name, uid }: GraphNode): Promise<KubeObject | undefined> {
    if (!type) return undefined;
    try {
      const object = await this.environment.client.get(type, { name, namespace });
      return object.metadata?.uid === uid ? object : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Upstream: attemptToDeleteItem. */
  private async check(node: GraphNode): Promise<void> {
    if (node.beingDeleted && !node.deletingDependents) return;
    // It became real since it was queued, and nobody owns it.
    if (!node.virtual && !node.deletingDependents && node.owners.length === 0) return;
    node.type ??= this.typeByDependents(node);
    // A kind that nobody knows: its dependents are left alone, as long as nobody can say that it is gone.
    if (!node.type) {
      this.unjudged.add(node.uid);
      return;
    }
    const object = await this.live(node);
    if (!object) {
      if (node.virtual) for (const dependent of node.dependents) this.checks.add(dependent.uid);
      return;
    }
    if (node.virtual) return this.enqueue(this.graph.apply(node.type, object));
    if (node.deletingDependents) return this.finishForeground(node, object);
    const states = new Map<string, OwnerState>();
    for (const reference of object.metadata?.ownerReferences ?? []) {
      const state = await this.stateOf(reference, node, object);
      if (!state) {
        this.unjudged.add(node.uid);
        return;
      }
      states.set(reference.uid, state);
    }
    const dependents = [...node.dependents];
    const decision = decide(object, (reference) => states.get(reference.uid)!, dependents);
    const { client } = this.environment;
    if (decision.action === 'drop-references') {
      await this.changeReferences(node, object, (list) => list.filter((r) => !decision.uids.includes(r.uid)));
    } else if (decision.action === 'delete') {
      if (decision.unblockDependents) for (const d of dependents) await this.unblock(d);
      const { uid, resourceVersion } = object.metadata ?? {};
      const preconditions = { uid, resourceVersion };
      try {
        const key = { name: node.name, namespace: node.namespace };
        await client.delete(node.type, key, { propagationPolicy: decision.policy, preconditions });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  /** A virtual node's kind may have become known since it was first named. */
  private typeByDependents(node: GraphNode): ResourceType<KubeObject> | undefined {
    for (const dependent of node.dependents) {
      const reference = dependent.owners.find((o) => o.uid === node.uid);
      const type = reference && this.monitors.typeOf(reference);
      if (!type) continue;
      node.namespace = type.namespaced ? dependent.namespace : undefined;
      return type;
    }
    return undefined;
  }

  /**
   * Looked up live; undefined: the kind is not known. A cluster-scoped object cannot have an owner in a namespace: such
   * a reference is not judged.
   */
  private async stateOf(
    reference: OwnerReference,
    node: GraphNode,
    object: KubeObject,
  ): Promise<OwnerState | undefined> {
    const type = this.monitors.typeOf(reference);
    if (!type) return undefined;
    if (type.namespaced && node.namespace === undefined) {
      const text = `ownerRef ${reference.kind}/${reference.name} with uid ${reference.uid} is namespaced, its dependent is not`;
      this.environment.events.event(about(node.type!, object), 'Warning', 'OwnerRefInvalidNamespace', text);
      return 'solid';
    }
    const namespace = type.namespaced ? node.namespace : undefined;
    const id = [reference.uid, type.group, type.plural, namespace, reference.name].join('|');
    if (this.absent.has(id)) return 'absent';
    const owner = { uid: reference.uid, type, namespace, name: reference.name } as GraphNode;
    const state = ownerState(reference, await this.live(owner));
    if (state === 'absent') {
      if (this.absent.size >= ABSENT_KEPT) this.absent.clear();
      this.absent.add(id);
    }
    return state;
  }

  /** The last blocking dependent is gone: the owner may go. Upstream: processDeletingDependentsItem. */
  private async finishForeground(node: GraphNode, object: KubeObject): Promise<void> {
    const blocking = blockingDependents(node);
    if (blocking.length === 0) return this.removeFinalizer(node, object, FOREGROUND);
    for (const dependent of blocking) if (!dependent.deletingDependents) this.checks.add(dependent.uid);
  }

  /** Upstream: attemptToOrphan. */
  private async orphan(node: GraphNode): Promise<void> {
    const object = await this.live(node);
    if (!object?.metadata?.finalizers?.includes(ORPHAN)) return;
    for (const dependent of node.dependents) {
      const own = await this.live(dependent);
      if (!own) continue;
      await this.changeReferences(dependent, own, (list) => list.filter((r) => r.uid !== node.uid));
    }
    await this.removeFinalizer(node, object, ORPHAN);
  }

  private async unblock(node: GraphNode): Promise<void> {
    const object = await this.live(node);
    if (!object) return;
    const open = (r: OwnerReference) => (r.blockOwnerDeletion ? { ...r, blockOwnerDeletion: false } : r);
    await this.changeReferences(node, object, (list) => list.map(open));
  }

  /** Guarded by the version: lists are replaced whole, which works for custom resources, too. */
  private async changeReferences(
    node: GraphNode,
    object: KubeObject,
    change: (list: readonly OwnerReference[]) => readonly OwnerReference[],
  ): Promise<void> {
    const ownerReferences = change(object.metadata?.ownerReferences ?? []);
    await this.patch(node, object, { ownerReferences: ownerReferences.length > 0 ? ownerReferences : null });
  }

  private async removeFinalizer(node: GraphNode, object: KubeObject, finalizer: string): Promise<void> {
    const finalizers = (object.metadata?.finalizers ?? []).filter((f) => f !== finalizer);
    await this.patch(node, object, { finalizers: finalizers.length > 0 ? finalizers : null });
  }

  private async patch(node: GraphNode, object: KubeObject, metadata: object): Promise<void> {
    const { uid, resourceVersion } = object.metadata ?? {};
    const key = { name: node.name, namespace: node.namespace };
    try {
      await this.environment.client.patch(node.type!, key, 'merge', {
        metadata: { uid, resourceVersion, ...metadata },
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

export default defineControllerModule({
  name: 'garbage-collector',
  setup: () => [],
  run: (environment) => new Collector(environment).run(),
});
