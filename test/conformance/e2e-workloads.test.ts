// The lives of upstream's workloads as its own tests ask of them (test/e2e/apps), with the bodies that Go clients send:
// whole structs with nulls and zeros, and updates without a resourceVersion. On simulated nodes.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Api, type Cluster, type Doc } from './api.ts';
import { startSimulatedCluster } from './simulated.ts';

let cluster: Cluster;
let api: Api;
beforeAll(async () => {
  cluster = await startSimulatedCluster(2);
  ({ api } = cluster);
});
afterAll(() => cluster?.close());

const selected = (path: string, label: string) => `${path}?labelSelector=${encodeURIComponent(label)}`;
const status = (path: string, good: (status: Doc) => boolean) =>
  api.until(
    () => api.get(path),
    (o) => good(o['status']),
  );

it('Replication Controller, lifecycle', async () => {
  const name = await cluster.namespace();
  const controllers = `/api/v1/namespaces/${name}/replicationcontrollers`;
  const at = `${controllers}/rc-test`;
  const list = await api.get(selected(controllers, 'test-rc-static=true'));
  const watch = api.watch(
    `${selected(controllers, 'test-rc-static=true')}&resourceVersion=${list.metadata['resourceVersion']}`,
  );
  const made = await api.post(controllers, {
    metadata: { name: 'rc-test', creationTimestamp: null, labels: { 'test-rc-static': 'true' } },
    spec: {
      replicas: 1,
      selector: { 'test-rc-static': 'true' },
      template: {
        metadata: { name: 'rc-test', creationTimestamp: null, labels: { 'test-rc-static': 'true' } },
        spec: { containers: [{ name: 'rc-test', image: 'nginx', resources: {} }] },
      },
    },
    status: { replicas: 0 },
  });
  expect((await watch.next()).type).toBe('ADDED');
  await watch.find('MODIFIED', (o) => o['status'].replicas === 1 && o['status'].readyReplicas === 1);
  const patched = await api.patch(
    at,
    {
      metadata: { creationTimestamp: null, labels: { 'test-rc': 'patched' } },
      spec: {},
      status: { replicas: 0 },
    },
    'strategic',
  );
  expect(patched.metadata).toMatchObject({
    creationTimestamp: made.metadata.creationTimestamp,
    labels: { 'test-rc': 'patched', 'test-rc-static': 'true' },
  });
  expect(patched['status'].replicas).toBe(1);
  const zeroed = await api.patch(`${at}/status`, { status: { readyReplicas: 0, availableReplicas: 0 } }, 'strategic');
  expect(zeroed['status'].readyReplicas ?? 0).toBe(0);
  await watch.find('MODIFIED', (o) => !o['status'].readyReplicas);
  // The controller has it otherwise.
  await watch.find('MODIFIED', (o) => o['status'].readyReplicas === 1);
  expect((await api.get(`${at}/status`))['status'].replicas).toBe(1);
  await api.patch(
    `${at}/scale`,
    { metadata: { creationTimestamp: null }, spec: { replicas: 2 }, status: { replicas: 0 } },
    'strategic',
  );
  await watch.find('MODIFIED', (o) => o['status'].replicas === 2 && o['status'].readyReplicas === 2);
  const current = await api.until(
    () => api.get(at),
    (o) => o['status'].availableReplicas === 2,
  );
  current['status'].availableReplicas = 1;
  current['status'].readyReplicas = 1;
  await api.put(`${at}/status`, current);
  await watch.find('MODIFIED', (o) => o['status'].readyReplicas === 1);
  expect(await api.items(selected('/api/v1/replicationcontrollers', 'test-rc-static=true'))).toHaveLength(1);
  await api.del(selected(controllers, 'test-rc-static=true'));
  await watch.find('DELETED');
  watch.close();
});

it('Deployment, completes the lifecycle', async () => {
  const name = await cluster.namespace();
  const deployments = `/apis/apps/v1/namespaces/${name}/deployments`;
  const at = `${deployments}/test-deployment`;
  const label = 'test-deployment-static=true';
  const body = (replicas: number, image: string, labels: object = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'test-deployment',
      creationTimestamp: null,
      labels: { 'test-deployment-static': 'true', ...labels },
    },
    spec: {
      replicas,
      selector: { matchLabels: { 'test-deployment-static': 'true' } },
      template: {
        metadata: { creationTimestamp: null, labels: { 'test-deployment-static': 'true' } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'test-deployment', image, resources: {}, securityContext: {} }],
        },
      },
      strategy: { type: 'RollingUpdate' },
    },
    status: {},
  });
  const rolledOut = (replicas: number) => (s: Doc) =>
    s['readyReplicas'] === replicas && s['updatedReplicas'] === replicas && s['unavailableReplicas'] === undefined;
  const watch = api.watch(selected(deployments, label));
  await api.post(deployments, body(2, 'one'));
  expect((await watch.next()).type).toBe('ADDED');
  await status(at, (s) => s['readyReplicas'] === 2);
  await api.patch(
    at,
    {
      metadata: { labels: { 'test-deployment': 'patched' } },
      spec: {
        replicas: 1,
        template: {
          spec: { terminationGracePeriodSeconds: 2, containers: [{ name: 'test-deployment', image: 'two' }] },
        },
      },
    },
    'strategic',
  );
  const second = await status(at, rolledOut(1));
  expect(second['spec'].template.spec).toMatchObject({
    terminationGracePeriodSeconds: 2,
    containers: [{ image: 'two' }],
  });
  expect(await api.items(selected('/apis/apps/v1/deployments', label))).toHaveLength(1);
  // What was first created, changed and sent again.
  await api.put(at, body(2, 'three', { 'test-deployment': 'updated' }));
  const read = await api.get(`${at}/status`);
  expect(read.metadata.labels['test-deployment']).toBe('updated');
  expect(read['spec'].template.spec.containers[0].image).toBe('three');
  await status(at, rolledOut(2));
  await api.patch(
    `${at}/status`,
    {
      metadata: { labels: { 'test-deployment': 'patched-status' } },
      status: { readyReplicas: 0, availableReplicas: 0 },
    },
    'strategic',
  );
  // Labels are not a status's to set.
  expect((await api.get(`${at}/status`)).metadata.labels['test-deployment']).toBe('updated');
  await status(at, rolledOut(2));
  await api.del(selected(deployments, label), { gracePeriodSeconds: 1 });
  await watch.find('DELETED');
  watch.close();
});

const template = (labels: object) => ({
  metadata: { creationTimestamp: null, labels },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'httpd', image: 'httpd', resources: {}, securityContext: {} }],
  },
});
const sample = { name: 'sample-pod', pod: 'httpd' };

it.each([
  ['Replica Set, replace and patch; status', 'replicasets', 'ReplicaSet', {}],
  [
    'StatefulSet, list, patch and delete a collection; status sub-resource',
    'statefulsets',
    'StatefulSet',
    { serviceName: 'test' },
  ],
])('%s', async (_testname, plural, kind, more) => {
  const name = await cluster.namespace();
  const sets = `/apis/apps/v1/namespaces/${name}/${plural}`;
  const at = `${sets}/test-set`;
  await api.post(sets, {
    kind,
    apiVersion: 'apps/v1',
    metadata: { name: 'test-set', creationTimestamp: null },
    spec: { replicas: 1, selector: { matchLabels: sample }, template: template(sample), ...more },
    status: { replicas: 0 },
  });
  await status(at, (s) => s['readyReplicas'] === 1);
  // A container of another name comes first, and a field in capitals is none.
  const patched = await api.patch(
    at,
    {
      metadata: { labels: { test: 'patched' } },
      spec: {
        replicas: 3,
        template: {
          spec: { TerminationGracePeriodSeconds: 1, containers: [{ name: 'test-set', image: 'pause' }] },
        },
      },
    },
    'strategic',
  );
  expect(patched['spec']).toMatchObject({
    replicas: 3,
    template: {
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          { name: 'test-set', image: 'pause' },
          { name: 'httpd', image: 'httpd' },
        ],
      },
    },
  });
  await status(at, (s) => s['readyReplicas'] === 3 && s['availableReplicas'] === 3);
  const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
  const updated = await api.until(
    async () => {
      const current = await api.get(at);
      current['status'].conditions = [...(current['status'].conditions ?? []), condition];
      return api.put(`${at}/status`, current).catch(() => undefined);
    },
    (o) => o !== undefined,
  );
  expect(updated!['status'].conditions).toMatchObject([condition]);
  const conditions = [{ type: 'StatusPatched', status: 'True' }];
  const after = await api.patch(`${at}/status`, { status: { conditions } });
  expect(after['status'].conditions).toMatchObject(conditions);
  const scale = await api.get(`${at}/scale`);
  delete scale.metadata['resourceVersion'];
  scale['spec'].replicas = 2;
  expect((await api.put(`${at}/scale`, scale))['spec'].replicas).toBe(2);
  await api.patch(
    `${at}/scale`,
    { metadata: { creationTimestamp: null }, spec: { replicas: 4 }, status: { replicas: 0 } },
    'strategic',
  );
  expect((await api.get(at))['spec'].replicas).toBe(4);
  expect(await api.items(selected(`/apis/apps/v1/${plural}`, 'test=patched'))).toHaveLength(1);
  await api.del(selected(sets, 'test=patched'), { gracePeriodSeconds: 1 });
  expect(await api.items(selected(`/apis/apps/v1/${plural}`, 'test=patched'))).toHaveLength(0);
});

it('Jobs, manage lifecycle; apply changes to status', async () => {
  const name = await cluster.namespace();
  const jobs = `/apis/batch/v1/namespaces/${name}/jobs`;
  const at = `${jobs}/e2e-job`;
  await api.post(jobs, {
    metadata: { name: 'e2e-job', creationTimestamp: null, labels: { 'e2e-job-label': 'e2e-job' } },
    spec: {
      parallelism: 2,
      completions: 4,
      backoffLimit: 6,
      manualSelector: false,
      suspend: true,
      template: {
        metadata: { creationTimestamp: null, labels: { job: 'e2e-job' } },
        spec: {
          restartPolicy: 'Never',
          volumes: [{ name: 'data', emptyDir: {} }],
          containers: [
            {
              name: 'c',
              image: 'busybox',
              command: ['/bin/sh', '-c', 'exit 0'],
              resources: {},
              volumeMounts: [{ mountPath: '/data', name: 'data' }],
              securityContext: {},
            },
          ],
        },
      },
    },
    status: {},
  });
  const suspended = await status(at, (s) => s['conditions']?.some((c: Doc) => c['type'] === 'Suspended'));
  expect(suspended['status'].startTime).toBeUndefined();
  // Of a job that runs it may not change.
  const startTime = new Date(Date.now() - 5_000).toISOString().replace(/\.\d+/, '');
  const patched = await api.patch(`${at}/status`, {
    metadata: { annotations: { patchedstatus: 'true' } },
    status: { ...suspended['status'], startTime },
  });
  expect(patched['status'].startTime).toBe(startTime);
  expect(patched.metadata.annotations).toMatchObject({ patchedstatus: 'true' });
  await api.patch(at, { metadata: { labels: { 'e2e-job': 'patched' } } }, 'strategic');
  const current = await api.get(at);
  current['spec'].suspend = false;
  current.metadata.annotations = { updated: 'true' };
  expect((await api.put(at, current)).metadata.annotations).toMatchObject({ updated: 'true' });
  const running = await status(at, (s) => s['active'] === 2 && s['ready'] === 2);
  expect(running.metadata.labels).toMatchObject({ 'e2e-job': 'patched' });
  expect((await api.get(`${at}/status`)).metadata.uid).toBe(current.metadata.uid);
  expect(await api.items(selected('/apis/batch/v1/jobs', 'e2e-job-label=e2e-job'))).toHaveLength(1);
  await api.del(selected(jobs, 'e2e-job-label=e2e-job'), { propagationPolicy: 'Background' });
  expect(await api.items(selected('/apis/batch/v1/jobs', 'e2e-job-label=e2e-job'))).toHaveLength(0);
});

it('Pods, completes the lifecycle of a Pod and the PodStatus; patching status', async () => {
  const name = await cluster.namespace();
  const pods = `/api/v1/namespaces/${name}/pods`;
  const at = `${pods}/pod-test`;
  const securityContext = {
    capabilities: { drop: ['ALL'] },
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  };
  await api.post(pods, {
    metadata: { name: 'pod-test', creationTimestamp: null, labels: { 'test-pod-static': 'true' } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'pod-test', image: 'agnhost', resources: {}, securityContext }],
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    },
    status: {},
  });
  await status(at, (s) => s['phase'] === 'Running');
  const patched = await api.patch(
    at,
    {
      metadata: { creationTimestamp: null, labels: { 'test-pod': 'patched' } },
      spec: { containers: [{ name: 'pod-test', image: 'httpd', resources: {} }], terminationGracePeriodSeconds: 1 },
      status: {},
    },
    'strategic',
  );
  expect(patched.metadata.labels).toEqual({ 'test-pod-static': 'true', 'test-pod': 'patched' });
  expect(patched['spec'].containers).toMatchObject([{ image: 'httpd', securityContext }]);
  expect(patched['status'].phase).toBe('Running');
  const message = await api.patch(`${at}/status`, {
    metadata: { annotations: { patchedstatus: 'true' } },
    status: { message: 'Patched by e2e test', reason: 'E2E' },
  });
  expect(message['status']).toMatchObject({ phase: 'Running', message: 'Patched by e2e test', reason: 'E2E' });
  expect(message.metadata.annotations).toEqual({ patchedstatus: 'true' });
  const ready = (o: Doc): string[] =>
    o['status'].conditions
      .filter((c: Doc) => c['type'] === 'Ready' || c['type'] === 'ContainersReady')
      .map((c: Doc) => c['status']);
  const updated = await api.until(
    async () => {
      const current = await api.get(`${at}/status`);
      for (const c of current['status'].conditions)
        if (c.type === 'Ready' || c.type === 'ContainersReady') c.status = 'False';
      return api.put(`${at}/status`, current).catch(() => undefined);
    },
    (o) => o !== undefined,
  );
  expect(ready(updated!)).toEqual(['False', 'False']);
  await api.del(selected(pods, 'test-pod-static=true'), { gracePeriodSeconds: 1 });
  await api.gone(at);
});

it('RootCA ConfigMap test; ServiceAccount lifecycle test', async () => {
  const name = await cluster.namespace();
  const ns = `/api/v1/namespaces/${name}`;
  const at = `${ns}/configmaps/kube-root-ca.crt`;
  const whole = (o: Doc | undefined) => (o?.['data']?.['ca.crt'] ?? '') !== '';
  const read = () => api.get(at).catch(() => undefined);
  const first = await api.until(read, whole);
  await api.del(at, { gracePeriodSeconds: 0 });
  await api.until(read, (o) => whole(o) && o!.metadata.uid !== first!.metadata.uid);
  await api.put(at, { metadata: { name: 'kube-root-ca.crt', creationTimestamp: null }, data: { 'ca.crt': '' } });
  expect((await api.until(read, whole))!['data']).toEqual(first!['data']);

  const accounts = `${ns}/serviceaccounts`;
  await api.post(accounts, {
    metadata: { name: 'testserviceaccount', creationTimestamp: null, labels: { 'test-serviceaccount-static': 'true' } },
  });
  const watch = api.watch(selected(accounts, 'test-serviceaccount-static=true'));
  await watch.find('ADDED');
  await api.patch(
    `${accounts}/testserviceaccount`,
    { metadata: { creationTimestamp: null }, automountServiceAccountToken: false },
    'strategic',
  );
  expect((await watch.find('MODIFIED')).object['automountServiceAccountToken']).toBe(false);
  // All of them; the default one is made again.
  const before = await api.get(`${accounts}/default`);
  await api.del(accounts);
  await watch.find('DELETED');
  watch.close();
  await api.until(
    () => api.get(`${accounts}/default`).catch(() => undefined),
    (o) => o !== undefined && o.metadata.uid !== before.metadata.uid,
  );
});
