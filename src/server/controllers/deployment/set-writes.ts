// What the controller wrote of each Deployment's sets and the cache does not show yet: whoever decides without it gives
// the same room away twice. Upstream decides, and relies on its cache being quick.
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { ReplicaSets } from '../../../api/resources.ts';
import { isNotFound } from '../../../api/status.ts';
import { objectKey } from '../../../api/types.ts';
import type { Lister } from '../../../client/informer.ts';
import type { Client } from '../../../client/rest.ts';
import { isControlledBy } from '../shared/owners.ts';
import { versionOf, wasRefused } from '../shared/written-versions.ts';

const uidOf = ({ metadata }: Deployment | ReplicaSet): string => metadata?.uid ?? '';

export class SetWrites {
  /** By the Deployment's uid: its sets as written, by key. */
  private readonly unseen = new Map<string, Map<string, ReplicaSet>>();
  /** Deployments of which a write ended without an answer. */
  private readonly unsure = new Set<string>();
  private readonly sets: Lister<ReplicaSet>;

  constructor(sets: Lister<ReplicaSet>) {
    this.sets = sets;
  }

  async write(owner: Deployment, call: () => Promise<ReplicaSet>): Promise<ReplicaSet> {
    try {
      const written = await call();
      if (!this.shows(written)) {
        const unseen = this.unseen.get(uidOf(owner)) ?? new Map<string, ReplicaSet>();
        this.unseen.set(uidOf(owner), unseen.set(objectKey(written), written));
      }
      return written;
    } catch (error) {
      if (!wasRefused(error)) this.unsure.add(uidOf(owner));
      throw error;
    }
  }

  forget(uid: string): void {
    this.unseen.delete(uid);
    this.unsure.delete(uid);
  }

  /** Whether the cache shows all that was written; asks the server about what it does not show. */
  async areSeen(client: Client, owner: Deployment): Promise<boolean> {
    const uid = uidOf(owner);
    for (const [key, written] of this.unseen.get(uid) ?? []) {
      if (!this.shows(written) && (await stillThere(client, written))) return false;
      this.unseen.get(uid)?.delete(key);
    }
    this.unseen.delete(uid);
    if (!this.unsure.has(uid)) return true;
    const { items } = await client.list(ReplicaSets, { namespace: owner.metadata?.namespace });
    if (!items.every((live) => !isControlledBy(live, owner) || this.shows(live))) return false;
    this.unsure.delete(uid);
    return true;
  }

  private shows(written: ReplicaSet): boolean {
    const cached = this.sets.get(objectKey(written));
    return cached !== undefined && versionOf(cached) >= versionOf(written);
  }
}

/** What has gone since will never be shown. */
async function stillThere(client: Client, { metadata }: ReplicaSet): Promise<boolean> {
  try {
    const live = await client.get(ReplicaSets, { name: metadata?.name ?? '', namespace: metadata?.namespace });
    return live.metadata?.uid === metadata?.uid;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
