// What is done to the API for one StatefulSet: its pods and their claims created, put right and deleted, with the
// events that tell of it. Upstream: pkg/controller/statefulset/stateful_pod_control.go.
import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import { PersistentVolumeClaims, Pods, StatefulSets } from '../../../api/resources.ts';
import { isAlreadyExists } from '../../../api/status.ts';
import { type OwnerReference, objectKey } from '../../../api/types.ts';
import type { ControllerContext } from '../../../client/controller.ts';
import { about, messageOf } from '../shared/objects.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';
import {
  claimOwners,
  claimsOf,
  hasStaleOwner,
  hasUnexpectedController,
  isClaimOwnerCurrent,
  retentionOf,
} from './claims.ts';
import type { Deletions } from './deletions.ts';
import { identityMatches, storageMatches, withIdentity, withStorage } from './identity.ts';

type Verb = 'create' | 'update' | 'delete';
const titled = (verb: Verb): string => verb[0]!.toUpperCase() + verb.slice(1);

export class StatefulPods {
  private readonly context: ControllerContext;
  private readonly set: StatefulSet;
  private readonly deletions: Deletions;
  constructor(context: ControllerContext, set: StatefulSet, deletions: Deletions) {
    this.context = context;
    this.deletions = deletions;
    this.set = about(StatefulSets, set);
  }

  async create(pod: Pod): Promise<void> {
    await this.tell('create', pod, () => this.createClaims(pod));
    try {
      await this.context.client.create(Pods, pod);
    } catch (error) {
      // One that exists is ours of a moment ago, which the cache does not show yet, or a stranger: look again later.
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) this.podEvent('create', pod, error);
      throw error;
    }
    await this.tell('update', pod, () => this.fixOwners(pod));
    this.podEvent('create', pod);
  }

  /** Gives the pod back its name label, its volumes and the right owners of its claims. */
  async update(pod: Pod): Promise<void> {
    let next = pod;
    if (!identityMatches(this.set, next)) next = withIdentity(this.set, next);
    if (!storageMatches(this.set, next)) {
      next = withStorage(this.set, next);
      await this.tell('update', pod, () => this.createClaims(next));
    }
    if (!this.ownersMatch(next)) await this.tell('update', pod, () => this.fixOwners(next));
    if (next === pod) return;
    await this.tell('update', pod, () => this.context.client.update(Pods, next));
    this.podEvent('update', pod);
  }

  async delete(pod: Pod): Promise<void> {
    try {
      if (await this.deletions.delete(this.context.client, pod)) this.podEvent('delete', pod);
    } catch (error) {
      this.podEvent('delete', pod, error);
      throw error;
    }
  }

  async createMissingClaims(pod: Pod): Promise<void> {
    await this.createClaims(pod);
    await this.tell('update', pod, () => this.fixOwners(pod));
  }

  /** A claim of a pod that was scaled away and is still to be deleted: no new pod may take it. */
  hasStaleClaim(pod: Pod): boolean {
    if (!retentionOf(this.set).deleteWhenScaled) return false;
    return this.existingClaims(pod).some((claim) => hasStaleOwner(claim, Pods, pod));
  }

  /** Claims that are missing count as right: they are made when the pod is. */
  ownersMatch(pod: Pod): boolean {
    return this.existingClaims(pod).every((claim) => isClaimOwnerCurrent(claim, this.set, pod));
  }

  async fixOwners(pod: Pod): Promise<void> {
    const { set } = this;
    for (const claim of this.existingClaims(pod)) {
      if (hasUnexpectedController(claim, set, pod)) {
        const message = `PersistentVolumeClaim ${claim.metadata?.name} has a conflicting OwnerReference that acts as a managing controller, the retention policy is ignored for this claim`;
        this.context.events.event(set, 'Warning', 'ConflictingController', message);
      }
      if (isClaimOwnerCurrent(claim, set, pod)) continue;
      const ownerReferences = claimOwners(claim, set, pod) as Required<OwnerReference>[];
      await this.context.client.update(PersistentVolumeClaims, {
        ...claim,
        metadata: { ...claim.metadata, ownerReferences },
      });
    }
  }

  private existingClaims(pod: Pod): PersistentVolumeClaim[] {
    if (!this.set.spec?.volumeClaimTemplates?.length) return [];
    const lister = this.context.lister(PersistentVolumeClaims);
    return claimsOf(this.set, pod)
      .map((claim) => lister.get(objectKey(claim)))
      .filter((claim) => claim !== undefined);
  }

  private async createClaims(pod: Pod): Promise<void> {
    if (!this.set.spec?.volumeClaimTemplates?.length) return;
    const lister = this.context.lister(PersistentVolumeClaims);
    const problems: string[] = [];
    for (const claim of claimsOf(this.set, pod)) {
      const name = claim.metadata?.name ?? '';
      const existing = lister.get(objectKey(claim));
      if (existing?.metadata?.deletionTimestamp) problems.push(`pvc ${name} is being deleted`);
      if (existing) continue;
      try {
        await this.context.client.create(PersistentVolumeClaims, claim);
        this.claimEvent(name, pod);
      } catch (error) {
        if (isAlreadyExists(error)) continue;
        if (isNamespaceTerminating(error)) throw error;
        problems.push(`failed to create PVC ${name}: ${messageOf(error)}`);
        this.claimEvent(name, pod, error);
      }
    }
    if (problems.length === 1) throw new Error(problems[0]);
    if (problems.length > 1) throw new Error(`[${problems.join(', ')}]`);
  }

  /** Tells of the failure as one of the pod's. */
  private async tell(verb: Verb, pod: Pod, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!isNamespaceTerminating(error)) this.podEvent(verb, pod, error);
      throw error;
    }
  }

  private podEvent(verb: Verb, pod: Pod, error?: unknown): void {
    const what = `${verb} Pod ${pod.metadata?.name} in StatefulSet ${this.set.metadata?.name}`;
    this.event(verb, `${what} successful`, `${what} failed error: `, error);
  }

  private claimEvent(claim: string, pod: Pod, error?: unknown): void {
    const [name, owner] = [pod.metadata?.name, this.set.metadata?.name];
    const success = `create Claim ${claim} Pod ${name} in StatefulSet ${owner} success`;
    this.event(
      'create',
      success,
      `create Claim ${claim} for Pod ${name} in StatefulSet ${owner} failed error: `,
      error,
    );
  }

  private event(verb: Verb, success: string, failure: string, error: unknown): void {
    const { events } = this.context;
    if (error === undefined) events.event(this.set, 'Normal', `Successful${titled(verb)}`, success);
    else events.event(this.set, 'Warning', `Failed${titled(verb)}`, failure + messageOf(error));
  }
}
