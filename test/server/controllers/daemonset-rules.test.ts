// What a daemon set decides, as tables: which nodes, which pods on them, how an update goes, status, history.
import { describe, expect, it } from 'vitest';
import type { ControllerRevision, DaemonSet } from 'kubernetes-types/apps/v1.js';
import type { Node, Pod, PodSpec, Taint, Toleration } from 'kubernetes-types/core/v1.js';
import { FailedPodBackoff } from '../../../src/server/controllers/daemonset/backoff.ts';
import { eligibilityOf } from '../../../src/server/controllers/daemonset/eligibility.ts';
import { historyToDelete } from '../../../src/server/controllers/daemonset/history.ts';
import {
  byPlacementAndAge,
  placementOn,
  podsByNode,
  unplacedWithoutNode,
} from '../../../src/server/controllers/daemonset/placement.ts';
import {
  daemonPod,
  daemonTolerations,
  isPodUpdated,
  targetNode,
} from '../../../src/server/controllers/daemonset/pod.ts';
import { rollingUpdate } from '../../../src/server/controllers/daemonset/rolling-update.ts';
import { daemonCounts, daemonStatus, isStatusCurrent } from '../../../src/server/controllers/daemonset/status.ts';
import { daemonSet, template } from './objects.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const node = (name: string, labels: Record<string, string> = {}, taints: Taint[] = []): Node => ({
  metadata: { name, labels },
  spec: { taints },
});
const setOf = (more: Parameters<typeof daemonSet>[1] = {}): DaemonSet => {
  const made = daemonSet('web', more);
  return { ...made, metadata: { ...made.metadata, uid: 'set' } };
};
const withSpec = (more: Partial<PodSpec>) => setOf({ template: template('app:1', more) });
const taint = (key: string, effect: string): Taint => ({ key, effect });

type State = 'ready' | 'unready' | 'going' | 'failed' | 'succeeded';
/** `old@n1` is ready on n1 and of the template before. */
function on(where: string, name: string, hash: 'old' | 'new', state: State = 'ready', age = 60): Pod {
  const made = daemonPod(setOf(), hash, where);
  const phases: Partial<Record<State, string>> = { failed: 'Failed', succeeded: 'Succeeded' };
  return {
    ...made,
    metadata: {
      ...made.metadata,
      name,
      creationTimestamp: new Date(NOW - age * 1000).toISOString(),
      ...(state === 'going' ? { deletionTimestamp: '2026-01-01T11:59:00Z' } : {}),
    },
    spec: { ...made.spec!, nodeName: where },
    status: {
      phase: phases[state] ?? 'Running',
      conditions: [
        { type: 'Ready', status: state === 'ready' ? 'True' : 'False', lastTransitionTime: '2026-01-01T11:59:55Z' },
      ],
    },
  };
}
const names = (pods: readonly Pod[]) => pods.map((p) => p.metadata?.name);
const rolling = (maxUnavailable: number | string, maxSurge: number | string = 0) => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge } },
});

describe('nodes', () => {
  const required = (key: string, ...values: string[]) => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values }] }],
        },
      },
    },
  });
  const anything: Toleration[] = [{ operator: 'Exists' }];
  it.each<[string, Partial<PodSpec>, Node, string]>([
    ['any', {}, node('n1'), 'run keep'],
    ['of this name', { nodeName: 'n1' }, node('n1'), 'run keep'],
    ['of another name', { nodeName: 'n2' }, node('n1'), ''],
    ['selected', { nodeSelector: { disk: 'ssd' } }, node('n1', { disk: 'ssd' }), 'run keep'],
    ['not selected', { nodeSelector: { disk: 'ssd' } }, node('n1'), ''],
    ['by affinity', required('zone', 'a', 'b'), node('n1', { zone: 'b' }), 'run keep'],
    ['against affinity', required('zone', 'a'), node('n1', { zone: 'b' }), ''],
    ['tainted', {}, node('n1', {}, [taint('x', 'NoSchedule')]), 'keep'],
    ['tainted and emptied', {}, node('n1', {}, [taint('x', 'NoExecute')]), ''],
    ['emptied after a lesser taint', {}, node('n1', {}, [taint('y', 'NoSchedule'), taint('x', 'NoExecute')]), ''],
    ['softly tainted', {}, node('n1', {}, [taint('x', 'PreferNoSchedule')]), 'run keep'],
    ['tolerated', { tolerations: anything }, node('n1', {}, [taint('x', 'NoExecute')]), 'run keep'],
    ['cordoned', {}, node('n1', {}, [taint('node.kubernetes.io/unschedulable', 'NoSchedule')]), 'run keep'],
    ['unreachable', {}, node('n1', {}, [taint('node.kubernetes.io/unreachable', 'NoExecute')]), 'run keep'],
    ['without network', {}, node('n1', {}, [taint('node.kubernetes.io/network-unavailable', 'NoSchedule')]), 'keep'],
    [
      'without network, on the host’s',
      { hostNetwork: true },
      node('n1', {}, [taint('node.kubernetes.io/network-unavailable', 'NoSchedule')]),
      'run keep',
    ],
  ])('%s', (_what, spec, where, wanted) => {
    const need = eligibilityOf(withSpec(spec))(where);
    expect([need.run && 'run', need.keep && 'keep'].filter(Boolean).join(' ')).toBe(wanted);
  });
});

describe('pods', () => {
  it('name their node to the scheduler, and tolerate', () => {
    const preferredDuringSchedulingIgnoredDuringExecution = [{ weight: 1, preference: {} }];
    const affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution } };
    const pod = daemonPod(withSpec({ affinity }), 'abc', 'n1');
    expect(pod.metadata).toMatchObject({
      generateName: 'web-',
      labels: { app: 'web', 'controller-revision-hash': 'abc' },
      ownerReferences: [{ kind: 'DaemonSet', name: 'web', uid: 'set', controller: true }],
    });
    expect(pod.spec?.affinity?.nodeAffinity).toEqual({
      preferredDuringSchedulingIgnoredDuringExecution,
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }],
      },
    });
    expect(targetNode(pod)).toBe('n1');
    expect(targetNode({ ...pod, spec: { ...pod.spec!, nodeName: 'n2' } })).toBe('n2');
    expect(targetNode({ spec: { containers: [] } })).toBeUndefined();
    expect(pod.spec?.tolerations?.map((t) => `${t.key}:${t.effect}`)).toEqual([
      'node.kubernetes.io/not-ready:NoExecute',
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/disk-pressure:NoSchedule',
      'node.kubernetes.io/memory-pressure:NoSchedule',
      'node.kubernetes.io/pid-pressure:NoSchedule',
      'node.kubernetes.io/unschedulable:NoSchedule',
    ]);
  });

  it('keep their own tolerations, but for limits on the automatic ones', () => {
    const own = { key: 'x', operator: 'Exists' };
    const limited = {
      key: 'node.kubernetes.io/unreachable',
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 5,
    };
    const all = daemonTolerations({ containers: [], tolerations: [own, limited], hostNetwork: true });
    expect(all).toHaveLength(8);
    expect(all[0]).toBe(own);
    expect(all[1]).toEqual({ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' });
    expect(all[7]?.key).toBe('node.kubernetes.io/network-unavailable');
  });

  it('are of the template by hash, or by the generation of old', () => {
    expect(isPodUpdated(setOf(), on('n1', 'a', 'new'), 'new')).toBe(true);
    expect(isPodUpdated(setOf(), on('n1', 'a', 'old'), 'new')).toBe(false);
    const annotations = { 'deprecated.daemonset.template.generation': '3' };
    const ds = { ...setOf(), metadata: { ...setOf().metadata, annotations } };
    const pod = daemonPod(ds, 'old', 'n1');
    expect(pod.metadata?.labels?.['pod-template-generation']).toBe('3');
    expect(isPodUpdated(ds, pod, 'new')).toBe(true);
  });
});

describe('one node', () => {
  const run = { run: true, keep: true };
  const keep = { run: false, keep: true };
  const no = { run: false, keep: false };
  const surge = rolling(0, 1);
  it.each<[string, Parameters<typeof setOf>[0], typeof run, Pod[] | undefined, boolean, string[]]>([
    ['gets its pod', {}, run, undefined, true, []],
    ['is not wanted', {}, no, undefined, false, []],
    ['has it', {}, run, [on('n', 'a', 'new')], false, []],
    ['waits for one that goes', {}, run, [on('n', 'a', 'new', 'going')], false, []],
    ['may keep it', {}, keep, [on('n', 'a', 'new')], false, []],
    ['has to give it up', {}, no, [on('n', 'a', 'new'), on('n', 'b', 'new', 'going')], false, ['a']],
    ['has ended ones', {}, run, [on('n', 'a', 'new', 'failed'), on('n', 'b', 'new', 'succeeded')], false, ['a', 'b']],
    [
      'has too many: the oldest stays',
      {},
      run,
      [on('n', 'a', 'new', 'ready', 1), on('n', 'b', 'new', 'ready', 9)],
      false,
      ['a'],
    ],
    ['surging, gets another beside one that goes', surge, run, [on('n', 'a', 'old', 'going')], true, []],
    [
      'surging, keeps both while the new one is not ready',
      surge,
      run,
      [on('n', 'a', 'old'), on('n', 'b', 'new', 'unready')],
      false,
      [],
    ],
    ['surging, gives up the old one then', surge, run, [on('n', 'a', 'old'), on('n', 'b', 'new')], false, ['a']],
    [
      'surging, gives up an old one that is not ready',
      surge,
      run,
      [on('n', 'a', 'old', 'unready'), on('n', 'b', 'new', 'unready')],
      false,
      ['a'],
    ],
    [
      'surging, one of each at most',
      surge,
      run,
      [on('n', 'a', 'old', 'ready', 9), on('n', 'b', 'old', 'ready', 5), on('n', 'c', 'new', 'unready')],
      false,
      ['b'],
    ],
  ])('%s', (_what, more, need, pods, create, gone) => {
    const ds = setOf(more);
    const input = { ds, node: node('n'), need, pods, hash: 'new', nowMs: NOW, mayReplaceFailed: () => true };
    const placement = placementOn(input);
    expect(placement.create).toBe(create);
    expect(names(placement.delete)).toEqual(gone);
  });

  it('keeps a failed pod while it backs off', () => {
    const pods = [on('n', 'a', 'new', 'failed')];
    const input = { ds: setOf(), node: node('n'), need: run, pods, hash: 'new', nowMs: NOW };
    expect(placementOn({ ...input, mayReplaceFailed: () => false }).delete).toEqual([]);
  });

  it('counts placed pods first, then the oldest', () => {
    const waiting = { ...on('n', 'w', 'new', 'unready', 99), spec: { containers: [] } };
    const all = [
      waiting,
      on('n', 'b', 'new', 'ready', 5),
      on('n', 'a', 'new', 'ready', 5),
      on('n', 'c', 'new', 'ready', 9),
    ];
    expect(names(all.sort(byPlacementAndAge))).toEqual(['c', 'a', 'b', 'w']);
  });

  it('that is gone leaves no pod waiting for it', () => {
    const waiting = daemonPod(setOf(), 'new', 'gone');
    const pods = podsByNode([waiting, on('gone', 'placed', 'new'), on('n1', 'x', 'new')]);
    expect(unplacedWithoutNode([node('n1')], pods)).toEqual([waiting]);
    const ended = { ...on('n1', 'e', 'new', 'going'), status: { phase: 'Failed' } };
    expect(podsByNode([ended]).size).toBe(0);
  });
});

describe('back-off of failing pods', () => {
  it('doubles from a second to a quarter of an hour, and forgets', () => {
    const backoff = new FailedPodBackoff();
    let now = 0;
    const waits: number[] = [];
    for (let i = 0; i < 12; i++) {
      expect(backoff.tryNow('x', now)).toBe(0);
      const wait = backoff.tryNow('x', now);
      waits.push(wait / 1000);
      now += wait;
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    now += 31 * 60_000;
    expect(backoff.tryNow('x', now)).toBe(0);
    expect(backoff.tryNow('x', now)).toBe(1000);
    expect(backoff.tryNow('y', now)).toBe(0);
  });
});

describe('a rolling update', () => {
  const nodes = ['n1', 'n2', 'n3', 'n4'].map((name) => node(name));
  const roll = (more: Parameters<typeof setOf>[0], pods: Pod[], where = nodes) => {
    const ds = setOf(more);
    return rollingUpdate({
      ds,
      nodes: where,
      eligible: eligibilityOf(ds),
      pods: podsByNode(pods),
      hash: 'new',
      nowMs: NOW,
    });
  };
  const four = (...states: string[]) =>
    states.flatMap((s, i) => {
      const [hash, state = 'ready'] = s.split('-') as ['old' | 'new' | 'none', State?];
      return hash === 'none' ? [] : [on(`n${i + 1}`, `p${i + 1}`, hash, state)];
    });

  it.each<[string, number | string, Pod[], string[]]>([
    ['one at a time', 1, four('old', 'old', 'old', 'old'), ['p1']],
    ['two', 2, four('old', 'old', 'old', 'old'), ['p1', 'p2']],
    ['a share, rounded up', '30%', four('old', 'old', 'old', 'old'), ['p1', 'p2']],
    ['not while a new one is unavailable', 1, four('new-unready', 'old', 'old', 'old'), []],
    ['not while a node has none', 1, four('none', 'old', 'old', 'old'), []],
    ['not while one goes', 1, four('old-going', 'old', 'old', 'old'), []],
    ['broken ones at once', 1, four('old-unready', 'old-unready', 'old', 'old'), ['p1', 'p2']],
    ['done', 1, four('new', 'new', 'new', 'new'), []],
  ])('without surge: %s', (_what, maxUnavailable, pods, wanted) => {
    expect(names(roll(rolling(maxUnavailable), pods).delete)).toEqual(wanted);
  });

  it('takes pods that have been ready for too short a time for unavailable, old ones included', () => {
    const pods = four('new', 'old', 'old', 'old');
    expect(names(roll({ ...rolling(1), minReadySeconds: 5 }, pods).delete)).toEqual(['p2']);
    expect(names(roll({ ...rolling(1), minReadySeconds: 6 }, pods).delete)).toEqual(['p2', 'p3', 'p4']);
  });

  it.each<[string, Pod[], string[], string[]]>([
    ['one more', four('old', 'old', 'old', 'old'), [], ['n1']],
    ['not while one is on its way', [...four('old', 'old', 'old', 'old'), on('n1', 'x', 'new', 'unready')], [], []],
    ['the old goes when the new is there', [...four('old', 'old', 'old', 'old'), on('n1', 'x', 'new')], ['p1'], ['n2']],
    ['beside broken ones at once', four('old-unready', 'old-unready', 'old', 'old'), [], ['n1', 'n2', 'n3']],
  ])('with surge: %s', (_what, pods, gone, created) => {
    const step = roll(rolling(0, 1), pods);
    expect([names(step.delete), step.create]).toEqual([gone, created]);
  });

  it('with surge, leaves nodes that are not wanted when the wanted ones are served', () => {
    const ds = { ...rolling(0, 1), template: template('app:1', { nodeSelector: { disk: 'ssd' } }) };
    const where = [node('n1'), node('n2', { disk: 'ssd' })];
    const pods = [on('n1', 'p1', 'old'), on('n2', 'p2', 'new', 'unready')];
    expect(names(roll(ds, pods, where).delete)).toEqual([]);
    const served = [on('n1', 'p1', 'old'), on('n2', 'p2', 'new')];
    expect(names(roll(ds, served, where).delete)).toEqual(['p1']);
    const broken = [on('n1', 'p1', 'old', 'unready'), on('n2', 'p2', 'new', 'unready')];
    expect(names(roll(ds, broken, where).delete)).toEqual(['p1']);
  });
});

describe('status', () => {
  it('counts nodes, in the order that upstream prints', () => {
    const ds = withSpec({ nodeSelector: { disk: 'ssd' } });
    const ssd = { disk: 'ssd' };
    const nodes = [node('n1', ssd), node('n2', ssd), node('n3', ssd), node('n4')];
    const pods = podsByNode([
      on('n1', 'a', 'new'),
      on('n2', 'b', 'old', 'unready', 90),
      on('n2', 'c', 'new'),
      on('n4', 'd', 'new'),
    ]);
    const counts = daemonCounts(ds, nodes, eligibilityOf(ds), pods, { hash: 'new', nowMs: NOW });
    const status = daemonStatus({ ...ds, metadata: { generation: 2 } }, counts, 2);
    expect(JSON.stringify(status)).toBe(
      '{"currentNumberScheduled":2,"numberMisscheduled":1,"desiredNumberScheduled":3,"numberReady":1,' +
        '"observedGeneration":2,"updatedNumberScheduled":1,"numberAvailable":1,"numberUnavailable":2}',
    );
    expect(daemonStatus(ds, counts, undefined).observedGeneration).toBeUndefined();
    expect(isStatusCurrent({ ...ds, status }, status)).toBe(true);
    expect(isStatusCurrent({ ...ds, status }, { ...status, numberReady: 2 })).toBe(false);
  });
});

describe('history', () => {
  const revision = (name: string, number: number): ControllerRevision => ({
    metadata: { name, labels: { 'controller-revision-hash': name } },
    revision: number,
  });
  it.each<[number, string[]]>([
    [3, []],
    [2, ['r2']],
    [0, ['r2', 'r3']],
  ])('of %d keeps what pods use', (revisionHistoryLimit, wanted) => {
    const old = [revision('r3', 3), revision('r1', 1), revision('r2', 2)];
    const pod = { metadata: { labels: { 'controller-revision-hash': 'r1' } } };
    const gone = historyToDelete(setOf({ revisionHistoryLimit }), old, [pod]);
    expect(gone.map((r) => r.metadata?.name)).toEqual(wanted);
  });
});
