// The smaller pure parts of the agent: expansion, name resolution files, back-off, admission, the node's own report.
import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { describe, expect, test } from 'vitest';
import { BackOff } from '../../../src/node/agent/backoff.ts';
import { bridgeName, gatewayOf, overlaps } from '../../../src/node/agent/bridge-network.ts';
import {
  formatResolvConf,
  hostsFile,
  parseResolvConf,
  podHostname,
  podResolver,
} from '../../../src/node/agent/dns-files.ts';
import { expand } from '../../../src/node/agent/expand.ts';
import { type NodeFacts, nodeStatus, statusChanged } from '../../../src/node/agent/node-object.ts';
import { references } from '../../../src/node/agent/object-cache.ts';
import { admitPod } from '../../../src/node/agent/pod-admission.ts';
import { qosClass } from '../../../src/node/agent/pod-facts.ts';
import { expectGolden } from '../support/golden.ts';

const pod = (spec: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'ns', uid: 'u' },
  spec: { containers: [], ...spec },
});

test.each([
  ['$(A)-$(A)', '1-1'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$1'],
  ['$(B)', '$(B)'],
  ['$(A', '$(A'],
  ['$', '$'],
  ['$A', '$A'],
  ['a$', 'a$'],
])('expands %s to %s', (text, wanted) => {
  expect(expand(text, (name) => (name === 'A' ? '1' : undefined))).toBe(wanted);
});

describe('name resolution', () => {
  const host = parseResolvConf('# c\nnameserver 192.0.2.53\nsearch corp.example\noptions timeout:1\n');
  const cluster = { nameserver: '10.96.0.10', domain: 'cluster.local' };
  const text = (spec: Partial<NonNullable<Pod['spec']>>) => formatResolvConf(podResolver(pod(spec), host, cluster));
  const own = 'search corp.example\nnameserver 192.0.2.53\noptions timeout:1\n';
  const ours =
    'search ns.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\noptions ndots:5\n';
  test('follows dnsPolicy', () => {
    expect(text({})).toBe(ours);
    expect(text({ hostNetwork: true })).toBe(own);
    expect(text({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' })).toBe(ours);
    expect(text({ dnsPolicy: 'Default' })).toBe(own);
    expect(text({ dnsPolicy: 'None' })).toBe('');
    expect(formatResolvConf(podResolver(pod(), host, { ...cluster, nameserver: '' }))).toBe(own);
  });
  test('adds dnsConfig, which wins over options', () => {
    const dnsConfig = {
      nameservers: ['10.96.0.10', '192.0.2.1'],
      searches: ['x.example', 'cluster.local'],
      options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
    };
    expect(text({ dnsConfig })).toBe(
      'search ns.svc.cluster.local svc.cluster.local cluster.local corp.example x.example\n' +
        'nameserver 10.96.0.10\nnameserver 192.0.2.1\noptions ndots:2 edns0\n',
    );
  });
  test('names the pod in its hosts file', () => {
    const named = pod({ hostname: 'db-0', subdomain: 'db', hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] });
    const file = hostsFile(named, ['10.0.0.2'], podHostname(named, 'cluster.local'), '');
    expect(file).toContain('10.0.0.2\tdb-0.db.ns.svc.cluster.local\tdb-0\n');
    expect(file).toMatch(/\n# Entries added by HostAliases\.\n1\.2\.3\.4\ta\tb\n$/);
    const onHost = pod({ hostNetwork: true });
    expect(hostsFile(onHost, [], podHostname(onHost, 'x'), '127.0.0.1 me\n')).toBe(
      '# Kubernetes-managed hosts file (host network).\n127.0.0.1 me\n',
    );
  });
  test('a host name is cut to what the kernel takes', () => {
    const long = { ...pod(), metadata: { name: `${'x'.repeat(62)}-tail` } };
    expect(podHostname(long, 'c').hostname).toBe('x'.repeat(62));
    const fqdn = pod({ hostname: 'h'.repeat(60), subdomain: 's', setHostnameAsFQDN: true });
    expect(() => podHostname(fqdn, 'cluster.local')).toThrow(/is too long \(64 characters is the max/);
  });
});

test('the back-off doubles to its limit, and is forgotten after a quiet time', () => {
  let now = 0;
  const backOff = new BackOff(() => now);
  expect(backOff.remainingMs('k', 0)).toBe(0);
  const delays = [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000];
  for (const delay of delays) {
    backOff.next('k', now);
    expect(backOff.remainingMs('k', now)).toBe(delay);
    now += delay;
    expect(backOff.remainingMs('k', now - delay)).toBe(0);
  }
  now += 600_001;
  backOff.next('k', now);
  expect(backOff.delayMs('k')).toBe(10_000);
  backOff.forget('k');
  expect(backOff.delayMs('k')).toBe(0);
});

describe('admission', () => {
  const node: Node = {
    metadata: { name: 'n', labels: { disk: 'ssd', size: '10' } },
    status: { allocatable: { cpu: '2', memory: '1Gi', pods: '2' } },
  };
  const asks = (requests: Record<string, string>) => pod({ containers: [{ name: 'c', resources: { requests } }] });
  const reason = (given: Pod, others: Pod[] = []) => admitPod(given, node, others)?.reason;
  const affinity = (matchExpressions: object[]) =>
    pod({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } as never,
        },
      },
    });
  test('looks at what is left', () => {
    expect(reason(asks({ cpu: '2' }))).toBeUndefined();
    expect(reason(asks({ cpu: '2' }), [asks({ cpu: '1m' })])).toBe('OutOfcpu');
    expect(admitPod(asks({ memory: '2Gi' }), node, [])?.message).toBe(
      "Pod was rejected: Node didn't have enough resource: memory, requested: 2147483648, used: 0, capacity: 1073741824",
    );
    expect(reason(asks({ 'example.com/gpu': '1' }))).toBeUndefined();
    expect(reason(pod(), [pod(), pod()])).toBe('OutOfpods');
    const done = { ...asks({ cpu: '2' }), status: { phase: 'Succeeded' } };
    expect(reason(asks({ cpu: '2' }), [done, done])).toBeUndefined();
  });
  test('refuses other systems and settings that the node does not hand out', () => {
    expect(reason(pod({ os: { name: 'windows' } }))).toBe('PodOSNotSupported');
    expect(reason({ ...pod(), metadata: { labels: { 'kubernetes.io/os': 'windows' } } })).toBe(
      'PodOSSelectorNodeLabelDoesNotMatch',
    );
    const sysctl = (name: string, more: object = {}) =>
      admitPod(pod({ securityContext: { sysctls: [{ name, value: '1' }] }, ...more }), node, []);
    expect(sysctl('kernel.shm_rmid_forced')).toBeUndefined();
    expect(sysctl('net/ipv4/tcp_rmem')).toBeUndefined();
    expect(sysctl('kernel.msgmax')).toEqual({
      reason: 'SysctlForbidden',
      message: 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted',
    });
    expect(sysctl('net.ipv4.tcp_rmem', { hostNetwork: true })?.message).toContain('not allowed with host Net enabled');
  });
  test('counts init containers by their peak and sidecars with the rest', () => {
    const c = (cpu: string, restartPolicy?: string) => ({
      name: cpu,
      resources: { requests: { cpu } },
      ...(restartPolicy && { restartPolicy }),
    });
    expect(reason(pod({ initContainers: [c('2')], containers: [c('1')] }))).toBeUndefined();
    expect(reason(pod({ initContainers: [c('1500m', 'Always')], containers: [c('1')] }))).toBe('OutOfcpu');
    expect(reason(pod({ initContainers: [c('1', 'Always'), c('1500m')], containers: [] }))).toBe('OutOfcpu');
  });
  test('looks at selectors, affinity and host ports', () => {
    expect(reason(pod({ nodeSelector: { disk: 'ssd' } }))).toBeUndefined();
    expect(reason(pod({ nodeSelector: { disk: 'hdd' } }))).toBe('NodeAffinity');
    expect(reason(affinity([{ key: 'disk', operator: 'In', values: ['ssd'] }]))).toBeUndefined();
    expect(reason(affinity([{ key: 'size', operator: 'Gt', values: ['10'] }]))).toBe('NodeAffinity');
    expect(reason(affinity([{ key: 'gone', operator: 'DoesNotExist' }]))).toBeUndefined();
    expect(reason(affinity([]))).toBe('NodeAffinity');
    const port = (hostIP?: string, protocol = 'TCP') =>
      pod({
        containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort: 80, protocol, ...(hostIP && { hostIP }) }] }],
      });
    expect(reason(port(), [port('127.0.0.1')])).toBe('NodePorts');
    expect(reason(port('127.0.0.1'), [port('127.0.0.2')])).toBeUndefined();
    expect(reason(port(), [port(undefined, 'UDP')])).toBeUndefined();
  });
});

test('quality of service', () => {
  const of = (...resources: object[]) =>
    qosClass(pod({ containers: resources.map((r, i) => ({ name: `${i}`, resources: r })) }));
  expect(of({}, {})).toBe('BestEffort');
  expect(of({ limits: { cpu: '1', memory: '1Gi' } })).toBe('Guaranteed');
  expect(of({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m' } })).toBe('Guaranteed');
  expect(of({ limits: { cpu: '1', memory: '1Gi' } }, {})).toBe('Burstable');
  expect(of({ requests: { cpu: '1m' } })).toBe('Burstable');
});

test('everything that a pod names is known', () => {
  const given = pod({
    imagePullSecrets: [{ name: 'pull' }],
    volumes: [
      { name: 'a', configMap: { name: 'cm' } },
      { name: 'b', projected: { sources: [{ secret: { name: 'ps' } }, { serviceAccountToken: { path: 't' } }] } },
    ],
    initContainers: [{ name: 'i', envFrom: [{ secretRef: { name: 'ef' } }] }],
    containers: [{ name: 'c', env: [{ name: 'x', valueFrom: { configMapKeyRef: { name: 'ck', key: 'k' } } }] }],
  });
  expect(references(given)).toEqual([
    ['configmap', 'cm'],
    ['secret', 'ps'],
    ['secret', 'ef'],
    ['configmap', 'ck'],
    ['secret', 'pull'],
  ]);
});

describe('the node’s report', () => {
  const facts: NodeFacts = {
    name: 'n',
    address: '192.0.2.1',
    port: 10250,
    cpus: 2,
    memory: { total: 2 * 1024 ** 3, available: 1024 ** 3 },
    disk: { total: 100 * 1024 ** 3, available: 50 * 1024 ** 3 },
    identity: { machineId: 'm', systemUuid: 's', bootId: 'b', osImage: 'Some Linux' },
    kernelVersion: '6.0',
    dockerVersion: '20.10',
    images: [
      { Id: 'x', RepoTags: ['small:1'], RepoDigests: null, Created: 0, Size: 5 },
      { Id: 'y', RepoTags: ['big:1'], RepoDigests: ['big@sha256:1'], Created: 0, Size: 50 },
      { Id: 'z', RepoTags: ['<none>:<none>'], RepoDigests: null, Created: 0, Size: 1 },
    ],
    notReady: '',
    now: '2026-01-01T00:00:00Z',
  };
  test('reads as the kubelet’s', () => {
    const { nodeInfo, ...status } = nodeStatus(facts, undefined);
    expectGolden('node-status', { ...status, nodeInfo: { ...nodeInfo, architecture: '*' } });
  });
  test('says what is wrong, and since when', () => {
    const before = nodeStatus(facts, undefined);
    const later = nodeStatus({ ...facts, now: '2026-01-01T01:00:00Z' }, before);
    expect(statusChanged(before, later)).toBe(false);
    const bad = nodeStatus(
      {
        ...facts,
        now: '2026-01-01T02:00:00Z',
        notReady: 'container runtime is down',
        disk: { total: 100, available: 1 },
      },
      later,
    );
    expect(statusChanged(later, bad)).toBe(true);
    const find = (type: string) => bad.conditions?.find((c) => c.type === type);
    expect(find('Ready')).toMatchObject({
      status: 'False',
      reason: 'KubeletNotReady',
      message: 'container runtime is down',
      lastTransitionTime: '2026-01-01T02:00:00Z',
    });
    expect(find('DiskPressure')).toMatchObject({ status: 'True', reason: 'KubeletHasDiskPressure' });
    expect(find('MemoryPressure')).toMatchObject({ status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' });
  });
});

test.each([
  ['10.244.0.0/24', '10.244.0.0/16', true],
  ['10.244.1.0/24', '10.244.0.0/24', false],
  ['172.17.0.0/16', '10.244.0.0/16', false],
  ['192.168.0.128/25', '192.168.0.200/32', true],
])('%s and %s overlap: %s', (a, b, wanted) => expect([overlaps(a, b), overlaps(b, a)]).toEqual([wanted, wanted]));

test('bridges have names that the kernel takes, different for different nodes', () => {
  const names = ['a-rather-long-node-name', 'b'].map((nodeName) => bridgeName({ nodeName, dataDir: '/d' }));
  for (const name of names) expect(name).toMatch(/^sampan-[0-9a-f]{8}$/);
  expect(names[0]).not.toBe(names[1]);
  expect(gatewayOf('10.244.3.0/24')).toBe('10.244.3.1');
});
