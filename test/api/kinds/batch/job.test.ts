// Jobs: what a new one may say, what may change later, and how its status may move.
import { describe, expect, it } from 'vitest';
import job from '../../../../src/api/kinds/batch/job.ts';
import type { Unstructured } from '../../../../src/api/types.ts';
import { create, status, update } from '../lifecycle.ts';

type Fields = Record<string, unknown>;
const metadata = { name: 'x', namespace: 'default', uid: 'u1' };
const template = (spec: Fields = {}, more: Fields = {}) => ({
  ...more,
  spec: { containers: [{ name: 'a', image: 'b:1' }], restartPolicy: 'Never', ...spec },
});
const make = (spec: Fields = {}, more: Fields = {}) => ({ metadata, spec: { template: template(), ...spec }, ...more });
const indexed = (spec: Fields = {}) => make({ completionMode: 'Indexed', completions: 3, ...spec });
const rules = (...list: Fields[]) => ({ podFailurePolicy: { rules: list } });
const exit = (more: Fields = {}) => ({ operator: 'In', values: [1], ...more });

describe('a new job', () => {
  it.each<[string, object, string[]]>([
    ['is good with one template', make(), []],
    ['is good with policies', make(rules({ action: 'FailJob', onExitCodes: exit() })), []],
    [
      'counts from zero',
      make({ parallelism: -1 }),
      ['spec.parallelism: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'needs a limit per index for failed indexes',
      indexed({ maxFailedIndexes: 1 }),
      ['spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified'],
    ],
    [
      'needs completions when indexed',
      make({ completionMode: 'Indexed', parallelism: 100001 }),
      [
        'spec.completions: Required value: when completion mode is Indexed',
        'spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed',
      ],
    ],
    [
      'has bounds for very many completions',
      indexed({ completions: 100001, backoffLimitPerIndex: 1, parallelism: 10001 }),
      [
        'spec.maxFailedIndexes: Required value: must be specified when completions is above 100000',
        'spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
      ],
    ],
    [
      'has limits per index only when indexed',
      make({ backoffLimitPerIndex: 1, maxFailedIndexes: 1 }),
      [
        'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode',
        'spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode',
      ],
    ],
    [
      'is managed by a domain and path',
      make({ managedBy: 'me' }),
      ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
    [
      'has known actions, operators and containers',
      make(
        rules(
          { action: 'Run', onExitCodes: { operator: 'Is', containerName: 'z', values: [] } },
          { onExitCodes: exit() },
        ),
      ),
      [
        'spec.podFailurePolicy.rules[0].action: Unsupported value: "Run": supported values: "Count", "FailIndex", "FailJob", "Ignore"',
        'spec.podFailurePolicy.rules[0].onExitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"',
        'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "z": must be one of the container or initContainer names in the pod template',
        'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: []: at least one value is required',
        'spec.podFailurePolicy.rules[1].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
      ],
    ],
    [
      'has exit codes in order, once, and none of success',
      make(rules({ action: 'Ignore', onExitCodes: exit({ values: [2, 1, 1, 0] }) })),
      [
        'spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 1',
        'spec.podFailurePolicy.rules[0].onExitCodes.values[3]: Invalid value: 0: must not be 0 for the In operator',
        'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,1,1,0]: must be ordered',
      ],
    ],
    [
      'has rules of one sort each',
      make(
        rules(
          { action: 'Count' },
          { action: 'FailIndex', onExitCodes: exit(), onPodConditions: [{ type: '-', status: 'Maybe' }] },
        ),
      ),
      [
        'spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
        'spec.podFailurePolicy.rules[1].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
        expect.stringMatching(
          /^spec.podFailurePolicy.rules\[1\].onPodConditions\[0\].type: Invalid value: "-": name part must consist/,
        ) as never,
        'spec.podFailurePolicy.rules[1].onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
        'spec.podFailurePolicy.rules[1]: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported',
      ],
    ],
    [
      'replaces failed pods only, with a failure policy',
      make({ ...rules({ action: 'Count', onExitCodes: exit() }), podReplacementPolicy: 'TerminatingOrFailed' }),
      ['spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'],
    ],
    [
      'succeeds early only when indexed',
      make({ successPolicy: { rules: [] } }),
      ['spec.successPolicy: Invalid value: {"rules":[]}: requires indexed completion mode'],
    ],
    [
      'has rules of success that can be met',
      indexed({
        successPolicy: {
          rules: [
            {},
            { succeededIndexes: '0-5' },
            { succeededIndexes: '1,0' },
            { succeededIndexes: '1-2-3' },
            { succeededIndexes: 'a' },
            { succeededIndexes: '0-1', succeededCount: 4 },
          ],
        },
      }),
      [
        'spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified',
        'spec.successPolicy.rules[1].succeededIndexes: Invalid value: "0-5": error parsing succeededIndexes: too large index: "5"',
        'spec.successPolicy.rules[2].succeededIndexes: Invalid value: "1,0": error parsing succeededIndexes: non-increasing order, previous: 1, current: 0',
        `spec.successPolicy.rules[3].succeededIndexes: Invalid value: "1-2-3": error parsing succeededIndexes: the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
        'spec.successPolicy.rules[4].succeededIndexes: Invalid value: "a": error parsing succeededIndexes: cannot convert string to integer for index: "a"',
        'spec.successPolicy.rules[5].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of specified completions)',
        'spec.successPolicy.rules[5].succeededCount: Invalid value: 4: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)',
      ],
    ],
    [
      'does not restart its pods always',
      make({ template: template({ restartPolicy: 'Always' }) }),
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'has a name that fits its last pod',
      { ...indexed(), metadata: { ...metadata, name: 'a.b' } },
      ['metadata.name: Invalid value: "a.b": will not able to create pod with invalid DNS label: a.b-2'],
    ],
    [
      'may not claim labels of another',
      make({ template: template({}, { metadata: { labels: { 'job-name': 'y' } } }) }),
      [
        expect.stringMatching(
          /^spec.template.metadata.labels\[job-name\]: Invalid value: \{.*\}: must be 'x'$/,
        ) as never,
      ],
    ],
    [
      'with a selector of its own selects its template',
      make({ manualSelector: true, selector: { matchLabels: { a: 'b' } } }),
      ['spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`'],
    ],
  ])('%s', (_, document, expected) => {
    expect(create(job, document).errors).toEqual(expected);
  });

  it('warns when indexes cannot be tracked, and of a name with dots', () => {
    const big = { ...indexed({ completions: 100001, parallelism: 10001 }), metadata: { name: 'a.b' } };
    expect(job.warnings?.(big as never, undefined)).toEqual([
      'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
      'spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
    ]);
  });
});

describe('a job that is there', () => {
  const change = (spec: Fields, old: object = make(), now: Fields = {}) => {
    const before = create(job, old).object;
    const next = structuredClone(before) as Unstructured & { spec: Fields };
    return update(job, { ...before, ...now } as Unstructured, { ...next, spec: { ...next.spec, ...spec } }).errors;
  };
  const moved = { nodeSelector: { zone: 'a' }, tolerations: [{ key: 'k', operator: 'Exists' }] };
  const labelled = (old: object, spec: Fields) => {
    const before = create(job, old).object as Unstructured & { spec: { template: { metadata: object; spec: object } } };
    return { template: { metadata: before.spec.template.metadata, spec: { ...before.spec.template.spec, ...spec } } };
  };

  it.each<[string, string[], string[]]>([
    [
      'completions of a plain one',
      change({ completions: 5 }),
      ['spec.completions: Invalid value: 5: field is immutable'],
    ],
    [
      'completions alone',
      change({ completions: 5 }, indexed({ parallelism: 3 })),
      ['spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism'],
    ],
    ['completions with parallelism', change({ completions: 5, parallelism: 5 }, indexed({ parallelism: 3 })), []],
    ['parallelism', change({ parallelism: 5, backoffLimit: 1, ttlSecondsAfterFinished: 3, suspend: true }), []],
    ['its manager', change({ managedBy: 'a.b/c' }), ['spec.managedBy: Invalid value: "a.b/c": field is immutable']],
    [
      'where pods of a running one run',
      change(labelled(make(), moved)),
      [expect.stringMatching(/^spec.template: Invalid value: \{.*\}: field is immutable$/) as never],
    ],
    ['where pods of a suspended one run', change(labelled(make(), moved), make({ suspend: true })), []],
    [
      'where pods of one that has started run',
      change(labelled(make(), moved), make({ suspend: true }), { status: { startTime: '2024-01-01T00:00:00Z' } }),
      [expect.stringMatching(/^spec.template: /) as never],
    ],
    [
      'the image of a suspended one',
      change(labelled(make(), { activeDeadlineSeconds: 4 }), make({ suspend: true })),
      [expect.stringMatching(/^spec.template: /) as never],
    ],
  ])('may or may not change %s', (_, errors, expected) => {
    expect(errors).toEqual(expected);
  });
});

describe('the status of a job', () => {
  const yes = (...types: string[]) => ({ conditions: types.map((type) => ({ type, status: 'True' })) });
  const start = { startTime: '2024-01-01T00:00:00Z' };
  const ended = { ...start, completionTime: '2024-01-01T00:01:00Z' };
  const done = { ...yes('SuccessCriteriaMet', 'Complete'), ...ended };
  it.each<[string, Fields, Fields, object, string[]]>([
    ['may complete', start, done, make(), []],
    ['may fail', start, { ...start, ...yes('FailureTarget', 'Failed') }, make(), []],
    [
      'does not complete without its criteria',
      start,
      { ...ended, ...yes('Complete') },
      make(),
      [
        'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
      ],
    ],
    [
      'does not fail without a target',
      start,
      { ...start, ...yes('Failed') },
      make(),
      ['status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition'],
    ],
    [
      'says when it began and ended',
      {},
      { ...yes('SuccessCriteriaMet', 'Complete') },
      make(),
      [
        'status.completionTime: Required value: completionTime is required for Complete jobs',
        'status.startTime: Required value: startTime is required for finished job',
      ],
    ],
    [
      'does not end first',
      { startTime: ended.completionTime },
      { startTime: ended.completionTime, completionTime: start.startTime, ...yes('SuccessCriteriaMet', 'Complete') },
      make(),
      ['status.completionTime: Invalid value: "2024-01-01T00:00:00Z": completionTime cannot be set before startTime'],
    ],
    [
      'has no pods when it has ended',
      start,
      { ...done, active: 1, terminating: 1, uncountedTerminatedPods: { failed: ['a', 'a'] } },
      make(),
      [
        'status.uncountedTerminatedPods.failed[1]: Duplicate value: "a"',
        'status.active: Invalid value: 1: active>0 is invalid for finished job',
        'status.uncountedTerminatedPods: Invalid value: {"failed":["a","a"]}: uncountedTerminatedPods needs to be empty for finished job',
        'status.terminating: Invalid value: 1: terminating>0 is invalid for finished job',
      ],
    ],
    [
      'stays ended',
      done,
      start,
      make(),
      [
        'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
        'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
      ],
    ],
    [
      'counts up',
      { failed: 2, succeeded: 2 },
      { failed: 1, succeeded: 1, ready: 1 },
      make(),
      [
        'status.ready: Invalid value: 1: cannot set more ready pods than active',
        'status.failed: Invalid value: 1: cannot decrease the failed counter',
        'status.succeeded: Invalid value: 1: cannot decrease the succeeded counter',
      ],
    ],
    ['counts down when scaled', { succeeded: 2 }, { succeeded: 1 }, indexed({ parallelism: 3 }), []],
    [
      'has indexes that fit',
      {},
      { completedIndexes: '0-1,7', failedIndexes: '1' },
      indexed({ backoffLimitPerIndex: 1 }),
      [
        'status.completedIndexes: Invalid value: "0-1,7": error parsing completedIndexes: too large index: "7"',
        'status.failedIndexes: Invalid value: "1": failedIndexes and completedIndexes overlap at index: 1',
      ],
    ],
    [
      'has indexes only where there are any',
      {},
      { completedIndexes: '0', failedIndexes: '0' },
      make({ completions: 2 }),
      [
        'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
        'status.failedIndexes: Invalid value: "0": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
        'status.failedIndexes: Invalid value: "0": failedIndexes and completedIndexes overlap at index: 0',
      ],
    ],
    [
      'keeps its start',
      start,
      { startTime: '2024-01-02T00:00:00Z' },
      make(),
      ['status.startTime: Required value: startTime cannot be removed for unsuspended job'],
    ],
    ['may lose its start when suspended', start, {}, make({ suspend: true }), []],
    [
      'begins anew when it goes on',
      { ...start, ...yes('Suspended') },
      { startTime: ended.completionTime, conditions: [{ type: 'Suspended', status: 'False' }] },
      make(),
      [],
    ],
    [
      'that was wrong already may be written',
      { ready: 2, ...yes('Complete') },
      { ready: 2, failed: 1, ...yes('Complete') },
      make(),
      [],
    ],
  ])('%s', (_, before, now, document, expected) => {
    expect(status(job, { ...create(job, document).object, status: before }, now)).toEqual(expected);
  });
});
