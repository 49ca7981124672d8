// Notices what is changed or deleted by hand: watches every kind that was applied, and compares each change with the
// state that our own last write left.
import type { ResourceType, Unstructured } from '../../api/types.ts';
import type { Informer, Informers } from '../../client/informer.ts';
import { OWNER_NAME, OWNER_NAMESPACE, RECONCILE } from '../types.ts';
import type { Change } from './applier.ts';
import { fingerprint } from './fields.ts';
import { type ObjectId, formatId, idOf } from './inventory.ts';

interface Written {
  /** The Kustomization that wrote. */
  owner: string;
  manifest: string | undefined;
  fingerprint: string;
  revision: number;
}

export class DriftWatch {
  /** Inventory id → what our last write left. */
  private readonly written = new Map<string, Written>();
  private readonly watched = new Map<string, Informer<Unstructured>>();
  private readonly informers: Informers;
  private readonly onDrift: (owner: string, id: string) => void;

  constructor(informers: Informers, onDrift: (owner: string, id: string) => void) {
    this.informers = informers;
    this.onDrift = onDrift;
  }

  /** Remembers what was written, and follows its kind from now on. */
  record(owner: string, changes: readonly Change[], typeOf: (object: Unstructured) => ResourceType | undefined): void {
    for (const { id, action, object, manifest } of changes) {
      const key = formatId(id);
      if (action === 'deleted' || action === 'skipped' || !object) {
        this.written.delete(key);
        continue;
      }
      const known = this.written.get(key);
      const revision = revisionOf(object);
      // Skipped as untouched: what is known is still right.
      if (known?.owner === owner && known.manifest === manifest && known.revision === revision) continue;
      this.written.set(key, { owner, manifest, fingerprint: fingerprint(object), revision });
      const type = typeOf(object);
      if (type) this.follow(type);
    }
  }

  /** The live object, when it is as our own last write of the same manifest left it. */
  untouched(owner: string, id: ObjectId, type: ResourceType, manifest: string): Unstructured | undefined {
    const known = this.written.get(formatId(id));
    const informer = this.watched.get(`${type.group}/${type.plural}`);
    if (!known || known.owner !== owner || known.manifest !== manifest || !informer?.synced) return undefined;
    const live = informer.lister.get(id.namespace ? `${id.namespace}/${id.name}` : id.name);
    if (!live || live.metadata.deletionTimestamp || revisionOf(live) < known.revision) return undefined;
    if (revisionOf(live) !== known.revision && fingerprint(live) !== known.fingerprint) return undefined;
    return live;
  }

  /** The Kustomization is gone: what it wrote is no longer looked after. */
  forget(owner: string): void {
    for (const [id, written] of this.written) if (written.owner === owner) this.written.delete(id);
  }

  private follow(type: ResourceType): void {
    const key = `${type.group}/${type.plural}`;
    if (this.watched.has(key)) return;
    const informer = this.informers.for(type, { labelSelector: `${OWNER_NAME},${OWNER_NAMESPACE}` });
    this.watched.set(key, informer);
    informer.addHandler({
      add: (object) => this.compare(object),
      update: (object) => this.compare(object),
      delete: (object) => this.gone(object),
    });
  }

  private compare(object: Unstructured): void {
    const id = formatId(idOf(object));
    const expected = this.written.get(id);
    if (expected === undefined || object.metadata.annotations?.[RECONCILE] === 'disabled') return;
    // The watch may still be telling of states from before our write.
    if (revisionOf(object) <= expected.revision) return;
    if (fingerprint(object) !== expected.fingerprint) this.report(object, id);
  }

  /** Deleted, or robbed of the labels that say whose it is. */
  private gone(object: Unstructured): void {
    const id = formatId(idOf(object));
    const expected = this.written.get(id);
    if (expected && revisionOf(object) >= expected.revision) this.report(object, id);
  }

  private report(object: Unstructured, id: string): void {
    const { labels } = object.metadata;
    this.onDrift(`${labels?.[OWNER_NAMESPACE] ?? ''}/${labels?.[OWNER_NAME] ?? ''}`, id);
  }
}

/** Resource versions of one server grow; of another kind of server (not a number) every event counts. */
const revisionOf = (object: Unstructured): number => {
  const revision = Number(object.metadata.resourceVersion);
  return Number.isFinite(revision) ? revision : Infinity;
};
