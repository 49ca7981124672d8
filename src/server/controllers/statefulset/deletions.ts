// Pods whose deletion the cache does not show yet: a set that counted them as available would take the next one down
// too early when its template changes meanwhile. Upstream relies on its cache being quick.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Pods } from '../../../api/resources.ts';
import { isConflict, isNotFound } from '../../../api/status.ts';
import { objectKey } from '../../../api/types.ts';
import type { Informer } from '../../../client/informer.ts';
import type { Client } from '../../../client/rest.ts';
import { wasRefused } from '../shared/written-versions.ts';
import { isTerminating } from './status.ts';

const uidOf = (pod: Pod): string => pod.metadata?.uid ?? '';

export class Deletions {
  /** Their uids. */
  private readonly going = new Set<string>();
  /** The answer never came. */
  private readonly unsure = new Set<string>();
  private readonly informer: Informer<Pod>;

  constructor(informer: Informer<Pod>) {
    this.informer = informer;
    informer.addHandler({
      update: (pod, old) => {
        if (isTerminating(pod)) this.forget(uidOf(pod));
        if (uidOf(pod) !== uidOf(old)) this.forget(uidOf(old));
      },
      delete: (pod) => this.forget(uidOf(pod)),
    });
  }

  /** Exactly this pod, not one that has taken its name since. False: it is gone already. */
  async delete(client: Client, pod: Pod): Promise<boolean> {
    const { name = '', namespace, uid } = pod.metadata ?? {};
    this.going.add(uidOf(pod));
    try {
      await client.delete(Pods, { name, namespace }, uid ? { preconditions: { uid } } : {});
      return true;
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return false;
      if (wasRefused(error)) this.forget(uidOf(pod));
      else this.unsure.add(uidOf(pod));
      throw error;
    } finally {
      if (!this.isShownUntouched(pod)) this.forget(uidOf(pod));
    }
  }

  /** The pods of the cache, those that go marked as such. */
  async apply(client: Client, pods: readonly Pod[]): Promise<Pod[]> {
    if (this.going.size === 0) return [...pods];
    for (const pod of pods) if (this.unsure.has(uidOf(pod))) await this.ask(client, pod);
    const deletionTimestamp = new Date(0).toISOString();
    return pods.map((pod) =>
      this.going.has(uidOf(pod)) && !isTerminating(pod)
        ? { ...pod, metadata: { ...pod.metadata, deletionTimestamp } }
        : pod,
    );
  }

  private async ask(client: Client, pod: Pod): Promise<void> {
    const { name = '', namespace } = pod.metadata ?? {};
    try {
      const live = await client.get(Pods, { name, namespace });
      if (uidOf(live) === uidOf(pod) && !isTerminating(live)) this.going.delete(uidOf(pod));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.unsure.delete(uidOf(pod));
  }

  private isShownUntouched(pod: Pod): boolean {
    const cached = this.informer.lister.get(objectKey(pod));
    return cached !== undefined && uidOf(cached) === uidOf(pod) && !isTerminating(cached);
  }

  private forget(uid: string): void {
    this.going.delete(uid);
    this.unsure.delete(uid);
  }
}
