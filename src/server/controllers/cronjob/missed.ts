// Which start of a CronJob is due, and when to look again. Only the latest missed start is made up for.
// Upstream: pkg/controller/cronjob/utils.go.
import type { CronJob } from 'kubernetes-types/batch/v1.js';
import { type Schedule, nextTime } from './schedule.ts';

/** Added to the next start, so that clocks that differ a little do not wake too early. Upstream: nextScheduleDelta. */
const DELAY_MS = 100;
const MANY = 100;

interface MostRecent {
  /** What starts are counted from. */
  earliestMs: number;
  /** The latest start that is due; undefined: none. */
  dueMs: number | undefined;
  missed: 'none' | 'few' | 'many';
}

const timeOf = (time: string | undefined): number => (time ? Date.parse(time) : 0);

/** Throws for a schedule that is well formed and never due. Upstream: mostRecentScheduleTime. */
export function mostRecent(cronJob: CronJob, schedule: Schedule, nowMs: number, withDeadline: boolean): MostRecent {
  const { status, metadata, spec } = cronJob;
  let earliestMs = timeOf((status?.lastScheduleTime as string | undefined) ?? metadata?.creationTimestamp);
  if (withDeadline && spec?.startingDeadlineSeconds != null) {
    earliestMs = Math.max(earliestMs, nowMs - spec.startingDeadlineSeconds * 1000);
  }
  const first = nextTime(schedule, earliestMs);
  const second = first === undefined ? undefined : nextTime(schedule, first);
  if (first === undefined || second === undefined) {
    throw new Error('time difference between two schedules is less than 1 second');
  }
  if (nowMs < first) return { earliestMs, dueMs: undefined, missed: 'none' };
  if (nowMs < second) return { earliestMs, dueMs: first, missed: 'none' };
  // A rough count: as if all starts were as far apart as the first two.
  const between = second - first;
  const count = Math.floor((nowMs - first) / between) + 1;
  let dueMs: number | undefined;
  let next = nextTime(schedule, first + (count - 2) * between);
  while (next !== undefined && next <= nowMs) {
    dueMs = next;
    next = nextTime(schedule, next);
  }
  return { earliestMs, dueMs, missed: count > MANY ? 'many' : 'few' };
}

/** Milliseconds until the next start. Upstream: nextScheduleTimeDuration. */
export function untilNextMs(cronJob: CronJob, schedule: Schedule, nowMs: number): number {
  let from = nowMs;
  try {
    const { earliestMs, dueMs, missed } = mostRecent(cronJob, schedule, nowMs, false);
    from = dueMs ?? (missed === 'none' ? earliestMs : nowMs);
  } catch {
    // It is looked at again from now on.
  }
  return (nextTime(schedule, from) ?? nowMs) + DELAY_MS - nowMs;
}
