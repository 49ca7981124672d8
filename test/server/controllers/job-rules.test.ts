// What decides about jobs, by table: index lists, policies, back-off.
import { describe, expect, it } from 'vitest';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { NO_FAILURES, nextRecord, remainingMs } from '../../../src/server/controllers/job/backoff.ts';
import {
  firstFree,
  formatIntervals,
  hasIndex,
  mergeIntervals,
  overlapOf,
  parseIntervals,
  totalOf,
  withIndexes,
} from '../../../src/server/controllers/job/intervals.ts';
import { failureVerdict, successMessage } from '../../../src/server/controllers/job/policies.ts';
import { wantedActive } from '../../../src/server/controllers/job/replicas.ts';

describe('lists of indexes', () => {
  it.each([
    ['', 10, ''],
    ['1', 10, '1'],
    ['1,2', 10, '1,2'],
    ['1,2,3', 10, '1-3'],
    ['0-2,4,8-20', 10, '0-2,4,8,9'],
    ['5-9', 5, ''],
    ['x,2,3-y', 10, '2'],
  ])('%s of %d is %s', (text, completions, expected) =>
    expect(formatIntervals(parseIntervals(text, completions))).toBe(expected),
  );

  it.each([
    ['1,3', [2], '1-3'],
    ['1-3,7', [9, 8, 8, 0], '0-3,7-9'],
    ['', [5], '5'],
  ])('%s with %j is %s', (text, added, expected) =>
    expect(formatIntervals(withIndexes(parseIntervals(text, 99), added))).toBe(expected),
  );

  it('are merged, counted and searched', () => {
    const [a, b] = [parseIntervals('0-4,8', 99), parseIntervals('3-5,9-11', 99)];
    expect(formatIntervals(mergeIntervals(a, b))).toBe('0-5,8-11');
    expect([totalOf(a), totalOf([]), overlapOf(a, b)]).toEqual([6, 0, 2]);
    expect([0, 4, 5, 8, 9].map((index) => hasIndex(a, index))).toEqual([true, true, false, true, false]);
    expect(firstFree(parseIntervals('0,2,5-7', 99), 4, 10)).toEqual([1, 3, 4, 8]);
    expect(firstFree(parseIntervals('0,2', 99), 4, 4)).toEqual([1, 3]);
  });
});

const ended = (exitCode: number, finishedAt: string, conditions: object[] = []): Pod =>
  ({
    metadata: { name: 'p', namespace: 'ns' },
    status: {
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      conditions,
      containerStatuses: [{ name: 'app', state: { terminated: { exitCode, finishedAt } } }],
    },
  }) as unknown as Pod;
const T = '2026-01-01T00:00:';

describe('policies', () => {
  const rule = (action: string, operator: string, values: number[], containerName?: string) => ({
    action,
    onExitCodes: { operator, values, ...(containerName ? { containerName } : {}) },
  });
  const onPodConditions = [{ type: 'DisruptionTarget', status: 'True' }];
  const policy = (...rules: object[]) => ({ rules }) as never;
  const target = [{ type: 'DisruptionTarget', status: 'True' }];
  it.each([
    ['nothing', undefined, 3, [], { counts: true }],
    ['In', policy(rule('Ignore', 'In', [3])), 3, [], { action: 'Ignore', counts: false }],
    ['NotIn', policy(rule('Count', 'NotIn', [1, 2])), 3, [], { action: 'Count', counts: true }],
    ['another container', policy(rule('Ignore', 'In', [3], 'side')), 3, [], { counts: true }],
    [
      'the first that matches',
      policy(rule('FailIndex', 'In', [3]), rule('Ignore', 'In', [3])),
      3,
      [],
      { action: 'FailIndex', counts: true },
    ],
    ['a condition', policy({ action: 'Ignore', onPodConditions }), 3, target, { action: 'Ignore', counts: false }],
    [
      'the end of the job by a condition',
      policy(rule('Ignore', 'In', [9]), { action: 'FailJob', onPodConditions }),
      3,
      target,
      {
        action: 'FailJob',
        counts: true,
        message: 'Pod ns/p has condition DisruptionTarget matching FailJob rule at index 1',
      },
    ],
  ])('of failures: %s', (_, given, code, conditions, expected) =>
    expect(failureVerdict(given, ended(code, `${T}00Z`, conditions))).toEqual(expected),
  );

  it.each([
    [[{ succeededIndexes: '0-2' }], '0-3', 'Matched rules at index 0'],
    [[{ succeededIndexes: '0-2' }], '0,1', undefined],
    [[{ succeededIndexes: '0-2', succeededCount: 2 }], '0,2', 'Matched rules at index 0'],
    [[{ succeededIndexes: '8' }, { succeededCount: 2 }], '0,2', 'Matched rules at index 1'],
    [[{ succeededCount: 0 }], '', undefined],
  ])('of successes: %j with %s', (rules, succeeded, expected) =>
    expect(successMessage({ rules } as never, 10, parseIntervals(succeeded, 10))).toBe(expected),
  );
});

describe('how many pods', () => {
  it.each([
    [{ completions: 5, parallelism: 2 }, 0, 0, 2],
    [{ completions: 5, parallelism: 2 }, 2, 4, 1],
    [{ completions: 5, parallelism: 2 }, 2, 9, 0],
    [{ parallelism: 3 }, 0, 0, 3],
    [{ parallelism: 3 }, 2, 1, 2],
    [{ parallelism: 3, suspend: true }, 2, 0, 0],
  ])('%j with %d active and %d succeeded', (spec, active, succeeded, expected) =>
    expect(wantedActive({ spec } as never, active, succeeded)).toBe(expected),
  );
});

describe('the back-off', () => {
  const at = (seconds: number) => Date.parse(`${T}00Z`) + seconds * 1000;
  it.each([
    [0, 0, 0],
    [1, 0, 10_000],
    [1, 4, 6_000],
    [2, 0, 20_000],
    [3, 10, 30_000],
    [20, 0, 600_000],
    [1, 11, 0],
  ])('after %d failures, %d s later, is %d ms', (failuresSinceSuccess, later, expected) =>
    expect(remainingMs({ failuresSinceSuccess, lastFailureMs: at(0) }, at(later))).toBe(expected),
  );

  it('counts failures since the last success', () => {
    const [bad1, good, bad2] = [ended(1, `${T}01Z`), ended(0, `${T}02Z`), ended(1, `${T}03Z`)];
    const one = nextRecord(NO_FAILURES, [], [bad1]);
    expect(one).toEqual({ failuresSinceSuccess: 1, lastFailureMs: at(1) });
    expect(nextRecord(one, [], [bad2])).toEqual({ failuresSinceSuccess: 2, lastFailureMs: at(3) });
    expect(nextRecord(one, [good], [bad1, bad2])).toEqual({ failuresSinceSuccess: 1, lastFailureMs: at(3) });
    expect(nextRecord(one, [good], [])).toEqual(NO_FAILURES);
    expect(nextRecord(one, [], [])).toBe(one);
  });
});
