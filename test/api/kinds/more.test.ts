// Kinds whose controllers come later: defaults, main rules and old versions.
import { describe, expect, it } from 'vitest';
import type { AnyKind } from '../../../src/api/kind.ts';
import daemonset from '../../../src/api/kinds/apps/daemonset.ts';
import statefulset from '../../../src/api/kinds/apps/statefulset.ts';
import hpa from '../../../src/api/kinds/autoscaling/horizontalpodautoscaler.ts';
import cronjob from '../../../src/api/kinds/batch/cronjob.ts';
import job from '../../../src/api/kinds/batch/job.ts';
import limitrange from '../../../src/api/kinds/core/limitrange.ts';
import pvc from '../../../src/api/kinds/core/persistentvolumeclaim.ts';
import pv from '../../../src/api/kinds/core/persistentvolume.ts';
import rc from '../../../src/api/kinds/core/replicationcontroller.ts';
import quota from '../../../src/api/kinds/core/resourcequota.ts';
import ingress from '../../../src/api/kinds/networking/ingress.ts';
import policy from '../../../src/api/kinds/networking/networkpolicy.ts';
import pdb from '../../../src/api/kinds/policy/poddisruptionbudget.ts';
import priority from '../../../src/api/kinds/scheduling/priorityclass.ts';
import storageclass from '../../../src/api/kinds/storage/storageclass.ts';
import webhooks from '../../../src/api/kinds/admissionregistration/mutatingwebhookconfiguration.ts';
import { create, decode, update } from './lifecycle.ts';

const metadata = { name: 'x', namespace: 'default', uid: 'u1' };
const template = (restartPolicy = 'Always') => ({
  metadata: { labels: { app: 'x' } },
  spec: { containers: [{ name: 'a', image: 'b:1' }], restartPolicy },
});
const selector = { matchLabels: { app: 'x' } };

describe('defaults', () => {
  it.each<[AnyKind, object, object]>([
    [
      daemonset,
      { spec: { selector, template: template() } },
      {
        spec: {
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
          revisionHistoryLimit: 10,
        },
      },
    ],
    [
      statefulset,
      {
        spec: {
          selector,
          template: template(),
          serviceName: 's',
          volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: {} }],
        },
      },
      {
        spec: {
          replicas: 1,
          podManagementPolicy: 'OrderedReady',
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
          volumeClaimTemplates: [
            {
              apiVersion: 'v1',
              kind: 'PersistentVolumeClaim',
              spec: { volumeMode: 'Filesystem' },
              status: { phase: 'Pending' },
            },
          ],
        },
      },
    ],
    [
      job,
      { spec: { template: template('Never') } },
      {
        metadata: { labels: { app: 'x' } },
        spec: {
          completions: 1,
          parallelism: 1,
          backoffLimit: 6,
          completionMode: 'NonIndexed',
          suspend: false,
          manualSelector: false,
          podReplacementPolicy: 'TerminatingOrFailed',
          selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u1' } },
          template: {
            metadata: { labels: { 'controller-uid': 'u1', 'job-name': 'x', 'batch.kubernetes.io/job-name': 'x' } },
          },
        },
      },
    ],
    [
      cronjob,
      { spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: template('Never') } } } },
      {
        spec: { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
      },
    ],
    [
      hpa,
      {
        spec: {
          maxReplicas: 3,
          scaleTargetRef: { kind: 'Deployment', name: 'd' },
          behavior: { scaleDown: { selectPolicy: 'Min' } },
        },
      },
      {
        spec: {
          minReplicas: 1,
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
          ],
          behavior: {
            scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max' },
            scaleDown: { selectPolicy: 'Min' },
          },
        },
      },
    ],
    [
      policy,
      { spec: { podSelector: {}, egress: [{ ports: [{ port: 53 }] }] } },
      { spec: { policyTypes: ['Ingress', 'Egress'], egress: [{ ports: [{ protocol: 'TCP' }] }] } },
    ],
    [
      pvc,
      { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } } },
      { spec: { volumeMode: 'Filesystem', resources: { requests: { storage: '1Gi' } } }, status: { phase: 'Pending' } },
    ],
    [
      pv,
      { spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/x' } } },
      { spec: { persistentVolumeReclaimPolicy: 'Retain', hostPath: { type: '' } } },
    ],
    [
      limitrange,
      { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, min: { memory: '1Mi' } }] } },
      { spec: { limits: [{ default: { cpu: '2' }, defaultRequest: { cpu: '2', memory: '1Mi' } }] } },
    ],
    [
      rc,
      { spec: { template: template() } },
      { metadata: { labels: { app: 'x' } }, spec: { replicas: 1, selector: { app: 'x' } } },
    ],
    [storageclass, { provisioner: 'example.com/x' }, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }],
    [priority, { value: 5 }, { preemptionPolicy: 'PreemptLowerPriority' }],
    [
      webhooks,
      {
        webhooks: [
          {
            name: 'a.b.c',
            clientConfig: { service: { name: 's', namespace: 'n' } },
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
            rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
          },
        ],
      },
      {
        webhooks: [
          {
            failurePolicy: 'Fail',
            matchPolicy: 'Equivalent',
            timeoutSeconds: 10,
            reinvocationPolicy: 'Never',
            clientConfig: { service: { port: 443 } },
            rules: [{ scope: '*' }],
          },
        ],
      },
    ],
  ])('%#', (kind, document, expected) => {
    const { object, errors } = create(kind, { metadata, ...document });
    expect(errors).toEqual([]);
    expect(object).toMatchObject(expected);
  });
});

describe('refusals', () => {
  const path = (p: object) => ({
    spec: { rules: [{ http: { paths: [{ backend: { service: { name: 's', port: { number: 80 } } }, ...p }] } }] },
  });
  it.each<[AnyKind, object, string[]]>([
    [
      job,
      { spec: { template: template('Always') } },
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      cronjob,
      { spec: { schedule: '* * *', jobTemplate: { spec: { template: template('Never') } } } },
      ['spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]'],
    ],
    [
      cronjob,
      { spec: { schedule: '@daily', timeZone: 'No/Where', jobTemplate: { spec: { template: template('Never') } } } },
      ['spec.timeZone: Invalid value: "No/Where": unknown time zone No/Where'],
    ],
    [ingress, { spec: {} }, ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
    [ingress, path({}), ['spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified']],
    [
      ingress,
      path({ pathType: 'Prefix', path: 'a' }),
      ['spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path'],
    ],
    [
      pdb,
      { spec: { minAvailable: 1, maxUnavailable: 1 } },
      [
        'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
      ],
    ],
    [
      pvc,
      { spec: { accessModes: ['X'] } },
      [
        'spec.accessModes: Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
        'spec.resources[storage]: Required value',
      ],
    ],
    [
      pv,
      { spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } } },
      ['spec: Required value: must specify a volume type'],
    ],
    [
      hpa,
      { spec: { minReplicas: 3, maxReplicas: 2, scaleTargetRef: { kind: 'D', name: 'd' } } },
      ['spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`'],
    ],
    [
      quota,
      { spec: { hard: { pods: '1.5', foo: '1' } } },
      [
        'spec.hard[pods]: Invalid value: "1500m": must be an integer',
        'spec.hard[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
        'spec.hard[foo]: Invalid value: "foo": must be a standard resource for quota',
      ],
    ],
    [
      limitrange,
      { spec: { limits: [{ type: 'Pod', max: { cpu: '1' }, min: { cpu: '2' } }] } },
      ['spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
    ],
    [
      daemonset,
      { spec: { selector, template: template(), updateStrategy: { rollingUpdate: { maxSurge: 1 } } } },
      ['spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero'],
    ],
  ])('%#', (kind, document, errors) => expect(create(kind, { metadata, ...document }).errors).toEqual(errors));

  it('a stateful set may change little', () => {
    const spec = { selector, template: template(), serviceName: 's' };
    const old = create(statefulset, { metadata, spec }).object;
    expect(update(statefulset, old, { metadata, spec: { ...spec, replicas: 3 } }).errors).toEqual([]);
    expect(update(statefulset, old, { metadata, spec: { ...spec, serviceName: 't' } }).errors).toEqual([
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ]);
  });
  it('a claim may only be bound, and grow', () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const old = create(pvc, { metadata, spec }).object;
    expect(update(pvc, old, { metadata, spec: { ...spec, volumeName: 'v' } }).errors).toEqual([]);
    expect(update(pvc, old, { metadata, spec: { ...spec, accessModes: ['ReadWriteMany'] } }).errors[0]).toMatch(
      /^spec: Forbidden: spec is immutable after creation except/,
    );
    const bound = { ...old, status: { phase: 'Bound', capacity: { storage: '1Gi' } } } as never;
    expect(
      update(pvc, bound, { metadata, spec: { ...spec, resources: { requests: { storage: '2Gi' } } } }).errors,
    ).toEqual([]);
  });
});

describe('old versions', () => {
  it('an ingress of extensions', () => {
    const draft = decode(
      ingress,
      {
        metadata,
        spec: {
          backend: { serviceName: 's', servicePort: 80 },
          rules: [{ http: { paths: [{ path: '/', backend: { serviceName: 't', servicePort: 'web' } }] } }],
        },
      },
      'extensions',
      'v1beta1',
    );
    expect(draft['spec']).toEqual({
      defaultBackend: { service: { name: 's', port: { number: 80 } } },
      rules: [
        {
          http: {
            paths: [
              {
                path: '/',
                pathType: 'ImplementationSpecific',
                backend: { service: { name: 't', port: { name: 'web' } } },
              },
            ],
          },
        },
      ],
    });
    ingress.served[1]!.convert!.fromStorage(draft);
    expect(draft['spec']).toMatchObject({
      backend: { serviceName: 's', servicePort: 80 },
      rules: [{ http: { paths: [{ backend: { serviceName: 't', servicePort: 'web' } }] } }],
    });
  });
  it('an autoscaler of v1 keeps its other metrics in an annotation', () => {
    const draft = decode(
      hpa,
      { metadata, spec: { maxReplicas: 2, targetCPUUtilizationPercentage: 50, scaleTargetRef: {} } },
      'autoscaling',
      'v1',
    );
    const metrics = (draft['spec'] as { metrics: object[] }).metrics;
    expect(metrics).toEqual([
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
    ]);
    metrics.push({
      type: 'Pods',
      pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '5' } },
    });
    const convert = hpa.served[1]!.convert!;
    convert.fromStorage(draft);
    expect(draft).toMatchObject({
      metadata: {
        annotations: {
          'autoscaling.alpha.kubernetes.io/metrics':
            '[{"type":"Pods","pods":{"metricName":"m","targetAverageValue":"5"}}]',
        },
      },
      spec: { targetCPUUtilizationPercentage: 50 },
    });
    convert.toStorage(draft);
    expect((draft['spec'] as { metrics: object[] }).metrics).toHaveLength(2);
  });
});
