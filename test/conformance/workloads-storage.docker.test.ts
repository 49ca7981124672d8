// Volumes that outlive pods, and services on the nodes' own addresses, on real containers: what upstream's
// test/e2e/storage and test/e2e/apps/statefulset.go ask of claims, and test/e2e/network/loadbalancer.go of addresses.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Doc } from './api.ts';
import {
  type Cluster,
  DOCKERS,
  HOST_VOLUME,
  Space,
  type Spec,
  WAIT,
  js,
  makeImage,
  patient,
  sh,
  startCluster,
} from './cluster.ts';

let cluster: Cluster;
let space: Space;
beforeAll(async () => {
  cluster = await startCluster('storage');
  space = await Space.make(cluster.api, 'storage');
});
afterAll(() => cluster?.close());

const claimSpec = (more: Spec = {}) => ({
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: '1Gi' } },
  ...more,
});
const mount = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
const using = (claimName: string, readOnly = false) => [
  { name: 'data', persistentVolumeClaim: { claimName, readOnly } },
];
const eventOf = (name: string, text: string) =>
  patient(
    () => space.events(name),
    (events: Doc[]) => events.some((e) => String(e['message']).includes(text)),
  );

test('a claim’s folder is on one node, is read-only for who wants that, and goes with the claim', async () => {
  await space.create('persistentvolumeclaims', { metadata: { name: 'shared' }, spec: claimSpec() });
  await space.pod('writer', { containers: [sh('echo written > /data/f', mount)], volumes: using('shared') });
  expect(await space.said('writer')).toBe('');
  const claim = await cluster.api.get(space.path('persistentvolumeclaims', 'shared'));
  expect(claim['status'].phase).toBe('Bound');
  const volume = await cluster.api.get(`/api/v1/persistentvolumes/${claim['spec'].volumeName}`);
  const path = volume['spec'].local.path as string;
  expect(existsSync(join(path, 'f'))).toBe(true);
  const read = 'cat /data/f; echo x > /data/g || echo refused';
  await space.pod('reader', { containers: [sh(read, mount)], volumes: using('shared', true) });
  expect(await space.said('reader')).toContain('written\n');
  expect(await space.logs('reader')).toContain('refused');
  const inside = { volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'a/b' }] };
  await space.pod('deep', { containers: [sh('echo deep > /data/h', inside)], volumes: using('shared') });
  await space.said('deep');
  expect(existsSync(join(path, 'a/b/h'))).toBe(true);
  for (const name of ['writer', 'reader', 'deep']) await cluster.api.del(space.path('pods', name));
  await cluster.api.del(space.path('persistentvolumeclaims', 'shared'));
  await patient(
    () => Promise.resolve(existsSync(path)),
    (there) => !there,
  );
  await cluster.api.gone(`/api/v1/persistentvolumes/${volume.metadata.name}`);
});

test('an ephemeral volume is its pod’s alone', async () => {
  await space.pod('scratch', {
    containers: [sh('touch /data/f && ls /data', mount)],
    volumes: [{ name: 'data', ephemeral: { volumeClaimTemplate: { spec: claimSpec() } } }],
  });
  expect(await space.said('scratch')).toBe('f\n');
  const claim = await cluster.api.get(space.path('persistentvolumeclaims', 'scratch-data'));
  const { path } = (await cluster.api.get(`/api/v1/persistentvolumes/${claim['spec'].volumeName}`))['spec']
    .local as Spec;
  await cluster.api.del(space.path('pods', 'scratch'));
  await patient(
    () => Promise.resolve(readdirSync(join(path as string, '..')).some((name) => (path as string).endsWith(name))),
    (there) => !there,
  );
});

test('a volume that the user made is mounted; a pod without its claim waits and says why', async () => {
  const at = '/api/v1/persistentvolumes';
  await cluster.api.post(at, {
    metadata: { name: 'storage-static' },
    spec: {
      accessModes: ['ReadWriteMany'],
      capacity: { storage: '1Gi' },
      storageClassName: '',
      hostPath: { path: join(cluster.dataDir, 'static'), type: 'DirectoryOrCreate' },
    },
  });
  const spec = claimSpec({ accessModes: ['ReadWriteMany'], storageClassName: '' });
  await space.pod('static', { containers: [sh('echo ok > /data/f; cat /data/f', mount)], volumes: using('static') });
  await eventOf('static', 'persistentvolumeclaim "static" not found');
  await space.create('persistentvolumeclaims', { metadata: { name: 'static' }, spec });
  expect(await space.said('static')).toBe('ok\n');
  expect(existsSync(join(cluster.dataDir, 'static/f'))).toBe(true);
  await cluster.api.del(space.path('pods', 'static'));
  await cluster.api.del(space.path('persistentvolumeclaims', 'static'));
  await patient(
    () => cluster.api.get(`${at}/storage-static`),
    (volume) => volume['status'].phase === 'Released',
  );
  await cluster.api.del(`${at}/storage-static`);

  // Placed by hand, past the scheduler.
  const [node] = cluster.nodes;
  await space.create('persistentvolumeclaims', { metadata: { name: 'late' }, spec: claimSpec() });
  await space.pod('forced', {
    nodeName: node!.metadata.name,
    containers: [sh(WAIT, mount)],
    volumes: using('late'),
  });
  await eventOf('forced', 'error processing PVC storage/late: PVC is not bound');
});

test('a service of type LoadBalancer answers on the addresses of the nodes', async () => {
  const program = "require('node:http').createServer((_, r) => r.end('balanced')).listen(8080)";
  await space.pod('web', { containers: [js(program)], volumes: [HOST_VOLUME] }, { labels: { app: 'web' } });
  await space.ready('web');
  await space.create('services', {
    metadata: { name: 'web' },
    spec: {
      type: 'LoadBalancer',
      allocateLoadBalancerNodePorts: false,
      selector: { app: 'web' },
      ports: [{ port: 18_480, targetPort: 8080 }],
    },
  });
  const service = await patient(
    () => cluster.api.get(space.path('services', 'web')),
    (s) => (s['status'].loadBalancer.ingress ?? []).length === cluster.nodes.length,
  );
  for (const { ip } of service['status'].loadBalancer.ingress as { ip: string }[]) {
    const text = await patient(async () =>
      (await fetch(`http://${ip}:18480/`, { signal: AbortSignal.timeout(2000) })).text(),
    );
    expect(text).toBe('balanced');
  }
  await cluster.api.del(space.path('services', 'web'));
  await cluster.api.gone(space.path('services', 'web'));
});

// Last: it takes the cluster down and up again.
test('a stateful set keeps its data over the end of its pods and of the cluster', async () => {
  await space.create('services', { metadata: { name: 'db' }, spec: { clusterIP: 'None', selector: { app: 'db' } } });
  await cluster.api.post(`/apis/apps/v1/namespaces/${space.namespace}/statefulsets`, {
    metadata: { name: 'db' },
    spec: {
      replicas: 2,
      serviceName: 'db',
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: { app: 'db' } },
      template: {
        metadata: { labels: { app: 'db' } },
        spec: {
          terminationGracePeriodSeconds: 2,
          securityContext: { runAsUser: 1000, fsGroup: 1001 },
          containers: [sh(WAIT, mount)],
        },
      },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claimSpec() }],
    },
  });
  const nodeOf = new Map<string, string>();
  for (const name of ['db-0', 'db-1']) {
    nodeOf.set(name, ((await space.ready(name))['spec'] as Spec)['nodeName'] as string);
    await cluster.exec(space.namespace, name, `echo ${name} > /data/who`);
  }
  expect(await cluster.exec(space.namespace, 'db-0', 'stat -c %g /data')).toBe('1001\n');
  const before = await space.get('db-0');
  await cluster.api.del(space.path('pods', 'db-0'));
  await patient(
    () => space.get('db-0'),
    (pod) => pod.metadata.uid !== before.metadata.uid,
  );
  const again = await space.ready('db-0');
  expect(again['spec'].nodeName).toBe(nodeOf.get('db-0'));
  expect(await cluster.exec(space.namespace, 'db-0', 'cat /data/who')).toBe('db-0\n');

  expect((await cluster.cli('down', '--data-dir', cluster.dataDir)).code).toBe(0);
  const up = await cluster.cli('up', '--data-dir', cluster.dataDir, '--port', String(cluster.port), '--nodes', '2');
  expect(up.code, up.stderr).toBe(0);
  makeImage(DOCKERS[1]);
  for (const name of ['db-0', 'db-1']) {
    const said = await patient(
      () => cluster.exec(space.namespace, name, 'cat /data/who'),
      (text) => text === `${name}\n`,
    );
    expect(said).toBe(`${name}\n`);
  }
});
