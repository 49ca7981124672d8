// Pod statuses from what runs: phases, conditions, container states, and the patch that tells the difference.
import type { Container, Pod, PodStatus } from 'kubernetes-types/core/v1.js';
import { describe, expect, test } from 'vitest';
import { type PodStatusInput, podStatus, same, statusPatch } from '../../../src/node/agent/pod-status.ts';
import type { ContainerRecord, PodRuntime } from '../../../src/node/agent/runtime-state.ts';
import { expectGolden } from '../support/golden.ts';

const NOW = '2026-01-01T00:01:00Z';
const pod = (spec: Partial<NonNullable<Pod['spec']>> = {}, status: PodStatus = {}): Pod => ({
  metadata: { name: 'p', namespace: 'd', uid: 'u' },
  spec: { restartPolicy: 'Always', containers: [{ name: 'a', image: 'i' }], ...spec },
  status,
});
const record = (
  name: string,
  state: ContainerRecord['state'],
  more: Partial<ContainerRecord> = {},
): ContainerRecord => ({
  id: `${name}-id`,
  name,
  sandboxId: 's',
  restartCount: 0,
  hash: '',
  state,
  createdAt: '2026-01-01T00:00:00.1Z',
  startedAt: '2026-01-01T00:00:01.123Z',
  finishedAt: state === 'exited' ? '2026-01-01T00:00:09.9Z' : '0001-01-01T00:00:00Z',
  exitCode: 0,
  reason: state === 'exited' ? 'Completed' : '',
  message: '',
  image: 'i:latest',
  imageId: 'docker://sha256:1',
  pid: 0,
  tty: false,
  stopSignal: 'SIGTERM',
  ...more,
});
const running: PodRuntime['sandboxes'] = [
  { id: 's', attempt: 0, running: true, createdAt: '', ip: '10.0.0.2', pid: 1, hostNetwork: false },
];
const verdict = (value: 'success' | 'failure' | undefined) => () => value;
const status = (given: Pod, containers: ContainerRecord[], more: Partial<PodStatusInput> = {}): PodStatus =>
  podStatus({
    pod: given,
    runtime: { sandboxes: running, containers },
    waiting: new Map(),
    probes: { liveness: verdict(undefined), startup: verdict(undefined), readiness: verdict(undefined) },
    hostIps: ['192.0.2.1'],
    terminal: false,
    now: NOW,
    ...more,
  });
const condition = (s: PodStatus, type: string) => s.conditions?.find((c) => c.type === type);
const failed = { exitCode: 1, reason: 'Error' };

test('a pod that has just come', () => {
  expectGolden('status-new', status(pod(), [], { runtime: { sandboxes: [], containers: [] } }));
});
test('a pod that runs', () => expectGolden('status-running', status(pod(), [record('a', 'running')])));
test('a pod that crashes', () => {
  const waiting = new Map([['a', { reason: 'CrashLoopBackOff', message: 'back-off 10s …' }]]);
  expectGolden('status-crashing', status(pod(), [record('a', 'exited', { ...failed, restartCount: 3 })], { waiting }));
});

describe('the phase', () => {
  const two: Container[] = [
    { name: 'a', image: 'i' },
    { name: 'b', image: 'i' },
  ];
  const phase = (policy: string, records: ContainerRecord[], more: Partial<PodStatusInput> = {}) =>
    status(pod({ restartPolicy: policy, containers: two }), records, more).phase;
  const done = (name: string) => record(name, 'exited');
  const bad = (name: string) => record(name, 'exited', failed);
  test('is Pending until every container has been started', () => {
    expect(phase('Always', [])).toBe('Pending');
    expect(phase('Always', [record('a', 'running')])).toBe('Pending');
    expect(phase('Always', [record('a', 'running'), record('b', 'running')])).toBe('Running');
  });
  test('at the end is what the policy makes of the exits', () => {
    expect(phase('Always', [done('a'), done('b')])).toBe('Running');
    expect(phase('OnFailure', [done('a'), done('b')])).toBe('Succeeded');
    expect(phase('OnFailure', [done('a'), bad('b')])).toBe('Running');
    expect(phase('Never', [done('a'), bad('b')])).toBe('Failed');
    expect(phase('Never', [done('a'), record('b', 'running')])).toBe('Running');
    expect(phase('Always', [done('a'), bad('b')], { terminal: true })).toBe('Failed');
  });
  test('of a failed initialisation is Failed, or Pending while it is tried again', () => {
    const init = (policy: string) =>
      status(pod({ restartPolicy: policy, initContainers: [{ name: 'i', image: 'i' }] }), [bad('i')]).phase;
    expect([init('Never'), init('Always')]).toEqual(['Failed', 'Pending']);
  });
  test('never leaves the end', () => {
    expect(status(pod({}, { phase: 'Succeeded' }), [record('a', 'running')]).phase).toBe('Succeeded');
  });
  test('is Failed with the node’s reason when the node ends the pod', () => {
    const reason = { reason: 'OutOfcpu', message: 'Pod was rejected: …' };
    expect(status(pod(), [], { failed: reason })).toMatchObject({ phase: 'Failed', ...reason });
  });
});

describe('conditions', () => {
  test('readiness is the probe’s, and the gates’', () => {
    const readinessProbe = { exec: { command: ['x'] } };
    const probed = pod({
      containers: [{ name: 'a', image: 'i', readinessProbe }],
      readinessGates: [{ conditionType: 'g' }],
    });
    const ask = (value: 'success' | 'failure', given = probed) =>
      status(given, [record('a', 'running')], {
        probes: { liveness: verdict(undefined), startup: verdict(undefined), readiness: verdict(value) },
      });
    expect(condition(ask('failure'), 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [a]',
    });
    expect(condition(ask('success'), 'ContainersReady')?.status).toBe('True');
    expect(condition(ask('success'), 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ReadinessGatesNotReady',
      message: 'corresponding condition of pod readiness gate "g" does not exist.',
    });
    const open = { ...probed, status: { conditions: [{ type: 'g', status: 'True' }] } };
    expect(condition(ask('success', open), 'Ready')?.status).toBe('True');
    expect(condition(ask('success', open), 'g')?.status).toBe('True');
  });
  test('a time changes only with its status', () => {
    const before = status(pod(), [record('a', 'running')]);
    const again = status(pod({}, before), [record('a', 'running')], { now: '2026-01-01T09:00:00Z' });
    expect(again).toEqual(before);
    const worse = status(pod({}, before), [record('a', 'exited', failed)], { now: '2026-01-01T09:00:00Z' });
    expect(condition(worse, 'Ready')?.lastTransitionTime).toBe('2026-01-01T09:00:00Z');
    expect(condition(worse, 'PodScheduled')?.lastTransitionTime).toBe(NOW);
  });
  test('Initialized names what is incomplete', () => {
    const given = pod({ initContainers: [{ name: 'i', image: 'i' }] });
    expect(condition(status(given, [record('i', 'running')]), 'Initialized')).toMatchObject({
      status: 'False',
      message: 'containers with incomplete status: [i]',
    });
    expect(condition(status(given, [record('i', 'exited')]), 'Initialized')?.status).toBe('True');
  });
});

describe('a container that Docker does not know any more', () => {
  test('keeps how it ended', () => {
    const terminated = { exitCode: 0, reason: 'Completed', containerID: 'docker://x' } as never;
    const known = { name: 'a', image: 'i', imageID: '', ready: false, restartCount: 4, state: { terminated } };
    const s = status(pod({ restartPolicy: 'Never' }, { containerStatuses: [known] }), []);
    expect(s.containerStatuses?.[0]).toMatchObject({ restartCount: 4, state: { terminated: { exitCode: 0 } } });
  });
  test('is said to be lost when it last ran', () => {
    const known = { name: 'a', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } };
    const [lost] = status(pod({}, { containerStatuses: [known] }), []).containerStatuses ?? [];
    expect(lost).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { reason: 'ContainerStatusUnknown', exitCode: 137 } },
    });
  });
});

describe('the patch', () => {
  test('is nothing when nothing changed', () => {
    const before = status(pod(), [record('a', 'running')]);
    expect(statusPatch(pod({}, before), status(pod({}, before), [record('a', 'running')]))).toBeUndefined();
  });
  test('has what changed, nulls for what is gone, and replaces lists that would merge', () => {
    const before = status(pod(), [], { runtime: { sandboxes: [], containers: [] } });
    const after = status(pod({}, before), [record('a', 'running')]);
    const patch = statusPatch(pod({}, before), after) as { metadata: object; status: Record<string, unknown> };
    expect(patch.metadata).toEqual({ uid: 'u' });
    expect(patch.status['podIPs']).toEqual([{ $patch: 'replace' }, { ip: '10.0.0.2' }]);
    expect(patch.status['hostIP']).toBeUndefined();
    expect(patch.status['conditions']).toContainEqual({
      type: 'Ready',
      status: 'True',
      reason: null,
      message: null,
      lastTransitionTime: NOW,
    });
    expect((patch.status['conditions'] as { type: string }[]).map((c) => c.type)).not.toContain('PodScheduled');
  });
  test('equality is deep and does not mind undefined fields', () => {
    expect(same({ a: [1, { b: undefined }] }, { a: [1, {}] })).toBe(true);
    expect(same({ a: [] }, { a: {} })).toBe(false);
  });
});
