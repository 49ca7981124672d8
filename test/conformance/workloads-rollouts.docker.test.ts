// What people live through: rolling updates that nobody who asks meanwhile notices, undo, and manifests of years ago
// (API versions that are long gone, without the fields that came later), applied and working on real containers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Doc } from './api.ts';
import { type Cluster, HOST_VOLUME, Space, type Spec, WAIT, js, patient, sh, startCluster } from './cluster.ts';
import { scenarios } from './scenarios.ts';

const { scenario, start } = scenarios();
let cluster: Cluster;
let space: Space;
beforeAll(async () => {
  cluster = await startCluster('rollouts');
  space = await Space.make(cluster.api, 'rollouts');
  start();
});
afterAll(() => cluster?.close());

const path = (group: string, plural: string, name: string) => `/apis/${group}/namespaces/rollouts/${plural}/${name}`;
const get = (group: string, plural: string, name: string) => cluster.api.get(path(group, plural, name));

/** Answers with its version; told to end, it goes on until the nodes have heard that it is leaving. */
const SERVER = `require('http').createServer((q,r)=>{r.setHeader('connection','close');r.end(process.env.VERSION)}).listen(8080);
process.on('SIGTERM',()=>setTimeout(()=>process.exit(),3000));`;
/** 200 requests a second, each on a connection of its own; says every second what has become of them. */
const CLIENT = `const seen={};let asked=0,open=0;const failed=[];
setInterval(()=>{asked++;open++;const r=require('http').get({host:process.env.WEB_SERVICE_HOST,agent:false,timeout:5000},a=>{let t='';
a.on('data',d=>t+=d);a.on('end',()=>{open--;seen[t]=(seen[t]||0)+1})});
r.on('timeout',()=>r.destroy(new Error('timeout')));r.on('error',e=>{open--;failed.push(e.message)})},5);
setInterval(()=>console.log(JSON.stringify({asked,open,failed,seen})),1000);process.on('SIGTERM',()=>process.exit())`;

interface Report {
  asked: number;
  open: number;
  failed: string[];
  seen: Record<string, number>;
}

scenario('rolling updates and undo under load from inside the cluster lose no request', async () => {
  const container = js(SERVER, {
    env: [{ name: 'VERSION', value: 'v0' }],
    readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
  });
  await space.create('services', {
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await cluster.api.post('/apis/apps/v1/namespaces/rollouts/deployments', {
    metadata: { name: 'web' },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { automountServiceAccountToken: false, containers: [container], volumes: [HOST_VOLUME] },
      },
    },
  });
  const cli = async (...words: string[]) => {
    const { code, stdout, stderr } = await cluster.cli(...words, '-n', 'rollouts');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  const complete = () => cli('rollout', 'status', 'deployment/web', '--timeout=90s');
  await complete();
  await space.pod('client', { containers: [js(CLIENT)], volumes: [HOST_VOLUME] });
  const report = async (): Promise<Report> =>
    JSON.parse((await space.logs('client', '?tailLines=1')).trim() || '{"asked":0}') as Report;
  const later = async (good: (now: Report) => boolean) => patient(report, good, 30_000);
  await later(({ seen }) => (seen?.['v0'] ?? 0) > 100);
  for (let version = 1; version <= 5; version++) {
    await cli('set', 'env', 'deployment/web', `VERSION=v${version}`);
    await complete();
    await later(({ seen }) => (seen[`v${version}`] ?? 0) > 100);
  }
  expect(await cli('rollout', 'undo', 'deployment/web')).toBe('deployment.apps/web rolled back\n');
  await complete();
  const before = await report();
  const after = await later(({ seen, asked }) => asked > before.asked + 1000 && seen['v4']! > before.seen['v4']!);
  expect(after.failed).toEqual([]);
  expect(after.open).toBeLessThan(50);
  const undone = await get('apps/v1', 'deployments', 'web');
  expect(undone['spec'].template.spec.containers[0].env).toEqual([{ name: 'VERSION', value: 'v4' }]);
  expect(undone.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '7' });
});

/** Applies what a file of those years says; the warnings name what it should say now. */
async function applied(name: string, manifest: Doc): Promise<string> {
  const file = join(cluster.dataDir, `${name}.json`);
  writeFileSync(file, JSON.stringify(manifest));
  const { code, stdout, stderr } = await cluster.cli('apply', '-n', 'rollouts', '-f', file);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/ created\n$/);
  return stderr;
}
const pods = (container: Spec, more: Spec = {}): Spec => ({
  spec: { terminationGracePeriodSeconds: 1, containers: [container], ...more },
});

scenario('a Deployment of extensions/v1beta1 without a selector', async () => {
  const template = { metadata: { labels: { app: 'old' } }, ...pods(sh(WAIT)) };
  const warning = await applied('old', {
    apiVersion: 'extensions/v1beta1',
    kind: 'Deployment',
    metadata: { name: 'old' },
    spec: { replicas: 2, template },
  });
  expect(warning).toContain('extensions/v1beta1 Deployment is deprecated');
  const made = await patient(
    () => get('apps/v1', 'deployments', 'old'),
    (d) => d['status']?.availableReplicas === 2,
  );
  expect(made['spec'].selector).toEqual({ matchLabels: { app: 'old' } });
});

scenario('a ReplicationController whose selector and labels are its template’s', async () => {
  const template = { metadata: { labels: { app: 'rc' } }, ...pods(sh(WAIT)) };
  await applied('rc', {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'rc' },
    spec: { replicas: 2, template },
  });
  const made = await patient(
    () => space.api.get(space.path('replicationcontrollers', 'rc')),
    (rc) => rc['status'].readyReplicas === 2,
  );
  expect([made['spec'].selector, made.metadata.labels]).toEqual([{ app: 'rc' }, { app: 'rc' }]);
});

scenario('a CronJob of batch/v1beta1 starts its Jobs', async () => {
  await applied('cron', {
    apiVersion: 'batch/v1beta1',
    kind: 'CronJob',
    metadata: { name: 'cron' },
    spec: {
      schedule: '*/1 * * * *',
      jobTemplate: { spec: { template: pods(sh('date'), { restartPolicy: 'OnFailure' }) } },
    },
  });
  const made = await patient(
    () => get('batch/v1', 'cronjobs', 'cron'),
    (c) => c['status']?.lastSuccessfulTime !== undefined,
    120_000,
  );
  expect(made['spec']).toMatchObject({ concurrencyPolicy: 'Allow', suspend: false, failedJobsHistoryLimit: 1 });
});

scenario('a HorizontalPodAutoscaler of autoscaling/v1 scales by the CPU that pods burn', async () => {
  const busy = sh('while :; do :; done', { resources: { requests: { cpu: '50m' }, limits: { cpu: '50m' } } });
  const template = { metadata: { labels: { app: 'busy' } }, ...pods(busy) };
  const kind = { apiVersion: 'extensions/v1beta1', kind: 'Deployment' };
  await applied('busy', { ...kind, metadata: { name: 'busy' }, spec: { template } });
  await applied('scaler', {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'busy' },
    spec: { scaleTargetRef: { ...kind, name: 'busy' }, maxReplicas: 2, targetCPUUtilizationPercentage: 50 },
  });
  await patient(
    () => get('apps/v1', 'deployments', 'busy'),
    (d) => d['spec'].replicas === 2 && d['status'].availableReplicas === 2,
    120_000,
  );
  const { status } = await get('autoscaling/v1', 'horizontalpodautoscalers', 'busy');
  expect(status.currentCPUUtilizationPercentage).toBeGreaterThan(50);
});

/** Machin's formula: 2,000 digits after the point, computed with ten to spare. */
const PI = `const n=2010n,one=10n**n,atan=x=>{let s=0n,t=one/x,k=1n,f=1n;while(t){s+=f*(t/k);t/=x*x;k+=2n;f=-f}return s};
const p=String((4n*(4n*atan(5n)-atan(239n)))/10n**10n);console.log(p[0]+'.'+p.slice(1))`;

scenario('a Job computes pi', async () => {
  await applied('pi', {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'pi' },
    spec: {
      backoffLimit: 4,
      template: pods(js(PI, { name: 'pi' }), { restartPolicy: 'Never', volumes: [HOST_VOLUME] }),
    },
  });
  await patient(
    () => get('batch/v1', 'jobs', 'pi'),
    (j) => j['status']?.succeeded === 1,
  );
  const { stdout } = await cluster.cli('logs', '-n', 'rollouts', 'job/pi');
  expect(stdout).toMatch(/^3\.14159265358979323846264338327950288\d{1947}581339047802759009\n$/);
});
