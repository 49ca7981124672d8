import { describe, expect, it } from 'vitest';
import type { AnyKind } from '../../src/api/kind.ts';
import kinds from '../../src/api/kinds/index.gen.ts';
import { tableFor } from '../../src/api/table.ts';
import type { KubeObject } from '../../src/api/types.ts';

const all = kinds as readonly AnyKind[];
const NOW = Date.parse('2026-01-01T00:10:00Z');
const metadata = { name: 'x', creationTimestamp: '2026-01-01T00:00:00Z' };
const cells = (kind: string, object: object) =>
  tableFor(
    all.find((k) => k.kind === kind)!,
    [{ metadata, ...object } as KubeObject],
    { nowMs: NOW },
  ).rows[0]!.cells;
const ports = [
  { port: 80, protocol: 'TCP', nodePort: 30080 },
  { port: 443, protocol: 'TCP' },
];
const template = {
  spec: {
    containers: [
      { name: 'a', image: 'i' },
      { name: 'b', image: 'j' },
    ],
  },
};
const selector = { matchLabels: { app: 'x' } };

describe('cells', () => {
  it.each<[string, object, unknown[]]>([
    [
      'Service',
      { spec: { type: 'NodePort', clusterIPs: ['10.96.0.5'], ports, selector: { b: '1', a: '2' } } },
      ['x', 'NodePort', '10.96.0.5', '<none>', '80:30080/TCP,443/TCP', '10m', 'a=2,b=1'],
    ],
    [
      'Service',
      { spec: { type: 'LoadBalancer', clusterIPs: ['10.96.0.5'] } },
      ['x', 'LoadBalancer', '10.96.0.5', '<pending>', '<none>', '10m', '<none>'],
    ],
    [
      'Service',
      {
        spec: { type: 'LoadBalancer', externalIPs: ['9.9.9.9'], ports },
        status: { loadBalancer: { ingress: [{ ip: '2.2.2.2' }, { hostname: 'a.example' }] } },
      },
      ['x', 'LoadBalancer', '<none>', '2.2.2.2,a.example,9.9.9.9', '80:30080/TCP,443/TCP', '10m', '<none>'],
    ],
    [
      'Service',
      { spec: { type: 'ExternalName', externalName: 'e.example' } },
      ['x', 'ExternalName', '<none>', 'e.example', '<none>', '10m', '<none>'],
    ],
    [
      'Node',
      {
        metadata: { ...metadata, labels: { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/role': 'edge' } },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: 'Ready', status: 'True' }],
          nodeInfo: { kubeletVersion: 'v1' },
          addresses: [{ type: 'InternalIP', address: '1.1.1.1' }],
        },
      },
      [
        'x',
        'Ready,SchedulingDisabled',
        'edge,worker',
        '10m',
        'v1',
        '1.1.1.1',
        '<none>',
        '<unknown>',
        '<unknown>',
        '<unknown>',
      ],
    ],
    ['Node', {}, ['x', 'Unknown', '<none>', '10m', '', '<none>', '<none>', '<unknown>', '<unknown>', '<unknown>']],
    [
      'Deployment',
      {
        spec: { replicas: 3, selector, template },
        status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 },
      },
      ['x', '2/3', 3, 1, '10m', 'a,b', 'i,j', 'app=x'],
    ],
    [
      'DaemonSet',
      {
        spec: { selector, template: { spec: { ...template.spec, nodeSelector: { d: 'ssd' } } } },
        status: { desiredNumberScheduled: 2 },
      },
      ['x', 2, 0, 0, 0, 0, 'd=ssd', '10m', 'a,b', 'i,j', 'app=x'],
    ],
    [
      'Job',
      { spec: { completions: 3, selector, template }, status: { succeeded: 1, startTime: '2026-01-01T00:05:00Z' } },
      ['x', 'Running', '1/3', '5m', '10m', 'a,b', 'i,j', 'app=x'],
    ],
    [
      'CronJob',
      { spec: { schedule: '@daily', suspend: false, jobTemplate: { spec: { template } } } },
      ['x', '@daily', '<none>', 'False', 0, '<none>', '10m', 'a,b', 'i,j', '<none>'],
    ],
    [
      'Endpoints',
      { subsets: [{ addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], ports: [{ port: 80 }, { port: 81 }] }] },
      ['x', '10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more...', '10m'],
    ],
    ['Endpoints', {}, ['x', '<none>', '10m']],
    [
      'EndpointSlice',
      { addressType: 'IPv4', ports: [{ port: 80 }], endpoints: [{ addresses: ['1.1.1.1'] }] },
      ['x', 'IPv4', '80', '1.1.1.1', '10m'],
    ],
    ['EndpointSlice', { addressType: 'IPv4' }, ['x', 'IPv4', '<unset>', '<unset>', '10m']],
    [
      'Ingress',
      {
        spec: { rules: [{ host: 'a.example' }, {}], tls: [{}] },
        status: { loadBalancer: { ingress: [{ ip: '1.1.1.1' }] } },
      },
      ['x', '<none>', 'a.example', '1.1.1.1', '80, 443', '10m'],
    ],
    [
      'Event',
      {
        involvedObject: { kind: 'Pod', name: 'p' },
        reason: 'R',
        type: 'Normal',
        message: ' m\n',
        source: { component: 'kubelet', host: 'n' },
        firstTimestamp: '2026-01-01T00:01:00Z',
        lastTimestamp: '2026-01-01T00:09:00Z',
        count: 4,
      },
      ['60s', 'Normal', 'R', 'pod/p', '', 'kubelet, n', 'm', '9m', 4, 'x'],
    ],
    [
      'Event',
      { involvedObject: { kind: 'Node' }, eventTime: '2026-01-01T00:09:30Z', reportingComponent: 'c' },
      ['30s', '', '', 'node', '', 'c', '', '30s', 1, 'x'],
    ],
    [
      'CertificateSigningRequest',
      {
        spec: { signerName: 's/n', username: 'u', expirationSeconds: 3600 },
        status: { conditions: [{ type: 'Approved' }], certificate: 'x' },
      },
      ['x', '10m', 's/n', 'u', '60m', 'Approved,Issued'],
    ],
    [
      'RoleBinding',
      {
        roleRef: { kind: 'Role', name: 'r' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'ServiceAccount', namespace: 'n', name: 's' },
        ],
      },
      ['x', 'Role/r', '10m', 'u', '', 'n/s'],
    ],
    ['Role', {}, ['x', '2026-01-01T00:00:00Z']],
    ['Secret', { type: 'Opaque', data: { a: '', b: '' } }, ['x', 'Opaque', 2, '10m']],
    [
      'StorageClass',
      {
        metadata: { ...metadata, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
        provisioner: 'p',
      },
      ['x (default)', 'p', 'Delete', 'Immediate', false, '10m'],
    ],
    [
      'PersistentVolumeClaim',
      {
        spec: { volumeName: 'v', storageClassName: 's', volumeMode: 'Filesystem' },
        status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany', 'ReadWriteOnce'] },
      },
      ['x', 'Bound', 'v', '1Gi', 'RWO,RWX', 's', '<unset>', '10m', 'Filesystem'],
    ],
    [
      'HorizontalPodAutoscaler',
      {
        spec: {
          scaleTargetRef: { kind: 'Deployment', name: 'd' },
          maxReplicas: 5,
          metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
        },
        status: { currentReplicas: 2 },
      },
      ['x', 'Deployment/d', 'cpu: <unknown>/80%', '<unset>', 5, 2, '10m'],
    ],
    [
      'PodDisruptionBudget',
      { spec: { minAvailable: '50%' }, status: { disruptionsAllowed: 1 } },
      ['x', '50%', 'N/A', 1, '10m'],
    ],
    [
      'ResourceQuota',
      { status: { hard: { pods: '5', 'limits.cpu': '2' }, used: { pods: '1' } } },
      ['x', 'pods: 1/5', 'limits.cpu: 0/2', '10m'],
    ],
    [
      'ControllerRevision',
      {
        revision: 2,
        metadata: {
          ...metadata,
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', controller: true }],
        },
      },
      ['x', 'statefulset.apps/web', 2, '10m'],
    ],
    [
      'IPAddress',
      { spec: { parentRef: { resource: 'services', namespace: 'n', name: 's' } } },
      ['x', 'services/n/s', '10m'],
    ],
    [
      'APIService',
      { spec: {}, status: { conditions: [{ type: 'Available', status: 'False', reason: 'R' }] } },
      ['x', 'Local', 'False (R)', '10m'],
    ],
  ])('%s %#', (kind, object, expected) => expect(cells(kind, object)).toEqual(expected));
});

describe('tables', () => {
  const pod = all.find((k) => k.kind === 'Pod')!;
  const done = { metadata, spec: { containers: [{ name: 'a' }] }, status: { phase: 'Succeeded' } } as KubeObject;
  it('carry what was asked for with each row', () => {
    const object = (includeObject: 'None' | 'Metadata' | 'Object') =>
      tableFor(pod, [done], { nowMs: NOW, includeObject }).rows[0]!.object;
    expect(object('None')).toBeUndefined();
    expect(object('Metadata')).toEqual({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata });
    expect(object('Object')).toBe(done);
  });
  it('say that a pod has ended', () => {
    expect(tableFor(pod, [done], { nowMs: NOW }).rows[0]!.conditions).toEqual([
      { type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' },
    ]);
  });
  it('have a format for names only', () => {
    const { columnDefinitions, apiVersion } = tableFor(pod, [], { nowMs: NOW, version: 'v1beta1' });
    expect(apiVersion).toBe('meta.k8s.io/v1beta1');
    expect(columnDefinitions!.filter((c) => c.format).map((c) => [c.name, c.format])).toEqual([['Name', 'name']]);
    expect(columnDefinitions!.every((c) => c.description)).toBe(true);
  });
});
