// What must be done for a pod, given what runs: the decisions of computePodActions.
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import { describe, expect, test } from 'vitest';
import { containerHash } from '../../../src/node/agent/names.ts';
import { type PodActions, type ProbeVerdict, computePodActions } from '../../../src/node/agent/pod-actions.ts';
import type { ContainerRecord, PodRuntime } from '../../../src/node/agent/runtime-state.ts';

const pod = (containers: Container[], spec: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'd', uid: 'u' },
  spec: { restartPolicy: 'Always', ...spec, containers },
});
const c = (name: string, more: Partial<Container> = {}): Container => ({ name, image: 'i', ...more });
const sandbox = (running = true, attempt = 0) => ({
  id: `s${attempt}`,
  attempt,
  running,
  createdAt: '',
  ip: '10.0.0.2',
  pid: 1,
  hostNetwork: false,
});
const record = (
  name: string,
  state: ContainerRecord['state'],
  more: Partial<ContainerRecord> = {},
): ContainerRecord => ({
  id: `${name}-id`,
  name,
  sandboxId: 's0',
  restartCount: 0,
  hash: containerHash(c(name)),
  state,
  createdAt: '',
  startedAt: '',
  finishedAt: '',
  exitCode: 0,
  reason: '',
  message: '',
  image: 'i',
  imageId: '',
  pid: 0,
  tty: false,
  stopSignal: 'SIGTERM',
  ...more,
});
const runtime = (containers: ContainerRecord[], sandboxes = [sandbox()]): PodRuntime => ({ sandboxes, containers });
const probes = (of: Partial<Record<'liveness' | 'startup' | 'readiness', ProbeVerdict>> = {}) => ({
  liveness: () => of.liveness,
  startup: () => of.startup,
  readiness: () => of.readiness,
});
const show = (actions: PodActions) => ({
  start: actions.start.map(({ container, kind }) => `${kind} ${container.name}`),
  kill: actions.kill.map(({ record: r, message }) => `${r.name}: ${message}`),
  ...(actions.killPod && { killPod: true }),
  ...(actions.createSandbox && { sandbox: actions.attempt }),
});
const decide = (p: Pod, r: PodRuntime, of: Parameters<typeof probes>[0] = {}) =>
  show(computePodActions(p, r, probes(of)));
const nothing = { start: [], kill: [] };

describe('sandboxes', () => {
  test('a new pod needs one, then its first containers', () => {
    expect(decide(pod([c('a'), c('b')]), runtime([], []))).toEqual({
      start: ['app a', 'app b'],
      kill: [],
      killPod: true,
      sandbox: 0,
    });
    expect(decide(pod([c('a')], { initContainers: [c('i'), c('j')] }), runtime([], [])).start).toEqual(['init i']);
  });

  test('a dead one is replaced, and all starts again but what is done for good', () => {
    const dead = runtime([record('a', 'exited', { exitCode: 0 }), record('b', 'running')], [sandbox(false)]);
    expect(decide(pod([c('a'), c('b')]), dead)).toMatchObject({ start: ['app a', 'app b'], sandbox: 1 });
    expect(decide(pod([c('a'), c('b')], { restartPolicy: 'OnFailure' }), dead)).toMatchObject({
      start: ['app b'],
      sandbox: 1,
    });
    expect(decide(pod([c('a'), c('b')], { restartPolicy: 'Never' }), dead)).toEqual({ ...nothing, killPod: true });
  });

  test('one without an address is as good as dead', () => {
    expect(decide(pod([c('a')]), runtime([], [{ ...sandbox(), ip: '' }]))).toMatchObject({ sandbox: 1 });
  });
});

describe('init containers', () => {
  const p = (policy = 'Always') => pod([c('a')], { initContainers: [c('i'), c('j')], restartPolicy: policy });
  test('run one after the other', () => {
    expect(decide(p(), runtime([]))).toEqual({ start: ['init i'], kill: [] });
    expect(decide(p(), runtime([record('i', 'running')]))).toEqual(nothing);
    expect(decide(p(), runtime([record('i', 'exited')]))).toEqual({ start: ['init j'], kill: [] });
    expect(decide(p(), runtime([record('i', 'exited'), record('j', 'exited')]))).toEqual({
      start: ['app a'],
      kill: [],
    });
  });
  test('a failed one is tried again, or ends the pod', () => {
    const failed = runtime([record('i', 'exited', { exitCode: 1 })]);
    expect(decide(p(), failed)).toEqual({ start: ['init i'], kill: [] });
    expect(decide(p('Never'), failed)).toEqual({ ...nothing, killPod: true });
  });
  test('of an earlier sandbox do not count', () => {
    const old = runtime([record('i', 'exited', { sandboxId: 'old' })]);
    expect(decide(p(), old)).toEqual({ start: ['init i'], kill: [] });
  });
  test('are not run again once the app containers have started', () => {
    expect(decide(p(), runtime([record('a', 'running')]))).toEqual(nothing);
  });
});

describe('sidecars', () => {
  const side = c('s', { restartPolicy: 'Always' });
  const probed = { ...side, startupProbe: { exec: { command: ['x'] } } };
  test('must run (and have started) before what follows', () => {
    const p = pod([c('a')], { initContainers: [side] });
    expect(decide(p, runtime([]))).toEqual({ start: ['init s'], kill: [] });
    expect(decide(p, runtime([record('s', 'running')]))).toEqual({ start: ['app a'], kill: [] });
    const slow = pod([c('a')], { initContainers: [probed] });
    expect(decide(slow, runtime([record('s', 'running')]), { startup: 'unknown' })).toEqual(nothing);
    expect(decide(slow, runtime([record('s', 'running')]), { startup: 'success' })).toEqual({
      start: ['app a'],
      kill: [],
    });
  });
  test('are restarted beside the app containers, and do not keep a finished pod alive', () => {
    const p = pod([c('a')], { initContainers: [side], restartPolicy: 'Never' });
    expect(decide(p, runtime([record('a', 'running'), record('s', 'exited')]))).toEqual({
      start: ['init s'],
      kill: [],
    });
    expect(decide(p, runtime([record('a', 'exited'), record('s', 'exited')]))).toEqual({ ...nothing, killPod: true });
    expect(decide(p, runtime([record('a', 'exited'), record('s', 'running')]))).toEqual({ ...nothing, killPod: true });
  });
});

describe('app containers', () => {
  test('restart as the policy says', () => {
    const ok = runtime([record('a', 'exited')]);
    const failed = runtime([record('a', 'exited', { exitCode: 1 })]);
    const done = { ...nothing, killPod: true };
    const again = { start: ['app a'], kill: [] };
    expect([decide(pod([c('a')]), ok), decide(pod([c('a')]), failed)]).toEqual([again, again]);
    const onFailure = pod([c('a')], { restartPolicy: 'OnFailure' });
    expect([decide(onFailure, ok), decide(onFailure, failed)]).toEqual([done, again]);
    const never = pod([c('a')], { restartPolicy: 'Never' });
    expect([decide(never, ok), decide(never, failed)]).toEqual([done, done]);
  });
  test('that were created and never started are started', () => {
    expect(decide(pod([c('a')], { restartPolicy: 'Never' }), runtime([record('a', 'created')]))).toEqual({
      start: ['app a'],
      kill: [],
    });
  });
  test('that fail a probe are killed, and restarted unless the policy is Never', () => {
    const probed = c('a', { livenessProbe: {}, startupProbe: {} });
    const running = runtime([record('a', 'running')]);
    expect(decide(pod([probed]), running, { liveness: 'failure' })).toEqual({
      start: ['app a'],
      kill: ['a: Container a failed liveness probe, will be restarted'],
    });
    expect(decide(pod([probed], { restartPolicy: 'Never' }), running, { startup: 'failure' })).toMatchObject({
      kill: ['a: Container a failed startup probe'],
      killPod: true,
    });
    expect(decide(pod([probed]), running, { liveness: 'success', startup: 'success' })).toEqual(nothing);
  });
  test('whose image was changed are replaced', () => {
    expect(decide(pod([c('a', { image: 'new' })]), runtime([record('a', 'running')]))).toEqual({
      start: ['app a'],
      kill: ['a: Container a definition changed, will be restarted'],
    });
  });
});

test('ephemeral containers start once, even while the pod initialises', () => {
  const ephemeralContainers = [c('debug')] as never;
  const p = pod([c('a')], { initContainers: [c('i')], ephemeralContainers });
  expect(decide(p, runtime([record('i', 'running')])).start).toEqual(['ephemeral debug']);
  expect(decide(p, runtime([record('i', 'running'), record('debug', 'exited')])).start).toEqual([]);
});
