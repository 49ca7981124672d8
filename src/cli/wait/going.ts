// Why an object that was deleted is still there, for who waits for it at a terminal.
import type { Unstructured } from '../../api/types.ts';

export function whyStillThere(object: Unstructured, nowMs: number): string {
  const { finalizers = [], deletionTimestamp } = object.metadata;
  if (deletionTimestamp === undefined) return 'it is not being deleted';
  const leftMs = Date.parse(deletionTimestamp) - nowMs;
  if (leftMs > 0) return `its period of grace ends in ${Math.ceil(leftMs / 1000)}s`;
  if (finalizers.length === 0) return 'its node has not yet said that it ended';
  const one = finalizers.length === 1;
  return `${one ? 'finalizer' : 'finalizers'} ${finalizers.join(', ')} ${one ? 'has' : 'have'} not been removed`;
}

/** Says it when the wait takes longer than a moment. Answers what ends the attention. */
export function sayWhenSlow(say: () => void): () => void {
  const timer = setTimeout(say, SLOW_MS);
  return () => clearTimeout(timer);
}

const SLOW_MS = 2_000;
