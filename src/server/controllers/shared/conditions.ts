// Status conditions: find, set without touching what did not change, remove. Timestamps are RFC 3339 with seconds.

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

/** `2006-01-02T15:04:05Z`, as metav1.Time prints. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** `2006-01-02T15:04:05.000000Z`, as metav1.MicroTime prints. */
export const microTimestamp = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

export const findCondition = <C extends Condition>(conditions: readonly C[] | undefined, type: string): C | undefined =>
  conditions?.find((c) => c.type === type);

export const withoutCondition = <C extends Condition>(conditions: readonly C[] | undefined, type: string): C[] =>
  (conditions ?? []).filter((c) => c.type !== type);

/**
 * Appends or replaces (at the end, as upstream's SetCondition does in pkg/controller). One with the same status and
 * reason stays as it is; one with the same status keeps its transition time.
 */
export function withCondition<C extends Condition>(conditions: readonly C[] | undefined, next: C): C[] {
  const current = findCondition(conditions, next.type);
  if (current && current.status === next.status && current.reason === next.reason) return [...(conditions ?? [])];
  const kept = current?.status === next.status ? current.lastTransitionTime : next.lastTransitionTime;
  return [...withoutCondition(conditions, next.type), { ...next, lastTransitionTime: kept }];
}
