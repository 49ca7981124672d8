// Status conditions as Flux reports them: Ready, Reconciling, Stalled. Pure.
import type { Condition } from './types.ts';

/** Replaces or adds; lastTransitionTime moves only when the status does. Ready stands first. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  next: Omit<Condition, 'lastTransitionTime'>,
  nowMs: number,
): Condition[] {
  const old = conditions?.find((c) => c.type === next.type);
  const time = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const condition = { ...next, lastTransitionTime: old?.status === next.status ? old.lastTransitionTime : time };
  const others = (conditions ?? []).filter((c) => c.type !== next.type);
  return next.type === 'Ready' ? [condition, ...others] : [...others, condition];
}

export const withoutCondition = (conditions: readonly Condition[] | undefined, ...types: string[]): Condition[] =>
  (conditions ?? []).filter((c) => !types.includes(c.type));

export const isReady = (object: {
  metadata: { generation?: number };
  status?: { conditions?: Condition[] };
}): boolean =>
  (object.status?.conditions ?? []).some(
    (c) =>
      c.type === 'Ready' && c.status === 'True' && (c.observedGeneration ?? 0) === (object.metadata.generation ?? 0),
  );
