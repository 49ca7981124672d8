// The numbers of deployments: fences, proportional scaling, what may go, names of sets, progress. All pure.
import { describe, expect, it } from 'vitest';
import type { Deployment, DeploymentStatus, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { maxRevision, newSetAnnotations } from '../../../src/server/controllers/deployment/annotations.ts';
import {
  fenceposts,
  isSaturated,
  maxUnavailable,
  newSetReplicas,
  oldSetSizes,
  proportionalSizes,
} from '../../../src/server/controllers/deployment/arithmetic.ts';
import { newReplicaSet } from '../../../src/server/controllers/deployment/new-set.ts';
import { deadlineCheckMs, isComplete, rolloutStatus } from '../../../src/server/controllers/deployment/progress.ts';
import { equalIgnoringHash, findNewSet } from '../../../src/server/controllers/deployment/template.ts';
import { templateHash } from '../../../src/server/controllers/shared/hash.ts';
import { deployment, template } from './objects.ts';

type IntOrString = number | string;
const rolling = (
  replicas: number,
  maxSurge: IntOrString,
  maxUnavail: IntOrString,
  more: Partial<Deployment> = {},
): Deployment => ({
  ...deployment('web', replicas, {
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable: maxUnavail } },
  }),
  ...more,
});

let serial = 0;
function set(
  name: string,
  replicas: number,
  available = replicas,
  annotations: Record<string, string> = {},
): ReplicaSet {
  return {
    metadata: { name, uid: name, annotations, creationTimestamp: new Date(serial++ * 1000).toISOString() },
    spec: { replicas, selector: {}, template: template(name) },
    status: { replicas, availableReplicas: available, readyReplicas: available },
  };
}
const sizes = (map: Map<ReplicaSet, number>) => Object.fromEntries([...map].map(([rs, n]) => [rs.metadata?.name, n]));

describe('fences', () => {
  it.each<[IntOrString, IntOrString, number, number, number]>([
    ['25%', '25%', 4, 1, 1],
    ['25%', '25%', 10, 3, 2],
    ['0%', '10%', 5, 0, 1],
    ['0', 0, 5, 0, 1],
    [2, 0, 5, 2, 0],
    ['1%', '1%', 3, 1, 0],
  ])('surge %s, unavailable %s of %i: %i, %i', (surge, unavailable, replicas, maxSurge, maxUnavail) => {
    const value = (v: IntOrString) => (v === '0' ? 0 : v);
    expect(fenceposts(value(surge), value(unavailable), replicas)).toEqual({ maxSurge, maxUnavailable: maxUnavail });
  });

  it('are no more than there are, and none without rolling', () => {
    expect(maxUnavailable(rolling(2, 0, 5))).toBe(2);
    expect(maxUnavailable(rolling(0, 0, 5))).toBe(0);
    expect(maxUnavailable(deployment('web', 3, { strategy: { type: 'Recreate' } }))).toBe(0);
  });
});

describe('the new set', () => {
  it.each<[string, Deployment, number[], number, number]>([
    ['starts with the surge', rolling(10, 3, 2), [10], 0, 3],
    ['grows as the old ones go', rolling(10, 3, 2), [6], 3, 7],
    ['waits at the limit', rolling(10, 3, 2), [9], 4, 4],
    ['is never larger than wanted', rolling(3, 5, 0), [1], 2, 3],
    ['is all of it when recreating', deployment('web', 4, { strategy: { type: 'Recreate' } }), [], 0, 4],
  ])('%s', (_what, d, old, current, wanted) => {
    const all = [...old.map((n, i) => set(`old${i}`, n)), ...(current > 0 ? [set('new', current)] : [])];
    expect(newSetReplicas(d, all, current)).toBe(wanted);
  });

  it('is named by its template, carries the Deployment’s annotations and selects only its own pods', () => {
    const d = rolling(3, 1, 0);
    d.metadata = {
      ...d.metadata,
      uid: 'd',
      annotations: { team: 'x', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    };
    const rs = newReplicaSet(d, [], 7n);
    const hash = rs.metadata?.labels?.['pod-template-hash'];
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
    expect(rs.metadata).toMatchObject({ name: `web-${hash}`, labels: { app: 'web' } });
    expect(rs.metadata?.annotations).toEqual({
      team: 'x',
      'deployment.kubernetes.io/revision': '7',
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
    });
    expect(rs.spec?.selector.matchLabels?.['pod-template-hash']).toBe(hash);
    expect(equalIgnoringHash(rs.spec?.template, d.spec?.template)).toBe(true);
  });

  it('has another name after a collision, and the same for the same template in any key order', () => {
    const a = { metadata: { labels: { x: '1', y: '2' } }, spec: { containers: [] } };
    const b = { spec: { containers: [] }, metadata: { labels: { y: '2', x: '1' } } };
    expect(templateHash(a, undefined)).toBe(templateHash(b, undefined));
    expect(templateHash(a, 1)).not.toBe(templateHash(a, undefined));
    expect(templateHash(a, 2)).not.toBe(templateHash(a, 1));
  });

  it('is the oldest of those with the template', () => {
    const d = deployment('web', 1, { template: template('same') });
    const [older, newer] = [set('same', 1), { ...set('same', 1) }];
    expect(findNewSet(d, [newer, older])).toBe(older);
    expect(findNewSet(d, [set('other', 1)])).toBeUndefined();
  });

  it('remembers earlier revisions when it becomes the newest again', () => {
    const rs = set('again', 0, 0, {
      'deployment.kubernetes.io/revision': '2',
      'deployment.kubernetes.io/revision-history': '1',
    });
    const { annotations, changed } = newSetAnnotations(deployment('web', 1), rs, 5n, true);
    expect(changed).toBe(true);
    expect(annotations).toEqual({
      'deployment.kubernetes.io/revision': '5',
      'deployment.kubernetes.io/revision-history': '1,2',
    });
    const current = { ...rs, metadata: { ...rs.metadata, annotations } };
    expect(newSetAnnotations(deployment('web', 1), current, 5n, true).changed).toBe(false);
  });

  it('counts revisions as int64, which no double holds, and leaves alone what is no number', () => {
    const revision = (text: string): ReplicaSet => set('a', 1, 1, { 'deployment.kubernetes.io/revision': text });
    const sets = [revision('3546343826724305832'), revision('3546343826724305831'), revision('none')];
    expect(maxRevision(sets)).toBe(3546343826724305832n);
    expect(newSetAnnotations(deployment('web', 1), revision('none'), 5n, true)).toEqual({
      annotations: { 'deployment.kubernetes.io/revision': 'none' },
      changed: false,
    });
  });
});

describe('the old sets', () => {
  // Upstream's TestDeploymentController_reconcileOldReplicaSets; where neither may be missing, one may.
  it.each<
    [unavailable: number, old: [size: number, ready: number], newest: [size: number, ready: number], left: number]
  >([
    [0, [10, 10], [0, 0], 9],
    [2, [10, 10], [0, 0], 8],
    [2, [10, 8], [0, 0], 8],
    [2, [10, 9], [0, 0], 8],
    [2, [8, 8], [2, 0], 8],
  ])('of 10, %i may be missing: %j beside %j shrink to %i', (unavailable, [size, ready], [added, up], left) => {
    const old = set('old', size, ready);
    const result = oldSetSizes(rolling(10, 0, unavailable), [old], set('new', added, up));
    expect(result.get(old) ?? size).toBe(left);
  });

  it('give up what is not available first, then as many as are spare', () => {
    const d = rolling(10, 3, 2);
    const [a, b] = [set('a', 4, 2), set('b', 4)];
    // 8 must stay available; 8 + 5 pods, 3 of the new ones are not: 13 - 8 - 3 = 2 may go, and a's two were no use.
    expect(sizes(oldSetSizes(d, [a, b], set('new', 5, 2)))).toEqual({ a: 2 });
    // 10 are available now: two of them are spare, the oldest set's.
    expect(sizes(oldSetSizes(d, [a, b], set('new', 5, 4)))).toEqual({ a: 0 });
    expect(sizes(oldSetSizes(d, [set('a', 8)], set('new', 5, 0)))).toEqual({});
  });
});

describe('scaling in mid-rollout', () => {
  const max = (n: number) => ({ 'deployment.kubernetes.io/max-replicas': String(n) });

  it.each<[string, Deployment, [number, number], Record<string, number>]>([
    ['up', rolling(20, 0, 1), [5, 5], { old: 10, new: 10 }],
    ['up with surge', rolling(15, 3, 1), [8, 5], { old: 11, new: 7 }],
    ['down', rolling(5, 0, 1), [5, 5], { old: 2, new: 3 }],
    ['to nothing', rolling(0, 3, 1), [5, 5], { old: 0, new: 0 }],
  ])('%s is shared in proportion', (_what, d, [old, newest], wanted) => {
    const before = old + newest;
    const sets = [set('old', old, old, max(before)), set('new', newest, newest, max(before))];
    const result = sizes(proportionalSizes(d, sets));
    expect(result).toEqual(wanted);
  });

  // Upstream's TestScale; the sets from the oldest to the newest, with the size and the most that there might have been.
  it.each<[replicas: number, surge: number, sets: [size: number, most: number][], wanted: number[]]>([
    [
      10,
      0,
      [
        [3, 5],
        [2, 5],
      ],
      [6, 4],
    ],
    [
      3,
      0,
      [
        [3, 5],
        [2, 5],
      ],
      [2, 1],
    ],
    [
      4,
      0,
      [
        [1, 9],
        [8, 9],
      ],
      [0, 4],
    ],
    [
      10,
      0,
      [
        [2, 7],
        [3, 7],
        [2, 7],
      ],
      [3, 4, 3],
    ],
    [
      8,
      0,
      [
        [3, 13],
        [8, 13],
        [2, 13],
      ],
      [2, 5, 1],
    ],
    [
      4,
      0,
      [
        [1, 3],
        [1, 3],
        [1, 3],
      ],
      [1, 1, 2],
    ],
    [
      2,
      0,
      [
        [1, 3],
        [1, 3],
        [1, 3],
      ],
      [0, 1, 1],
    ],
    [
      5,
      0,
      [
        [2, 4],
        [2, 4],
      ],
      [2, 3],
    ],
    [
      0,
      0,
      [
        [1, 6],
        [2, 6],
        [3, 6],
      ],
      [0, 0, 0],
    ],
    [
      5,
      0,
      [
        [1, 5],
        [1, 3],
        [2, 5],
      ],
      [1, 2, 2],
    ],
    [
      20,
      2,
      [
        [6, 12],
        [6, 12],
      ],
      [11, 11],
    ],
    [
      50,
      6,
      [
        [8, 13],
        [5, 13],
      ],
      [34, 22],
    ],
    [
      14,
      0,
      [
        [3, 10],
        [7, 10],
      ],
      [4, 10],
    ],
    [
      2,
      1,
      [
        [1, 3],
        [2, 3],
      ],
      [1, 2],
    ],
  ])('to %i and %i more: %j become %j', (replicas, surge, given, wanted) => {
    const sets = given.map(([size, most], i) => set(`s${i}`, size, size, max(most)));
    const result = proportionalSizes(rolling(replicas, surge, 0), sets);
    expect(sets.map((rs) => result.get(rs))).toEqual(wanted);
  });

  it('gives the largest their share first, and no more than there is', () => {
    const sets = [5, 3, 2].map((n, i) => set(`s${i}`, n, n, max(10)));
    const result = sizes(proportionalSizes(rolling(13, 0, 1), sets));
    expect([...Object.values<number>(result)].reduce((a, b) => a + b, 0)).toBe(13);
    expect(result).toEqual({ s0: 7, s1: 4, s2: 2 });
  });
});

describe('a saturated set', () => {
  const desired = { 'deployment.kubernetes.io/desired-replicas': '3' };
  it.each<[ReplicaSet, boolean]>([
    [set('a', 3, 3, desired), true],
    [set('a', 3, 2, desired), false],
    [set('a', 3, 3, { 'deployment.kubernetes.io/desired-replicas': '2' }), false],
    [set('a', 2, 2, desired), false],
  ])('%#', (rs, wanted) => expect(isSaturated(deployment('web', 3), rs)).toBe(wanted));
});

describe('a rollout', () => {
  // Upstream's TestDeploymentComplete.
  it.each([
    [5, 5, 5, 4, false],
    [5, 5, 5, 3, false],
    [5, 5, 5, 5, true],
    [5, 5, 4, 5, false],
    [1, 2, 1, 1, false],
    [1, 1, 1, 0, false],
  ])('to %i, of %i, %i updated, %i available: complete %s', (desired, replicas, updatedReplicas, available, done) => {
    const status = { replicas, updatedReplicas, availableReplicas: available };
    expect(isComplete(rolling(desired, 0, 1), status)).toBe(done);
  });
});

describe('progress', () => {
  const START = Date.parse('2026-01-01T00:00:00Z');
  const d = (status: DeploymentStatus, progressDeadlineSeconds = 60): Deployment => ({
    ...rolling(2, 1, 0),
    metadata: { name: 'web', generation: 1 },
    spec: { ...rolling(2, 1, 0).spec!, progressDeadlineSeconds },
    status,
  });
  const progressing = (reason: string, status = 'True', seconds = 0) => {
    const time = `2026-01-01T00:00:${String(seconds).padStart(2, '0')}Z`;
    return { type: 'Progressing', status, reason, message: '', lastUpdateTime: time, lastTransitionTime: time };
  };
  const reasonOf = (object: Deployment, sets: ReplicaSet[], newest: ReplicaSet, seconds: number) => {
    const status = rolloutStatus(object, sets, newest, START + seconds * 1000);
    return status.conditions?.find((c) => c.type === 'Progressing');
  };

  it('counts from the last change, and keeps the time of the transition', () => {
    const newest = set('new', 2, 1);
    const before = d({
      updatedReplicas: 2,
      replicas: 2,
      readyReplicas: 0,
      conditions: [progressing('ReplicaSetUpdated')],
    });
    expect(reasonOf(before, [newest], newest, 30)).toMatchObject({
      reason: 'ReplicaSetUpdated',
      message: 'ReplicaSet "new" is progressing.',
      lastUpdateTime: '2026-01-01T00:00:30Z',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    });
  });

  it('times out without change, and completes even then', () => {
    const newest = set('new', 2, 1);
    const same = { updatedReplicas: 2, replicas: 2, readyReplicas: 1, availableReplicas: 1 };
    const stuck = d({ ...same, conditions: [progressing('ReplicaSetUpdated')] });
    expect(reasonOf(stuck, [newest], newest, 60)).toMatchObject({ reason: 'ReplicaSetUpdated' });
    expect(reasonOf(stuck, [newest], newest, 61)).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
    });
    const late = d({ ...same, conditions: [progressing('ProgressDeadlineExceeded', 'False')] });
    const done = set('new', 2);
    expect(reasonOf(late, [done], done, 99)).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
  });

  it('is looked at again a second after the deadline', () => {
    const waiting = d({ conditions: [progressing('ReplicaSetUpdated', 'True', 10)] });
    expect(deadlineCheckMs(waiting, {}, START + 20_000)).toBe(51_000);
    expect(deadlineCheckMs(d({ conditions: [progressing('ProgressDeadlineExceeded')] }), {}, START)).toBeUndefined();
    expect(
      deadlineCheckMs(d({ conditions: [progressing('ReplicaSetUpdated')] }, 2 ** 31 - 1), {}, START),
    ).toBeUndefined();
  });

  it('takes over a failure of the sets, and lets it go', () => {
    const failed = set('new', 2, 0);
    failed.status!.conditions = [
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota', lastTransitionTime: 'then' },
    ];
    const status = rolloutStatus(d({}), [failed], failed, START);
    expect(status.conditions?.find((c) => c.type === 'ReplicaFailure')).toMatchObject({
      reason: 'FailedCreate',
      message: 'quota',
    });
    const healed = set('new', 2, 0);
    const next = rolloutStatus(d(status), [healed], healed, START);
    expect(next.conditions?.some((c) => c.type === 'ReplicaFailure')).toBe(false);
  });
});
