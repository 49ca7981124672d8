// why of what has no pods of its own: autoscalers, budgets, ingresses, cron jobs, quotas.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const cli = (line: string, stdin?: string) =>
  runCli(words(line), { server, ...(stdin === undefined ? {} : { stdin }) });
/** Creates it, gives it the status, and asks why. */
async function why(object: { kind: string; metadata: { name: string } }, path: string, status?: object) {
  const made = await cli('create -f -', JSON.stringify(object));
  expect([made.code, made.stderr]).toEqual([0, '']);
  if (status) {
    const body = { status };
    const contentType = 'application/merge-patch+json';
    await server.client().request('PATCH', `${path}/${object.metadata.name}/status`, { body, contentType });
  }
  return cli(`why ${object.kind.toLowerCase()}/${object.metadata.name}`);
}

describe('why of an autoscaler', () => {
  const path = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
  const hpa = (name: string, target = name) => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name },
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target } },
  });
  const condition = (type: string, reason: string, message: string) => ({
    conditions: [{ type, status: 'False', reason, message, lastTransitionTime: '2026-01-01T00:00:00Z' }],
    currentReplicas: 1,
    desiredReplicas: 1,
  });
  it('says what it lacks', async () => {
    const requests = condition('ScalingActive', 'FailedGetResourceMetric', 'missing request for cpu in container c');
    const { code, stdout } = await why(hpa('share'), path, requests);
    expect(code).toBe(3);
    expect(stdout).toContain('FailedGetResourceMetric: missing request for cpu in container c\n');
    expect(stdout).toContain('set resources.requests.cpu of the containers.');
    const message =
      'unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)';
    const none = await why(hpa('none'), path, condition('ScalingActive', 'FailedGetResourceMetric', message));
    expect(none.stdout).toContain('Nothing serves metrics in this cluster');
    const gone = condition('AbleToScale', 'FailedGetScale', 'deployments.apps "gone" not found');
    expect((await why(hpa('gone'), path, gone)).stdout).toContain('look at spec.scaleTargetRef');
    const zero = await why(hpa('zero'), path, condition('ScalingActive', 'ScalingDisabled', 'disabled'));
    expect(zero.stdout).toContain('next: sampan scale deployment/zero --replicas=1\n');
  });
  it('finds another of the same target', async () => {
    await cli('create -f -', JSON.stringify(hpa('one', 'both')));
    const { stdout } = await why(hpa('two', 'both'), path);
    expect(stdout).toContain('AmbiguousTarget: one scales Deployment/both, too\n');
    expect(stdout).toContain('NotSeen: no controller has looked at it yet');
  });
});

describe('why of a disruption budget', () => {
  const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
  const budget = (name: string) => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name },
    spec: { minAvailable: 1, selector: { matchLabels: { run: name } } },
  });
  const status = (currentHealthy: number, desiredHealthy: number, expectedPods: number, disruptionsAllowed = 0) => ({
    observedGeneration: 1,
    ...{ currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed },
  });
  it('says what no eviction waits for', async () => {
    expect((await why(budget('nobody'), path, status(0, 1, 0))).stdout).toContain(
      'NoPods: no pod has the labels run=nobody: it protects nothing\n',
    );
    for (const name of ['strict', 'ill', 'fine']) await cli(`run ${name} --image=x`);
    const strict = await why(budget('strict'), path, status(1, 1, 1));
    expect(strict.code).toBe(3);
    expect(strict.stdout).toContain('no pod may be evicted: 1 of 1 pods are healthy, and 1 must be\n');
    expect(strict.stdout).toContain('it never allows an eviction: nodes cannot be drained.');
    const ill = await why(budget('ill'), path, status(0, 1, 1));
    expect(ill.stdout).toContain('InsufficientPods: no pod may be evicted');
    expect(ill.stdout).toContain('pod/ill: ');
    expect((await why(budget('fine'), path, status(3, 1, 3, 2))).code).toBe(0);
  });
});

it('why of an ingress names services, ports and secrets that are not there', async () => {
  await cli('create service clusterip has --tcp=80:80');
  const backend = (name: string, number: number) => ({ backend: { service: { name, port: { number } } } });
  const paths = [backend('has', 81), backend('lacks', 80)].map((b, i) => ({ path: `/${i}`, pathType: 'Prefix', ...b }));
  const ingress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web' },
    spec: { ingressClassName: 'nginx', tls: [{ secretName: 'cert' }], rules: [{ http: { paths } }] },
  };
  const { code, stdout } = await why(ingress, '');
  expect(code).toBe(3);
  expect(stdout).toContain('NotFound: ingress class "nginx" is not there\n');
  expect(stdout).toContain('NoSuchPort: service "has" has no port 81; it has 80-80 (80)\n');
  expect(stdout).toContain('NotFound: service "lacks" is not there\n');
  expect(stdout).toContain('NotFound: secret "cert" with the certificate is not there\n');
});

describe('why of a cron job', () => {
  const cronJob = (name: string, more: object) => ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name },
    spec: {
      schedule: '0 0 * * *',
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } } },
      },
      ...more,
    },
  });
  it('knows days that never come, and what is suspended', async () => {
    const never = await why(cronJob('never', { schedule: '0 0 30 2 *', suspend: true }), '');
    expect(never.stdout).toContain('NeverDue: the schedule "0 0 30 2 *" names no day that there is\n');
    expect(never.stdout).toContain(`next: sampan patch cronjob never -p '{"spec":{"suspend":false}}'\n`);
    expect((await why(cronJob('leap', { schedule: '0 0 29 2 *' }), '')).code).toBe(0);
    expect((await why(cronJob('weekly', { schedule: '0 0 31 2 1' }), '')).code).toBe(0);
  });
});

it('why of a quota names what is used up', async () => {
  const quota = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q' },
    spec: { hard: { pods: '2', 'requests.cpu': '1', secrets: '10' } },
  };
  const { hard } = quota.spec;
  const used = { pods: '2', 'requests.cpu': '950m', secrets: '1' };
  const { stdout } = await why(quota, '/api/v1/namespaces/default/resourcequotas', { hard, used });
  expect(stdout).toContain('UsedUp: pods: 2 of 2 used\n');
  expect(stdout).toContain('NearlyUsedUp: requests.cpu: 950m of 1 used\n');
  expect(stdout).not.toContain('secrets');
});
