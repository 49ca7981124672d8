// Jobs, cron jobs and autoscalers as described by our CLI and by the real kubectl: the same text.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CronJobs, HorizontalPodAutoscalers, Jobs } from '../../../src/api/resources.ts';
import type { KubeObject, ResourceType } from '../../../src/api/types.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';
import { runCli } from '../run-cli.ts';

const kubectl = process.env['KUBECTL'] ?? 'kubectl';
const folder = mkdtempSync(join(tmpdir(), 'describe-'));
const env = { KUBECONFIG: join(folder, 'admin.kubeconfig'), HOME: folder };
let server: RunningServer;

beforeAll(async () => {
  const listen = { host: '127.0.0.1', port: 0 };
  server = await startServer({ dataDir: folder, store: 'memory', components: ['apiserver'], listen });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Beside the server in this process, so never synchronously. */
async function real(args: readonly string[]): Promise<string> {
  const child = spawn(kubectl, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  await new Promise((resolve) => child.on('close', resolve));
  return text;
}

async function check<T extends KubeObject>(type: ResourceType<T>, name: string, spec: object, status: object) {
  const metadata = { name, namespace: 'default', annotations: { note: 'x' } };
  const client = server.client();
  await client.create(type, { metadata, spec } as unknown as T);
  await client.patch(type, { name, namespace: 'default' }, 'merge', { status }, { subresource: 'status' });
  const args = ['describe', type.plural, name];
  const expected = await real(args);
  expect(expected).toContain(name);
  expect((await runCli(args, { env })).stdout).toBe(expected);
}

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'pi', image: 'perl', command: ['perl'] }] } };

it.each([
  ['plain', {}, {}],
  ['full', { completions: 9, parallelism: 2, activeDeadlineSeconds: 60, ttlSecondsAfterFinished: 5 }, { active: 2 }],
  [
    'indexed',
    { completions: 90, parallelism: 2, completionMode: 'Indexed', suspend: false },
    {
      startTime: '2026-01-01T10:00:00Z',
      ready: 1,
      active: 1,
      succeeded: 29,
      completedIndexes: '0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40,42,44,46,48,50,52,54,56',
    },
  ],
])('job %s', (name, spec, status) => check(Jobs, name, { ...spec, template }, status));

it.each([
  ['plain', { schedule: '@hourly' }, {}],
  [
    'full',
    { schedule: '*/5 * * * *', timeZone: 'Europe/Berlin', suspend: true, startingDeadlineSeconds: 7 },
    {
      lastScheduleTime: '2026-01-01T10:00:00Z',
      active: [
        { name: 'full-1', namespace: 'default' },
        { name: 'full-2', namespace: 'default' },
      ],
    },
  ],
])('cron job %s', (name, spec, status) =>
  check(CronJobs, name, { ...spec, jobTemplate: { spec: { completions: 3, template } } }, status),
);

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const utilization = { type: 'Utilization', averageUtilization: 50 };
const average = { type: 'AverageValue', averageValue: '100m' };
const value = { type: 'Value', value: '7' };
const describedObject = { apiVersion: 'v1', kind: 'Service', name: 'front' };
const metrics = [
  { type: 'Resource', resource: { name: 'cpu', target: utilization } },
  { type: 'Resource', resource: { name: 'memory', target: average } },
  { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'app', target: utilization } },
  { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'app', target: average } },
  { type: 'Pods', pods: { metric: { name: 'hits' }, target: average } },
  { type: 'Object', object: { metric: { name: 'rate' }, describedObject, target: value } },
  { type: 'Object', object: { metric: { name: 'rate' }, describedObject, target: average } },
  { type: 'External', external: { metric: { name: 'queue' }, target: value } },
  { type: 'External', external: { metric: { name: 'queue' }, target: average } },
];

it.each([
  ['plain', { scaleTargetRef, maxReplicas: 3 }, { currentReplicas: 1, desiredReplicas: 2 }],
  [
    'full',
    {
      scaleTargetRef,
      minReplicas: 2,
      maxReplicas: 9,
      metrics,
      behavior: { scaleDown: { stabilizationWindowSeconds: 60, selectPolicy: 'Min' } },
    },
    {
      currentReplicas: 2,
      desiredReplicas: 2,
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '40m' } } },
        { type: 'Resource', resource: { name: 'memory', current: { averageValue: '1Mi' } } },
      ],
      conditions: [
        { type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale', message: 'recommended size matches' },
      ],
    },
  ],
])('autoscaler %s', (name, spec, status) => check(HorizontalPodAutoscalers, name, spec, status));
