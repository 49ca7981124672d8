// Stateful sets and daemon sets on real containers: data and names survive the pod, every node has its own.
import { afterAll, beforeAll, expect } from 'vitest';
import type { Doc } from './api.ts';
import { type Cluster, IMAGE, Space, type Spec, patient, sh, startCluster } from './cluster.ts';
import { scenarios } from './scenarios.ts';

const { scenario, start } = scenarios();
let cluster: Cluster;
let space: Space;
beforeAll(async () => {
  cluster = await startCluster('sets');
  space = await Space.make(cluster.api, 'sets');
  start();
});
afterAll(() => cluster?.close());

const workloads = (plural: string, name = '') => `/apis/apps/v1/namespaces/sets/${plural}${name && `/${name}`}`;
const template = (app: string, spec: Spec): Spec => ({
  metadata: { labels: { app } },
  spec: { terminationGracePeriodSeconds: 1, automountServiceAccountToken: false, ...spec },
});
const create = (plural: string, name: string, spec: Spec): Promise<Doc> =>
  cluster.api.post(workloads(plural), {
    metadata: { name },
    spec: { selector: { matchLabels: { app: name } }, ...spec },
  });
const available = (name: string, count: number) =>
  patient(
    () => cluster.api.get(workloads('statefulsets', name)),
    ({ metadata, status }) =>
      status?.observedGeneration === metadata.generation &&
      status.availableReplicas === count &&
      status.updateRevision === status.currentRevision,
  );
/** Says who it is in its own folder, then waits. */
const writer = (image: string, more: Spec = {}): Spec =>
  sh('echo "$(hostname) $VERSION" >> /data/log; trap "exit 0" TERM; while :; do sleep 0.1; done', {
    env: [
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'VERSION', value: image },
    ],
    volumeMounts: [{ name: 'data', mountPath: '/data', subPathExpr: '$(NAME)' }],
    ...more,
  });

scenario('a stateful set keeps its data and its names over deletion and update of its pods', async () => {
  await space.create('services', {
    metadata: { name: 'db' },
    spec: { clusterIP: 'None', selector: { app: 'db' }, ports: [{ port: 80 }] },
  });
  const volumes = [{ name: 'data', hostPath: { path: `${cluster.dataDir}/db`, type: 'DirectoryOrCreate' } }];
  const nodeSelector = { 'kubernetes.io/hostname': cluster.nodes[0]!.metadata.name };
  const pods = (version: string) => template('db', { nodeSelector, volumes, containers: [writer(version)] });
  await create('statefulsets', 'db', { replicas: 2, serviceName: 'db', template: pods('v1') });
  await available('db', 2);
  const log = (name: string) => cluster.exec('sets', name, 'cat /data/log');
  expect([await log('db-0'), await log('db-1')]).toEqual(['db-0 v1\n', 'db-1 v1\n']);
  const before = await space.get('db-0');
  await cluster.api.del(space.path('pods', 'db-0'));
  await space.until('db-0', (pod) => pod.metadata.uid !== before.metadata.uid);
  await available('db', 2);
  expect(await log('db-0')).toBe('db-0 v1\ndb-0 v1\n');
  const names = 'nslookup db-1.db.sets.svc.cluster.local | tail -n +3; hostname -f';
  const { status } = await space.get('db-1');
  const resolved = await cluster.exec('sets', 'db-0', names);
  expect(resolved).toContain(status.podIP);
  expect(resolved).toContain('db-0.db.sets.svc.cluster.local');
  await cluster.api.patch(workloads('statefulsets', 'db'), { spec: { template: pods('v2') } });
  await available('db', 2);
  expect([await log('db-0'), await log('db-1')]).toEqual(['db-0 v1\ndb-0 v1\ndb-0 v2\n', 'db-1 v1\ndb-1 v2\n']);
  const { stdout, code } = await cluster.cli('rollout', 'undo', '-n', 'sets', 'statefulset/db');
  expect([code, stdout]).toEqual([0, 'statefulset.apps/db rolled back\n']);
  const rollout = await cluster.cli('rollout', 'status', '-n', 'sets', 'statefulset/db', '--timeout=60s');
  expect(rollout.stdout).toMatch(/partitioned roll out complete: 2 new pods have been updated\.\.\.\n$/);
  expect(await log('db-0')).toMatch(/db-0 v2\ndb-0 v1\n$/);
});

scenario('pods that are not ready have names where the service says so', async () => {
  await space.create('services', {
    metadata: { name: 'early' },
    spec: { clusterIP: 'None', selector: { app: 'early' }, ports: [{ port: 80 }], publishNotReadyAddresses: true },
  });
  const container = sh('trap "exit 0" TERM; while :; do sleep 0.1; done', {
    readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 },
  });
  const pods = template('early', { containers: [container] });
  const spec = { replicas: 2, serviceName: 'early', podManagementPolicy: 'Parallel', template: pods };
  await create('statefulsets', 'early', spec);
  const running = (pod: Doc) => pod['status'].phase === 'Running' && pod['status'].podIP;
  await space.until('early-0', running);
  const { status } = await space.until('early-1', running);
  await patient(
    () => cluster.exec('sets', 'early-0', 'nslookup early-1.early.sets.svc.cluster.local'),
    (text) => text.includes(status.podIP as string),
  );
});

scenario('a daemon set runs on each node and is rolled one after the other', async () => {
  const pods = (version: string) =>
    template('agent', {
      containers: [
        {
          name: 'c',
          image: IMAGE,
          command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'],
          env: [{ name: 'VERSION', value: version }],
        },
      ],
    });
  await create('daemonsets', 'agent', { template: pods('v1') });
  const done = () =>
    patient(
      () => cluster.api.get(workloads('daemonsets', 'agent')),
      ({ metadata, status }) =>
        status.observedGeneration === metadata.generation &&
        status.numberAvailable === 2 &&
        status.updatedNumberScheduled === 2,
    );
  await done();
  // One that has ended and is on its way out makes room for the next already.
  const agents = async () =>
    (await cluster.api.items(`${space.path('pods')}?labelSelector=app%3Dagent`)).filter(
      (p) => p.metadata.deletionTimestamp === undefined,
    );
  const nodes = (await agents()).map((p) => p['spec'].nodeName as string).sort();
  expect(nodes).toEqual(cluster.nodes.map((n) => n.metadata.name as string).sort());
  await cluster.api.patch(workloads('daemonsets', 'agent'), { spec: { template: pods('v2') } });
  await done();
  for (const pod of await agents()) {
    expect(await cluster.exec('sets', pod.metadata.name as string, 'echo $VERSION')).toBe('v2\n');
  }
});
