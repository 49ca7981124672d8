// What happens to simulated pods, step by step: tables of status, behaviour and time.
import { describe, expect, it } from 'vitest';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { AddressRange } from '../../../src/node/simulated/addresses.ts';
import { nextStep } from '../../../src/node/simulated/pod-status.ts';
import { behaviours, parseBehaviour } from '../../../src/node/simulated/rules.ts';

const NODE = { name: 'n', address: '100.64.0.1', podIp: '10.244.0.2' };
const START = Date.parse('2026-01-01T00:00:00Z');

const pod = (more: Partial<Pod['spec']> = {}, metadata: Pod['metadata'] = {}): Pod => ({
  metadata: { name: 'p', namespace: 'default', uid: 'u', ...metadata },
  spec: { containers: [{ name: 'c', image: 'app:1' }], nodeName: 'n', ...more },
  status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] },
});

/** The pod after a step, as the server would merge it. */
function apply(p: Pod, step: ReturnType<typeof nextStep>): Pod {
  if (!step.status) return p;
  const conditions = new Map(p.status?.conditions?.map((c) => [c.type, c]));
  for (const c of step.status.conditions ?? []) conditions.set(c.type, { ...conditions.get(c.type), ...c });
  return { ...p, status: { ...p.status, ...step.status, conditions: [...conditions.values()] } };
}

/** Runs a pod until it needs no more looks, or for so many steps; tells phases, restarts and readiness with seconds. */
function live(p: Pod, text: string, steps = 12): string[] {
  const behaviour = parseBehaviour(text);
  const told: string[] = [];
  let now = START;
  for (let i = 0; i < steps; i++) {
    const step = nextStep(p, NODE, behaviour, now);
    p = apply(p, step);
    const [c] = p.status?.containerStatuses ?? [];
    const ready = p.status?.conditions?.find((x) => x.type === 'Ready')?.status === 'True';
    const state = c?.state?.waiting?.reason ?? (c?.state?.terminated ? `exit ${c.state.terminated.exitCode}` : 'up');
    const line = `${p.status?.phase} ${state}${ready ? ' ready' : ''}${c?.restartCount ? ` ${c.restartCount}` : ''}`;
    if (step.status) told.push(`${(now - START) / 1000}s ${line}`);
    if (step.againInMs === undefined) break;
    now += step.againInMs;
  }
  return told;
}

describe('a simulated pod', () => {
  it('starts with a status as a kubelet reports it', () => {
    const { status, againInMs } = nextStep(pod(), NODE, parseBehaviour('ready-after=0s'), START);
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const condition = (type: string) => ({ type, status: 'True', lastTransitionTime });
    expect(status).toEqual({
      phase: 'Running',
      conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'].map(condition),
      hostIP: '100.64.0.1',
      hostIPs: [{ ip: '100.64.0.1' }],
      podIP: '10.244.0.2',
      podIPs: [{ ip: '10.244.0.2' }],
      startTime: lastTransitionTime,
      containerStatuses: [
        {
          name: 'c',
          state: { running: { startedAt: lastTransitionTime } },
          lastState: {},
          ready: true,
          restartCount: 0,
          image: 'app:1',
          imageID: 'simulated://app:1',
          containerID: 'simulated://u-c-0',
          started: true,
          resources: {},
        },
      ],
    });
    expect(againInMs).toBeUndefined();
  });

  it.each<[string, Partial<Pod['spec']>, string, string[]]>([
    ['runs until it is deleted', {}, 'ready-after=0s', ['0s Running up ready']],
    ['becomes ready later', {}, 'ready-after=3s', ['0s Running up', '3s Running up ready']],
    ['never becomes ready', {}, 'never-ready', ['0s Running up']],
    ['succeeds', { restartPolicy: 'Never' }, 'succeed-after=2s', ['0s Running up ready', '2s Succeeded exit 0']],
    [
      'succeeds on failure-only restarts',
      { restartPolicy: 'OnFailure' },
      'succeed-after=2s',
      ['0s Running up ready', '2s Succeeded exit 0'],
    ],
    ['fails', { restartPolicy: 'Never' }, 'fail-after=2s,exit=3', ['0s Running up ready', '2s Failed exit 3']],
    [
      'fails with 1 when nothing is said',
      { restartPolicy: 'Never' },
      'fail-after=1s',
      ['0s Running up ready', '1s Failed exit 1'],
    ],
  ])('%s', (_what, spec, text, wanted) => expect(live(pod(spec), text)).toEqual(wanted));

  it('is restarted after a back-off that doubles', () => {
    expect(live(pod(), 'fail-after=1s,backoff=1s', 7)).toEqual([
      '0s Running up ready',
      '1s Running CrashLoopBackOff',
      '2s Running up ready 1',
      '3s Running CrashLoopBackOff 1',
      '5s Running up ready 2',
      '6s Running CrashLoopBackOff 2',
      '10s Running up ready 3',
    ]);
  });

  it('has init containers that have ended and sidecars that run', () => {
    const sidecar = { name: 's', image: 'side:1', restartPolicy: 'Always' };
    const spec = { initContainers: [{ name: 'i', image: 'init:1' }, sidecar] };
    const { status } = nextStep(pod(spec), NODE, parseBehaviour('ready-after=0s'), START);
    expect(
      status?.initContainerStatuses?.map((c) => [c.name, Object.keys(c.state ?? {})[0], c.ready, c.started]),
    ).toEqual([
      ['i', 'terminated', true, false],
      ['s', 'running', true, true],
    ]);
  });

  it('goes at once when it is told to, or after its time, but not later than its grace', () => {
    const going = pod({}, { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 });
    expect(nextStep(going, NODE, parseBehaviour('ready-after=0s'), START)).toEqual({ remove: true });
    expect(nextStep(going, NODE, parseBehaviour('terminate-after=5s'), START)).toEqual({ againInMs: 5_000 });
    expect(nextStep(going, NODE, parseBehaviour('terminate-after=5m'), START + 29_000)).toEqual({ againInMs: 1_000 });
    expect(nextStep(going, NODE, parseBehaviour('terminate-after=5m'), START + 30_000)).toEqual({ remove: true });
  });
});

describe('rules', () => {
  it('come from the pod itself, else from the first that selects it', () => {
    const of = behaviours([
      { selector: 'app=job', simulate: 'succeed-after=1s' },
      { namespace: 'default', annotations: { slow: 'yes' }, simulate: 'ready-after=9s' },
    ]);
    expect(of(pod({}, { labels: { app: 'job' } })).endAfterMs).toBe(1_000);
    expect(of(pod({}, { annotations: { slow: 'yes' } })).readyAfterMs).toBe(9_000);
    expect(
      of(pod({}, { labels: { app: 'job' }, annotations: { 'sampan.io/simulate': 'never-ready' } })).readyAfterMs,
    ).toBe(Infinity);
    expect(of(pod({}, { annotations: { 'sampan.io/simulate': 'nonsense' } }))).toEqual(of(pod()));
  });

  it.each(['explode', 'exit=many', 'succeed-after=soon'])('refuses %s', (text) => {
    expect(() => behaviours([{ simulate: text }])).toThrow();
  });
});

describe('a node’s addresses', () => {
  it('are given once, come back, and know what is in use', () => {
    const range = new AddressRange('10.244.3.0/29');
    range.claim('known', '10.244.3.3');
    range.claim('foreign', '10.9.9.9');
    const given = ['a', 'b', 'c', 'd'].map((uid) => range.allocate(uid));
    expect(given).toEqual(['10.244.3.2', '10.244.3.4', '10.244.3.5', '10.244.3.6']);
    expect(range.allocate('a')).toBe('10.244.3.2');
    expect(range.allocate('e')).toBeUndefined();
    range.release('b');
    expect(range.allocate('e')).toBe('10.244.3.4');
  });
});
