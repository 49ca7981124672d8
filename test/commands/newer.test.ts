// What kubectl 1.33 and 1.34 added. Cases of upstream's autoscale_test.go (1.34) and apiresources_test.go (1.33).
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CliResult, runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await cli('create deployment d --image=i');
});
afterAll(() => server.close());
const cli = (line: string): Promise<CliResult> => runCli(words(line), { server });

const cpu = (target: object): object => ({ type: 'Resource', resource: { name: 'cpu', target } });
const memory = (target: object): object => ({ type: 'Resource', resource: { name: 'memory', target } });

it.each([
  ['--cpu=70%', [cpu({ type: 'Utilization', averageUtilization: 70 })]],
  ['--cpu=500m', [cpu({ type: 'AverageValue', averageValue: '500m' })]],
  ['--cpu=500', [cpu({ type: 'AverageValue', averageValue: '500m' })]],
  ['--memory=60%', [memory({ type: 'Utilization', averageUtilization: 60 })]],
  ['--memory=200Mi', [memory({ type: 'AverageValue', averageValue: '200Mi' })]],
  ['--memory=200', [memory({ type: 'AverageValue', averageValue: '200Mi' })]],
  [
    '--cpu=70% --memory=1Gi',
    [cpu({ type: 'Utilization', averageUtilization: 70 }), memory({ type: 'AverageValue', averageValue: '1Gi' })],
  ],
  [
    '--cpu-percent=80 --memory=1Gi',
    [cpu({ type: 'Utilization', averageUtilization: 80 }), memory({ type: 'AverageValue', averageValue: '1Gi' })],
  ],
])('autoscale %s', async (flags, metrics) => {
  const { stdout } = await cli(`autoscale deployment d --min=1 --max=3 ${flags} --dry-run=server -o json`);
  expect(JSON.parse(stdout)).toMatchObject({
    apiVersion: 'autoscaling/v2',
    spec: { minReplicas: 1, maxReplicas: 3, metrics },
  });
});

it('autoscale without them makes what 1.32 makes', async () => {
  const { stdout } = await cli('autoscale deployment d --max=3 --cpu-percent=80 --dry-run=client -o json');
  expect(JSON.parse(stdout)).toMatchObject({
    apiVersion: 'autoscaling/v1',
    spec: { targetCPUUtilizationPercentage: 80 },
  });
});

it.each([
  ['--cpu=abc', 'invalid resource cpu value: abc'],
  ['--cpu=500xyz', 'invalid resource cpu value: 500xyz'],
  ['--memory=512MiB', 'invalid resource memory value: 512MiB'],
  ['--cpu=x%', 'invalid percentage value: x'],
  ['--cpu=-1%', 'invalid percentage value: -1'],
  ['--cpu=70% --cpu-percent=70', '--cpu-percent and --cpu are mutually exclusive'],
])('autoscale %s is refused', async (flags, message) => {
  const { code, stderr } = await cli(`autoscale deployment d --max=3 ${flags}`);
  expect([code, stderr]).toEqual([1, `error: ${message}\n`]);
});

it.each(['json', 'yaml'])('api-resources -o %s', async (format) => {
  const { stdout } = await cli(`api-resources --api-group=batch --categories=all -o ${format}`);
  const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
  const job = { namespaced: true, group: 'batch', version: 'v1', verbs, categories: ['all'] };
  const list = {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: '',
    resources: [
      { name: 'cronjobs', singularName: 'cronjob', kind: 'CronJob', shortNames: ['cj'], ...job },
      { name: 'jobs', singularName: 'job', kind: 'Job', ...job },
    ],
  };
  if (format === 'json') expect(JSON.parse(stdout)).toEqual(list);
  else
    expect(stdout).toMatch(
      /^apiVersion: v1\ngroupVersion: ""\nkind: APIResourceList\nresources:\n- categories:\n {2}- all\n/,
    );
});
