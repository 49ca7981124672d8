// Applies objects with server-side apply and deletes what is stale. One instance for each pass. Upstream: fluxcd/pkg/ssa.
import { StatusError, isNotFound, isReason } from '../../api/status.ts';
import type { DiscoveredResource } from '../../client/discovery.ts';
import type { Client } from '../../client/rest.ts';
import type { BuiltObject } from '../../api/kustomize/kustomize.ts';
import type { Unstructured } from '../../api/types.ts';
import { apiVersionOf, parseApiVersion } from '../../api/types.ts';
import {
  FIELD_MANAGER,
  FORCE,
  type InventoryEntry,
  OWNER_NAME,
  OWNER_NAMESPACE,
  PRUNE,
  RECONCILE,
  SSA,
} from '../types.ts';
import { fingerprint, manifestDigest, takeOver } from './fields.ts';
import { type ObjectId, describeId, entryOf, idOf, isDefinition, parseId, stages } from './inventory.ts';
import type { KindMap } from './kinds.ts';
import { inParallel } from './parallel.ts';

export type Action = 'created' | 'configured' | 'unchanged' | 'deleted' | 'skipped';
export interface Change {
  id: ObjectId;
  action: Action;
  /** The object as it is now. */
  object?: Unstructured;
  /** Digest of the manifest that was applied. */
  manifest?: string;
}

/** An object was refused; the message names it, its file, and the server's reason. */
export class ApplyError extends Error {
  constructor(
    message: string,
    readonly origin?: string,
  ) {
    super(message);
  }
}

export interface Owner {
  name: string;
  namespace: string;
}

const ESTABLISH_MS = 30_000;

/** What a pass may take on trust, and what it must say before it writes. */
export interface ApplyOptions {
  /** Try everything without effect before anything is written. */
  check: boolean;
  /** The live object, when nothing has happened to it since we wrote this very manifest. */
  untouched?(id: ObjectId, manifest: string): Unstructured | undefined;
  /** Called with all that will be there, before the first write. */
  beforeWrite?(entries: InventoryEntry[]): Promise<void>;
}

/** An object ready to be written. */
interface Prepared {
  built: BuiltObject;
  type: DiscoveredResource;
  wanted: Unstructured;
  id: ObjectId;
  manifest: string;
}

export class Applier {
  private readonly client: Client;
  private readonly kinds: KindMap;
  private readonly owner: Owner;
  private readonly force: boolean;
  private readonly sleep: (ms: number) => Promise<void>;

  constructor(options: {
    client: Client;
    kinds: KindMap;
    owner: Owner;
    force: boolean;
    sleep(ms: number): Promise<void>;
  }) {
    this.client = options.client;
    this.kinds = options.kinds;
    this.owner = options.owner;
    this.force = options.force;
    this.sleep = options.sleep;
  }

  /**
   * Definitions first; then, when `check` is set, everything else is tried without effect before anything of it is
   * written: a commit that the server would refuse changes nothing that runs.
   */
  async applyAll(objects: readonly BuiltObject[], options: ApplyOptions): Promise<Change[]> {
    const definitions = objects.filter((o) => isDefinition(o.object));
    const rest = objects.filter((o) => !isDefinition(o.object));
    await options.beforeWrite?.(await this.entries(objects));
    const changes: Change[] = [];
    const applyStages = async (prepared: readonly Prepared[]) => {
      for (const stage of stages(prepared, (p) => p.wanted.kind)) {
        changes.push(...(await inParallel(stage, (p) => this.applyOne(p))));
      }
    };
    const skipUntouched = (all: readonly Prepared[]): Prepared[] =>
      all.filter(({ id, manifest }) => {
        const object = options.untouched?.(id, manifest);
        if (object) changes.push({ id, action: 'unchanged', object, manifest });
        return !object;
      });
    await applyStages(skipUntouched(await this.prepareAll(definitions)));
    for (const change of changes) if (change.action !== 'unchanged') await this.established(change);
    const touched = skipUntouched(await this.prepareAll(rest));
    if (options.check) await inParallel(touched, (p) => this.tryOne(p));
    await applyStages(touched);
    return changes;
  }

  private prepareAll(objects: readonly BuiltObject[]): Promise<Prepared[]> {
    return Promise.all(objects.map((built) => this.prepare(built)));
  }

  private async prepare(built: BuiltObject): Promise<Prepared> {
    const type = await this.resource(built);
    const wanted = this.withOwner(built.object, type);
    return { built, type, wanted, id: idOf(wanted), manifest: manifestDigest(wanted) };
  }

  /** Kinds that come with the same commit are taken to be namespaced as their objects say. */
  private async entries(objects: readonly BuiltObject[]): Promise<InventoryEntry[]> {
    const missing = new Set<string>();
    const entries: InventoryEntry[] = [];
    for (const { object } of objects) {
      const { group, version } = parseApiVersion(object.apiVersion);
      const kind = `${group}/${version}/${object.kind}`;
      const type =
        this.kinds.known(object) ??
        (missing.has(kind) ? undefined : await this.kinds.find(group, version, object.kind));
      if (!type) missing.add(kind);
      entries.push(entryOf(type ? this.withOwner(object, type) : object));
    }
    return entries;
  }

  /** Deletes in the reverse order of applying. What is no longer ours, or marked to stay, stays. */
  async prune(entries: readonly InventoryEntry[]): Promise<Change[]> {
    const changes: Change[] = [];
    for (const stage of stages(entries, (e) => parseId(e.id).kind).reverse()) {
      changes.push(...(await inParallel(stage, (entry) => this.deleteOne(entry))));
    }
    return changes;
  }

  /** The live object of an inventory entry. */
  async read(entry: InventoryEntry): Promise<Unstructured | undefined> {
    const id = parseId(entry.id);
    const type = await this.kinds.find(id.group, entry.v, id.kind);
    if (!type) return undefined;
    return this.client.get<Unstructured>(type, id).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  }

  private async resource({ object, origin }: BuiltObject): Promise<DiscoveredResource> {
    const { group, version } = parseApiVersion(object.apiVersion);
    const type = await this.kinds.find(group, version, object.kind);
    if (type) return type;
    const what = `no matches for kind "${object.kind}" in version "${apiVersionOf({ group, version })}"`;
    throw new ApplyError(`${describeId(idOf(object))} (${origin}): ${what}`, origin);
  }

  /** Owner labels, and the namespace that namespaced objects without one go to. */
  private withOwner(object: Unstructured, type: DiscoveredResource): Unstructured {
    const { namespace: _namespace, ...metadata } = object.metadata;
    const labels = { ...metadata.labels, [OWNER_NAME]: this.owner.name, [OWNER_NAMESPACE]: this.owner.namespace };
    const namespace = type.namespaced ? { namespace: object.metadata.namespace || this.owner.namespace } : {};
    return { ...object, metadata: { ...metadata, ...namespace, labels } };
  }

  private async tryOne({ built, type, wanted }: Prepared): Promise<void> {
    const { [RECONCILE]: reconcile, [SSA]: ssa } = wanted.metadata.annotations ?? {};
    if (reconcile === 'disabled' || ssa === 'Ignore') return;
    try {
      await this.client.apply(type, wanted, {
        fieldManager: FIELD_MANAGER,
        force: true,
        dryRun: true,
        fieldValidation: 'Strict',
      });
    } catch (error) {
      if (this.recreates(wanted, error)) return;
      throw refused(built, error, 'dry-run failed');
    }
  }

  private async applyOne({ built, type, wanted, id, manifest }: Prepared): Promise<Change> {
    const { name = '', namespace } = wanted.metadata;
    try {
      const live = await this.client.get<Unstructured>(type, { name, namespace }).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      const says = (annotation: string) =>
        wanted.metadata.annotations?.[annotation] ?? live?.metadata.annotations?.[annotation];
      if (says(RECONCILE) === 'disabled' || says(SSA) === 'Ignore') return { id, action: 'skipped', object: live };
      if (live && says(SSA) === 'IfNotPresent') return { id, action: 'unchanged', object: live, manifest };
      if (live && says(SSA) !== 'Merge') await this.overrule(type, live);
      const object = await this.write(type, wanted);
      const action = !live ? 'created' : fingerprint(object) === fingerprint(live) ? 'unchanged' : 'configured';
      return { id, action, object, manifest };
    } catch (error) {
      throw refused(built, error, 'apply failed');
    }
  }

  private async write(type: DiscoveredResource, wanted: Unstructured): Promise<Unstructured> {
    const options = { fieldManager: FIELD_MANAGER, force: true };
    try {
      return await this.client.apply(type, wanted, options);
    } catch (error) {
      if (!this.recreates(wanted, error)) throw error;
      const { name = '', namespace } = wanted.metadata;
      await this.client.delete(type, { name, namespace }, { propagationPolicy: 'Background' });
      for (let i = 0; i < 100; i++) {
        if (await this.client.get(type, { name, namespace }).then(() => false, isNotFound)) break;
        await this.sleep(100);
      }
      return this.client.apply(type, wanted, options);
    }
  }

  /** An immutable field stands in the way, and we may replace the whole object. */
  private recreates(wanted: Unstructured, error: unknown): boolean {
    const allowed = this.force || wanted.metadata.annotations?.[FORCE] === 'enabled';
    return allowed && isReason(error, 'Invalid') && /immutable|may not be changed|forbidden/i.test(error.message);
  }

  private async overrule(type: DiscoveredResource, live: Unstructured): Promise<void> {
    const managedFields = takeOver(live);
    if (!managedFields) return;
    const { name = '', namespace, resourceVersion } = live.metadata;
    const patch = [
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'replace', path: '/metadata/managedFields', value: managedFields },
    ];
    await this.client
      .patch(type, { name, namespace }, 'json', patch, { fieldManager: FIELD_MANAGER })
      .catch((error: unknown) => {
        // Somebody was quicker: their change wakes us again.
        if (!isReason(error, 'Conflict', 'Invalid', 'NotFound')) throw error;
      });
  }

  private async established({ object }: Change): Promise<void> {
    if (object?.kind !== 'CustomResourceDefinition') return;
    const name = object.metadata.name ?? '';
    const type = await this.kinds.find('apiextensions.k8s.io', undefined, 'CustomResourceDefinition');
    if (!type) return;
    for (let waited = 0; waited < ESTABLISH_MS; waited += 50) {
      const live = await this.client.get<Unstructured>(type, { name });
      const conditions = (live['status'] as { conditions?: { type: string; status: string }[] })?.conditions ?? [];
      if (conditions.some((c) => c.type === 'Established' && c.status === 'True')) return;
      await this.sleep(50);
    }
    throw new ApplyError(`CustomResourceDefinition/${name} was not established within ${ESTABLISH_MS / 1000} s`);
  }

  /** The live object, when it carries our labels and is not marked to stay. */
  async ours(entry: InventoryEntry): Promise<Unstructured | undefined> {
    const live = await this.read(entry);
    const { labels, annotations } = live?.metadata ?? {};
    const owned = labels?.[OWNER_NAME] === this.owner.name && labels[OWNER_NAMESPACE] === this.owner.namespace;
    const kept =
      annotations?.[PRUNE] === 'disabled' || annotations?.[RECONCILE] === 'disabled' || annotations?.[SSA] === 'Ignore';
    return owned && !kept ? live : undefined;
  }

  private async deleteOne(entry: InventoryEntry): Promise<Change> {
    const id = parseId(entry.id);
    const live = await this.ours(entry);
    // Gone, another's by now, or to stay.
    if (!live) return { id, action: 'skipped' };
    const { uid } = live.metadata;
    if (live.metadata.deletionTimestamp) return { id, action: 'deleted' };
    const type = (await this.kinds.find(id.group, entry.v, id.kind))!;
    const options = { propagationPolicy: 'Background' as const, ...(uid ? { preconditions: { uid } } : {}) };
    await this.client.delete(type, id, options).catch((error: unknown) => {
      if (!isReason(error, 'NotFound', 'Conflict'))
        throw new ApplyError(`${describeId(id)} delete failed: ${String(error)}`);
    });
    return { id, action: 'deleted' };
  }
}

/** The server's refusal, with the object and its file; failures to reach it stay what they are. */
function refused({ object, origin }: BuiltObject, error: unknown, what: string): Error {
  if (error instanceof ApplyError || !(error instanceof StatusError)) return error as Error;
  const reason = error.reason || `code ${error.code}`;
  return new ApplyError(`${describeId(idOf(object))} ${what} (${reason}) in ${origin}: ${error.message}`, origin);
}
