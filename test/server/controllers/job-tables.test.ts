// Upstream's tables of Jobs: pkg/controller/job/{indexed_job_utils,backoff_utils,pod_failure_policy}_test.go.
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { describe, expect, it } from 'vitest';
import {
  NO_FAILURES,
  nextRecord,
  remainingForIndexMs,
  remainingMs,
} from '../../../src/server/controllers/job/backoff.ts';
import { jobIndexes, pendingIndexes, surplusByIndex } from '../../../src/server/controllers/job/indexes.ts';
import { type Interval, hasIndex } from '../../../src/server/controllers/job/intervals.ts';
import { failureVerdict } from '../../../src/server/controllers/job/policies.ts';
import {
  COMPLETION_INDEX,
  INDEX_FAILURES,
  TRACKING_FINALIZER,
  finishedAt,
} from '../../../src/server/controllers/job/pods.ts';
import { jobPod } from '../../../src/server/controllers/job/template.ts';
import { compareForDeletion } from '../../../src/server/controllers/replicaset/ranking.ts';

/** `1 Succeeded`; `-` has no index. */
function podsOf(...texts: string[]): Pod[] {
  return texts.map((text, i) => {
    const [index = '', phase = ''] = text.split(' ');
    const annotations: Record<string, string> = index === '-' ? {} : { [COMPLETION_INDEX]: index };
    return { metadata: { uid: `u${i}`, annotations, finalizers: [TRACKING_FINALIZER] }, status: { phase } };
  });
}
const textOf = ({ metadata, status }: Pod): string =>
  `${metadata?.annotations?.[COMPLETION_INDEX] ?? '-'} ${status?.phase}`;
const jobOf = (completions: number, completedIndexes?: string): Job => ({
  metadata: { name: 'job' },
  spec: { completions, completionMode: 'Indexed', template: {} } as Job['spec'] & object,
  ...(completedIndexes === undefined ? {} : { status: { completedIndexes } }),
});

describe('calculateSucceededIndexes', () => {
  const succeed = (...indexes: number[]): string[] => indexes.map((index) => `${index} Succeeded`);
  it.each<[name: string, before: string, pods: string[], completions: number, status: Interval[], all: Interval[]]>([
    ['one index', '', ['1 Succeeded'], 2, [], [[1, 1]]],
    [
      'two separate',
      '',
      ['2 Failed', '5 Succeeded', '5 Succeeded', '10 Failed', '10 Succeeded'],
      11,
      [],
      [
        [5, 5],
        [10, 10],
      ],
    ],
    [
      'two intervals',
      '',
      ['0 Running', '1 Pending', ...succeed(2, 3, 5, 6, 7)],
      8,
      [],
      [
        [2, 3],
        [5, 7],
      ],
    ],
    [
      'one index and one interval',
      '',
      ['0 Succeeded', '1 Failed', ...succeed(2, 3, 4, 5), '- Succeeded', '-2 Succeeded'],
      6,
      [],
      [
        [0, 0],
        [2, 5],
      ],
    ],
    [
      'out of range',
      '',
      [...succeed(0, 1, 2), '3 Failed', ...succeed(4, 5), '- Succeeded', '-2 Succeeded'],
      5,
      [],
      [
        [0, 2],
        [4, 4],
      ],
    ],
    ['prev interval out of range', '0-5,8-10', [], 8, [[0, 5]], [[0, 5]]],
    [
      'prev interval partially out of range',
      '0-5,8-10',
      [],
      10,
      [
        [0, 5],
        [8, 9],
      ],
      [
        [0, 5],
        [8, 9],
      ],
    ],
    [
      'prev and new separate',
      '0,4,5,10-12',
      succeed(2, 7, 8),
      13,
      [
        [0, 0],
        [4, 5],
        [10, 12],
      ],
      [
        [0, 0],
        [2, 2],
        [4, 5],
        [7, 8],
        [10, 12],
      ],
    ],
    [
      'prev between new',
      '3,4,6',
      succeed(2, 7, 8),
      9,
      [
        [3, 4],
        [6, 6],
      ],
      [
        [2, 4],
        [6, 8],
      ],
    ],
    [
      'new between prev',
      '2,7,8',
      succeed(3, 4, 6),
      9,
      [
        [2, 2],
        [7, 8],
      ],
      [
        [2, 4],
        [6, 8],
      ],
    ],
    [
      'new within prev',
      '2-7',
      succeed(0, 3, 5, 9),
      10,
      [[2, 7]],
      [
        [0, 0],
        [2, 7],
        [9, 9],
      ],
    ],
    [
      'corrupted interval',
      '0,1-foo,bar',
      succeed(3),
      4,
      [[0, 0]],
      [
        [0, 0],
        [3, 3],
      ],
    ],
  ])('%s', (_name, before, pods, completions, status, all) => {
    expect(jobIndexes(jobOf(completions, before), podsOf(...pods))).toEqual({ before: status, succeeded: all });
  });
});

describe('intervals', () => {
  const touching: Interval[] = [
    [2, 4],
    [5, 7],
  ];
  const apart: Interval[] = [
    [2, 4],
    [6, 8],
  ];
  it.each<[name: string, index: number, intervals: Interval[], has: boolean]>([
    ['empty', 4, [], false],
    ['before all', 1, touching, false],
    ['after all', 9, apart, false],
    ['in between', 5, apart, false],
    ['in first', 2, apart, true],
    ['in second', 8, apart, true],
  ])('have an index: %s', (_name, index, intervals, has) => expect(hasIndex(intervals, index)).toBe(has));
});

describe('firstPendingIndexes', () => {
  it.each<[name: string, count: number, completions: number, active: string[], succeeded: Interval[], next: number[]]>([
    ['cnt greater than completions', 5, 3, [], [], [0, 1, 2]],
    ['cnt less than completions', 2, 5, [], [], [0, 1]],
    ['first pods active', 3, 10, ['0 Running', '1 Pending'], [], [2, 3, 4]],
    ['last pods active or succeeded', 6, 6, ['6 Pending'], [[4, 5]], [0, 1, 2, 3]],
    [
      'mixed',
      5,
      20,
      ['3 Pending', '5 Running', '8 Pending', '- Running', '-3 Running'],
      [
        [2, 4],
        [9, 9],
      ],
      [0, 1, 6, 7, 10],
    ],
  ])('%s', (_name, count, completions, active, succeeded, next) => {
    const pods = podsOf(...active);
    expect(pendingIndexes(jobOf(completions), { before: [], succeeded }, pods, pods, count)).toEqual(next);
  });
});

describe('appendDuplicatedIndexPodsForRemoval', () => {
  const rank = (pods: readonly Pod[]): Pod[] =>
    pods.toSorted((a, b) => compareForDeletion({ pod: a, rank: 0 }, { pod: b, rank: 0 }, 0));
  it.each<[name: string, pods: string[], surplus: string[], left: string[]]>([
    [
      'all unique',
      ['- Pending', '2 Pending', '5 Running', '6 Running'],
      ['- Pending', '6 Running'],
      ['2 Pending', '5 Running'],
    ],
    [
      'all with index',
      ['5 Pending', '0 Running', '3 Pending', '0 Running', '3 Running', '0 Pending', '6 Running', '6 Pending'],
      ['0 Pending', '0 Running', '3 Pending', '6 Running', '6 Pending'],
      ['0 Running', '3 Running', '5 Pending'],
    ],
    [
      'mixed',
      ['- Pending', 'invalid Running', '-2 Running', '0 Pending', '1 Pending', '1 Pending', '1 Running'],
      ['- Pending', 'invalid Running', '-2 Running', '1 Pending', '1 Pending'],
      ['0 Pending', '1 Running'],
    ],
  ])('%s', (_name, given, surplus, left) => {
    const result = surplusByIndex(jobOf(6), podsOf(...given), rank);
    expect(result.surplus.map(textOf).sort()).toEqual(surplus.toSorted());
    expect(result.left.map(textOf)).toEqual(left);
  });
});

describe('podGenerateNameWithIndex', () => {
  const long = 'hhhhhooooo'.repeat(7);
  it.each([
    ['indexed-job', 'indexed-job-1-'],
    [long, `${long.slice(0, 55)}-1-`],
    [long.slice(0, 57), `${long.slice(0, 55)}-1-`],
  ])('%s', (name, expected) => {
    const pod = jobPod({ ...jobOf(2), metadata: { name } }, { spec: { containers: [] } }, 1);
    expect(pod.metadata?.generateName).toBe(expected);
  });
});

const T = Date.parse('2009-11-10T23:00:00Z');
const at = (ms: number): string => new Date(T + ms).toISOString();
const ended = (ms: number): Pod => ({
  status: { containerStatuses: [{ state: { terminated: { finishedAt: at(ms) } } }] } as never,
});

describe('newBackoffRecord', () => {
  it.each<[name: string, before: number, succeeded: number[], failed: number[], failures: number, last: number]>([
    ['one new failure', 0, [], [0], 1, T],
    ['two new failures', 0, [], [0, -1], 2, T],
    ['two failures followed by success', 0, [0], [-2, -1], 0, 0],
    ['two failures, one success and two more failures', 0, [-2], [0, -4, -3, -1], 2, T],
    ['failure count 2 and one new failure', 2, [], [0], 3, T],
    ['success and failure at same timestamp', 0, [0], [0], 0, 0],
    ['no success/failure', 0, [], [], 0, 0],
    ['one success', 0, [0], [], 0, 0],
  ])('%s', (_name, before, succeeded, failed, failuresSinceSuccess, lastFailureMs) => {
    const record = { ...NO_FAILURES, failuresSinceSuccess: before };
    expect(nextRecord(record, succeeded.map(ended), failed.map(ended))).toEqual({
      failuresSinceSuccess,
      lastFailureMs,
    });
  });
});

describe('getFinishedTime', () => {
  const container = (ms?: number, name = 'c') => ({
    name,
    state: ms === undefined ? { running: {} } : { terminated: { finishedAt: at(ms) } },
  });
  const unknown = { name: 'c', state: { terminated: {} } };
  const ready = (status: string, ms: number) => ({ type: 'Ready', status, lastTransitionTime: at(ms) });
  it.each<[name: string, pod: object, ms: number]>([
    ['all terminated', { status: { containerStatuses: [container(-1000), container(0), container(-2000)] } }, 0],
    [
      'one runs: the deletion',
      {
        metadata: { deletionTimestamp: at(0) },
        status: { containerStatuses: [container(-1000), container(), container(-2000)] },
      },
      0,
    ],
    [
      'the deletion, earlier by the grace period',
      {
        metadata: { deletionTimestamp: at(0), deletionGracePeriodSeconds: 30 },
        status: { containerStatuses: [container()] },
      },
      -30_000,
    ],
    ['when it was no longer ready', { status: { containerStatuses: [unknown], conditions: [ready('False', 0)] } }, 0],
    [
      'not when it became ready',
      {
        metadata: { deletionTimestamp: at(0) },
        status: { containerStatuses: [unknown], conditions: [ready('True', -30_000)] },
      },
      0,
    ],
    ['its creation', { metadata: { creationTimestamp: at(0) }, status: { containerStatuses: [unknown] } }, 0],
    [
      'a sidecar that ends last',
      {
        spec: { initContainers: [{ name: 'sidecar', restartPolicy: 'Always' }] },
        status: { containerStatuses: [container(-1000)], initContainerStatuses: [container(0, 'sidecar')] },
      },
      0,
    ],
  ])('%s', (_name, pod, ms) => expect(finishedAt(pod as Pod)).toBe(T + ms));
});

describe('the remaining back-off', () => {
  // Upstream's tests say 5 s and 700 s where its controller, and ours, say 10 s and 600 s.
  it.each<[failures: number, laterMs: number, expected: number]>([
    [0, 0, 0],
    [1, 0, 10_000],
    [1, 1000, 9000],
    [1, 10_000, 0],
    [1, 11_000, 0],
    [3, 0, 40_000],
    [6, 0, 320_000],
    [7, 0, 600_000],
    [9, 0, 600_000],
  ])('of %d failures after %d ms', (failuresSinceSuccess, later, expected) => {
    expect(remainingMs({ failuresSinceSuccess, lastFailureMs: T }, T + later)).toBe(expected);
  });

  it('of an index: that of the failures before its pod, and its own', () => {
    expect(remainingForIndexMs(undefined, T)).toBe(0);
    const pod: Pod = { metadata: { annotations: { [INDEX_FAILURES]: '2' }, deletionTimestamp: at(0) as never } };
    expect(remainingForIndexMs(pod, T)).toBe(40_000);
    expect(remainingForIndexMs(pod, T + 1000)).toBe(39_000);
  });
});

describe('matchPodFailurePolicy', () => {
  const codes = (action: string, operator: string, values: number[], containerName?: string) => ({
    action,
    onExitCodes: { operator, values, ...(containerName === undefined ? {} : { containerName }) },
  });
  const disrupted = (action: string, status = 'True') => ({
    action,
    onPodConditions: [{ type: 'DisruptionTarget', status }],
  });
  const ends = (...exits: [name: string, exitCode?: number][]) =>
    exits.map(([name, exitCode]) => ({ name, state: exitCode === undefined ? {} : { terminated: { exitCode } } }));
  const main = (exitCode: number) => ({ containerStatuses: ends(['main-container', exitCode]) });
  const condition = (status = 'True') => ({ conditions: [{ type: 'DisruptionTarget', status }] });
  const failed = (code: number, rule: number): string =>
    `Container main-container for pod default/mypod failed with exit code ${code} matching FailJob rule at index ${rule}`;
  it.each<[name: string, rules: object[] | undefined, status: object, verdict: object]>([
    [
      'unknown action for exit codes is skipped',
      [codes('UnknownAction', 'In', [1, 2]), codes('FailJob', 'In', [2, 3])],
      main(2),
      { action: 'FailJob', counts: true, message: failed(2, 1) },
    ],
    [
      'unknown action for conditions is skipped',
      [disrupted('UnknownAction'), disrupted('Ignore')],
      condition(),
      { action: 'Ignore', counts: false },
    ],
    [
      'unknown operator is skipped',
      [codes('Ignore', 'UnknownOperator', [1, 2]), codes('FailJob', 'In', [2, 3])],
      main(2),
      { action: 'FailJob', counts: true, message: failed(2, 1) },
    ],
    ['no policy rules', undefined, main(2), { counts: true }],
    ['ignore for exit codes', [codes('Ignore', 'In', [1, 2, 3])], main(2), { action: 'Ignore', counts: false }],
    [
      'ignore for negative exit codes',
      [codes('Ignore', 'In', [-1073741676, -1073741510])],
      main(-1073741510),
      { action: 'Ignore', counts: false },
    ],
    [
      'FailJob for exit codes',
      [codes('FailJob', 'In', [1, 2, 3])],
      main(2),
      { action: 'FailJob', counts: true, message: failed(2, 0) },
    ],
    [
      'successful containers are skipped',
      [codes('FailJob', 'NotIn', [111])],
      {
        initContainerStatuses: ends(['init-container', 0]),
        containerStatuses: ends(['main-container', 111], ['suppport-container', 0]),
      },
      { counts: true },
    ],
    ['FailIndex for exit codes', [codes('FailIndex', 'In', [1, 2, 3])], main(2), { action: 'FailIndex', counts: true }],
    [
      'NotIn and value 0',
      [codes('FailJob', 'NotIn', [0])],
      { containerStatuses: ends(['main-container', 1], ['suppport-container', 0]) },
      { action: 'FailJob', counts: true, message: failed(1, 0) },
    ],
    [
      'the second rule',
      [codes('Count', 'In', [1, 2, 3]), codes('FailJob', 'In', [4, 5, 6])],
      main(6),
      { action: 'FailJob', counts: true, message: failed(6, 1) },
    ],
    [
      'count for exit codes, of a container that runs on',
      [codes('Count', 'In', [1, 2, 3])],
      { containerStatuses: ends(['foo'], ['bar', 2]) },
      { action: 'Count', counts: true },
    ],
    ['FailIndex for conditions', [disrupted('FailIndex')], condition(), { action: 'FailIndex', counts: true }],
    ['ignore for conditions', [disrupted('Ignore')], condition(), { action: 'Ignore', counts: false }],
    ['status False', [disrupted('Ignore', 'False')], condition('False'), { action: 'Ignore', counts: false }],
    ['status Unknown', [disrupted('Ignore', 'Unknown')], condition('Unknown'), { action: 'Ignore', counts: false }],
    ['status False, but actual True', [disrupted('Ignore', 'False')], condition(), { counts: true }],
  ])('%s', (_name, rules, status, verdict) => {
    const pod = { metadata: { namespace: 'default', name: 'mypod' }, status: { phase: 'Failed', ...status } };
    expect(failureVerdict(rules && ({ rules } as never), pod as unknown as Pod)).toEqual(verdict);
  });
});
