// When a cron schedule is due next, in its time zone. As the library that upstream uses: a time that a daylight-saving
// change skips is not made up for, one that happens twice is due twice.
// Upstream: github.com/robfig/cron/v3 (SpecSchedule.Next, ConstantDelaySchedule.Next), formatSchedule in
// pkg/controller/cronjob/cronjob_controllerv2.go.
import type { CronJobSpec } from 'kubernetes-types/batch/v1.js';
import { type CronField, type CronSchedule, parseCron } from '../../../api/cron.ts';
import { isZone, localTime, startOfDay } from './zone.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A schedule that is not due for so long never is (the 31st of February). */
const YEARS = 5;
const ZONE_PREFIX = /^(?:CRON_)?TZ=(\S*)\s+/;

export interface Schedule {
  cron: CronSchedule;
  /** Where its fields are read. */
  zone: string;
}

/** Throws an Error with the library's text. A zone in the schedule itself, which older objects may have, is heard. */
export function scheduleOf({ schedule, timeZone }: Pick<CronJobSpec, 'schedule' | 'timeZone'>): Schedule {
  const prefix = ZONE_PREFIX.exec(schedule);
  if (prefix) {
    const zone = prefix[1] ?? '';
    if (!isZone(zone)) throw new Error(`provided bad location ${zone}: unknown time zone ${zone}`);
    return { cron: parseCron(schedule.slice(prefix[0].length)), zone };
  }
  // Without one it is that of the process, as upstream's.
  const zone = timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  return { cron: parseCron(schedule), zone };
}

/** The first due time later than `ms`; undefined when there is none. */
export function nextTime({ cron, zone }: Schedule, ms: number): number | undefined {
  if ('everyMs' in cron) return Math.floor(ms / 1000) * 1000 + cron.everyMs;
  let time = Math.floor(ms / MINUTE) * MINUTE + MINUTE;
  const limit = localTime(zone, time).year + YEARS;
  for (;;) {
    const { year, month, day, hour, minute } = localTime(zone, time);
    if (year > limit) return undefined;
    if (!cron.month.values.has(month)) time = startOfDay(zone, year, month + 1, 1);
    else if (!dayMatches(cron, year, month, day)) time = startOfDay(zone, year, month, day + 1);
    else if (!cron.hour.values.has(hour)) time += HOUR - minute * MINUTE;
    else if (cron.minute.values.has(minute)) return time;
    else time += (nextIn(cron.minute, minute) - minute) * MINUTE;
  }
}

/** When one of both fields of days is `*`, the other decides; else either may match. */
function dayMatches(
  { dayOfMonth, dayOfWeek }: { dayOfMonth: CronField; dayOfWeek: CronField },
  year: number,
  month: number,
  day: number,
): boolean {
  const inMonth = dayOfMonth.values.has(day);
  const inWeek = dayOfWeek.values.has(new Date(Date.UTC(year, month - 1, day)).getUTCDay());
  return dayOfMonth.star || dayOfWeek.star ? inMonth && inWeek : inMonth || inWeek;
}

/** The next minute of this hour, or 60. */
function nextIn({ values }: CronField, after: number): number {
  for (let minute = after + 1; minute < 60; minute++) if (values.has(minute)) return minute;
  return 60;
}
