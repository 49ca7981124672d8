// The Kustomization loop: waits for its source and its dependencies, runs a pass (reconcile.ts), and says what happened
// in status and events with Flux's words. Upstream: kustomize-controller internal/controller/kustomization_controller.go.
// Where Flux polls, this reacts: to new revisions, dependencies that turn ready, and objects changed by hand.
import { formatDuration, parseDuration } from '../api/duration.ts';
import { StatusError } from '../api/status.ts';
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
import { Applier, type Change } from './apply/applier.ts';
import { DriftWatch } from './apply/drift.ts';
import { type ObjectId, describeId, parseId, stale, union } from './apply/inventory.ts';
import { KindMap } from './apply/kinds.ts';
import { inParallel } from './apply/parallel.ts';
import { Artifacts } from './artifacts.ts';
import { isReady } from './conditions.ts';
import { Failure, applyBuilt, build, healthChecksOf, inventoryOf, pruneStale, waitHealthy } from './reconcile.ts';
import { changedByUser } from './source/repository.ts';
import type { FileTree } from './source/tree.ts';
import { type Turn, fail, patchStatus, progress, succeed } from './status.ts';
import {
  FINALIZER,
  GitRepositories,
  type InventoryEntry,
  type Kustomization,
  Kustomizations,
  RECONCILE_AT,
} from './types.ts';

const DEFAULT_RETRY_MS = 30_000;
/** After no answer from the API server. */
const LOST_RETRY_MS = 2000;
const DRIFT_DELAY_MS = 50;
const TERMINATION_POLL_MS = 500;
/** Drift that comes again within the quiet time: so many rounds at once, then slower and slower. */
const DRIFT_FREE_ROUNDS = 5;
const DRIFT_QUIET_MS = 10_000;
const DRIFT_MAX_MS = 30_000;

/** What this process did last for a Kustomization: a pass for drift alone needs no more than the drifted objects. */
interface Done {
  revision: string;
  /** Of the tree: with other ignored files, one revision is another tree. */
  digest: string;
  generation: number;
  requestedAt?: string;
  atMs: number;
}

export function kustomizationController(artifacts: Artifacts): ControllerDefinition<Kustomization> {
  const loop = new Loop(artifacts);
  return defineController<Kustomization>({
    name: 'gitops-kustomize',
    for: Kustomizations,
    filter: changedByUser,
    reads: [GitRepositories],
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
  /** After a failure: when to try the same again. Timers of earlier attempts must not bring it forward. */
  private readonly held = new Map<string, { of: string; untilMs: number }>();
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
      this.held.delete(key);
      this.drifted.delete(key);
      this.quarrels.delete(key);
      this.drift.forget(key);
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
    const of = JSON.stringify([tree?.digest, tree?.revision, owner.metadata.generation, requestOf(owner)]);
    const held = this.held.get(key);
    if (held?.of === of && started < held.untilMs) return { requeueAfterMs: held.untilMs - started };
    this.held.delete(key);
    try {
      checkSpec(owner);
      if (!tree) throw this.noArtifact(context, owner);
      for (const dependency of owner.spec.dependsOn ?? []) this.checkDependency(context, owner, dependency);
      return await this.pass(turn, tree, started);
    } catch (error) {
      if (context.signal.aborted) throw error;
      if (!(error instanceof Failure)) context.log.warn({ key, error: String(error) }, 'reconciliation failed');
      const failure = error instanceof Failure ? error : new Failure('ReconciliationFailed', (error as Error).message);
      await fail(turn, failure);
      // Only a change of the object can help.
      if (failure.reason === 'InvalidSpec') return;
      const { retryInterval, interval } = owner.spec;
      const retryMs = safeDuration(retryInterval) ?? safeDuration(interval) ?? DEFAULT_RETRY_MS;
      // A server that did not answer is asked again soon; what it refused, at the retry interval.
      const lost = !(error instanceof Failure) && !(error instanceof StatusError);
      const atMostMs = lost ? LOST_RETRY_MS : failure.waits ? DEFAULT_RETRY_MS : Infinity;
      const requeueAfterMs = Math.min(retryMs, atMostMs);
      if (!failure.waits) this.held.set(key, { of, untilMs: context.clock.now() + requeueAfterMs });
      return { requeueAfterMs };
    }
  }

  private noArtifact(context: ControllerContext, owner: Kustomization): Failure {
    const { kind, name, namespace = owner.metadata.namespace ?? '' } = owner.spec.sourceRef;
    if (kind !== 'GitRepository') {
      return new Failure('ArtifactFailed', `source \`${name}\` kind '${kind}' not supported`);
    }
    const exists = context.lister(GitRepositories).get(`${namespace}/${name}`);
    const notFound = `GitRepository.source.toolkit.fluxcd.io "${name}" not found`;
    return new Failure('ArtifactFailed', exists ? 'Source artifact not found, retrying in 30s' : notFound, true);
  }

  private checkDependency(context: ControllerContext, owner: Kustomization, d: { name: string; namespace?: string }) {
    const name = `${d.namespace ?? owner.metadata.namespace}/${d.name}`;
    const other = context.lister(Kustomizations).get(name);
    const refuse = (why: string) => new Failure('DependencyNotReady', `dependency '${name}' ${why}`, true);
    if (!other) {
      throw refuse(`not found: kustomizations.kustomize.toolkit.fluxcd.io "${d.name}" not found`);
    }
    if (!isReady(other)) throw refuse('is not ready');
    // From the same source, a dependency must be at the same revision: the commit that both come from.
    const tree = this.artifacts.get(sourceKey(owner));
    if (sourceKey(other) === sourceKey(owner) && other.status?.lastAppliedRevision !== tree?.revision) {
      throw refuse('revision is not up to date');
    }
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
    const requestedAt = requestOf(owner);
    const same =
      last?.digest === tree.digest && last.revision === tree.revision && last.generation === owner.metadata.generation;
    const dueMs = (last?.atMs ?? 0) + intervalMs - started;
    const settled = same && last.requestedAt === requestedAt && dueMs > 0 && isReady(owner);
    if (settled && !ids) return { requeueAfterMs: dueMs };
    const onlyDrift = settled && ids !== undefined;
    const client = actingFor(context.client, owner);
    const applier = this.applier(context, owner, client);
    if (!same)
      await progress(
        turn,
        tree,
        `Building manifests for revision ${tree.revision} with a timeout of ${formatDuration(timeoutMs)}`,
      );
    const built = await build(context.client, owner, tree);
    const old = status.inventory?.entries ?? [];
    const changes = await applyBuilt(applier, built, {
      check: !same,
      // Nobody asked, and it is not time yet: only what the commit or somebody else has changed.
      ...(dueMs > 0 && last?.requestedAt === requestedAt ? { untouched: this.untouched(key) } : {}),
      ...(onlyDrift ? { only: ids } : { beforeWrite: (entries) => this.track(turn, entries) }),
    });
    this.drift.record(key, changes, (object) => this.typeOf(object));
    this.announce(context, owner, changes);
    if (onlyDrift) return { requeueAfterMs: dueMs };
    const inventory = union(inventoryOf(changes), []);
    const pruned = spec.prune ? await pruneStale(applier, old, inventory) : [];
    this.drift.record(key, pruned, () => undefined);
    this.announce(context, owner, pruned);
    if (spec.wait || spec.healthChecks) {
      await progress(
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
      digest: tree.digest,
      generation: owner.metadata.generation ?? 0,
      requestedAt,
      atMs: started,
    });
    await succeed(turn, tree, inventory);
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

  private untouched(owner: string) {
    return (id: ObjectId, manifest: string): Unstructured | undefined => {
      const type = this.kinds.ofId(id);
      return type && this.drift.untouched(owner, id, type, manifest);
    };
  }

  /** What is going to be applied is in the inventory before it can be lost track of. */
  private async track(turn: Turn, entries: InventoryEntry[]): Promise<void> {
    const known = turn.owner.status?.inventory?.entries ?? [];
    if (stale(entries, known).length > 0) await patchStatus(turn, { inventory: { entries: union(known, entries) } });
  }

  private typeOf(object: Unstructured) {
    return this.kinds.known(object);
  }

  private async finalize(context: ControllerContext, owner: Kustomization): Promise<void> {
    if (!owner.metadata.finalizers?.includes(FINALIZER)) return;
    const { deletionPolicy = 'MirrorPrune', prune, suspend } = owner.spec;
    const waits = deletionPolicy === 'WaitForTermination';
    const deletes = waits || deletionPolicy === 'Delete' || (deletionPolicy === 'MirrorPrune' && prune);
    const entries = owner.status?.inventory?.entries ?? [];
    if (deletes && !suspend) {
      this.drift.forget(objectKey(owner));
      const applier = this.applier(context, owner, actingFor(context.client, owner));
      this.announce(context, owner, await applier.prune(entries));
      if (waits) await this.terminated(context, owner, applier, entries);
    }
    const finalizers = owner.metadata.finalizers.filter((f) => f !== FINALIZER);
    await context.client.patch(Kustomizations, splitKey(objectKey(owner)), 'merge', { metadata: { finalizers } });
  }

  /** Until all is gone, or the timeout is over: then the finalizer goes all the same, as upstream has it. */
  private async terminated(
    context: ControllerContext,
    owner: Kustomization,
    applier: Applier,
    entries: readonly InventoryEntry[],
  ): Promise<void> {
    const timeoutMs = safeDuration(owner.spec.timeout) ?? safeDuration(owner.spec.interval) ?? DEFAULT_RETRY_MS;
    const deadline = context.clock.now() + timeoutMs;
    for (let left = entries; ; await context.clock.sleep(TERMINATION_POLL_MS, context.signal)) {
      const live = await inParallel(left, (entry) => applier.ours(entry));
      left = left.filter((_, i) => live[i]);
      if (left.length === 0) return;
      if (context.clock.now() < deadline) continue;
      const names = left.map(({ id }) => describeId(parseId(id))).join(', ');
      context.log.warn({ kustomization: objectKey(owner), left: names }, 'objects were not terminated in time');
      return;
    }
  }

  /** One event that lists what changed, as Flux sends it. */
  private announce(context: ControllerContext, owner: Kustomization, changes: readonly Change[]): void {
    const lines = changes
      .filter((c) => c.action !== 'unchanged' && c.action !== 'skipped')
      .map((c) => `${describeId(c.id)} ${c.action}`);
    if (lines.length > 0) context.events.event(owner, 'Normal', 'Progressing', lines.join('\n'));
  }
}

const sourceKey = ({ spec: { sourceRef }, metadata }: Kustomization): string =>
  Artifacts.key(sourceRef.kind, sourceRef.namespace ?? metadata.namespace ?? '', sourceRef.name);

const requestOf = ({ metadata }: Kustomization): string | undefined => metadata.annotations?.[RECONCILE_AT];

/** What the definition's schema would refuse, if it were ours. */
function checkSpec({ spec }: Kustomization): void {
  for (const field of ['interval', 'retryInterval', 'timeout'] as const) {
    const text = spec[field];
    if (text === undefined && field !== 'interval') continue;
    const value = safeDuration(text);
    if (value === undefined || value <= 0) {
      throw new Failure('InvalidSpec', `spec.${field} "${text ?? ''}" is not a duration: write 30s, 5m or 1h`);
    }
  }
}

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
