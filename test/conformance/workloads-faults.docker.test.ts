// Daemons are killed in the middle of updates, on real containers: the server, the nodes, and a node's Docker Engine.
// `up` starts what is dead; the end is what was asked for, no pod is there twice, and no container without its pod.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Doc } from './api.ts';
import { type Cluster, DOCKERS, Space, type Spec, WAIT, patient, sh, startCluster } from './cluster.ts';

let cluster: Cluster;
let space: Space;
beforeAll(async () => {
  cluster = await startCluster('faults');
  space = await Space.make(cluster.api, 'faults');
  await workloads();
});
afterAll(() => cluster?.close());

const PODS: Record<string, number> = { statefulsets: 3, daemonsets: 2, deployments: 5 };
const path = (plural: string, name = '') => `/apis/apps/v1/namespaces/faults/${plural}${name && `/${name}`}`;
const template = (app: string, container: Spec): Spec => ({
  metadata: { labels: { app } },
  spec: { terminationGracePeriodSeconds: 1, automountServiceAccountToken: false, containers: [container] },
});
const version = (script = WAIT, more: Spec = {}): Spec =>
  sh(script, { env: [{ name: 'VERSION', value: '0' }], ...more });

async function workloads(): Promise<void> {
  await space.create('services', {
    metadata: { name: 'db' },
    spec: { clusterIP: 'None', selector: { app: 'db' }, ports: [{ port: 80 }] },
  });
  const log = version(`echo $VERSION >> /data/log; ${WAIT}`, { volumeMounts: [{ name: 'data', mountPath: '/data' }] });
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
  };
  const spec = (app: string, container: Spec, more: Spec = {}) => ({
    metadata: { name: app },
    spec: { selector: { matchLabels: { app } }, template: template(app, container), ...more },
  });
  const sets = { replicas: PODS['statefulsets'], serviceName: 'db', volumeClaimTemplates: [claim] };
  await cluster.api.post(path('statefulsets'), spec('db', log, sets));
  await cluster.api.post(path('daemonsets'), spec('agent', version()));
  await cluster.api.post(path('deployments'), spec('web', version(), { replicas: PODS['deployments'] }));
}
const NAMES: Record<string, string> = { statefulsets: 'db', daemonsets: 'agent', deployments: 'web' };

/** A round: everything is updated and a Job begins, then these die. */
async function round(number: number, killed: readonly string[]): Promise<void> {
  const value = String(number);
  for (const [plural, name] of Object.entries(NAMES)) {
    const env = [{ name: 'VERSION', value }];
    const spec = { template: { spec: { containers: [{ name: 'c', env }] } } };
    await cluster.api.patch(path(plural, name), { spec }, 'strategic');
  }
  await cluster.api.post('/apis/batch/v1/namespaces/faults/jobs', {
    metadata: { name: `job-${value}` },
    spec: {
      completions: 6,
      parallelism: 3,
      template: { spec: { ...template('job', sh('sleep 1'))['spec'], restartPolicy: 'Never' } },
    },
  });
  await sleep(2000);
  for (const daemon of killed) {
    const [pid] = readFileSync(join(cluster.dataDir, 'run', `${daemon}.pid`), 'utf8').split(' ');
    process.kill(Number(pid), 'SIGKILL');
  }
  const { code, stderr } = await cluster.cli('up', '--data-dir', cluster.dataDir);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  await updated(value);
}

async function updated(value: string): Promise<void> {
  for (const [plural, name] of Object.entries(NAMES)) {
    const done = async () => {
      const pods = await cluster.api.items(`${space.path('pods')}?labelSelector=app%3D${name}`);
      return (
        pods
          .filter(isReady)
          .map((pod) => pod['spec'].containers[0].env[0].value as string)
          .join() + `/${pods.length}`
      );
    };
    const count = PODS[plural]!;
    await patient(done, (text) => text === `${Array.from({ length: count }, () => value).join()}/${count}`, 90_000);
  }
  const job = await patient(
    () => cluster.api.get(`/apis/batch/v1/namespaces/faults/jobs/job-${value}`),
    ({ status }) => status?.conditions?.some((c: Doc) => c['type'] === 'Complete' && c['status'] === 'True'),
    90_000,
  );
  expect(job['status'].succeeded).toBe(6);
}
const isReady = (pod: Doc): boolean =>
  pod['status'].conditions?.some((c: Spec) => c['type'] === 'Ready' && c['status'] === 'True');

/** Containers of pods that run, by the pods' uids. */
function running(): string[] {
  const args = [
    'ps',
    '--filter',
    'label=io.kubernetes.docker.type=container',
    '--format',
    '{{.Label "io.kubernetes.pod.uid"}}',
  ];
  return DOCKERS.flatMap((docker) => execFileSync('docker', ['-H', docker, ...args], { encoding: 'utf8' }).split('\n'))
    .filter(Boolean)
    .sort();
}

it.each([
  ['the server', ['server']],
  ['both nodes', nodes],
  ['a Docker Engine and the server', () => ['dockerd-2', 'server']],
  ['all of them', () => ['server', ...nodes(), 'dockerd-2']],
] as const)('kills of %s in the middle change nothing of the end', async (title, daemons) => {
  await round(++rounds, typeof daemons === 'function' ? daemons() : daemons);
  await patient(
    async () => {
      const pods = (await cluster.api.items('/api/v1/pods')).filter((pod) => pod['status'].phase === 'Running');
      return [
        pods
          .map((pod) => pod.metadata.uid as string)
          .sort()
          .join(),
        running().join(),
      ];
    },
    ([pods, containers]) => pods === containers,
  );
  const log = (await cluster.exec('faults', 'db-0', 'cat /data/log')).trim().split('\n');
  expect([...new Set(log)], title).toEqual(Array.from({ length: rounds + 1 }, (_, i) => String(i)));
});

let rounds = 0;
function nodes(): string[] {
  return cluster.nodes.map((node) => `node-${node.metadata.name}`);
}
