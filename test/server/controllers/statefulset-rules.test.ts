// What a stateful set decides, as tables: identity, claims and their owners, order, revisions, status.
import { describe, expect, it } from 'vitest';
import type { ControllerRevision, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import {
  byRevision,
  isRevisionOf,
  revisionData,
  sameRevisionData,
  templateOfRevision,
} from '../../../src/api/revisions.ts';
import {
  claimOwners,
  claimsOf,
  hasStaleOwner,
  hasUnexpectedController,
  isClaimOwnerCurrent,
} from '../../../src/server/controllers/statefulset/claims.ts';
import {
  identityMatches,
  newPod,
  newVersionedPod,
  parentAndOrdinal,
  storageMatches,
  withIdentity,
  withStorage,
} from '../../../src/server/controllers/statefulset/identity.ts';
import { revisionsToDelete } from '../../../src/server/controllers/statefulset/revisions.ts';
import { completed, isStatusCurrent, statefulSetStatus } from '../../../src/server/controllers/statefulset/status.ts';
import { planOf, podsToUpdate } from '../../../src/server/controllers/statefulset/update.ts';
import { Pods } from '../../../src/api/resources.ts';
import { statefulSet, template } from './objects.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const moment = { minReadySeconds: 0, nowMs: NOW };
const old = { revision: 'web-old', template: template('app:1') };
const fresh = { revision: 'web-new', template: template('app:2') };
type Spec = Partial<NonNullable<StatefulSet['spec']>>;
const setOf = (replicas: number, more: Spec = {}): StatefulSet => {
  const made = statefulSet('web', replicas, { updateStrategy: { type: 'RollingUpdate' }, ...more });
  return { ...made, metadata: { ...made.metadata, uid: 'set' } };
};

/** `web-1` at a revision: ready, unready, pending or going. */
function live(ordinal: number, revision = 'web-old', state: 'ready' | 'unready' | 'going' | 'failed' = 'ready'): Pod {
  const made = newPod(setOf(1), { ...old, revision }, ordinal);
  const going = state === 'going' ? { deletionTimestamp: '2026-01-01T11:00:00Z' } : {};
  return {
    ...made,
    metadata: { ...made.metadata, uid: `pod-${ordinal}`, ...going },
    status: {
      phase: state === 'failed' ? 'Failed' : 'Running',
      conditions: [
        {
          type: 'Ready',
          status: state === 'ready' ? 'True' : 'False',
          lastTransitionTime: '2026-01-01T11:59:55Z',
        },
      ],
    },
  };
}
const names = (pods: readonly Pod[]) => pods.map((p) => p.metadata?.name);

describe('identity', () => {
  it.each<[string, [string, number]]>([
    ['web-0', ['web', 0]],
    ['my-web-12', ['my-web', 12]],
    ['web', ['', -1]],
    ['web-x', ['', -1]],
    ['web-99999999999', ['web', -1]],
  ])('%s', (name, wanted) => expect(parentAndOrdinal({ metadata: { name } })).toEqual(wanted));

  it('is in names, labels, hostname, subdomain and owner', () => {
    expect(newPod(setOf(3), old, 2)).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'web-2',
        generateName: 'web-',
        namespace: 'default',
        labels: {
          app: 'web',
          'controller-revision-hash': 'web-old',
          'statefulset.kubernetes.io/pod-name': 'web-2',
          'apps.kubernetes.io/pod-index': '2',
        },
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'StatefulSet',
            name: 'web',
            uid: 'set',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: { containers: [{ name: 'app', image: 'app:1' }], hostname: 'web-2', subdomain: 'web' },
    });
  });

  it('is restored when it was lost', () => {
    const pod = live(1);
    expect(identityMatches(setOf(3), pod)).toBe(true);
    const lost = { ...pod, metadata: { ...pod.metadata, labels: { app: 'web' } } };
    expect(identityMatches(setOf(3), lost)).toBe(false);
    expect(withIdentity(setOf(3), lost).metadata?.labels).toEqual({
      app: 'web',
      'statefulset.kubernetes.io/pod-name': 'web-1',
      'apps.kubernetes.io/pod-index': '1',
    });
    expect(identityMatches(setOf(3), { ...pod, metadata: { ...pod.metadata, name: 'other-1' } })).toBe(false);
  });

  const claims = (...more: string[]): Spec => ({
    volumeClaimTemplates: more.map((name) => ({ metadata: { name } })),
  });
  it('includes volumes, which take the place of others with the same name', () => {
    const volumes = [
      { name: 'data', emptyDir: {} },
      { name: 'other', emptyDir: {} },
    ];
    const pod = { ...live(1), spec: { ...live(1).spec!, volumes } };
    const set = setOf(3, claims('data', 'log'));
    expect(storageMatches(set, pod)).toBe(false);
    const fixed = withStorage(set, pod);
    expect(fixed.spec?.volumes).toEqual([
      { name: 'data', persistentVolumeClaim: { claimName: 'data-web-1' } },
      { name: 'log', persistentVolumeClaim: { claimName: 'log-web-1' } },
      { name: 'other', emptyDir: {} },
    ]);
    expect(storageMatches(set, fixed)).toBe(true);
    expect(storageMatches(setOf(3), live(1))).toBe(true);
  });

  it.each<[string, Spec, number, number, string]>([
    ['without strategy details, below what is current', {}, 0, 1, 'web-old'],
    ['without strategy details, from there on', {}, 1, 1, 'web-new'],
    ['below the partition', { updateStrategy: rolling({ partition: 2 }) }, 1, 0, 'web-old'],
    ['from the partition on', { updateStrategy: rolling({ partition: 2 }) }, 2, 9, 'web-new'],
    [
      'partition counts from the start',
      { ordinals: { start: 5 }, updateStrategy: rolling({ partition: 2 }) },
      6,
      0,
      'web-old',
    ],
    ['OnDelete', { updateStrategy: { type: 'OnDelete' } }, 0, 3, 'web-new'],
  ])('new pods: %s', (_what, more, ordinal, currentReplicas, wanted) => {
    const set = { ...setOf(3, more), status: { replicas: 3, currentReplicas } };
    const pod = newVersionedPod(set, old, fresh, ordinal);
    expect(pod.metadata?.labels?.['controller-revision-hash']).toBe(wanted);
    expect(pod.spec?.containers[0]?.image).toBe(wanted === 'web-new' ? 'app:2' : 'app:1');
  });
});

function rolling(rollingUpdate: { partition?: number; maxUnavailable?: number | string }) {
  return { type: 'RollingUpdate', rollingUpdate };
}

describe('the plan', () => {
  it('has a pod for each ordinal, and the surplus from the top', () => {
    const pods = [live(4), live(7), live(6), live(0)];
    const plan = planOf(setOf(3, { ordinals: { start: 4 } }), pods, old, fresh, moment);
    expect(names(plan.replicas)).toEqual(['web-4', 'web-5', 'web-6']);
    expect(names(plan.condemned)).toEqual(['web-7', 'web-0']);
    expect(plan.firstUnavailable?.metadata?.name).toBe('web-5');
  });

  it('names the lowest unhealthy pod of the surplus when the others are fine', () => {
    const pods = [live(0), live(1, 'web-old', 'unready'), live(2, 'web-old', 'unready'), live(3)];
    expect(planOf(setOf(1), pods, old, fresh, moment).firstUnavailable?.metadata?.name).toBe('web-1');
  });

  const three = (...states: ('ready' | 'unready' | 'going' | 'new' | 'new-unready')[]) =>
    states.map((s, i) =>
      s === 'new' || s === 'new-unready'
        ? live(i, 'web-new', s === 'new' ? 'ready' : 'unready')
        : live(i, 'web-old', s),
    );
  it.each<[string, Spec, Pod[], string[]]>([
    ['the highest first', {}, three('ready', 'ready', 'ready'), ['web-2']],
    ['then the next, when it is available', {}, three('ready', 'ready', 'new'), ['web-1']],
    ['waits for the new one', {}, three('ready', 'ready', 'new-unready'), []],
    ['waits for one that goes', {}, three('ready', 'ready', 'going'), []],
    ['a broken old one is replaced', {}, three('ready', 'unready', 'new'), ['web-1']],
    ['not below the partition', { updateStrategy: rolling({ partition: 2 }) }, three('ready', 'ready', 'new'), []],
    ['OnDelete does nothing', { updateStrategy: { type: 'OnDelete' } }, three('ready', 'ready', 'ready'), []],
    [
      'several at once',
      { updateStrategy: rolling({ maxUnavailable: 2 }) },
      three('ready', 'ready', 'ready'),
      ['web-2', 'web-1'],
    ],
    [
      'less what is unavailable',
      { updateStrategy: rolling({ maxUnavailable: 2 }) },
      three('ready', 'ready', 'going'),
      ['web-1'],
    ],
    [
      'a share, rounded down',
      { updateStrategy: rolling({ maxUnavailable: '70%' }) },
      three('ready', 'ready', 'ready'),
      ['web-2', 'web-1'],
    ],
    [
      'at least one',
      { updateStrategy: rolling({ maxUnavailable: '1%' }) },
      three('ready', 'ready', 'ready'),
      ['web-2'],
    ],
  ])('updates: %s', (_what, more, pods, wanted) => {
    expect(names(podsToUpdate(setOf(3, more), pods, 'web-new', moment))).toEqual(wanted);
  });
});

describe('claims', () => {
  const set = setOf(2, {
    volumeClaimTemplates: [
      { metadata: { name: 'data', labels: { tier: 'x' } }, spec: { accessModes: ['ReadWriteOnce'] } },
    ],
  });
  it('are made of the template, for the ordinal, with the labels of the selector', () => {
    expect(claimsOf(set, live(1))).toEqual([
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data-web-1', namespace: 'default', labels: { tier: 'x', app: 'web' } },
        spec: { accessModes: ['ReadWriteOnce'] },
      },
    ]);
  });

  const ref = (kind: string, name: string, uid: string, controller = true) => ({
    apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1',
    kind,
    name,
    uid,
    controller,
    blockOwnerDeletion: true,
  });
  const claim = (...ownerReferences: ReturnType<typeof ref>[]): PersistentVolumeClaim => ({
    metadata: { name: 'data-web-1', ownerReferences },
  });
  const [bySet, ofPod1, ofPod5] = [
    ref('StatefulSet', 'web', 'set'),
    ref('Pod', 'web-1', 'pod-1'),
    ref('Pod', 'web-5', 'pod-5'),
  ];
  it.each<[string, string, number, ReturnType<typeof ref>[]]>([
    ['Retain', 'Retain', 1, []],
    ['Retain', 'Retain', 5, []],
    ['Retain', 'Delete', 1, [bySet]],
    ['Retain', 'Delete', 5, [bySet]],
    ['Delete', 'Retain', 1, []],
    ['Delete', 'Retain', 5, [ofPod5]],
    ['Delete', 'Delete', 1, [bySet]],
    ['Delete', 'Delete', 5, [ofPod5]],
  ])('whenScaled %s, whenDeleted %s, ordinal %d', (whenScaled, whenDeleted, ordinal, wanted) => {
    const owner = setOf(2, { persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted } });
    for (const before of [claim(), claim(bySet), claim(ordinal === 5 ? ofPod5 : ofPod1)]) {
      const after = claimOwners(before, owner, live(ordinal));
      expect(after).toEqual(wanted);
      expect(isClaimOwnerCurrent(claim(...(after as typeof wanted)), owner, live(ordinal))).toBe(true);
      const unchanged = JSON.stringify(before.metadata?.ownerReferences) === JSON.stringify(wanted);
      expect(isClaimOwnerCurrent(before, owner, live(ordinal))).toBe(unchanged);
    }
  });

  it('of strangers and of the dead are left alone', () => {
    const owner = setOf(2, { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Delete' } });
    const stranger = ref('Other', 'x', 'x');
    expect(hasUnexpectedController(claim(stranger), owner, live(1))).toBe(true);
    expect(isClaimOwnerCurrent(claim(stranger), owner, live(1))).toBe(true);
    expect(isClaimOwnerCurrent(claim(stranger, bySet), owner, live(1))).toBe(false);
    expect(claimOwners(claim(stranger, bySet), owner, live(1))).toEqual([stranger]);
    const dead = claim(ref('Pod', 'web-1', 'before'));
    expect(hasStaleOwner(dead, Pods, live(1))).toBe(true);
    expect(isClaimOwnerCurrent(dead, owner, live(1))).toBe(true);
    // A pod that is only planned: whoever owned the claim before is gone.
    expect(hasStaleOwner(dead, Pods, newPod(owner, old, 1))).toBe(true);
    // Ours, but nobody's to control.
    expect(isClaimOwnerCurrent(claim({ ...bySet, controller: false }), owner, live(1))).toBe(false);
  });
});

describe('status', () => {
  const revisions = { current: 'web-old', update: 'web-new', collisionCount: 0 };
  it('counts, in the order that upstream prints', () => {
    const planned = newPod(setOf(1), fresh, 4);
    const pods = [live(0), live(1, 'web-old', 'unready'), live(2, 'web-new'), live(3, 'web-new', 'going'), planned];
    const status = statefulSetStatus(setOf(5), pods, revisions, { minReadySeconds: 5, nowMs: NOW });
    expect(JSON.stringify(status)).toBe(
      '{"observedGeneration":0,"replicas":4,"readyReplicas":2,"currentReplicas":2,"updatedReplicas":1,' +
        '"currentRevision":"web-old","updateRevision":"web-new","collisionCount":0,"availableReplicas":2}',
    );
    expect(statefulSetStatus(setOf(5), pods, revisions, { minReadySeconds: 6, nowMs: NOW }).availableReplicas).toBe(0);
  });

  it('ends an update when all are updated and ready', () => {
    const pods = [live(0, 'web-new'), live(1, 'web-new')];
    const status = statefulSetStatus(setOf(2), pods, revisions, moment);
    expect(completed(setOf(2), status)).toMatchObject({ currentRevision: 'web-new', currentReplicas: 2 });
    expect(completed(setOf(3), status)).toBe(status);
    expect(completed(setOf(2, { updateStrategy: { type: 'OnDelete' } }), status)).toBe(status);
  });

  it('is written only when it says something new', () => {
    const status = statefulSetStatus(setOf(1), [live(0)], revisions, moment);
    expect(isStatusCurrent({ ...setOf(1), status }, status)).toBe(true);
    expect(isStatusCurrent({ ...setOf(1), status }, { ...status, replicas: 2 })).toBe(false);
    expect(isStatusCurrent({ ...setOf(1), status }, { ...status, observedGeneration: 1 })).toBe(false);
    expect(isStatusCurrent({ ...setOf(1), status: { ...status, observedGeneration: 9 } }, status)).toBe(true);
  });
});

describe('revisions', () => {
  const revision = (name: string, number: number, created = '2026-01-01T00:00:00Z'): ControllerRevision => ({
    metadata: { name, creationTimestamp: created },
    revision: number,
    data: revisionData(template(`app:${number}`)) as never,
  });
  it('give back the template that they hold', () => {
    const printed = { containers: [{ name: 'app', image: 'app:1', resources: {} }] };
    expect(templateOfRevision(revision('a', 1))).toEqual({ ...template('app:1'), spec: printed });
    const keys = JSON.stringify(revisionData({ spec: { containers: [] }, metadata: {} }));
    expect(keys).toBe('{"spec":{"template":{"$patch":"replace","metadata":{},"spec":{"containers":[]}}}}');
    expect(isRevisionOf(revision('a', 1), template('app:1'))).toBe(true);
    expect(isRevisionOf(revision('a', 1), template('app:2'))).toBe(false);
    // As another encoder writes it.
    const metadata = { ...template('app:1').metadata, creationTimestamp: null };
    const theirs = { ...revision('b', 1), data: revisionData({ ...template('app:1'), metadata } as never) as never };
    expect(sameRevisionData(theirs, revision('a', 1))).toBe(true);
    expect(() => templateOfRevision({ metadata: { name: 'bad' }, revision: 1 })).toThrow('unable to parse history bad');
  });

  it('are sorted by number, age and name', () => {
    const all = [revision('c', 2), revision('b', 1, '2026-01-02T00:00:00Z'), revision('z', 1), revision('a', 1)];
    expect(all.sort(byRevision).map((r) => r.metadata?.name)).toEqual(['a', 'z', 'b', 'c']);
  });

  it.each<[string, number, string[]]>([
    ['none beyond the limit', 2, []],
    ['the oldest that is not in use', 1, ['r1']],
    ['all that are not in use', 0, ['r1', 'r3']],
  ])('go: %s', (_what, revisionHistoryLimit, wanted) => {
    const all = [1, 2, 3, 4, 5].map((n) => revision(`r${n}`, n));
    const used = { current: all[3]!, update: all[4]! };
    const gone = revisionsToDelete(setOf(1, { revisionHistoryLimit }), all, [live(0, 'r2')], used);
    expect(gone.map((r) => r.metadata?.name)).toEqual(wanted);
  });
});
