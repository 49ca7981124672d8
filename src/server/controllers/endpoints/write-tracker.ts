// Whether a cache shows what was last written. Acting on an older view would create a second slice for the same
// endpoints. Upstream: EndpointSliceTracker in staging/src/k8s.io/endpointslice/trackers.
import type { KubeObject } from '../../../api/types.ts';
import { objectKey } from '../../../api/types.ts';

const versionOf = (object: KubeObject): bigint => BigInt(object.metadata?.resourceVersion ?? '0');

export class WriteTracker<T extends KubeObject> {
  private readonly byOwner = new Map<string, Map<string, bigint>>();
  private readonly owners = new Map<string, string>();

  /** `object` is the server's answer. */
  wrote(owner: string, object: T): void {
    const key = objectKey(object);
    const written = this.byOwner.get(owner) ?? new Map<string, bigint>();
    written.set(key, versionOf(object));
    this.byOwner.set(owner, written);
    this.owners.set(key, owner);
  }

  /** It was deleted, by whomever. */
  gone(object: T): void {
    const key = objectKey(object);
    const owner = this.owners.get(key);
    if (owner === undefined) return;
    this.owners.delete(key);
    const written = this.byOwner.get(owner);
    written?.delete(key);
    if (written?.size === 0) this.byOwner.delete(owner);
  }

  /** True when `cached` holds everything written for the owner, at that version or a later one. */
  visible(owner: string, cached: readonly T[]): boolean {
    const written = this.byOwner.get(owner);
    if (!written) return true;
    const seen = new Map(cached.map((object) => [objectKey(object), versionOf(object)]));
    for (const [key, version] of written) if ((seen.get(key) ?? -1n) < version) return false;
    return true;
  }
}
