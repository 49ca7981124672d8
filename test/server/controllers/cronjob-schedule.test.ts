// When schedules are due: fields, names, steps, macros, time zones and their changes of clocks.
import { describe, expect, it } from 'vitest';
import type { CronJob } from 'kubernetes-types/batch/v1.js';
import { mostRecent, untilNextMs } from '../../../src/server/controllers/cronjob/missed.ts';
import { nextTime, scheduleOf } from '../../../src/server/controllers/cronjob/schedule.ts';
import { rfc3339 } from '../../../src/server/controllers/cronjob/zone.ts';

const ms = (text: string): number => Date.parse(text);
const iso = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : `${new Date(time).toISOString().slice(0, 19)}Z`;
const next = (schedule: string, from: string, timeZone = 'UTC') =>
  iso(nextTime(scheduleOf({ schedule, timeZone }), ms(from)));

describe('the next time of a schedule', () => {
  // The cases of robfig/cron's spec_test.go that have five fields, and some more.
  it.each([
    ['0/15 * * * *', '2012-07-09T14:45:00Z', '2012-07-09T15:00:00Z'],
    ['0/15 * * * *', '2012-07-09T14:59:59Z', '2012-07-09T15:00:00Z'],
    ['20-35/15 * * * *', '2012-07-09T15:45:00Z', '2012-07-09T16:20:00Z'],
    ['*/15 * * * *', '2012-07-09T23:45:00Z', '2012-07-10T00:00:00Z'],
    ['0 0 9 Apr-Oct ?', '2012-07-09T23:35:00Z', '2012-08-09T00:00:00Z'],
    ['0 0 */5 Apr,Aug,Oct Mon', '2012-07-09T23:35:00Z', '2012-08-01T00:00:00Z'],
    ['0 0 */5 Oct Mon', '2012-07-09T23:35:00Z', '2012-10-01T00:00:00Z'],
    ['0 0 * Feb Mon', '2012-07-09T23:35:00Z', '2013-02-04T00:00:00Z'],
    ['0 0 * Feb Mon/2', '2012-07-09T23:35:00Z', '2013-02-01T00:00:00Z'],
    ['0 0 29 Feb ?', '2012-07-09T23:35:00Z', '2016-02-29T00:00:00Z'],
    ['0 0 30 Feb ?', '2012-07-09T23:35:00Z', undefined],
    ['0 0 31 Apr ?', '2012-07-09T23:35:00Z', undefined],
    ['@hourly', '2012-07-09T14:00:00Z', '2012-07-09T15:00:00Z'],
    ['@yearly', '2012-07-09T14:00:00Z', '2013-01-01T00:00:00Z'],
    ['@weekly', '2012-07-09T14:00:00Z', '2012-07-15T00:00:00Z'],
    ['@every 5m', '2012-07-09T14:45:10.500Z', '2012-07-09T14:50:10Z'],
    ['@every 1h30m', '2012-07-09T23:00:00Z', '2012-07-10T00:30:00Z'],
  ])('%s after %s', (schedule, from, expected) => expect(next(schedule, from)).toBe(expected));

  it.each([
    // Clocks are put forward at 2:00 on 11 March 2012: what is skipped is not made up for.
    ['30 2 * * *', '2012-03-11T05:00:00Z', '2012-03-12T06:30:00Z'],
    ['0 * * * *', '2012-03-11T06:00:00Z', '2012-03-11T07:00:00Z'],
    ['0 3 * * *', '2012-03-11T05:00:00Z', '2012-03-11T07:00:00Z'],
    // Clocks are put back at 2:00 on 4 November 2012: half past one comes twice.
    ['30 1 * * *', '2012-11-04T04:00:00Z', '2012-11-04T05:30:00Z'],
    ['30 1 * * *', '2012-11-04T05:30:00Z', '2012-11-04T06:30:00Z'],
    ['30 1 * * *', '2012-11-04T06:30:00Z', '2012-11-05T06:30:00Z'],
    ['0 * * * *', '2012-11-04T05:00:00Z', '2012-11-04T06:00:00Z'],
  ])('%s after %s in New York', (schedule, from, expected) =>
    expect(next(schedule, from, 'America/New_York')).toBe(expected),
  );

  it('where there is no midnight, a day begins at one', () => {
    expect(next('0 0 * * *', '2018-11-03T12:00:00Z', 'America/Sao_Paulo')).toBe('2018-11-05T02:00:00Z');
    expect(next('0 1 * * *', '2018-11-03T12:00:00Z', 'America/Sao_Paulo')).toBe('2018-11-04T03:00:00Z');
  });

  it('hears a zone in the schedule of an old object', () => {
    expect(next('CRON_TZ=Asia/Tokyo 0 9 * * *', '2026-01-01T12:00:00Z')).toBe('2026-01-02T00:00:00Z');
    expect(() => scheduleOf({ schedule: 'TZ=Nowhere/Land 0 9 * * *' })).toThrow(
      'provided bad location Nowhere/Land: unknown time zone Nowhere/Land',
    );
  });

  it('prints times of its zone', () => {
    expect(rfc3339('America/New_York', ms('2012-07-09T14:45:00Z'))).toBe('2012-07-09T10:45:00-04:00');
    expect(rfc3339('Asia/Kolkata', ms('2012-07-09T14:45:00Z'))).toBe('2012-07-09T20:15:00+05:30');
    expect(rfc3339('UTC', ms('2012-07-09T14:45:00Z'))).toBe('2012-07-09T14:45:00Z');
  });
});

function cronJob(schedule: string, created: string, last?: string, startingDeadlineSeconds?: number): CronJob {
  return {
    metadata: { name: 'tick', creationTimestamp: created as never },
    spec: { schedule, timeZone: 'UTC', startingDeadlineSeconds, jobTemplate: {} } as never,
    status: last ? { lastScheduleTime: last as never } : {},
  };
}

describe('starts that were missed', () => {
  const T = '2026-01-01T10:00:00Z';
  it.each([
    ['none yet', cronJob('0 * * * *', '2026-01-01T09:30:00Z'), '2026-01-01T09:59:00Z', undefined, 'none'],
    ['the first', cronJob('0 * * * *', '2026-01-01T09:30:00Z'), '2026-01-01T10:00:05Z', T, 'none'],
    ['the last of many', cronJob('0 * * * *', '2025-12-01T00:00:00Z'), '2026-01-01T10:20:00Z', T, 'many'],
    ['the last of some', cronJob('0 * * * *', '', '2026-01-01T05:00:00Z'), '2026-01-01T10:20:00Z', T, 'few'],
    ['too late', cronJob('0 * * * *', '', '2026-01-01T05:00:00Z', 60), '2026-01-01T10:20:00Z', undefined, 'none'],
    ['in time', cronJob('0 * * * *', '', '2026-01-01T05:00:00Z', 1800), '2026-01-01T10:20:00Z', T, 'none'],
    [
      'uneven',
      cronJob('30 6-16/4 * * 1-5', '', '2026-01-02T14:30:00Z'),
      '2026-01-05T11:00:00Z',
      '2026-01-05T10:30:00Z',
      'few',
    ],
    ['every', cronJob('@every 7m', '', '2026-01-01T10:00:00Z'), '2026-01-01T10:30:00Z', '2026-01-01T10:28:00Z', 'few'],
  ])('%s', (_, object, now, due, missed) => {
    const result = mostRecent(object, scheduleOf(object.spec!), ms(now), true);
    expect([iso(result.dueMs), result.missed]).toEqual([due, missed]);
  });

  it('one that is never due is said to be wrong', () => {
    const object = cronJob('59 23 31 2 *', T);
    expect(() => mostRecent(object, scheduleOf(object.spec!), ms(T), true)).toThrow(
      'time difference between two schedules is less than 1 second',
    );
  });

  it('waits for the next start and a moment more', () => {
    const object = cronJob('0 * * * *', '', '2026-01-01T10:00:00Z');
    expect(untilNextMs(object, scheduleOf(object.spec!), ms('2026-01-01T10:20:00Z'))).toBe(40 * 60_000 + 100);
  });
});
