// One reconcile of a DaemonSet: history, placement, a step of the rolling update, clean-up, status.
// Upstream: syncDaemonSet, manage and syncNodes in pkg/controller/daemon/daemon_controller.go.
import type { ControllerRevision, DaemonSet } from 'kubernetes-types/apps/v1.js';
import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { DaemonSets, Pods } from '../../../api/resources.ts';
import { objectKey } from '../../../api/types.ts';
import type { ControllerContext } from '../../../client/controller.ts';
import type { Lister } from '../../../client/informer.ts';
import { claimRevisions, deleteRevision } from '../history/revisions.ts';
import { claimObjects } from '../shared/claim.ts';
import type { Expectations } from '../shared/expectations.ts';
import { about, coalesce } from '../shared/objects.ts';
import { controlledOrOrphan } from '../shared/owners.ts';
import { createExpected, deleteExpected, showsAllPods } from '../shared/pod-control.ts';
import { nextAvailabilityMs } from '../shared/pods.ts';
import { compiledSelector, ownedSelector } from '../shared/selectors.ts';
import { writeStatus } from '../shared/write-status.ts';
import type { FailedPodBackoff } from './backoff.ts';
import { type Eligibility, eligibilityOf } from './eligibility.ts';
import { daemonHistory, hashOf, historyToDelete } from './history.ts';
import { type PodsByNode, placementOn, podsByNode, unplacedWithoutNode } from './placement.ts';
import { daemonPod } from './pod.ts';
import { rollingUpdate } from './rolling-update.ts';
import { daemonCounts, daemonStatus, isStatusCurrent } from './status.ts';

/** How long the cache may take to show what was done. */
const CACHE_WAIT_MS = 100;
/** Creations, and deletions, of one step. Upstream: BurstReplicas. */
const BURST = 250;

export interface DaemonState {
  expectations: Expectations;
  backoff: FailedPodBackoff;
  sets: Lister<DaemonSet>;
  pods: Lister<Pod>;
  revisions: Lister<ControllerRevision>;
  nodes: Lister<Node>;
}

export async function syncDaemonSet(context: ControllerContext, key: string, state: DaemonState) {
  await coalesce(context, state.sets.get(key)?.status?.desiredNumberScheduled ?? 0);
  const ds = state.sets.get(key);
  if (!ds?.spec) {
    state.expectations.forget(key);
    return;
  }
  if (compiledSelector(ds.spec.selector).empty) {
    const message = 'This daemon set is selecting all pods. A non-empty selector is required.';
    context.events.event(about(DaemonSets, ds), 'Warning', 'SelectingAll', message);
    return;
  }
  // Its revisions may be gone before its pods: nothing that could be said of it would be right.
  if (ds.metadata?.deletionTimestamp !== undefined) return;
  const sync = new DaemonSync(context, ds, state);
  await sync.run();
  if (sync.lookAgainMs !== undefined) return { requeueAfterMs: sync.lookAgainMs };
}

class DaemonSync {
  lookAgainMs: number | undefined;
  private hash = '';
  private readonly eligible: Eligibility;
  private readonly nodes: readonly Node[];
  private readonly context: ControllerContext;
  private readonly ds: DaemonSet;
  private readonly state: DaemonState;
  constructor(context: ControllerContext, ds: DaemonSet, state: DaemonState) {
    this.context = context;
    this.ds = ds;
    this.state = state;
    this.eligible = eligibilityOf(ds);
    this.nodes = state.nodes.list();
  }

  async run(): Promise<void> {
    const { client } = this.context;
    const { expectations, revisions } = this.state;
    const key = objectKey(this.ds);
    if (expectations.isUnsure(key)) {
      const shown = await showsAllPods(client, this.state.pods, this.ds, this.ds.spec?.selector);
      if (!shown) return this.lookAgain(CACHE_WAIT_MS);
      expectations.setUnsure(key, false);
    }
    const claimed = await claimRevisions(client, revisions, DaemonSets, this.ds);
    const now = this.context.clock.now();
    const history = await daemonHistory(client, this.ds, claimed, () => this.claimPods(), now);
    this.lookAgain(history.lookAgainMs);
    this.hash = hashOf(history.current);
    const settled = expectations.satisfied(key);
    let failure: unknown;
    if (settled) {
      try {
        await this.place();
        await this.roll();
        const pods = await this.claimPods();
        for (const revision of historyToDelete(this.ds, history.old, pods)) await deleteRevision(client, revision);
      } catch (error) {
        failure = error;
      }
    }
    await this.writeStatus(settled);
    if (failure !== undefined) throw failure as Error;
  }

  private claimPods(): Promise<Pod[]> {
    const selector = ownedSelector(this.ds.spec?.selector);
    return claimObjects(controlledOrOrphan(this.state.pods, this.ds), {
      client: this.context.client,
      ownerType: DaemonSets,
      owner: this.ds,
      type: Pods,
      matches: (labels) => selector.matches(labels),
    });
  }

  private async podsByNode(): Promise<PodsByNode> {
    return podsByNode(await this.claimPods());
  }

  /** A pod where there should be one, none where there should not. */
  private async place(): Promise<void> {
    const pods = await this.podsByNode();
    const nowMs = this.context.clock.now();
    const create: string[] = [];
    const surplus: Pod[] = [];
    for (const node of this.nodes) {
      const name = node.metadata?.name ?? '';
      const placement = placementOn({
        ds: this.ds,
        node,
        need: this.eligible(node),
        pods: pods.get(name),
        hash: this.hash,
        nowMs,
        mayReplaceFailed: () => this.mayReplaceFailed(name, nowMs),
      });
      if (placement.create) create.push(name);
      surplus.push(...placement.delete);
      for (const pod of placement.ended) this.tellEnd(pod, name);
    }
    surplus.push(...unplacedWithoutNode(this.nodes, pods));
    await this.apply(surplus, create);
  }

  private async roll(): Promise<void> {
    if (this.ds.spec?.updateStrategy?.type !== 'RollingUpdate') return;
    // What was placed has to be seen first.
    if (!this.state.expectations.satisfied(objectKey(this.ds))) return;
    const { ds, nodes, eligible, hash } = this;
    const pods = await this.podsByNode();
    const roll = rollingUpdate({ ds, nodes, eligible, pods, hash, nowMs: this.context.clock.now() });
    await this.apply(roll.delete, roll.create);
  }

  private mayReplaceFailed(node: string, nowMs: number): boolean {
    const { metadata, status } = this.ds;
    const wait = this.state.backoff.tryNow(`${metadata?.uid}/${status?.observedGeneration ?? 0}/${node}`, nowMs);
    if (wait > 0) this.lookAgain(wait);
    return wait === 0;
  }

  private lookAgain(ms: number | undefined): void {
    if (ms !== undefined) this.lookAgainMs = Math.min(this.lookAgainMs ?? ms, ms);
  }

  private tellEnd(pod: Pod, node: string): void {
    const { name, namespace } = pod.metadata ?? {};
    const owner = about(DaemonSets, this.ds);
    const { events } = this.context;
    if (pod.status?.phase === 'Failed') {
      const message = `Found failed daemon pod ${namespace}/${name} on node ${node}, will try to kill it`;
      events.event(owner, 'Warning', 'FailedDaemonPod', message);
    } else {
      const message = `Found succeeded daemon pod ${namespace}/${name} on node ${node}, will try to delete it`;
      events.event(owner, 'Normal', 'SucceededDaemonPod', message);
    }
  }

  private async apply(surplus: readonly Pod[], nodes: readonly string[]): Promise<void> {
    const { expectations } = this.state;
    const key = objectKey(this.ds);
    const owned = { ...this.context, owner: about(DaemonSets, this.ds) };
    const victims = surplus.slice(0, BURST);
    const count = Math.min(nodes.length, BURST);
    expectations.expect(key, count, victims.map(objectKey));
    const create = (i: number) => daemonPod(this.ds, this.hash, nodes[i]!);
    // Deletions first: an old pod makes room for the next surge.
    const notDeleted = await deleteExpected(owned, expectations, victims);
    const notCreated = await createExpected(owned, expectations, count, create);
    const failed = notCreated ?? notDeleted;
    if (failed !== undefined) throw failed as Error;
  }

  /** The generation counts as observed only when it was acted on. */
  private async writeStatus(observed: boolean): Promise<void> {
    const { client, clock } = this.context;
    const { generation = 0 } = this.ds.metadata ?? {};
    const nowMs = clock.now();
    const pods = await this.podsByNode();
    const counts = daemonCounts(this.ds, this.nodes, this.eligible, pods, { hash: this.hash, nowMs });
    const written = await writeStatus(client, DaemonSets, this.ds, (current) => {
      const status = daemonStatus(current, counts, observed ? generation : undefined);
      return isStatusCurrent(current, status) ? undefined : status;
    });
    if (!written) return;
    if (counts.ready === counts.available) return;
    this.lookAgain(nextAvailabilityMs([...pods.values()].flat(), this.ds.spec?.minReadySeconds, nowMs));
  }
}
