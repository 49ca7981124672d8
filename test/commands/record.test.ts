// --record, as kubectl 1.32 still has it (and replace, which had it once): what is written was recorded from kubectl.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliResult, runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const SAID = 'Flag --record has been deprecated, --record will be removed in the future\n';
const CAUSE = 'kubernetes.io/change-cause';
let server: TestServer;
let cwd: string;
beforeEach(async () => {
  server = await startTestServer();
  cwd = mkdtempSync(join(tmpdir(), 'record-'));
  writeFileSync(join(cwd, 'cm.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n');
  await cli('create deployment rec --image=i:1 --port=80');
});
afterEach(async () => {
  rmSync(cwd, { recursive: true, force: true });
  await server.close();
});
const cli = (line: string): Promise<CliResult> => runCli(words(line), { server, cwd });
const annotations = async (what: string): Promise<Record<string, string>> =>
  JSON.parse((await cli(`get ${what} -o jsonpath={.metadata.annotations}`)).stdout || '{}') as Record<string, string>;

it.each([
  ['set image deploy rec i=i:2 --record', 'deploy/rec', 'set image deploy rec i=i:2 --record=true'],
  [
    'set resources deploy rec --limits=cpu=1 --record',
    'deploy/rec',
    'set resources deploy rec --limits=cpu=1 --record=true',
  ],
  ['set serviceaccount deploy rec x --record', 'deploy/rec', 'set serviceaccount deploy rec x --record=true'],
  ['scale deploy rec --replicas 3 --record=true', 'deploy/rec', 'scale deploy rec --replicas=3 --record=true'],
  ['annotate deploy rec a=b --record', 'deploy/rec', 'annotate deploy rec a=b --record=true'],
  ['label deploy rec a=b --record', 'deploy/rec', 'label deploy rec a=b --record=true'],
  [
    `patch deploy rec -p '{"spec":{"paused":true}}' --record`,
    'deploy/rec',
    'patch deploy rec --patch={"spec":{"paused":true}} --record=true',
  ],
  ['autoscale deploy rec --max=3 --record', 'hpa/rec', 'autoscale deploy rec --max=3 --record=true'],
  ['expose deploy rec --record', 'svc/rec', 'expose deploy rec --record=true'],
  ['run pod --image=i --record', 'pod/pod', 'run pod --image=i --record=true'],
  ['apply -f cm.yaml --record', 'cm/c', 'apply --filename=cm.yaml --record=true'],
  ['apply --server-side -f cm.yaml --record', 'cm/c', 'apply --server-side=true --filename=cm.yaml --record=true'],
  ['create -f cm.yaml --record', 'cm/c', 'create --filename=cm.yaml --record=true'],
  ['--token=secret create -f cm.yaml --record', 'cm/c', 'create --token=CLASSIFIED --filename=cm.yaml --record=true'],
])('%s', async (line, what, cause) => {
  const { code, stderr } = await cli(line);
  expect({ code, stderr }).toEqual({ code: 0, stderr: SAID });
  expect((await annotations(what))[CAUSE]).toBe(`sampan ${cause}`);
});

it('replace --record', async () => {
  await cli('create -f cm.yaml');
  await cli('replace -f cm.yaml --record');
  expect(await annotations('cm/c')).toEqual({ [CAUSE]: 'sampan replace --filename=cm.yaml --record=true' });
});

it('edit --record', async () => {
  const env = { KUBE_EDITOR: 'sed -i s/i:1/i:9/', PATH: process.env['PATH'] ?? '' };
  const { stdout, stderr } = await runCli(words('edit deploy rec --record'), { server, cwd, env });
  expect([stdout, stderr]).toEqual(['deployment.apps/rec edited\n', SAID]);
  expect((await annotations('deploy/rec'))[CAUSE]).toBe('sampan edit deploy rec --record=true');
});

it('set selector --record', async () => {
  await cli('expose deploy rec');
  await cli('set selector svc rec a=b --record');
  expect((await annotations('svc/rec'))[CAUSE]).toBe('sampan set selector svc rec a=b --record=true');
});

describe('nothing is recorded', () => {
  it.each([
    ['run pod --image=i --record --record=false', 'pod/pod', SAID + SAID],
    ['annotate deploy rec a=b --record --dry-run=client', 'deploy/rec', SAID],
    ['label deploy rec a=b --record --dry-run=server', 'deploy/rec', SAID],
  ])('by %s', async (line, what, stderr) => {
    expect((await cli(line)).stderr).toBe(stderr);
    expect((await annotations(what))[CAUSE]).toBeUndefined();
  });
  it.each(['set env deploy rec A=B', 'create cm x', 'get cm', 'delete cm x'])(
    'by %s, which has no such flag',
    async (line) => {
      expect((await cli(`${line} --record`)).stderr).toMatch(/unknown flag: --record/);
    },
  );
});

it('--save-config of what is generated keeps the order of Go structs, and the cause in it', async () => {
  await cli('label deploy rec zone=a app=rec b=c');
  await cli('expose deploy rec --record --save-config');
  const { [CAUSE]: cause, 'kubectl.kubernetes.io/last-applied-configuration': saved } = await annotations('svc/rec');
  expect(cause).toBe('sampan expose deploy rec --record=true --save-config=true');
  expect(saved).toBe(
    `{"kind":"Service","apiVersion":"v1","metadata":{"name":"rec","creationTimestamp":null,"labels":{"app":"rec","b":"c","zone":"a"},"annotations":{"${CAUSE}":"${cause}"}},"spec":{"ports":[{"protocol":"TCP","port":80,"targetPort":80}],"selector":{"app":"rec"}},"status":{"loadBalancer":{}}}\n`,
  );
});
