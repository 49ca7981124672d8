// One reconcile of one Deployment: makes the newest ReplicaSet, moves sizes, cleans up, writes status. The decisions
// are in arithmetic.ts, annotations.ts, progress.ts and template.ts. Upstream: pkg/controller/deployment/
// {sync,rolling,recreate,progress}.go.
import type { Deployment, DeploymentStatus, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { Deployments, ReplicaSets } from '../../../api/resources.ts';
import { isNotFound } from '../../../api/status.ts';
import type { ControllerContext } from '../../../client/controller.ts';
import { about } from '../shared/objects.ts';
import { semanticEqual } from '../../../api/equal.ts';
import { withCondition } from '../shared/conditions.ts';
import { REVISION, hasAnnotations, revisionOf, sizeAnnotations } from './annotations.ts';
import {
  DESIRED_REPLICAS,
  byCreation,
  desiredReplicas,
  integerAnnotation,
  isRollingUpdate,
  isSaturated,
  newSetReplicas,
  oldSetSizes,
  proportionalSizes,
  actualReplicas,
} from './arithmetic.ts';
import { ensureNewSet } from './new-set.ts';
import { baseStatus, deadlineCheckMs, isComplete, pausedCondition, rolloutStatus } from './progress.ts';
import { askedRevision, rollBack } from './rollback.ts';
import type { SetWrites } from './set-writes.ts';
import { findNewSet } from './template.ts';

/** Go's math.MaxInt32 stands for "keep all". */
const KEEP_ALL = 2 ** 31 - 1;

export interface RolloutOptions {
  context: ControllerContext;
  deployment: Deployment;
  /** What the Deployment controls. */
  sets: readonly ReplicaSet[];
  /** Whether pods of other sets than this one still run. */
  oldPodsRun(newest: ReplicaSet | undefined): boolean;
  writes: SetWrites;
}

export class Rollout {
  readonly context: ControllerContext;
  /** The newest known state; replaced by what writes answer. */
  deployment: Deployment;
  private readonly sets: readonly ReplicaSet[];
  private readonly oldPodsRun: RolloutOptions['oldPodsRun'];
  private readonly writes: SetWrites;

  constructor(options: RolloutOptions) {
    this.context = options.context;
    this.deployment = options.deployment;
    this.sets = options.sets;
    this.oldPodsRun = options.oldPodsRun;
    this.writes = options.writes;
  }

  /** Answers when to look again, in milliseconds. */
  async run(): Promise<number | undefined> {
    const now = this.context.clock.now();
    if (this.deployment.metadata?.deletionTimestamp) {
      const newest = findNewSet(this.deployment, this.sets);
      await this.writeStatus(baseStatus(this.deployment, this.ordered(newest), newest, now));
      return undefined;
    }
    const paused = pausedCondition(this.deployment, now);
    if (paused) {
      const conditions = withCondition(this.deployment.status?.conditions, paused);
      await this.writeStatus({ ...this.deployment.status, conditions });
    }
    const { paused: isPaused, strategy } = this.deployment.spec ?? {};
    const recreates = strategy?.type === 'Recreate';
    // With several sets only a rolling update knows what to scale: upstream would wait for ever.
    const mayScale = !recreates || this.sets.filter((rs) => desiredReplicas(rs) > 0).length < 2;
    if (isPaused) return this.scaleOnly();
    const asked = askedRevision(this.deployment);
    if (asked !== undefined) {
      const newest = await this.newSet(true);
      await rollBack(this, this.ordered(newest), asked);
      return undefined;
    }
    if (mayScale && this.wasScaled()) return this.scaleOnly();
    return recreates ? this.recreate() : this.rollingUpdate();
  }

  /** Old sets first, as upstream lists them. */
  private ordered(newest: ReplicaSet | undefined): ReplicaSet[] {
    return [...this.oldSets(newest), ...(newest ? [newest] : [])];
  }

  private oldSets(newest: ReplicaSet | undefined): ReplicaSet[] {
    return this.sets.filter((rs) => rs.metadata?.uid !== newest?.metadata?.uid);
  }

  /** The size of the Deployment changed since its sets were last sized. Upstream: isScalingEvent. */
  private wasScaled(): boolean {
    return this.sets.some((rs) => {
      const before = integerAnnotation(rs, DESIRED_REPLICAS);
      return desiredReplicas(rs) > 0 && before !== undefined && before !== desiredReplicas(this.deployment);
    });
  }

  private newSet(create: boolean): Promise<ReplicaSet | undefined> {
    return ensureNewSet(this, this.sets, create);
  }

  /** Paused, or scaled in mid-rollout: sizes move in proportion, nothing is rolled. Upstream: sync. */
  private async scaleOnly(): Promise<undefined> {
    let newest = await this.newSet(false);
    let old = this.oldSets(newest);
    const resized = await this.resizeAll(newest, old);
    newest = newest && (resized.get(newest.metadata?.uid ?? '') ?? newest);
    old = old.map((rs) => resized.get(rs.metadata?.uid ?? '') ?? rs);
    if (this.deployment.spec?.paused) await this.cleanUp(old);
    const all = [...old, ...(newest ? [newest] : [])];
    await this.writeStatus(baseStatus(this.deployment, all, newest, this.context.clock.now()));
    return undefined;
  }

  /** Upstream: scale. */
  private async resizeAll(newest: ReplicaSet | undefined, old: ReplicaSet[]): Promise<Map<string, ReplicaSet>> {
    const done = new Map<string, ReplicaSet>();
    const resize = async (rs: ReplicaSet, size: number) => {
      done.set(rs.metadata?.uid ?? '', (await this.resize(rs, size)).set);
    };
    const active = [...old, ...(newest ? [newest] : [])].filter((rs) => desiredReplicas(rs) > 0);
    if (active.length <= 1) {
      const only = active[0] ?? newest ?? [...old].sort((a, b) => byCreation(b, a))[0];
      // Also one that has the size already: until its annotations say so this looks like a change of size for ever.
      if (only) await resize(only, desiredReplicas(this.deployment));
    } else if (isSaturated(this.deployment, newest)) {
      for (const rs of old) if (desiredReplicas(rs) > 0) await resize(rs, 0);
    } else if (isRollingUpdate(this.deployment)) {
      for (const [rs, size] of proportionalSizes(this.deployment, active)) await resize(rs, size);
    }
    return done;
  }

  private async rollingUpdate(): Promise<number | undefined> {
    const newest = await this.newSet(true);
    if (!newest) return undefined;
    const old = this.oldSets(newest);
    const desired = desiredReplicas(this.deployment);
    const size = desiredReplicas(newest);
    const target = size > desired ? desired : newSetReplicas(this.deployment, [...old, newest], size);
    if (size !== desired && target !== size) {
      const { set } = await this.resize(newest, target);
      return this.follow(old, set);
    }
    const active = old.filter((rs) => desiredReplicas(rs) > 0);
    const sizes = oldSetSizes(this.deployment, active, newest);
    const resized = new Map<ReplicaSet, ReplicaSet>();
    for (const [rs, to] of sizes) resized.set(rs, (await this.resize(rs, to)).set);
    if (sizes.size === 0 && isComplete(this.deployment, this.deployment.status ?? {})) await this.cleanUp(old);
    return this.follow(
      old.map((rs) => resized.get(rs) ?? rs),
      newest,
    );
  }

  private async recreate(): Promise<number | undefined> {
    const found = await this.newSet(false);
    const old = this.oldSets(found);
    const active = old.filter((rs) => desiredReplicas(rs) > 0);
    if (active.length > 0) {
      const resized = new Map<ReplicaSet, ReplicaSet>();
      for (const rs of active) resized.set(rs, (await this.resize(rs, 0)).set);
      return this.follow(
        old.map((rs) => resized.get(rs) ?? rs),
        found,
      );
    }
    if (actualReplicas(old) > 0 || this.oldPodsRun(found)) return this.follow(old, found);
    const newest = found ?? (await this.newSet(true));
    if (!newest) return undefined;
    const { set } = await this.resize(newest, desiredReplicas(this.deployment));
    if (isComplete(this.deployment, this.deployment.status ?? {})) await this.cleanUp(old);
    return this.follow(old, set);
  }

  private async follow(old: ReplicaSet[], newest: ReplicaSet | undefined): Promise<number | undefined> {
    const now = this.context.clock.now();
    const all = [...old, ...(newest ? [newest] : [])];
    const status = rolloutStatus(this.deployment, all, newest, now);
    await this.writeStatus(status);
    return deadlineCheckMs(this.deployment, status, now);
  }

  /** Upstream: scaleReplicaSet. Writes only what changes. */
  private async resize(rs: ReplicaSet, size: number): Promise<{ set: ReplicaSet; changed: boolean }> {
    const before = desiredReplicas(rs);
    const annotations = sizeAnnotations(this.deployment);
    if (before === size && hasAnnotations(rs, annotations)) return { set: rs, changed: false };
    const set = await this.updateSet({
      ...rs,
      metadata: { ...rs.metadata, annotations: { ...rs.metadata?.annotations, ...annotations } },
      spec: { ...rs.spec!, replicas: size },
    });
    if (before !== size) {
      const way = before < size ? 'up' : 'down';
      this.event(
        'Normal',
        'ScalingReplicaSet',
        `Scaled ${way} replica set ${rs.metadata?.name} from ${before} to ${size}`,
      );
    }
    return { set, changed: before !== size };
  }

  /** Deletes the oldest sets beyond revisionHistoryLimit. Upstream: cleanupDeployment. */
  private async cleanUp(old: readonly ReplicaSet[]): Promise<void> {
    const limit = this.deployment.spec?.revisionHistoryLimit ?? KEEP_ALL;
    const cleanable = old.filter((rs) => !rs.metadata?.deletionTimestamp);
    const surplus = limit === KEEP_ALL ? 0 : cleanable.length - limit;
    if (surplus <= 0) return;
    cleanable.sort((a, b) => Number(revisionOf(a) - revisionOf(b)) || byCreation(a, b));
    for (const rs of cleanable.slice(0, surplus)) {
      const idle = (rs.status?.replicas ?? 0) === 0 && desiredReplicas(rs) === 0;
      if (!idle || (rs.metadata?.generation ?? 0) > (rs.status?.observedGeneration ?? 0)) continue;
      const { name = '', namespace } = rs.metadata ?? {};
      try {
        await this.context.client.delete(ReplicaSets, { name, namespace });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  createSet(set: ReplicaSet): Promise<ReplicaSet> {
    return this.writes.write(this.deployment, () => this.context.client.create(ReplicaSets, set));
  }

  updateSet(set: ReplicaSet): Promise<ReplicaSet> {
    return this.writes.write(this.deployment, () => this.context.client.update(ReplicaSets, set));
  }

  event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.context.events.event(about(Deployments, this.deployment), type, reason, message);
  }

  async update(deployment: Deployment): Promise<void> {
    this.deployment = await this.context.client.update(Deployments, deployment);
  }

  async writeStatus(status: DeploymentStatus): Promise<void> {
    if (semanticEqual(this.deployment.status, status)) return;
    this.deployment = await this.context.client.updateStatus(Deployments, { ...this.deployment, status });
  }

  /** The Deployment carries its newest set's revision: rollout history reads it. */
  async writeRevision(revision: string | undefined): Promise<void> {
    if (revision === undefined || this.deployment.metadata?.annotations?.[REVISION] === revision) return;
    const { name = '', namespace } = this.deployment.metadata ?? {};
    const patch = { metadata: { annotations: { [REVISION]: revision } } };
    this.deployment = await this.context.client.patch(Deployments, { name, namespace }, 'merge', patch);
  }
}
