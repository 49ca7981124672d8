// CronJobs: schedules, time zones, the template of jobs, and what old ones may keep.
import { describe, expect, it } from 'vitest';
import cronjob from '../../../../src/api/kinds/batch/cronjob.ts';
import type { Unstructured } from '../../../../src/api/types.ts';
import { create, update } from '../lifecycle.ts';

type Fields = Record<string, unknown>;
const job = (more: Fields = {}) => ({
  spec: { template: { spec: { containers: [{ name: 'a', image: 'b:1' }], restartPolicy: 'Never' } }, ...more },
});
const make = (spec: Fields = {}, name = 'x') => ({
  metadata: { name, namespace: 'default' },
  spec: { schedule: '* * * * *', jobTemplate: job(), ...spec },
});

describe('a new CronJob', () => {
  it.each<[string, object, string[]]>([
    ['is good', make({ timeZone: 'Europe/Berlin' }), []],
    ['has a schedule', make({ schedule: '' }), ['spec.schedule: Required value']],
    [
      'has a schedule that can be read',
      make({ schedule: '* * * *' }),
      ['spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'],
    ],
    [
      'has no zone in its schedule',
      make({ schedule: 'CRON_TZ=UTC 0 * * * *' }),
      [
        'spec.schedule: Invalid value: "CRON_TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ],
    ],
    [
      'has a known zone',
      make({ timeZone: 'Mars/Utopia' }),
      ['spec.timeZone: Invalid value: "Mars/Utopia": unknown time zone Mars/Utopia'],
    ],
    [
      'has no zone of dots',
      make({ timeZone: '../UTC' }),
      ['spec.timeZone: Invalid value: "../UTC": unknown time zone ../UTC'],
    ],
    [
      'has no offset for a zone',
      make({ timeZone: '+01' }),
      ['spec.timeZone: Invalid value: "+01": unknown time zone +01'],
    ],
    [
      'has an explicit zone',
      make({ timeZone: 'Local' }),
      [
        'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ],
    ],
    [
      'has a zone or none',
      make({ timeZone: '' }),
      ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string'],
    ],
    [
      'leaves selectors to the jobs',
      make({ jobTemplate: job({ selector: { matchLabels: { a: 'b' } }, manualSelector: true }) }),
      [
        'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated',
        'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
      ],
    ],
    [
      'counts from zero',
      make({ startingDeadlineSeconds: -1, failedJobsHistoryLimit: -1, concurrencyPolicy: 'Some' }),
      [
        'spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0',
        'spec.concurrencyPolicy: Unsupported value: "Some": supported values: "Allow", "Forbid", "Replace"',
        'spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0',
      ],
    ],
    [
      'leaves room for the time in the names of its jobs',
      make({}, 'a'.repeat(53)),
      [`metadata.name: Invalid value: "${'a'.repeat(53)}": must be no more than 52 characters`],
    ],
  ])('%s', (_, document, expected) => {
    expect(create(cronjob, document).errors).toEqual(expected);
  });
});

describe('a CronJob that is there', () => {
  const change = (before: Fields, now: Fields, name = 'x') =>
    update(cronjob, create(cronjob, make(before, name)).object, make(now, name) as unknown as Unstructured).errors;

  it('keeps a long name, a zone in its schedule and a zone that was dropped', () => {
    expect(change({}, { suspend: true }, 'a'.repeat(60))).toEqual([]);
    expect(change({ schedule: 'TZ=UTC 0 * * * *' }, { schedule: 'TZ=UTC 1 * * * *' })).toEqual([]);
    expect(change({ timeZone: 'Mars/Utopia' }, { timeZone: 'Mars/Utopia' })).toEqual([]);
  });

  it('has one zone', () => {
    const spec = { schedule: 'TZ=UTC 0 * * * *', timeZone: 'UTC' };
    expect(change({ schedule: spec.schedule }, spec)).toEqual([
      'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule',
    ]);
  });
});
