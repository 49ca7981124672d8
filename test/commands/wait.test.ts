// What `wait` does beyond kubectl's.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliOptions, runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());
const cli = (line: string, options: CliOptions = {}) => runCli(words(line), { server, ...options });
const setStatus = async (plural: string, name: string, status: object): Promise<void> => {
  const prefix = plural === 'pods' ? '/api/v1' : plural === 'jobs' ? '/apis/batch/v1' : '/apis/apps/v1';
  await server.client().request('PATCH', `${prefix}/namespaces/default/${plural}/${name}/status`, {
    body: { status },
    contentType: 'application/merge-patch+json',
  });
};
const loop = {
  phase: 'Running',
  containerStatuses: [
    {
      name: 'c',
      image: 'x',
      imageID: '',
      ready: false,
      restartCount: 4,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 127, reason: 'Error' } },
    },
  ],
};

describe('wait --for=done', () => {
  it('ends with 3 and the reason when a job has failed', async () => {
    await cli('create job bad --image=x');
    const now = new Date().toISOString();
    const waiting = cli('wait --for=done job/bad --timeout=20s');
    await setStatus('jobs', 'bad', {
      startTime: now,
      failed: 1,
      conditions: [
        {
          type: 'FailureTarget',
          status: 'True',
          reason: 'BackoffLimitExceeded',
          message: 'too often',
          lastTransitionTime: now,
        },
        {
          type: 'Failed',
          status: 'True',
          reason: 'BackoffLimitExceeded',
          message: 'too often',
          lastTransitionTime: now,
        },
      ],
    });
    expect(await waiting).toEqual({
      code: 3,
      stdout: '',
      stderr: 'error: jobs/bad has failed: BackoffLimitExceeded: too often\n',
    });
  });
  it('ends with 3 when a pod of a deployment crashes again and again', async () => {
    await cli('create deployment web --image=x');
    const { stdout } = await cli('get deployment web -o json');
    const deployment = JSON.parse(stdout) as { metadata: { uid: string }; spec: { template: { spec: object } } };
    const labels = { app: 'web', 'pod-template-hash': 'h1' };
    const owner = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'web',
      uid: deployment.metadata.uid,
      controller: true,
    };
    const template = { metadata: { labels }, spec: deployment.spec.template.spec };
    const replicaSet = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'web-h1', labels, ownerReferences: [owner] },
      spec: { selector: { matchLabels: labels }, template },
    };
    const old = { ...labels, 'pod-template-hash': 'h0' };
    const pod = (name: string, of: object) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: of },
      spec: template.spec,
    });
    await cli('create -f -', {
      stdin: [replicaSet, pod('new', labels), pod('old', old)].map((o) => JSON.stringify(o)).join('\n---\n'),
    });
    await setStatus('pods', 'old', loop);
    const timed = await cli('wait --for=done deployment/web --timeout=0');
    expect([timed.code, timed.stderr]).toEqual([1, 'error: condition not met for deployments/web\n']);
    await setStatus('pods', 'new', loop);
    const { code, stderr } = await cli('wait --for=condition=Available --fail-fast deployment/web --timeout=20s');
    expect([code, stderr]).toEqual([
      3,
      'error: deployments/web has failed: pod new: container c: CrashLoopBackOff: ended with exit code 127 (Error), 4 restarts\n',
    ]);
  });
  it('is met when a pod is ready', async () => {
    await cli('run fine --image=x');
    const waiting = cli('wait --for=done pod/fine --timeout=20s');
    await setStatus('pods', 'fine', { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] });
    expect(await waiting).toEqual({ code: 0, stdout: 'pod/fine condition met\n', stderr: '' });
  });
});

describe('several conditions', () => {
  it('must hold at the same time', async () => {
    await cli('create cm two --from-literal=a=1');
    const both = 'wait cm/two --for=jsonpath={.data.a}=1 --for=jsonpath={.data.b}=2 --timeout=';
    expect((await cli(`${both}0`)).code).toBe(1);
    const waiting = cli(`${both}20s`);
    await runCli(['patch', 'cm', 'two', '-p', '{"data":{"b":"2"}}'], { server });
    expect((await waiting).stdout).toBe('configmap/two condition met\n');
  });
  it('do not go with a deletion', async () => {
    expect((await cli('wait cm/two --for=delete --for=condition=x')).stderr).toBe(
      'error: --for=delete goes with no other condition\n',
    );
  });
});

describe('the account of the waiting', () => {
  it('is given on a terminal or when it is asked for', async () => {
    await cli('run slow --image=x');
    const line = 'wait --for=condition=Ready pod/slow --timeout=0';
    expect((await cli(`${line} --progress`)).stderr).toBe(
      'waiting for pods/slow: Pod is in the Pending phase\nerror: condition not met for pods/slow\n',
    );
    expect((await cli(line, { terminal: 80 })).stderr).toContain('waiting for pods/slow');
    expect((await cli(line)).stderr).toBe('error: condition not met for pods/slow\n');
    await setStatus('pods', 'slow', { conditions: [{ type: 'Ready', status: 'False' }] });
    expect((await cli(line.replace('=Ready', '=Redy'), { terminal: 80 })).stderr).toContain(
      'waiting for pods/slow: it has no condition Redy yet, only Ready\n',
    );
  });
});
