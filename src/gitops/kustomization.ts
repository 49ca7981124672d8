// The Kustomization loop: waits for its source and its dependencies, runs a pass (reconcile.ts), and says what happened
// in status and events with Flux's words. Upstream: kustomize-controller internal/controller/kustomization_controller.go.
// Where Flux polls, this reacts: to new revisions, dependencies that turn ready, and objects changed by hand.
import { formatDuration, parseDuration } from '../api/duration.ts';
import { type Unstructured, objectKey, splitKey } from '../api/types.ts';
import {
  type ControllerContext,
  type ControllerDefinition,
  type ReconcileResult,
  defineController,
  watch,
} from '../client/controller.ts';
import { createInformers } from '../client/informer.ts';
import { Client } from '../client/rest.ts';
import { Applier, type Change, KindMap } from './apply/applier.ts';
import { DriftWatch } from './apply/drift.ts';
import { describeId, union } from './apply/inventory.ts';
import { Artifacts } from './artifacts.ts';
import { isReady, withCondition, withoutCondition } from './conditions.ts';
import { Failure, applyBuilt, build, healthChecksOf, inventoryOf, pruneStale, waitHealthy } from './reconcile.ts';
import { changedByUser } from './source/repository.ts';
import type { FileTree } from './source/tree.ts';
import { FINALIZER, type Kustomization, Kustomizations, RECONCILE_AT } from './types.ts';

const DEFAULT_RETRY_MS = 30_000;
const DRIFT_DELAY_MS = 50;
/** Drift that comes again within the quiet time: so many rounds at once, then slower and slower. */
const DRIFT_FREE_ROUNDS = 5;
const DRIFT_QUIET_MS = 10_000;
const DRIFT_MAX_MS = 30_000;

/** What this process did last for a Kustomization: a pass for drift alone needs no more than the drifted objects. */
interface Done {
  revision: string;
  generation: number;
  requestedAt?: string;
  atMs: number;
}

/** One reconcile: `owner` follows our own status writes, so that later ones build on them. */
interface Turn {
  context: ControllerContext;
  owner: Kustomization;
  tree: FileTree | undefined;
}

export function kustomizationController(artifacts: Artifacts): ControllerDefinition<Kustomization> {
  const loop = new Loop(artifacts);
  return defineController<Kustomization>({
    name: 'gitops-kustomize',
    for: Kustomizations,
    filter: changedByUser,
    watches: [
      watch(Kustomizations, (changed, old, context) => {
        if (old && isReady(old) === isReady(changed)) return [];
        return loop.dependents(context, changed);
      }),
    ],
    workers: 8,
    attach: (context, enqueue) => loop.attach(context, enqueue),
    reconcile: (context, key) => loop.reconcile(context, key),
  });
}

class Loop {
  private readonly artifacts: Artifacts;
  private readonly done = new Map<string, Done>();
  private readonly drifted = new Map<string, Set<string>>();
  private readonly quarrels = new Map<string, { rounds: number; atMs: number }>();
  private kinds!: KindMap;
  private drift!: DriftWatch;
  constructor(artifacts: Artifacts) {
    this.artifacts = artifacts;
  }

  attach(context: ControllerContext, enqueue: (key: string) => void): void {
    this.kinds = new KindMap(context.client);
    const informers = createInformers(context.client, { signal: context.signal, log: context.log });
    this.drift = new DriftWatch(informers, (owner, id) => {
      const known = this.drifted.get(owner);
      this.drifted.set(owner, (known ?? new Set()).add(id));
      // Changes that come together are put back together.
      if (!known) setTimeout(() => enqueue(owner), this.driftDelayMs(owner, context.clock.now())).unref();
    });
    this.artifacts.onChange((source) => {
      for (const k of context.lister(Kustomizations).list()) if (sourceKey(k) === source) enqueue(objectKey(k));
    });
  }

  /** Somebody who writes back what we write must not make both run hot: the pause doubles while it goes on. */
  private driftDelayMs(owner: string, now: number): number {
    const last = this.quarrels.get(owner);
    const rounds = last && now - last.atMs < DRIFT_QUIET_MS ? last.rounds + 1 : 0;
    this.quarrels.set(owner, { rounds, atMs: now });
    return rounds < DRIFT_FREE_ROUNDS ? DRIFT_DELAY_MS : Math.min(DRIFT_DELAY_MS * 2 ** (rounds - 2), DRIFT_MAX_MS);
  }

  dependents(context: ControllerContext, changed: Kustomization): string[] {
    const key = objectKey(changed);
    return context
      .lister(Kustomizations)
      .list()
      .filter((k) => (k.spec.dependsOn ?? []).some((d) => `${d.namespace ?? k.metadata.namespace}/${d.name}` === key))
      .map(objectKey);
  }

  async reconcile(context: ControllerContext, key: string): Promise<ReconcileResult | void> {
    const owner = context.lister(Kustomizations).get(key);
    if (!owner) {
      this.done.delete(key);
      this.drifted.delete(key);
      this.quarrels.delete(key);
      return;
    }
    if (owner.metadata.deletionTimestamp) return this.finalize(context, owner);
    if (owner.spec.suspend) return;
    if (!owner.metadata.finalizers?.includes(FINALIZER)) {
      const finalizers = [...(owner.metadata.finalizers ?? []), FINALIZER];
      await context.client.patch(Kustomizations, splitKey(key), 'merge', { metadata: { finalizers } });
    }
    const started = context.clock.now();
    const tree = this.artifacts.get(sourceKey(owner));
    const turn: Turn = { context, owner, tree };
    try {
      if (!tree) throw new Failure('ArtifactFailed', 'Source artifact not found, retrying in 30s');
      const missing = (owner.spec.dependsOn ?? []).find((d) => !this.dependencyReady(context, owner, d));
      if (missing) {
        const name = `${missing.namespace ?? owner.metadata.namespace}/${missing.name}`;
        throw new Failure('DependencyNotReady', `dependency '${name}' is not ready`);
      }
      return await this.pass(turn, tree, started);
    } catch (error) {
      if (context.signal.aborted) throw error;
      if (!(error instanceof Failure)) context.log.warn({ key, error: String(error) }, 'reconciliation failed');
      const failure = error instanceof Failure ? error : new Failure('ReconciliationFailed', (error as Error).message);
      await this.fail(turn, failure);
      const { retryInterval, interval } = owner.spec;
      const retryMs = safeDuration(retryInterval) ?? safeDuration(interval) ?? DEFAULT_RETRY_MS;
      const waits = failure.reason === 'ArtifactFailed' || failure.reason === 'DependencyNotReady';
      return { requeueAfterMs: Math.min(retryMs, waits ? DEFAULT_RETRY_MS : retryMs) };
    }
  }

  private dependencyReady(
    context: ControllerContext,
    owner: Kustomization,
    d: { name: string; namespace?: string },
  ): boolean {
    const other = context.lister(Kustomizations).get(`${d.namespace ?? owner.metadata.namespace}/${d.name}`);
    if (!other || !isReady(other)) return false;
    // From the same source, a dependency must be at the same revision: the commit that both come from.
    const tree = this.artifacts.get(sourceKey(owner));
    return sourceKey(other) !== sourceKey(owner) || other.status?.lastAppliedRevision === tree?.revision;
  }

  private async pass(turn: Turn, tree: FileTree, started: number): Promise<ReconcileResult> {
    const { context, owner } = turn;
    const key = objectKey(owner);
    const { spec, status = {} } = owner;
    const intervalMs = parseDuration(spec.interval);
    const timeoutMs = safeDuration(spec.timeout) ?? intervalMs;
    const ids = this.drifted.get(key);
    this.drifted.delete(key);
    const last = this.done.get(key);
    const requestedAt = owner.metadata.annotations?.[RECONCILE_AT];
    const same = last?.revision === tree.revision && last.generation === owner.metadata.generation;
    const dueMs = (last?.atMs ?? 0) + intervalMs - started;
    const settled = same && last.requestedAt === requestedAt && dueMs > 0 && isReady(owner);
    if (settled && !ids) return { requeueAfterMs: dueMs };
    const onlyDrift = settled && ids !== undefined;
    const client = actingFor(context.client, owner);
    const applier = this.applier(context, owner, client);
    if (!same)
      await this.progress(
        turn,
        tree,
        `Building manifests for revision ${tree.revision} with a timeout of ${formatDuration(timeoutMs)}`,
      );
    const built = await build(context.client, owner, tree);
    const changes = await applyBuilt(applier, built, { check: !same, ...(onlyDrift ? { only: ids } : {}) });
    this.drift.record(changes, (object) => this.typeOf(object));
    this.announce(context, owner, changes);
    if (onlyDrift) return { requeueAfterMs: dueMs };
    const inventory = union(inventoryOf(changes), []);
    const old = status.inventory?.entries ?? [];
    const pruned = spec.prune ? await pruneStale(applier, old, inventory) : [];
    this.drift.record(pruned, () => undefined);
    this.announce(context, owner, pruned);
    if (spec.wait || spec.healthChecks) {
      await this.progress(
        turn,
        tree,
        `Running health checks for revision ${tree.revision} with a timeout of ${formatDuration(timeoutMs)}`,
        inventory,
      );
      await waitHealthy(applier, spec.wait ? inventory : healthChecksOf(owner), {
        timeoutMs,
        sleep: (ms) => context.clock.sleep(ms, context.signal),
        now: () => context.clock.now(),
        outdated: () => this.artifacts.get(sourceKey(owner))?.revision !== tree.revision,
      });
    }
    this.done.set(key, {
      revision: tree.revision,
      generation: owner.metadata.generation ?? 0,
      requestedAt,
      atMs: started,
    });
    await this.succeed(turn, tree, inventory);
    if (!same || changes.some((c) => c.action !== 'unchanged')) {
      const took = formatDuration(context.clock.now() - started);
      const message = `Reconciliation finished in ${took}, next run in ${formatDuration(intervalMs)}`;
      context.events.event(owner, 'Normal', 'ReconciliationSucceeded', message);
    }
    return { requeueAfterMs: intervalMs };
  }

  private applier(context: ControllerContext, owner: Kustomization, client: Client): Applier {
    return new Applier({
      client,
      kinds: this.kinds,
      owner: { name: owner.metadata.name ?? '', namespace: owner.metadata.namespace ?? '' },
      force: owner.spec.force ?? false,
      sleep: (ms) => context.clock.sleep(ms, context.signal),
    });
  }

  private typeOf(object: Unstructured) {
    return this.kinds.known(object);
  }

  private async finalize(context: ControllerContext, owner: Kustomization): Promise<void> {
    if (!owner.metadata.finalizers?.includes(FINALIZER)) return;
    const { deletionPolicy = 'MirrorPrune', prune, suspend } = owner.spec;
    const deletes = deletionPolicy === 'Delete' || (deletionPolicy === 'MirrorPrune' && prune);
    const entries = owner.status?.inventory?.entries ?? [];
    if (deletes && !suspend) {
      for (const { id } of entries) this.drift.forget(id);
      const applier = this.applier(context, owner, actingFor(context.client, owner));
      this.announce(context, owner, await applier.prune(entries));
    }
    const finalizers = owner.metadata.finalizers.filter((f) => f !== FINALIZER);
    await context.client.patch(Kustomizations, splitKey(objectKey(owner)), 'merge', { metadata: { finalizers } });
  }

  /** One event that lists what changed, as Flux sends it. */
  private announce(context: ControllerContext, owner: Kustomization, changes: readonly Change[]): void {
    const lines = changes
      .filter((c) => c.action !== 'unchanged' && c.action !== 'skipped')
      .map((c) => `${describeId(c.id)} ${c.action}`);
    if (lines.length > 0) context.events.event(owner, 'Normal', 'Progressing', lines.join('\n'));
  }

  private async progress(
    turn: Turn,
    tree: FileTree,
    message: string,
    applied: { id: string; v: string }[] = [],
  ): Promise<void> {
    const { context, owner } = turn;
    const observedGeneration = owner.metadata.generation ?? 0;
    const now = context.clock.now();
    const base = { reason: 'Progressing', message, observedGeneration };
    let conditions = withCondition(owner.status?.conditions, { ...base, type: 'Reconciling', status: 'True' }, now);
    conditions = withCondition(
      conditions,
      { ...base, type: 'Ready', status: 'Unknown', message: 'Reconciliation in progress' },
      now,
    );
    // What is being applied is in the inventory before it can be lost track of.
    const entries = union(owner.status?.inventory?.entries ?? [], applied);
    await this.patchStatus(turn, {
      conditions,
      lastAttemptedRevision: tree.revision,
      inventory: { entries },
    });
  }

  private async succeed(turn: Turn, tree: FileTree, entries: { id: string; v: string }[]): Promise<void> {
    const { context, owner } = turn;
    const ready = {
      type: 'Ready',
      status: 'True' as const,
      reason: 'ReconciliationSucceeded',
      message: `Applied revision: ${tree.revision}`,
      observedGeneration: owner.metadata.generation ?? 0,
    };
    let conditions = withCondition(
      withoutCondition(owner.status?.conditions, 'Reconciling'),
      ready,
      context.clock.now(),
    );
    conditions =
      owner.spec.wait || owner.spec.healthChecks
        ? withCondition(
            conditions,
            { ...ready, type: 'Healthy', reason: 'Succeeded', message: 'Health check passed in time' },
            context.clock.now(),
          )
        : withoutCondition(conditions, 'Healthy');
    await this.patchStatus(turn, {
      conditions,
      inventory: { entries },
      observedGeneration: owner.metadata.generation ?? 0,
      lastAppliedRevision: tree.revision,
      lastAttemptedRevision: tree.revision,
    });
  }

  private async fail(turn: Turn, failure: Failure): Promise<void> {
    const { context, owner, tree } = turn;
    const observedGeneration = owner.metadata.generation ?? 0;
    const ready = {
      type: 'Ready',
      status: 'False' as const,
      reason: failure.reason,
      message: failure.message,
      observedGeneration,
    };
    const known = owner.status?.conditions?.find((c) => c.type === 'Ready');
    const quiet = failure.reason === 'ArtifactFailed' || failure.reason === 'DependencyNotReady';
    if (known?.message !== failure.message && !quiet) {
      context.events.event(owner, 'Warning', failure.reason, failure.message);
    }
    const conditions = withCondition(
      withoutCondition(owner.status?.conditions, 'Reconciling'),
      ready,
      context.clock.now(),
    );
    await this.patchStatus(turn, {
      conditions,
      observedGeneration,
      ...(tree ? { lastAttemptedRevision: tree.revision } : {}),
    });
  }

  private async patchStatus(turn: Turn, change: Kustomization['status']): Promise<void> {
    const { context, owner } = turn;
    const handled = owner.metadata.annotations?.[RECONCILE_AT];
    const status = { ...change, ...(handled ? { lastHandledReconcileAt: handled } : {}) };
    const entries = Object.entries(status);
    const current = (owner.status ?? {}) as Record<string, unknown>;
    if (entries.every(([k, v]) => JSON.stringify(current[k]) === JSON.stringify(v))) return;
    const key = splitKey(objectKey(owner));
    turn.owner = await context.client.patch(Kustomizations, key, 'merge', { status }, { subresource: 'status' });
  }
}

const sourceKey = ({ spec: { sourceRef }, metadata }: Kustomization): string =>
  Artifacts.key(sourceRef.kind, sourceRef.namespace ?? metadata.namespace ?? '', sourceRef.name);

function safeDuration(text: string | undefined): number | undefined {
  try {
    return text === undefined ? undefined : parseDuration(text);
  } catch {
    return undefined;
  }
}

/** With spec.serviceAccountName, everything is applied as that account and with no more than its rights. */
function actingFor(client: Client, owner: Kustomization): Client {
  const { serviceAccountName } = owner.spec;
  if (!serviceAccountName) return client;
  const user = `system:serviceaccount:${owner.metadata.namespace}:${serviceAccountName}`;
  return new Client(
    (request) => client.handler({ ...request, headers: { ...request.headers, 'impersonate-user': user } }),
    { userAgent: client.userAgent },
  );
}
