// What a terminal shows of a rollout: bars of replicas, and why pods are not ready.
import { describe, expect, it } from 'vitest';
import { podLine, replicaBars } from '../../../src/cli/rollout/watch.ts';

const now = Date.parse('2026-01-01T00:01:00Z');
const workload = (kind: string, spec: object, status: object, generation = 1) =>
  ({ apiVersion: 'apps/v1', kind, metadata: { name: 'w', generation }, spec, status }) as never;

describe('the bars', () => {
  it('are of what is updated, ready and available', () => {
    const status = { observedGeneration: 1, replicas: 5, updatedReplicas: 2, readyReplicas: 4, availableReplicas: 4 };
    expect(replicaBars(workload('Deployment', { replicas: 4 }, status))).toEqual([
      'updated   ██████████░░░░░░░░░░ 2/4',
      'ready     ████████████████████ 4/4',
      'available ████████████████████ 4/4',
      '3 of an older revision still there',
    ]);
  });
  it('know the words of daemon sets', () => {
    const status = { observedGeneration: 1, desiredNumberScheduled: 2, updatedNumberScheduled: 1, numberReady: 2 };
    expect(replicaBars(workload('DaemonSet', {}, status)).map((bar) => bar.slice(-3))).toEqual(['1/2', '2/2', '0/2']);
  });
  it('are empty until the controller has seen what is wanted', () => {
    const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
    const bars = replicaBars(workload('StatefulSet', {}, status, 2));
    expect(bars.map((bar) => bar.slice(-3))).toEqual(['0/1', '0/1', '0/1']);
  });
});

describe('the line of a pod', () => {
  const metadata = { name: 'w-1', creationTimestamp: '2026-01-01T00:00:48Z' };
  const line = (status: object, more: object = {}) => podLine({ metadata: { ...metadata, ...more }, status }, now);
  const waiting = (reason: string, message?: string) => ({
    phase: 'Pending',
    containerStatuses: [
      { name: 'c', image: 'x', imageID: '', ready: false, restartCount: 0, state: { waiting: { reason, message } } },
    ],
  });
  it('says why it is not ready, and for how long it is there', () => {
    const unscheduled = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' };
    expect(line({ phase: 'Pending', conditions: [unscheduled] })).toBe('w-1: Unschedulable: 0/1 nodes, 12s');
    expect(line(waiting('ContainerCreating'))).toBe('w-1: ContainerCreating, 12s');
    expect(line(waiting('ImagePullBackOff', 'no'))).toBe('w-1: ImagePullBackOff: image "x": no, 12s');
    expect(line({ phase: 'Running' })).toBe('w-1: running, not ready, 12s');
    expect(line({}, { deletionTimestamp: '2026-01-01T00:01:30Z' })).toBe('w-1: Terminating, 12s');
  });
});
