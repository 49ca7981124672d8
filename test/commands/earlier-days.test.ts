// Flags of earlier kubectls that documents of that time use. They are in no help text.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());
const cli = (line: string): Promise<CliResult> => runCli(words(line), { server });
const object = async (line: string): Promise<Record<string, unknown>> =>
  JSON.parse((await cli(`${line} -o json`)).stdout) as Record<string, unknown>;
const deprecated = (generator: string): string =>
  `sampan run --generator=${generator} is DEPRECATED and will be removed in a future version. Use sampan run --generator=run-pod/v1 or sampan create instead.\n`;

it('explain reads OpenAPI v2 of a server that has no v3', async () => {
  const handler: TestServer['handler'] = (request) =>
    server.handler(request.path.startsWith('/openapi/v3') ? { ...request, path: '/nowhere' } : request);
  const lines = ['deployment.spec.replicas', 'configmaps.data', 'pods.spec.nothing'];
  for (const line of lines.map((what) => `explain ${what}`)) {
    const old = await runCli(words(line), { server: { ...server, handler } });
    expect(old).toEqual(await cli(`${line} --output=plaintext-openapiv2`));
  }
});

describe('run --generator', () => {
  it.each([
    ['run/v1', '', 'replicationcontroller/x'],
    ['deployment/v1beta1', '', 'deployment.apps/x'],
    ['deployment/apps.v1beta1', '', 'deployment.apps/x'],
    ['deployment/apps.v1', '', 'deployment.apps/x'],
    ['job/v1', '--restart=OnFailure', 'job.batch/x'],
    ['cronjob/v2alpha1', "--schedule='* * * * *'", 'cronjob.batch/x'],
    ['cronjob/v1beta1', "--schedule='* * * * *'", 'cronjob.batch/x'],
  ])('%s', async (generator, more, what) => {
    expect(await cli(`run x --image=i --generator=${generator} ${more}`)).toEqual({
      code: 0,
      stdout: `${what} created\n`,
      stderr: deprecated(generator),
    });
    await cli(`delete ${what}`);
  });

  it('run-pod/v1 is what run makes today, and nothing is said of it', async () => {
    const today = await cli('run x --image=i --dry-run=client -o yaml');
    expect(await cli('run x --image=i --generator=run-pod/v1 --dry-run=client -o yaml')).toEqual(today);
    expect(today.stderr).toBe('');
  });

  it('carries everything into the template', async () => {
    const line =
      'run x --image=i -l a=b -r 3 --port=80 --hostport=81 --env=A=b --limits=cpu=2 --requests=cpu=1 --serviceaccount=s --dry-run=client --command';
    const { stdout } = await cli(`${line} -o json -- sleep 1`);
    expect(JSON.parse(stdout)).toEqual({
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'x', creationTimestamp: null, labels: { a: 'b' } },
      spec: {
        replicas: 3,
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { creationTimestamp: null, labels: { a: 'b' } },
          spec: {
            containers: [
              {
                name: 'x',
                image: 'i',
                command: ['sleep', '1'],
                ports: [{ hostPort: 81, containerPort: 80 }],
                env: [{ name: 'A', value: 'b' }],
                resources: { limits: { cpu: '2' }, requests: { cpu: '1' } },
              },
            ],
            serviceAccountName: 's',
          },
        },
        strategy: {},
      },
      status: {},
    });
  });

  it('--schedule alone is a cron job, whose pods end', async () => {
    const cron = await object("run x --image=i --schedule='0 1 * * *' --dry-run=client");
    expect(cron).toMatchObject({
      kind: 'CronJob',
      spec: { schedule: '0 1 * * *', jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never' } } } } },
    });
  });

  it('--expose makes the service that it made', async () => {
    const { stdout } = await cli(
      `run w --image=i --replicas=2 --port=80 --expose --service-overrides='{"apiVersion":"v1","spec":{"type":"NodePort"}}'`,
    );
    expect(stdout).toBe('service/w created\ndeployment.apps/w created\n');
    expect((await object('get svc w'))['spec']).toMatchObject({ type: 'NodePort', selector: { run: 'w' } });
  });

  it.each([
    ['run x --image=i --generator=foo/v1', 'generator "foo/v1" not found'],
    ['run x --image=i --generator=job/v1 -i', 'attaching goes with --generator=run-pod/v1 only'],
    [
      'run x --image=i --generator=deployment/apps.v1 --restart=Never',
      '--restart=Never goes with a pod or a job, and not with --generator=deployment/apps.v1',
    ],
  ])('%s is a mistake', async (line, message) => {
    const { code, stderr } = await cli(line);
    expect(code).toBe(1);
    expect(stderr).toContain(`error: ${message}\nSee 'sampan run -h' for help and examples\n`);
  });
});

it.each([
  'create cm a --generator=configmap/v1 --dry-run=client',
  'create deployment a --image=i --generator=deployment-basic/apps.v1 --dry-run=client',
  'expose deployment e --port=80 --generator=service/v1 --dry-run=client',
  'autoscale deployment e --max=2 --generator=horizontalpodautoscaler/v1 --dry-run=client',
])('%s', async (line) => {
  await cli('create deployment e --image=i');
  const with_ = await cli(line);
  const without = await cli(line.replace(/ --generator=\S+/, ''));
  expect(with_).toEqual({
    ...without,
    stderr: 'Flag --generator has been deprecated, has no effect and will be removed in the future.\n',
  });
  expect(without.code).toBe(0);
});

it('get --export leaves out what belongs to one cluster', async () => {
  await cli('create deployment g --image=i');
  const { stdout, stderr } = await cli('get deployment g --export -o json');
  expect(stderr).toBe('Flag --export has been deprecated, This flag is deprecated and will be removed in future.\n');
  const { metadata, status } = JSON.parse(stdout) as { metadata: object; status: object };
  expect(Object.keys(metadata).sort()).toEqual(['creationTimestamp', 'generation', 'labels', 'name']);
  expect(status).toEqual({});
  const list = JSON.parse((await cli('get deployment,cm --export -o json')).stdout) as {
    items: { metadata: object }[];
  };
  expect(list.items.some((item) => 'uid' in item.metadata)).toBe(false);
});

it.each(['-a', '--show-all', '--show-all=false'])('get %s shows what get shows', async (word) => {
  const { stdout, stderr } = await cli(`get deployment -o name ${word}`);
  expect(stdout).toBe((await cli('get deployment -o name')).stdout);
  expect(stderr).toBe('Flag --show-all has been deprecated, will be removed in an upcoming release\n');
});

it.each([
  ['true', 'background'],
  ['false', 'orphan'],
])('delete --cascade=%s --now', async (value, word) => {
  await cli('create cm gone');
  expect(await cli(`delete cm gone --cascade=${value} --now --wait=false`)).toEqual({
    code: 0,
    stdout: 'configmap "gone" deleted\n',
    stderr: `warning: --cascade=${value} is deprecated (boolean value) and can be replaced with --cascade=${word}.\n`,
  });
});

it.each(['run', 'get', 'expose', 'autoscale', 'create configmap'])(
  '%s --help tells nothing of them',
  async (command) => {
    const { stdout } = await cli(`${command} --help`);
    expect(stdout).toContain('Usage:');
    expect(stdout).not.toMatch(/--(generator|replicas|schedule|hostport|export|show-all|record)=/);
  },
);
