// Objects that were deleted and are still there, and why, for who waits for them at a terminal.
import { conditionOf } from '../../api/health/conditions.ts';
import type { Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { DeletionAnswer } from '../deletion.ts';
import { infoName } from '../operation.ts';
import { deleted, type Test } from './conditions.ts';

/** One object that goes. */
export class Going {
  readonly info: Info;
  /** Gone; keeps what it sees. */
  readonly test: Test;
  private latest: Unstructured | undefined;

  constructor(info: Info, { uid, object }: DeletionAnswer = {}) {
    this.info = info;
    this.latest = object;
    const isGone = deleted(uid);
    this.test = (seen) => {
      this.latest = seen ?? this.latest;
      return isGone(seen);
    };
  }

  /** `pod/web: its period of grace ends in 12s` */
  line(nowMs: number): string {
    return this.latest ? `${infoName(this.info)}: ${whyStillThere(this.latest, nowMs)}` : infoName(this.info);
  }
}

export function whyStillThere(object: Unstructured, nowMs: number): string {
  const { finalizers = [], deletionTimestamp } = object.metadata;
  if (deletionTimestamp === undefined) return 'it is not being deleted';
  const leftMs = Date.parse(deletionTimestamp) - nowMs;
  if (leftMs > 0) return `its period of grace ends in ${Math.ceil(leftMs / 1000)}s`;
  if (object.kind === 'Namespace') return whatRemains(object);
  if (finalizers.length === 0) return 'its node has not yet said that it ended';
  const one = finalizers.length === 1;
  return `${one ? 'finalizer' : 'finalizers'} ${finalizers.join(', ')} ${one ? 'has' : 'have'} not been removed`;
}

/** What the controller of namespaces says that it still holds. */
function whatRemains(namespace: Unstructured): string {
  const left = ['NamespaceDeletionContentFailure', 'NamespaceFinalizersRemaining', 'NamespaceContentRemaining']
    .map((type) => conditionOf(namespace, type))
    .find((condition) => condition?.status === 'True');
  return left?.message || 'its contents are being deleted';
}
