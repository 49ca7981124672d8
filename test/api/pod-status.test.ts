import { describe, expect, it } from 'vitest';
import { podQosClass, restartsText, summarizePod } from '../../src/api/pod-status.ts';

type Input = Parameters<typeof summarizePod>[0];
const NOW = Date.parse('2026-01-01T01:00:00Z');
const waiting = (reason: string, extra: object = {}) => ({
  name: 'a',
  restartCount: 0,
  state: { waiting: { reason } },
  ...extra,
});
const running = (name = 'a', ready = true, extra: object = {}) => ({
  name,
  ready,
  restartCount: 0,
  state: { running: {} },
  ...extra,
});
const ended = (terminated: object, extra: object = {}) => ({
  name: 'a',
  restartCount: 0,
  state: { terminated },
  ...extra,
});
const pod = (status: object, spec: object = {}, metadata: object = {}): Input =>
  ({ metadata, spec: { containers: [{ name: 'a' }], ...spec }, status: { phase: 'Running', ...status } }) as Input;
const before = (finishedAt: string, restartCount: number) => ({
  restartCount,
  lastState: { terminated: { exitCode: 1, finishedAt } },
});
const init = { initContainers: [{ name: 'i' }, { name: 'j' }] };
const sidecar = { initContainers: [{ name: 's', restartPolicy: 'Always' }] };

describe('what is said of a pod', () => {
  it.each<[string, Input, string, string, string]>([
    ['pending', pod({ phase: 'Pending' }), '0/1', 'Pending', '0'],
    [
      'gated',
      pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', reason: 'SchedulingGated', status: 'False' }] }),
      '0/1',
      'SchedulingGated',
      '0',
    ],
    [
      'being made',
      pod({ phase: 'Pending', containerStatuses: [waiting('ContainerCreating')] }),
      '0/1',
      'ContainerCreating',
      '0',
    ],
    ['running', pod({ containerStatuses: [running()] }), '1/1', 'Running', '0'],
    ['not ready', pod({ containerStatuses: [running('a', false)] }), '0/1', 'Running', '0'],
    [
      'crashing',
      pod({ containerStatuses: [waiting('CrashLoopBackOff', before('2026-01-01T00:55:00Z', 3))] }),
      '0/1',
      'CrashLoopBackOff',
      '3 (5m ago)',
    ],
    [
      'completed',
      pod({ phase: 'Succeeded', containerStatuses: [ended({ exitCode: 0, reason: 'Completed' })] }),
      '0/1',
      'Completed',
      '0',
    ],
    ['failed', pod({ phase: 'Failed', containerStatuses: [ended({ exitCode: 2 })] }), '0/1', 'ExitCode:2', '0'],
    [
      'killed',
      pod({ phase: 'Failed', containerStatuses: [ended({ exitCode: 137, signal: 9 })] }),
      '0/1',
      'Signal:9',
      '0',
    ],
    ['evicted', pod({ phase: 'Failed', reason: 'Evicted' }), '0/1', 'Evicted', '0'],
    [
      'initializing',
      pod({ phase: 'Pending', initContainerStatuses: [running('i', false)] }, init),
      '0/1',
      'Init:0/2',
      '0',
    ],
    [
      'second init',
      pod({ phase: 'Pending', initContainerStatuses: [ended({ exitCode: 0 }), waiting('PodInitializing')] }, init),
      '0/1',
      'Init:1/2',
      '0',
    ],
    [
      'init crash',
      pod(
        { phase: 'Pending', initContainerStatuses: [waiting('CrashLoopBackOff', before('2026-01-01T00:59:00Z', 2))] },
        init,
      ),
      '0/1',
      'Init:CrashLoopBackOff',
      '2 (60s ago)',
    ],
    [
      'init error',
      pod({ phase: 'Pending', initContainerStatuses: [ended({ exitCode: 1, reason: 'Error' })] }, init),
      '0/1',
      'Init:Error',
      '0',
    ],
    [
      'init exit',
      pod({ phase: 'Pending', initContainerStatuses: [ended({ exitCode: 3 })] }, init),
      '0/1',
      'Init:ExitCode:3',
      '0',
    ],
    [
      'sidecar',
      pod({ initContainerStatuses: [running('s', true, { started: true })], containerStatuses: [running()] }, sidecar),
      '2/2',
      'Running',
      '0',
    ],
    [
      'sidecar starting',
      pod({ phase: 'Pending', initContainerStatuses: [running('s', false, { started: false })] }, sidecar),
      '0/2',
      'Init:0/1',
      '0',
    ],
    [
      'one of two done',
      pod(
        {
          conditions: [{ type: 'Ready', status: 'False' }],
          containerStatuses: [ended({ exitCode: 0, reason: 'Completed' }), running('b')],
        },
        { containers: [{}, {}] },
      ),
      '1/2',
      'NotReady',
      '0',
    ],
    ['terminating', pod({ containerStatuses: [running()] }, {}, { deletionTimestamp: 'x' }), '1/1', 'Terminating', '0'],
    ['lost', pod({ reason: 'NodeLost' }, {}, { deletionTimestamp: 'x' }), '0/1', 'Unknown', '0'],
    [
      'ended and deleted',
      pod(
        { phase: 'Succeeded', containerStatuses: [ended({ exitCode: 0, reason: 'Completed' })] },
        {},
        { deletionTimestamp: 'x' },
      ),
      '0/1',
      'Completed',
      '0',
    ],
  ])('%s', (_, of, ready, reason, restarts) => {
    const s = summarizePod(of);
    expect([`${s.ready}/${s.total}`, s.reason, restartsText(s, NOW)]).toEqual([ready, reason, restarts]);
  });

  it.each<[object[], string]>([
    [[{}], 'BestEffort'],
    [[{ resources: { requests: { cpu: '1' } } }], 'Burstable'],
    [
      [{ resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1000m', memory: '1024Mi' } } }],
      'Guaranteed',
    ],
    [[{ resources: { limits: { cpu: '1', memory: '1Gi' } } }, {}], 'Burstable'],
    [[{ resources: { requests: { cpu: '0' } } }], 'BestEffort'],
    [[{ resources: { requests: { cpu: '0', memory: '0' }, limits: { cpu: '1', memory: '1Gi' } } }], 'Burstable'],
    [
      [
        { resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } } },
        { resources: { requests: { cpu: '0', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } } },
      ],
      'Burstable',
    ],
  ])('quality of service of %j is %s', (containers, expected) => {
    expect(podQosClass({ spec: { containers } } as Input)).toBe(expected);
  });
});
