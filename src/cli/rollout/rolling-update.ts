// The engine of `rolling-update`: one replication controller grows while another shrinks, step by step, and the state
// is kept in annotations so that an update that was cut off goes on, or back.
// Upstream: kubectl 1.17 pkg/cmd/rollingupdate/rolling_updater.go.
import type { Pod, ReplicationController } from 'kubernetes-types/core/v1.js';
import { isConflict, isNotFound } from '../../api/status.ts';
import { resourcePath, type Unstructured } from '../../api/types.ts';
import { deleteBody } from '../../client/rest.ts';
import type { Info } from '../builder/builder.ts';
import type { Mapping } from '../builder/mapper.ts';
import type { Cluster } from '../cluster.ts';
import { CliError } from '../errors.ts';
import type { Propagation } from '../flags.ts';
import { waitFor } from '../wait/conditions.ts';

export const SOURCE = 'kubectl.kubernetes.io/update-source-id';
export const DESIRED = 'kubectl.kubernetes.io/desired-replicas';
export const ORIGINAL = 'kubectl.kubernetes.io/original-replicas';
export const NEXT = 'kubectl.kubernetes.io/next-controller-id';

export type Controller = Unstructured & {
  spec: { replicas?: number; selector: Record<string, string>; template: { metadata?: Unstructured['metadata'] } };
};

export interface Pace {
  periodMs: number;
  timeoutMs: number;
}

const MAX_CONFLICTS = 5;
const RENAME_MS = 60_000;

const replicasOf = (rc: Controller): number => rc.spec.replicas ?? 0;
const nameOf = (rc: Controller): string => rc.metadata.name ?? '';
const annotationOf = (rc: Controller, key: string): string | undefined => rc.metadata.annotations?.[key];

export class RollingUpdate {
  private readonly cluster: Cluster;
  private readonly mapping: Mapping;
  private readonly namespace: string;
  private readonly pace: Pace;
  private readonly say: (line: string) => void;

  constructor(cluster: Cluster, mapping: Mapping, pace: Pace, say: (line: string) => void) {
    this.cluster = cluster;
    this.mapping = mapping;
    this.namespace = cluster.namespace;
    this.pace = pace;
    this.say = say;
  }

  private path(name?: string): string {
    return resourcePath(this.mapping, { namespace: this.namespace, ...(name === undefined ? {} : { name }) });
  }

  get(name: string): Promise<Controller> {
    return this.cluster.json<Controller>('GET', this.path(name));
  }

  async find(name: string): Promise<Controller | undefined> {
    if (name === '') return undefined;
    return this.get(name).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  }

  /** One that was made from the controller of this name, when that one is gone already. */
  async madeFrom(name: string): Promise<Controller> {
    const { items } = await this.cluster.json<{ items: Controller[] }>('GET', this.path());
    const found = items.find((rc) => annotationOf(rc, SOURCE)?.startsWith(name));
    if (found) return found;
    throw new CliError(`couldn't find a replication controller with source id == ${this.namespace}/${name}`);
  }

  /** Changes the newest state, again and again while others change it, too. */
  async change(name: string, edit: (rc: Controller) => void): Promise<Controller> {
    for (let attempt = 1; ; attempt++) {
      const rc = structuredClone(await this.get(name));
      edit(rc);
      try {
        return await this.cluster.json<Controller>('PUT', this.path(name), { body: rc });
      } catch (error) {
        if (!isConflict(error) || attempt === MAX_CONFLICTS) throw error;
      }
    }
  }

  annotate(name: string, annotations: Record<string, string | undefined>): Promise<Controller> {
    return this.change(name, (rc) => {
      const all: Record<string, string | undefined> = { ...rc.metadata.annotations, ...annotations };
      const kept = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
      if (kept.length > 0) rc.metadata.annotations = Object.fromEntries(kept);
      else delete rc.metadata.annotations;
    });
  }

  /** The controller and its pods get a label of their own, so that the next controller can have another. */
  async addKey(name: string, key: string, value: string): Promise<Controller> {
    const before = await this.change(name, (rc) => {
      rc.spec.template.metadata = { ...rc.spec.template.metadata, labels: { ...labelsOf(rc), [key]: value } };
    });
    for (const pod of await this.pods(before)) {
      await this.cluster.json('PATCH', this.podPath(pod), {
        body: { metadata: { labels: { [key]: value } } },
        contentType: 'application/merge-patch+json',
      });
    }
    const after = await this.change(name, (rc) => {
      rc.spec.selector = { ...rc.spec.selector, [key]: value };
    });
    // What was made with the old labels meanwhile belongs to nobody now.
    for (const pod of await this.pods(before)) {
      if (pod.metadata?.labels?.[key] !== value) await this.cluster.json('DELETE', this.podPath(pod));
    }
    return after;
  }

  private podPath(pod: Pod): string {
    const pods = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
    return resourcePath(pods, {
      namespace: this.namespace,
      ...(pod.metadata?.name ? { name: pod.metadata.name } : {}),
    });
  }

  private async pods(rc: Controller): Promise<Pod[]> {
    const labelSelector = Object.entries(rc.spec.selector)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    return (await this.cluster.json<{ items: Pod[] }>('GET', this.podPath({}), { query: { labelSelector } })).items;
  }

  private async ready(rc: Controller): Promise<number> {
    const isReady = (pod: Pod): boolean =>
      pod.metadata?.deletionTimestamp === undefined &&
      pod.status?.conditions?.find((c) => c.type === 'Ready')?.status === 'True';
    return (await this.pods(rc)).filter(isReady).length;
  }

  private info(name: string): Info {
    return { mapping: this.mapping, name, namespace: this.namespace };
  }

  private async scale(name: string, replicas: number): Promise<Controller> {
    const { metadata } = await this.change(name, (rc) => {
      rc.spec.replicas = replicas;
    });
    await this.settled(name, metadata.generation ?? 0);
    return this.get(name);
  }

  /** The controller has as many pods as it should. */
  private async settled(name: string, generation: number): Promise<void> {
    const isSettled = (object: Unstructured | undefined): boolean => {
      const { spec, status } = (object ?? {}) as ReplicationController;
      return (status?.observedGeneration ?? 0) >= generation && status?.replicas === (spec?.replicas ?? 0);
    };
    const { done } = await waitFor(this.cluster, this.info(name), isSettled, Date.now() + this.pace.timeoutMs);
    if (!done) throw new CliError('timed out waiting for the condition');
  }

  /** Finds the new controller or creates it without pods. */
  private async target(wanted: Controller, source: string): Promise<Controller> {
    const existing = await this.find(nameOf(wanted));
    if (existing) {
      if (annotationOf(existing, SOURCE) !== source || annotationOf(existing, DESIRED) === undefined) {
        const has = JSON.stringify(existing.metadata.annotations ?? {});
        throw new CliError(
          `Missing/unexpected annotations for controller ${nameOf(wanted)}, expected ${source} : ${has}`,
        );
      }
      this.say(`Continuing update with existing controller ${nameOf(existing)}.`);
      return existing;
    }
    const replicas = replicasOf(wanted);
    if (replicas <= 0) {
      throw new CliError(`Invalid controller spec for ${nameOf(wanted)}; required: > 0 replicas, actual: ${replicas}`);
    }
    const annotations = { ...wanted.metadata.annotations, [DESIRED]: String(replicas), [SOURCE]: source };
    const body = { ...wanted, metadata: { ...wanted.metadata, annotations }, spec: { ...wanted.spec, replicas: 0 } };
    const created = await this.cluster.json<Controller>('POST', this.path(), { body });
    this.say(`Created ${nameOf(created)}`);
    return created;
  }

  /** Moves all pods from the old controller to the new one; at most one more than wanted, and never one less. */
  async run(old: Controller, wanted: Controller): Promise<{ old: Controller; fresh: Controller }> {
    const fresh = await this.target(wanted, `${nameOf(old)}:${old.metadata.uid}`);
    const desired = Number(annotationOf(fresh, DESIRED));
    let from = old;
    if (annotationOf(old, ORIGINAL) === undefined) {
      from = await this.annotate(nameOf(old), { [ORIGINAL]: String(replicasOf(await this.get(nameOf(old)))) });
    }
    this.say(
      `Scaling up ${nameOf(fresh)} from ${replicasOf(fresh)} to ${desired}, scaling down ${nameOf(from)} from ${replicasOf(from)} to 0 (keep ${desired} pods available, don't exceed ${desired + 1} pods)`,
    );
    return this.move(from, fresh, desired);
  }

  private async move(
    old: Controller,
    fresh: Controller,
    desired: number,
  ): Promise<{ old: Controller; fresh: Controller }> {
    let deadline = Date.now() + this.pace.timeoutMs;
    let [from, to] = [old, fresh];
    while (replicasOf(to) !== desired || replicasOf(from) !== 0) {
      const before = [replicasOf(from), replicasOf(to)];
      to = await this.grow(from, to, desired);
      await new Promise((resolve) => setTimeout(resolve, this.pace.periodMs));
      from = await this.shrink(from, to, desired);
      if (before[0] !== replicasOf(from) || before[1] !== replicasOf(to)) deadline = Date.now() + this.pace.timeoutMs;
      else if (Date.now() > deadline) throw new CliError('timed out waiting for any update progress to be made');
    }
    return { old: from, fresh: to };
  }

  private async grow(from: Controller, to: Controller, desired: number): Promise<Controller> {
    const room = replicasOf(from) === 0 ? desired - replicasOf(to) : desired + 1 - replicasOf(from) - replicasOf(to);
    if (replicasOf(to) === desired || room <= 0) return to;
    const next = Math.min(replicasOf(to) + room, desired);
    this.say(`Scaling ${nameOf(to)} up to ${next}`);
    return this.scale(nameOf(to), next);
  }

  private async shrink(from: Controller, to: Controller, desired: number): Promise<Controller> {
    if (replicasOf(from) === 0) return from;
    const ready = await this.ready(to);
    const spare = replicasOf(from) + replicasOf(to) - desired - (replicasOf(to) - ready);
    if (spare <= 0) return from;
    const isDone = replicasOf(to) === desired && ready === desired;
    const next = isDone ? 0 : Math.max(0, replicasOf(from) - spare);
    this.say(`Scaling ${nameOf(from)} down to ${next}`);
    return this.scale(nameOf(from), next);
  }

  /** The old controller goes; with `rename` the new one takes its name. */
  async finish(old: string, fresh: string, rename: boolean): Promise<void> {
    const { metadata } = await this.annotate(fresh, { [SOURCE]: undefined, [DESIRED]: undefined });
    await this.settled(fresh, metadata.generation ?? 0);
    this.say(rename ? `Update succeeded. Deleting old controller: ${old}` : `Update succeeded. Deleting ${old}`);
    await this.remove(old, 'Background');
    if (!rename) return;
    await this.gone(old);
    this.say(`Renaming ${fresh} to ${old}`);
    await this.rename(await this.get(fresh), old);
  }

  /** Its pods are left alone, and adopted by the controller of the other name. */
  async rename(rc: Controller, name: string): Promise<void> {
    await this.remove(nameOf(rc), 'Orphan');
    await this.gone(nameOf(rc));
    const { labels, annotations } = rc.metadata;
    const metadata = {
      name,
      namespace: this.namespace,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
    };
    await this.cluster.json('POST', this.path(), {
      body: { apiVersion: 'v1', kind: 'ReplicationController', metadata, spec: rc.spec },
    });
  }

  private async remove(name: string, propagationPolicy: Propagation): Promise<void> {
    const body = deleteBody({ propagationPolicy });
    await this.cluster.json('DELETE', this.path(name), { body }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  private async gone(name: string): Promise<void> {
    const { done } = await waitFor(this.cluster, this.info(name), (object) => !object, Date.now() + RENAME_MS);
    if (!done) throw new CliError('timed out waiting for the condition');
  }
}

const labelsOf = (rc: Controller): Record<string, string> => rc.spec.template.metadata?.labels ?? {};
