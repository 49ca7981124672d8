// Whether a cache is as new as what this controller wrote last. Acting on an older view would do things twice.
import { StatusError } from '../../../api/status.ts';
import type { KubeObject } from '../../../api/types.ts';

export const versionOf = (object: KubeObject): bigint => BigInt(object.metadata?.resourceVersion ?? '0');
/** True when the server has surely not done what it was asked. */
export const wasRefused = (error: unknown): boolean => error instanceof StatusError && error.code < 500;

const uidOf = (object: KubeObject): string => object.metadata?.uid ?? '';

export class WrittenVersions {
  private readonly byUid = new Map<string, bigint>();

  /** `object` is the server's answer. */
  wrote(object: KubeObject): void {
    this.byUid.set(uidOf(object), versionOf(object));
  }

  isCurrent(object: KubeObject): boolean {
    return versionOf(object) >= (this.byUid.get(uidOf(object)) ?? 0n);
  }

  forget(uid: string): void {
    this.byUid.delete(uid);
  }
}
