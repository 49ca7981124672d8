import { describe, expect, it } from 'vitest';
import { healthOf } from '../../../src/api/health/health.ts';
import { rolloutStatus } from '../../../src/api/health/rollout.ts';
import type { Unstructured } from '../../../src/api/types.ts';

const object = (kind: string, apiVersion: string, rest: object): Unstructured =>
  ({ apiVersion, kind, metadata: { name: 'x', generation: 2 }, ...rest }) as Unstructured;
const deployment = (status: object, spec: object = {}) =>
  object('Deployment', 'apps/v1', {
    spec: { replicas: 2, progressDeadlineSeconds: 600, ...spec },
    status: { observedGeneration: 2, ...status },
  });
const available = [
  { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
  { type: 'Available', status: 'True' },
];
const full = { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };

describe('health', () => {
  it.each<[string, Unstructured | undefined, string, string]>([
    ['nothing', undefined, 'NotFound', 'Resource not found'],
    [
      'terminating',
      { ...object('ConfigMap', 'v1', {}), metadata: { deletionTimestamp: 'x' } },
      'Terminating',
      'Resource scheduled for deletion',
    ],
    [
      'an old observation',
      deployment({ observedGeneration: 1 }),
      'InProgress',
      'Deployment generation is 2, but latest observed generation is 1',
    ],
    [
      'a full deployment',
      deployment({ ...full, conditions: available }),
      'Current',
      'Deployment is available. Replicas: 2',
    ],
    ['updating', deployment({ ...full, updatedReplicas: 1 }), 'InProgress', 'Updated: 1/2'],
    ['not available', deployment({ ...full, availableReplicas: 1 }), 'InProgress', 'Available: 1/2'],
    [
      'a deadline',
      deployment({ conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }] }),
      'Failed',
      'Progress deadline exceeded',
    ],
    [
      'a ready pod',
      object('Pod', 'v1', { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }),
      'Current',
      'Pod is Ready',
    ],
    [
      'a looping pod',
      object('Pod', 'v1', {
        status: {
          phase: 'Running',
          containerStatuses: [{ name: 'a', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
        },
      }),
      'Failed',
      'Containers in CrashLoop state: a',
    ],
    [
      'a done job',
      object('Job', 'batch/v1', {
        spec: { completions: 1 },
        status: { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] },
      }),
      'Current',
      'Job Completed. succeeded: 1/1',
    ],
    [
      'a failed job',
      object('Job', 'batch/v1', {
        spec: { completions: 1 },
        status: { failed: 1, conditions: [{ type: 'Failed', status: 'True' }] },
      }),
      'Failed',
      'Job Failed. failed: 1/1',
    ],
    [
      'a claim',
      object('PersistentVolumeClaim', 'v1', { status: { phase: 'Pending' } }),
      'InProgress',
      'PVC is not Bound. phase: Pending',
    ],
    [
      'a definition',
      object('CustomResourceDefinition', 'apiextensions.k8s.io/v1', {
        status: { conditions: [{ type: 'Established', status: 'True' }] },
      }),
      'Current',
      'CRD is established',
    ],
    [
      'a balancer',
      object('Service', 'v1', { spec: { type: 'LoadBalancer', clusterIP: '1.1.1.1' } }),
      'InProgress',
      'LoadBalancer address not set',
    ],
    [
      'a custom resource',
      object('Widget', 'e.io/v1', { status: { conditions: [{ type: 'Ready', status: 'False', message: 'wait' }] } }),
      'InProgress',
      'wait',
    ],
    [
      'a stalled one',
      object('Widget', 'e.io/v1', { status: { conditions: [{ type: 'Stalled', status: 'True', message: 'no' }] } }),
      'Failed',
      'no',
    ],
    ['a plain one', object('Widget', 'e.io/v1', {}), 'Current', 'Resource is current'],
    [
      'a daemon set',
      object('DaemonSet', 'apps/v1', {
        status: {
          observedGeneration: 2,
          desiredNumberScheduled: 2,
          currentNumberScheduled: 2,
          updatedNumberScheduled: 2,
          numberAvailable: 1,
        },
      }),
      'InProgress',
      'Available: 1/2',
    ],
    [
      'a stateful set',
      object('StatefulSet', 'apps/v1', {
        spec: { replicas: 1 },
        status: { replicas: 1, readyReplicas: 1, currentReplicas: 1, currentRevision: 'a', updateRevision: 'b' },
      }),
      'InProgress',
      'Waiting for updated revision to match current',
    ],
  ])('of %s', (_, of, status, message) => expect(healthOf(of)).toEqual({ status, message }));
});

describe('rollout status', () => {
  const set = (status: object, updateStrategy: object = { type: 'RollingUpdate' }) =>
    object('StatefulSet', 'apps/v1', {
      spec: { replicas: 3, updateStrategy },
      status: { observedGeneration: 2, ...status },
    });
  it.each<[Unstructured, string, boolean]>([
    [deployment({ observedGeneration: 1 }), 'Waiting for deployment spec update to be observed...\n', false],
    [
      deployment({ updatedReplicas: 1 }),
      'Waiting for deployment "x" rollout to finish: 1 out of 2 new replicas have been updated...\n',
      false,
    ],
    [
      deployment({ ...full, replicas: 3 }),
      'Waiting for deployment "x" rollout to finish: 1 old replicas are pending termination...\n',
      false,
    ],
    [
      deployment({ ...full, availableReplicas: 1 }),
      'Waiting for deployment "x" rollout to finish: 1 of 2 updated replicas are available...\n',
      false,
    ],
    [deployment(full), 'deployment "x" successfully rolled out\n', true],
    [set({ readyReplicas: 1 }), 'Waiting for 2 pods to be ready...\n', false],
    [
      set({ readyReplicas: 3, updatedReplicas: 1 }, { type: 'RollingUpdate', rollingUpdate: { partition: 1 } }),
      'Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...\n',
      false,
    ],
    [
      set({ readyReplicas: 3, updatedReplicas: 2 }, { type: 'RollingUpdate', rollingUpdate: { partition: 1 } }),
      'partitioned roll out complete: 2 new pods have been updated...\n',
      true,
    ],
    [
      set({ readyReplicas: 3, updatedReplicas: 1, updateRevision: 'b', currentRevision: 'a' }),
      'waiting for statefulset rolling update to complete 1 pods at revision b...\n',
      false,
    ],
    [
      object('DaemonSet', 'apps/v1', {
        spec: { updateStrategy: { type: 'RollingUpdate' } },
        status: { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 },
      }),
      'daemon set "x" successfully rolled out\n',
      true,
    ],
  ])('%#', (of, message, done) => expect(rolloutStatus(of)).toEqual({ message, done }));
  it('fails with words', () => {
    expect(() => rolloutStatus(set({}, { type: 'OnDelete' }))).toThrow(
      'rollout status is only available for RollingUpdate strategy type',
    );
    expect(() => rolloutStatus(deployment(full), 3)).toThrow(
      'desired revision (3) is different from the running revision (0)',
    );
    expect(() => rolloutStatus(object('Job', 'batch/v1', {}))).toThrow(
      'no status viewer has been implemented for Job.batch',
    );
    expect(() =>
      rolloutStatus(
        deployment({ conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }] }),
      ),
    ).toThrow('deployment "x" exceeded its progress deadline');
  });
});
