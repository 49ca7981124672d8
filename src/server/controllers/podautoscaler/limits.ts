// What becomes of a proposed number of replicas: it is stabilised over time, and neither grows nor shrinks faster than
// allowed, nor leaves its bounds. Upstream: normalizeDesiredReplicas and what it calls in
// pkg/controller/podautoscaler/horizontal.go.
import type { HPAScalingPolicy, HPAScalingRules } from 'kubernetes-types/autoscaling/v2.js';

/** Unless an autoscaler says otherwise. Upstream: downscaleStabilisationWindow. */
export const DOWNSCALE_WINDOW_SECONDS = 300;

interface Stamped {
  value: number;
  atMs: number;
}

/** Of one autoscaler; in memory only. */
export interface History {
  recommendations: Stamped[];
  /** By how much it grew, and shrank. */
  ups: Stamped[];
  downs: Stamped[];
}
export const newHistory = (): History => ({ recommendations: [], ups: [], downs: [] });

export interface Reason {
  reason: string;
  message: string;
}
export interface Limited {
  replicas: number;
  stabilized: Reason;
  limit: Reason;
  /** It is not what was asked for. */
  limited: boolean;
}

export interface Asked {
  current: number;
  desired: number;
  min: number;
  max: number;
  nowMs: number;
}

const READY = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
const WITHIN = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };
const SCALE_UP = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
};
const SCALE_DOWN = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
};
const TOO_MANY = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
};
const TOO_FEW = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
};
const DOWN_STABILIZED = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const UP_STABILIZED = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};

function remember(list: Stamped[], value: number, nowMs: number, keepMs: number): Stamped[] {
  return [...list.filter((entry) => entry.atMs >= nowMs - keepMs), { value, atMs: nowMs }];
}

/** Without spec.behavior. */
export function limitByDefault(asked: Asked, history: History): Limited {
  const { current, desired, min, max, nowMs } = asked;
  const windowMs = DOWNSCALE_WINDOW_SECONDS * 1000;
  let stable = desired;
  for (const { value, atMs } of history.recommendations) {
    if (atMs >= nowMs - windowMs) stable = Math.max(stable, value);
  }
  history.recommendations = remember(history.recommendations, desired, nowMs, windowMs);
  const most = Math.max(2 * current, 4);
  const [upper, tooMany] = max > most ? [most, SCALE_UP] : [max, TOO_MANY];
  const stabilized = stable === desired ? READY : DOWN_STABILIZED;
  if (stable < min) return { replicas: min, stabilized, limit: TOO_FEW, limited: true };
  if (stable > upper) return { replicas: upper, stabilized, limit: tooMany, limited: true };
  return { replicas: stable, stabilized, limit: WITHIN, limited: false };
}

export interface Behavior {
  scaleUp?: HPAScalingRules;
  scaleDown?: HPAScalingRules;
}

const secondsOf = (rules: HPAScalingRules | undefined, otherwise: number): number =>
  rules?.stabilizationWindowSeconds ?? otherwise;

/** With spec.behavior. */
export function limitByBehavior(asked: Asked, behavior: Behavior, history: History): Limited {
  const stable = stabilize(asked, behavior, history);
  const grows = asked.desired >= asked.current;
  const stabilized = stable === asked.desired ? READY : grows ? UP_STABILIZED : DOWN_STABILIZED;
  const { replicas, limit } = rateLimit({ ...asked, desired: stable }, behavior, history);
  return { replicas, stabilized, limit, limited: replicas !== stable };
}

/** Upstream: stabilizeRecommendationWithBehaviors. */
function stabilize({ current, desired, nowMs }: Asked, behavior: Behavior, history: History): number {
  const upMs = secondsOf(behavior.scaleUp, 0) * 1000;
  const downMs = secondsOf(behavior.scaleDown, DOWNSCALE_WINDOW_SECONDS) * 1000;
  let [up, down] = [desired, desired];
  for (const { value, atMs } of history.recommendations) {
    if (atMs > nowMs - upMs) up = Math.min(up, value);
    if (atMs > nowMs - downMs) down = Math.max(down, value);
  }
  history.recommendations = remember(history.recommendations, desired, nowMs, Math.max(upMs, downMs));
  return Math.min(Math.max(current, up), down);
}

/** Upstream: convertDesiredReplicasWithBehaviorRate. */
function rateLimit(asked: Asked, behavior: Behavior, history: History): { replicas: number; limit: Reason } {
  const { current, desired, min, max } = asked;
  if (desired > current) {
    const most = Math.max(current, fastest('up', asked, behavior.scaleUp, history));
    const [upper, limit] = max > most ? [most, SCALE_UP] : [max, TOO_MANY];
    if (desired > upper) return { replicas: upper, limit };
  } else if (desired < current) {
    const least = Math.min(current, fastest('down', asked, behavior.scaleDown, history));
    const [lower, limit] = min < least ? [least, SCALE_DOWN] : [min, TOO_FEW];
    if (desired < lower) return { replicas: lower, limit };
  }
  return { replicas: desired, limit: WITHIN };
}

/** How far the policies let it go. Upstream: calculateScaleUpLimitWithScalingRules, …DownLimitWithBehaviors. */
function fastest(
  direction: 'up' | 'down',
  { current, nowMs }: Asked,
  rules: HPAScalingRules | undefined,
  { ups, downs }: History,
): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const changed = (list: readonly Stamped[], seconds: number): number =>
    list.reduce((sum, { value, atMs }) => (atMs > nowMs - seconds * 1000 ? sum + value : sum), 0);
  const proposals = (rules?.policies ?? []).map(({ type, value, periodSeconds }: HPAScalingPolicy) => {
    const before = current - changed(ups, periodSeconds) + changed(downs, periodSeconds);
    if (type === 'Pods') return direction === 'up' ? before + value : before - value;
    // Rounded away from where it is, so that a small number can change at all.
    return direction === 'up' ? Math.ceil(before * (1 + value / 100)) : Math.trunc(before * (1 - value / 100));
  });
  if (proposals.length === 0) return current;
  const least = rules?.selectPolicy === 'Min';
  const highest = (direction === 'up') !== least;
  return highest ? Math.max(...proposals) : Math.min(...proposals);
}

/** Upstream: storeScaleEvent. */
export function noteScaled(history: History, behavior: Behavior, before: number, after: number, nowMs: number): void {
  const longest = (rules: HPAScalingRules | undefined): number =>
    Math.max(0, ...(rules?.policies ?? []).map((policy) => policy.periodSeconds)) * 1000;
  if (after > before) history.ups = remember(history.ups, after - before, nowMs, longest(behavior.scaleUp));
  else history.downs = remember(history.downs, before - after, nowMs, longest(behavior.scaleDown));
}
