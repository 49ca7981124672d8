// The cells of each kind's row, wide ones too, in the order of its columns. Upstream:
// pkg/printers/internalversion/printers_test.go; what pods say of themselves is in test/api/pod-status.test.ts.
import { expect, it } from 'vitest';
import all from '../../../src/api/kinds/index.gen.ts';
import type { AnyKind } from '../../../src/api/kind.ts';
import { tableFor } from '../../../src/api/table.ts';

const NOW = Date.parse('2026-01-01T01:00:00Z');
const AGO = '2026-01-01T00:55:00Z';
const TEN_YEARS = '2016-01-04T01:00:00Z';
const byName = new Map<string, AnyKind>(all.map((kind) => [kind.kind, kind]));

type Row = [kind: string, object: Record<string, unknown>, cells: unknown[]];
const named = (name: string, more: object = {}) => ({ metadata: { name }, ...more });
const aged = (name: string, more: object = {}) => ({ metadata: { name, creationTimestamp: AGO }, ...more });

const service = (spec: object, ...ingress: object[]) =>
  named('s', { spec: { clusterIPs: ['10.9.8.7'], ...spec }, status: { loadBalancer: { ingress } } });
const PORTS = [
  { port: 80, protocol: 'TCP' },
  { port: 8090, protocol: 'UDP' },
];
const services: Row[] = [
  [
    service({ type: 'ClusterIP', ports: [{ protocol: 'tcp', port: 2233 }], selector: { foo: 'bar' } }),
    ['ClusterIP', '10.9.8.7', '<none>', '2233/tcp', '<unknown>', 'foo=bar'],
  ],
  [
    service({ type: 'NodePort', ports: [{ protocol: 'tcp', port: 8888, nodePort: 9999 }], externalIPs: ['1.1.1.1'] }),
    ['NodePort', '10.9.8.7', '1.1.1.1', '8888:9999/tcp', '<unknown>', '<none>'],
  ],
  [
    service({ type: 'LoadBalancer', ports: PORTS }),
    ['LoadBalancer', '10.9.8.7', '<pending>', '80/TCP,8090/UDP', '<unknown>', '<none>'],
  ],
  [
    service({ type: 'LoadBalancer', externalIPs: ['80.11.12.10'] }),
    ['LoadBalancer', '10.9.8.7', '80.11.12.10', '<none>', '<unknown>', '<none>'],
  ],
  [
    service(
      { type: 'LoadBalancer', externalIPs: ['80.11.12.10', '80.11.12.11'] },
      { ip: '3.4.5.6', hostname: 'test.cluster.com' },
      { ip: '2.3.4.5' },
      { hostname: 'h' },
    ),
    ['LoadBalancer', '10.9.8.7', '2.3.4.5,3.4.5.6,h,80.11.12.10,80.11.12.11', '<none>', '<unknown>', '<none>'],
  ],
  [
    named('s', { spec: { type: 'ExternalName', externalName: 'my.database.example.com' } }),
    ['ExternalName', '<none>', 'my.database.example.com', '<none>', '<unknown>', '<none>'],
  ],
  [named('s', { spec: { type: 'Other' } }), ['Other', '<none>', '<unknown>', '<none>', '<unknown>', '<none>']],
].map(([object, cells]) => ['Service', object as Row[1], ['s', ...(cells as unknown[])]]);

const REFERENCE = { name: 'some-rc', kind: 'ReplicationController' };
const average = (averageValue: string) => ({ averageValue });
const autoscalers: Row[] = [
  [[], [], '<none>'],
  [[{ external: { target: average('100m') } }], [], '<unknown>/100m (avg)'],
  [[{ external: { target: average('100m') } }], [{ external: { current: average('50m') } }], '50m/100m (avg)'],
  [[{ external: { target: { value: '100m' } } }], [], '<unknown>/100m'],
  [[{ external: { target: { value: '100m' } } }], [{ external: { current: { value: '50m' } } }], '50m/100m'],
  [[{ pods: { target: average('100m') } }], [], '<unknown>/100m'],
  [[{ pods: { target: average('100m') } }], [{ pods: { current: average('50m') } }], '50m/100m'],
  [[{ object: { target: average('100m') } }], [{ object: { current: average('50m') } }], '50m/100m (avg)'],
  [[{ object: { target: { value: '100m' } } }], [], '<unknown>/100m'],
  [[{ object: { target: { value: '100m' } } }], [{ object: { current: { value: '50m' } } }], '50m/100m'],
  [[{ resource: { name: 'cpu', target: average('100m') } }], [], 'cpu: <unknown>/100m'],
  [
    [{ resource: { name: 'cpu', target: average('100m') } }],
    [{ resource: { name: 'cpu', current: average('50m') } }],
    'cpu: 50m/100m',
  ],
  [
    [{ resource: { name: 'cpu', target: average('100m') } }],
    [{ resource: { name: 'cpu', current: {} } }],
    'cpu: <nil>/100m',
  ],
  [[{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }], [], 'cpu: <unknown>/80%'],
  [
    [{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
    [{ resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '40m' } } }],
    'cpu: 50%/80%',
  ],
  [[{ resource: { name: 'cpu', target: {} } }], [], 'cpu: <unknown>/<auto>'],
  [
    [{ containerResource: { name: 'cpu', container: 'application', target: { averageUtilization: 80 } } }],
    [{ containerResource: { name: 'cpu', current: { averageUtilization: 50 } } }],
    'cpu: 50%/80%',
  ],
  [
    [
      { pods: { target: average('100m') } },
      { resource: { name: 'cpu', target: { averageUtilization: 80 } } },
      { pods: { target: average('400m') } },
    ],
    [{ pods: { current: average('50m') } }, { resource: { name: 'cpu', current: { averageUtilization: 50 } } }],
    '50m/100m, cpu: 50%/80% + 1 more...',
  ],
].map(([metrics, currentMetrics, targets]) => [
  'HorizontalPodAutoscaler',
  named('some-hpa', {
    spec: { scaleTargetRef: REFERENCE, minReplicas: 2, maxReplicas: 10, metrics },
    status: { currentReplicas: 4, currentMetrics },
  }),
  ['some-hpa', 'ReplicationController/some-rc', targets, '2', 10, 4, '<unknown>'],
]);

const job = (status: object, more: object = {}, metadata: object = {}) => ({
  metadata: { name: 'j', ...metadata },
  spec: { completions: 2, template: { spec: {} }, ...more },
  status,
});
const condition = (type: string, status = 'True') => ({ conditions: [{ type, status }] });
const jobs: Row[] = [
  [job({ succeeded: 1 }), ['Running', '1/2', '', '<unknown>']],
  [job({ succeeded: 0 }, { completions: undefined, parallelism: 1 }), ['Running', '0/1', '', '<unknown>']],
  [job({ succeeded: 1 }, { completions: undefined, parallelism: 3 }), ['Running', '1/1 of 3', '', '<unknown>']],
  [job({ startTime: '2026-01-01T00:40:00Z' }), ['Running', '0/2', '20m', '<unknown>']],
  [
    job({ startTime: '2026-01-01T00:00:00Z', completionTime: '2026-01-01T00:33:00Z', ...condition('Complete') }),
    ['Complete', '0/2', '33m', '<unknown>'],
  ],
  [job(condition('Complete', 'False')), ['Running', '0/2', '', '<unknown>']],
  [job(condition('Failed')), ['Failed', '0/2', '', '<unknown>']],
  [job(condition('Suspended')), ['Suspended', '0/2', '', '<unknown>']],
  [job(condition('FailureTarget')), ['FailureTarget', '0/2', '', '<unknown>']],
  [job(condition('SuccessCriteriaMet')), ['SuccessCriteriaMet', '0/2', '', '<unknown>']],
  [job(condition('Suspended'), {}, { deletionTimestamp: AGO }), ['Terminating', '0/2', '', '<unknown>']],
  [job(condition('Failed'), {}, { deletionTimestamp: AGO }), ['Failed', '0/2', '', '<unknown>']],
].map(([object, cells]) => ['Job', object as Row[1], ['j', ...(cells as unknown[]), '', '', '<none>']]);

const address = (type: string, value: string) => ({ type, address: value });
const UNKNOWN = ['<unknown>', '<unknown>', '<unknown>'];
const ready = (status: string) => ({ type: 'Ready', status });
const node = (object: object, ...cells: unknown[]): Row => ['Node', object as Row[1], cells];
const nodes: Row[] = [
  node(named('n'), 'n', 'Unknown', '<none>', '<unknown>', '', '<none>', '<none>', ...UNKNOWN),
  node(
    named('n', { status: { conditions: [ready('False'), ready('True')] } }),
    ...['n', 'Ready', '<none>', '<unknown>', '', '<none>', '<none>', ...UNKNOWN],
  ),
  node(
    named('n', { spec: { unschedulable: true }, status: { conditions: [ready('Unknown')] } }),
    ...['n', 'NotReady,SchedulingDisabled', '<none>', '<unknown>', '', '<none>', '<none>', ...UNKNOWN],
  ),
  node(
    {
      metadata: {
        name: 'n',
        labels: { 'node-role.kubernetes.io/b': '', 'node-role.kubernetes.io/': '', 'kubernetes.io/role': 'a' },
      },
      status: {
        addresses: [
          address('ExternalIP', '2.2.2.2'),
          address('InternalIP', '3.3.3.3'),
          address('ExternalIP', '4.4.4.4'),
        ],
        nodeInfo: { kubeletVersion: 'v1', osImage: 'o', kernelVersion: 'k', containerRuntimeVersion: 'c' },
      },
    },
    ...['n', 'Unknown', 'a,b', '<unknown>', 'v1', '3.3.3.3', '2.2.2.2', 'o', 'k', 'c'],
  ),
];

const rule = (host?: string) => ({ ...(host ? { host } : {}) });
const slice = (ports: object[] | null, ...endpoints: string[][]) => ({
  ...aged('slice'),
  addressType: 'IPv4',
  ports,
  endpoints: endpoints.map((addresses) => ({ addresses })),
});
const subset = (ports: number[], ...ips: string[]) => ({
  addresses: ips.map((ip) => ({ ip })),
  ports: ports.map((port) => ({ port, protocol: 'tcp' })),
});
const network: Row[] = [
  [
    'Ingress',
    {
      metadata: { name: 'i', creationTimestamp: TEN_YEARS },
      spec: { ingressClassName: 'foo' },
      status: { loadBalancer: { ingress: [{ ip: '2.3.4.5', hostname: 'localhost.localdomain' }] } },
    },
    ['i', 'foo', '*', '2.3.4.5', '80', '10y'],
  ],
  [
    'Ingress',
    named('i', { spec: { rules: ['a', 'b', undefined, 'c', 'd', 'e'].map(rule), tls: [{}] } }),
    ['i', '<none>', 'a,b,c + 3 more...', '', '80, 443', '<unknown>'],
  ],
  [
    'IngressClass',
    named('c', { spec: { controller: 'e.com/c', parameters: { kind: 'customgroup', name: 'example' } } }),
    ['c', 'e.com/c', 'customgroup/example', '<unknown>'],
  ],
  [
    'IngressClass',
    named('c', { spec: { controller: 'e.com/c', parameters: { apiGroup: 'e.com', kind: 'k', name: 'x' } } }),
    ['c', 'e.com/c', 'k.e.com/x', '<unknown>'],
  ],
  ['IngressClass', named('c', { spec: { controller: 'e.com/c' } }), ['c', 'e.com/c', '<none>', '<unknown>']],
  ['Endpoints', aged('e'), ['e', '<none>', '5m']],
  ['Endpoints', aged('e', { subsets: [subset([])] }), ['e', '', '5m']],
  ['Endpoints', aged('e', { subsets: [subset([], '1.2.3.4', '5.6.7.8')] }), ['e', '1.2.3.4,5.6.7.8', '5m']],
  ['Endpoints', aged('e', { subsets: [subset([8001], '1.2.3.4', '::1')] }), ['e', '1.2.3.4:8001,[::1]:8001', '5m']],
  [
    'Endpoints',
    aged('e', { subsets: [subset([8001], '1.2.3.4', '5.6.7.8', '9.8.7.6', '6.6.6.6')] }),
    ['e', '1.2.3.4:8001,5.6.7.8:8001,9.8.7.6:8001 + 1 more...', '5m'],
  ],
  [
    'EndpointSlice',
    slice([{ name: 'http', port: 80 }], ['10.1.2.3', '2001:db8::1234:5678']),
    ['slice', 'IPv4', '80', '10.1.2.3,2001:db8::1234:5678', '5m'],
  ],
  [
    'EndpointSlice',
    slice([{ port: 80 }, { name: 'n' }, {}, { port: 81 }], ['a', 'b'], ['c', 'd']),
    ['slice', 'IPv4', '80,n,* + 1 more...', 'a,b,c + 1 more...', '5m'],
  ],
  ['EndpointSlice', slice(null), ['slice', 'IPv4', '<unset>', '<unset>', '5m']],
  [
    'NetworkPolicy',
    named('p', { spec: { podSelector: { matchLabels: { foo: 'bar' } } } }),
    ['p', 'foo=bar', '<unknown>'],
  ],
  ['NetworkPolicy', named('p', { spec: { podSelector: {} } }), ['p', '<none>', '<unknown>']],
  [
    'ServiceCIDR',
    named('r', { spec: { cidrs: ['10.1.0.0/16', 'fd00::/64'] } }),
    ['r', '10.1.0.0/16,fd00::/64', '<unknown>'],
  ],
  [
    'IPAddress',
    named('192.168.2.2', {
      spec: { parentRef: { group: 'mygroup', resource: 'myresource', namespace: 'mynamespace', name: 'myname' } },
    }),
    ['192.168.2.2', 'myresource.mygroup/mynamespace/myname', '<unknown>'],
  ],
];

const volume = { capacity: { storage: '4Gi' }, accessModes: ['ReadOnlyMany'], persistentVolumeReclaimPolicy: 'Delete' };
const storage: Row[] = [
  [
    'PersistentVolume',
    named('v', { spec: volume, status: { phase: 'Bound' } }),
    ['v', '4Gi', 'ROX', 'Delete', 'Bound', '', '', '<unset>', '', '<unknown>', '<unset>'],
  ],
  [
    'PersistentVolume',
    {
      metadata: {
        name: 'v',
        deletionTimestamp: AGO,
        annotations: { 'volume.beta.kubernetes.io/storage-class': 'old' },
      },
      spec: {
        ...volume,
        claimRef: { namespace: 'n', name: 'c' },
        storageClassName: 's',
        volumeMode: 'Block',
        volumeAttributesClassName: 'a',
      },
      status: { phase: 'Failed', reason: 'r' },
    },
    ['v', '4Gi', 'ROX', 'Delete', 'Terminating', 'n/c', 'old', 'a', 'r', '<unknown>', 'Block'],
  ],
  [
    'PersistentVolumeClaim',
    named('c', {
      spec: { volumeName: 'v', volumeMode: 'Filesystem' },
      status: {
        phase: 'Bound',
        accessModes: ['ReadWriteOnce', 'ReadWriteMany', 'ReadWriteOncePod'],
        capacity: { storage: '4Gi' },
      },
    }),
    ['c', 'Bound', 'v', '4Gi', 'RWO,RWX,RWOP', '', '<unset>', '<unknown>', 'Filesystem'],
  ],
  [
    'PersistentVolumeClaim',
    named('c', { spec: { storageClassName: 's' }, status: { phase: 'Pending', capacity: { storage: '4Gi' } } }),
    ['c', 'Pending', '', '', '', 's', '<unset>', '<unknown>', '<unset>'],
  ],
  ['StorageClass', aged('sc', { provisioner: 'p' }), ['sc', 'p', 'Delete', 'Immediate', false, '5m']],
  [
    'StorageClass',
    {
      metadata: { name: 'sc', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'p',
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
      allowVolumeExpansion: true,
    },
    ['sc (default)', 'p', 'Retain', 'WaitForFirstConsumer', true, '<unknown>'],
  ],
  ['VolumeAttributesClass', aged('a', { driverName: 'd' }), ['a', 'd', '5m']],
  ['CSINode', aged('n', { spec: { drivers: [{}, {}] } }), ['n', 2, '5m']],
  ['CSIDriver', named('d', { spec: {} }), ['d', true, false, false, '<unset>', false, '<none>', '<unknown>']],
  [
    'CSIDriver',
    named('d', {
      spec: {
        attachRequired: false,
        podInfoOnMount: true,
        storageCapacity: true,
        tokenRequests: [{ audience: 'a' }, { audience: 'b' }],
        requiresRepublish: true,
        volumeLifecycleModes: ['Persistent', 'Ephemeral'],
      },
    }),
    ['d', false, true, true, 'a,b', true, 'Persistent,Ephemeral', '<unknown>'],
  ],
  ['CSIStorageCapacity', named('c', { storageClassName: 's', capacity: '1Gi' }), ['c', 's', '1Gi']],
  ['CSIStorageCapacity', named('c', { storageClassName: 's' }), ['c', 's', '<unset>']],
  [
    'VolumeAttachment',
    aged('a', {
      spec: { attacher: 'x', nodeName: 'n', source: { persistentVolumeName: 'v' } },
      status: { attached: true },
    }),
    ['a', 'x', 'v', 'n', true, '5m'],
  ],
];

const template = {
  metadata: { labels: { a: 'b' } },
  spec: {
    containers: [
      { name: 'c1', image: 'i1' },
      { name: 'c2', image: 'i2' },
    ],
  },
};
const selector = { matchLabels: { foo: 'bar' } };
const daemons = {
  desiredNumberScheduled: 2,
  currentNumberScheduled: 3,
  numberReady: 1,
  updatedNumberScheduled: 2,
  numberAvailable: 0,
};
const workloads: Row[] = [
  [
    'Deployment',
    aged('d', {
      spec: { replicas: 5, template, selector },
      status: { replicas: 10, updatedReplicas: 2, availableReplicas: 1 },
    }),
    ['d', '0/5', 2, 1, '5m', 'c1,c2', 'i1,i2', 'foo=bar'],
  ],
  ['Deployment', aged('d', { spec: { replicas: 1, template } }), ['d', '0/1', 0, 0, '5m', 'c1,c2', 'i1,i2', '']],
  [
    'Deployment',
    aged('d', { spec: { template, selector: { matchExpressions: [{ key: 'a', operator: 'Odd' }] } } }),
    ['d', '0/0', 0, 0, '5m', 'c1,c2', 'i1,i2', '<invalid>'],
  ],
  [
    'ReplicaSet',
    aged('r', { spec: { replicas: 5, template, selector }, status: { replicas: 3, readyReplicas: 2 } }),
    ['r', 5, 3, 2, '5m', 'c1,c2', 'i1,i2', 'foo=bar'],
  ],
  [
    'ReplicationController',
    aged('r', { spec: { replicas: 4, template, selector: { a: 'b' } }, status: { replicas: 2, readyReplicas: 1 } }),
    ['r', 4, 2, 1, '5m', 'c1,c2', 'i1,i2', 'a=b'],
  ],
  [
    'StatefulSet',
    aged('s', { spec: { replicas: 5, template }, status: { readyReplicas: 2 } }),
    ['s', '2/5', '5m', 'c1,c2', 'i1,i2'],
  ],
  [
    'DaemonSet',
    aged('d', {
      spec: { template: { spec: { ...template.spec, nodeSelector: { n: 'x' } } }, selector },
      status: daemons,
    }),
    ['d', 2, 3, 1, 2, 0, 'n=x', '5m', 'c1,c2', 'i1,i2', 'foo=bar'],
  ],
  ['PodTemplate', named('t', { template }), ['t', 'c1,c2', 'i1,i2', 'a=b']],
  [
    'CronJob',
    aged('c', {
      spec: { schedule: '0/5 * * * ?', suspend: false, jobTemplate: { spec: { template } } },
      status: { lastScheduleTime: '2026-01-01T00:40:00Z' },
    }),
    ['c', '0/5 * * * ?', '<none>', 'False', 0, '20m', '5m', 'c1,c2', 'i1,i2', '<none>'],
  ],
  [
    'CronJob',
    aged('c', {
      spec: { schedule: '@daily', timeZone: 'Europe/Paris', jobTemplate: { spec: { selector } } },
      status: { active: [{}] },
    }),
    ['c', '@daily', 'Europe/Paris', '<unset>', 1, '<none>', '5m', '', '', 'foo=bar'],
  ],
  [
    'ControllerRevision',
    {
      metadata: {
        name: 'c',
        ownerReferences: [{ controller: true, apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'foo' }],
      },
      revision: 1,
    },
    ['c', 'daemonset.apps/foo', 1, '<unknown>'],
  ],
  [
    'ControllerRevision',
    {
      metadata: { name: 'c', ownerReferences: [{ controller: true, apiVersion: 'v1', kind: 'Core', name: 'foo' }] },
      revision: 3,
    },
    ['c', 'core/foo', 3, '<unknown>'],
  ],
  ['ControllerRevision', named('c', { revision: 2 }), ['c', '<none>', 2, '<unknown>']],
  [
    'PodDisruptionBudget',
    aged('p', { spec: { minAvailable: 22 }, status: { disruptionsAllowed: 5 } }),
    ['p', '22', 'N/A', 5, '5m'],
  ],
  ['PodDisruptionBudget', aged('p', { spec: { maxUnavailable: '11%' } }), ['p', 'N/A', '11%', 0, '5m']],
];

const FROM = { kind: 'Pod', name: 'p', fieldPath: 'spec.containers{c}' };
const event = (more: object, ...cells: unknown[]): Row => [
  'Event',
  named('e', { involvedObject: FROM, type: 'Normal', reason: 'R', message: ' m\n', ...more }),
  cells,
];
const events: Row[] = [
  event(
    {
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: AGO,
      count: 6,
      source: { component: 'kubelet', host: 'n' },
    },
    ...['5m', 'Normal', 'R', 'pod/p', FROM.fieldPath, 'kubelet, n', 'm', '60m', 6, 'e'],
  ),
  event(
    { eventTime: '2026-01-01T00:59:00.000000Z', reportingComponent: 'rc', reportingInstance: 'ri' },
    ...['60s', 'Normal', 'R', 'pod/p', FROM.fieldPath, 'rc, ri', 'm', '60s', 1, 'e'],
  ),
  event(
    { eventTime: '2026-01-01T00:59:00.000000Z', series: { count: 9, lastObservedTime: '2026-01-01T00:59:50.000000Z' } },
    ...['10s', 'Normal', 'R', 'pod/p', FROM.fieldPath, '', 'm', '60s', 9, 'e'],
  ),
  event({ involvedObject: { kind: 'Node' } }, '<unknown>', 'Normal', 'R', 'node', '', '', 'm', '<unknown>', 1, 'e'),
];

const csr = (more: object, ...types: string[]) => ({
  metadata: { name: 'r' },
  spec: { username: 'u', signerName: 's', ...more },
  status: { conditions: types.map((type) => ({ type })) },
});
const flow = (more: object, status?: string) =>
  aged('f', {
    spec: { priorityLevelConfiguration: { name: 'allee' }, matchingPrecedence: 7, ...more },
    status: { conditions: status ? [{ type: 'Dangling', status }] : [] },
  });
const subjects = [
  { kind: 'User', name: 'u1' },
  { kind: 'User', name: 'u2' },
  { kind: 'Group', name: 'g' },
  { kind: 'ServiceAccount', namespace: 'n', name: 's' },
  { kind: 'ServiceAccount', name: 't' },
];
const roleRef = { kind: 'Role', name: 'r' };
const quotaHard = { 'limits.cpu': '2', pods: '4', cpu: '1' };
const others: Row[] = [
  ['Namespace', aged('n', { status: { phase: 'Active' } }), ['n', 'Active', '5m']],
  ['Secret', aged('s', { type: 'Opaque', data: { a: '', b: '' } }), ['s', 'Opaque', 2, '5m']],
  ['ServiceAccount', aged('s', { secrets: [{}, {}] }), ['s', 2, '5m']],
  ['ConfigMap', aged('c', { data: { a: '' }, binaryData: { b: '', c: '' } }), ['c', 3, '5m']],
  ['Lease', aged('l', { spec: { holderIdentity: 'h' } }), ['l', 'h', '5m']],
  ['Lease', aged('l', { spec: {} }), ['l', '', '5m']],
  ['PriorityClass', aged('p', { value: 1 }), ['p', 1, false, '5m', '']],
  [
    'PriorityClass',
    aged('p', { value: 1000000000, globalDefault: true, preemptionPolicy: 'Never' }),
    ['p', 1000000000, true, '5m', 'Never'],
  ],
  ['RuntimeClass', aged('r', { handler: 'h1' }), ['r', 'h1', '5m']],
  ['RoleBinding', aged('b', { roleRef, subjects }), ['b', 'Role/r', '5m', 'u1, u2', 'g', 'n/s, /t']],
  ['ClusterRoleBinding', aged('b', { roleRef, subjects: [] }), ['b', 'Role/r', '5m', '', '', '']],
  [
    'CertificateSigningRequest',
    csr({ expirationSeconds: 172800 }, 'Approved', 'Denied'),
    ['r', '<unknown>', 's', 'u', '2d', 'Denied'],
  ],
  [
    'CertificateSigningRequest',
    csr({}, 'Approved', 'Failed'),
    ['r', '<unknown>', 's', 'u', '<none>', 'Approved,Failed'],
  ],
  [
    'CertificateSigningRequest',
    { ...csr({ signerName: '' }), status: { certificate: 'x' } },
    ['r', '<unknown>', '<none>', 'u', '<none>', 'Pending,Issued'],
  ],
  ['FlowSchema', flow({ distinguisherMethod: { type: 'ByUser' } }), ['f', 'allee', 7, 'ByUser', '5m', '?']],
  ['FlowSchema', flow({}, 'True'), ['f', 'allee', 7, '<none>', '5m', 'True']],
  [
    'PriorityLevelConfiguration',
    aged('l', { spec: { type: 'Exempt' } }),
    ['l', 'Exempt', '<none>', '<none>', '<none>', '<none>', '5m'],
  ],
  [
    'PriorityLevelConfiguration',
    aged('l', {
      spec: { type: 'Limited', limited: { nominalConcurrencyShares: 47, limitResponse: { type: 'Reject' } } },
    }),
    ['l', 'Limited', 47, '<none>', '<none>', '<none>', '5m'],
  ],
  [
    'PriorityLevelConfiguration',
    aged('l', {
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: 42,
          limitResponse: { type: 'Queue', queuing: { queues: 8, handSize: 3, queueLengthLimit: 4 } },
        },
      },
    }),
    ['l', 'Limited', 42, 8, 3, 4, '5m'],
  ],
  [
    'ResourceQuota',
    aged('q', { status: { hard: quotaHard, used: { 'limits.cpu': '1', pods: '3' } } }),
    ['q', 'cpu: 0/1, pods: 3/4', 'limits.cpu: 1/2', '5m'],
  ],
  ['ValidatingAdmissionPolicy', aged('p', { spec: { validations: [{}, {}] } }), ['p', 2, '<unset>', '5m']],
  [
    'ValidatingAdmissionPolicy',
    aged('p', { spec: { paramKind: { apiVersion: 'v1', kind: 'K' } } }),
    ['p', 0, 'v1/K', '5m'],
  ],
  [
    'ValidatingAdmissionPolicyBinding',
    aged('b', { spec: { policyName: 'p', paramRef: { name: 'x' } } }),
    ['b', 'p', '*/x', '5m'],
  ],
  [
    'ValidatingAdmissionPolicyBinding',
    aged('b', { spec: { policyName: 'p', paramRef: { name: 'x', namespace: 'n' } } }),
    ['b', 'p', 'n/x', '5m'],
  ],
  ['ValidatingAdmissionPolicyBinding', aged('b', { spec: { policyName: 'p' } }), ['b', 'p', '<unset>', '5m']],
  ['MutatingWebhookConfiguration', aged('w', { webhooks: [{}, {}] }), ['w', 2, '5m']],
  ['ValidatingWebhookConfiguration', aged('w'), ['w', 0, '5m']],
  ['ResourceClaim', aged('c'), ['c', 'pending', '5m']],
  ['ResourceClaim', aged('c', { status: { allocation: {}, reservedFor: [{}] } }), ['c', 'allocated,reserved', '5m']],
  [
    'ResourceClaim',
    { metadata: { name: 'c', deletionTimestamp: AGO }, status: { allocation: {} } },
    ['c', 'deleted,allocated', '<unknown>'],
  ],
  [
    'ResourceSlice',
    aged('s', { spec: { nodeName: 'n', driver: 'd', pool: { name: 'p' } } }),
    ['s', 'n', 'd', 'p', '5m'],
  ],
  ['DeviceClass', named('d'), ['d', '<unknown>']],
  [
    'ComponentStatus',
    { metadata: { name: 'c' }, conditions: [{ type: 'Healthy', status: 'False', message: 'm', error: 'e' }] },
    ['c', 'Unhealthy', 'm', 'e'],
  ],
  ['ComponentStatus', named('c'), ['c', 'Unknown', '', '']],
  ['Role', aged('r'), ['r', AGO]],
];

it.each<Row>([
  ...services,
  ...autoscalers,
  ...jobs,
  ...nodes,
  ...network,
  ...storage,
  ...workloads,
  ...events,
  ...others,
])('a row of %s: %j', (kind, object, cells) => {
  expect(tableFor(byName.get(kind)!, [object], { nowMs: NOW }).rows[0]!.cells).toEqual(cells);
});
