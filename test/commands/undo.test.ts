// apply --show-diff, apply --atomic and undo.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliOptions, runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let home: string;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'undo-'));
  return () => rmSync(home, { recursive: true, force: true });
});
const cli = (line: string, options: CliOptions = {}) =>
  runCli(words(line), { server, cwd: home, env: { HOME: home }, ...options });
const apply = (text: string, flags = '') => cli(`apply -f - ${flags}`.trim(), { stdin: text });
const map = (name: string, data: object, namespace = 'default'): string =>
  `${JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data })}\n---\n`;
const dataOf = async (name: string): Promise<unknown> =>
  JSON.parse((await cli(`get cm ${name} -o jsonpath={.data}`)).stdout || 'null');
const deployment = (image: string, replicas: number): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'app', image }] } },
    },
  });

describe('apply --show-diff', () => {
  it('prints each field that changed', async () => {
    expect((await apply(deployment('x:1', 1), '--show-diff')).stdout).toBe(
      [
        'deployment.apps/web created',
        '  + spec.replicas: 1',
        '  + spec.selector.matchLabels.a: "b"',
        '  + spec.template.metadata.labels.a: "b"',
        '  + spec.template.spec.containers[app].image: "x:1"',
        '',
      ].join('\n'),
    );
    const { stdout } = await apply(deployment('x:2', 3), '--show-diff');
    expect(stdout).toBe(
      'deployment.apps/web configured\n  ~ spec.replicas: 1 -> 3\n  ~ spec.template.spec.containers[app].image: "x:1" -> "x:2"\n',
    );
    expect((await apply(deployment('x:2', 3), '--show-diff')).stdout).toBe('deployment.apps/web unchanged\n');
    const server = await apply(deployment('x:2', 4), '--show-diff --server-side --force-conflicts');
    expect(server.stdout).toBe('deployment.apps/web serverside-applied\n  ~ spec.replicas: 3 -> 4\n');
  });
  it('shows no secrets, and what a dry run would change', async () => {
    const secret = (value: string): string =>
      JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { key: value } });
    expect((await apply(secret('one'), '--show-diff')).stdout).toBe('secret/s created\n  + stringData.key: ***\n');
    const { stdout } = await apply(secret('two'), '--show-diff --dry-run=server');
    expect(stdout).toBe('secret/s configured (server dry run)\n  ~ data.key: *** -> ***\n');
  });
});

describe('apply --atomic', () => {
  const bad = map('at-bad', {}).replace('ConfigMap', 'Service');
  it('writes nothing when something would be refused', async () => {
    const { code, stdout, stderr } = await apply(map('at-1', { a: '1' }) + bad, '--atomic');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Nothing was applied: the server refuses what follows.\n');
    expect((await cli('get cm at-1')).code).toBe(1);
    const missing = map('at-1', {}) + map('at-2', {}).replace('ConfigMap', 'Nonsense');
    expect((await apply(missing, '--atomic')).stdout).toBe('');
    expect((await cli('get cm at-1')).code).toBe(1);
  });
  it('takes back what it did when something fails afterwards', async () => {
    await apply(map('at-3', { a: '1' }));
    // Each of the two services is fine alone; both ask for the same port.
    const service = (name: string): string =>
      `${JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30077 }] } })}\n---\n`;
    const files = map('at-3', { a: '2' }) + map('at-4', {}) + service('one') + service('two');
    const { code, stderr } = await apply(files, '--atomic');
    expect(code).toBe(1);
    expect(stderr).toContain('provided port is already allocated');
    expect(stderr).toContain('rolled back: services/one deleted\n');
    expect(stderr).toContain('rolled back: configmaps/at-4 deleted\n');
    expect(stderr).toContain('rolled back: configmaps/at-3 restored\n');
    expect(await dataOf('at-3')).toEqual({ a: '1' });
    expect((await cli('get cm at-4')).code).toBe(1);
  });
  it('applies what is fine', async () => {
    expect((await apply(map('at-5', {}) + map('at-6', {}), '--atomic')).stdout).toBe(
      'configmap/at-5 created\nconfigmap/at-6 created\n',
    );
  });
});

describe('undo', () => {
  it('deletes, restores and makes anew; twice goes back twice', async () => {
    await apply(map('u-1', { a: '1', b: 'x' }));
    await apply(map('u-1', { a: '2' }) + map('u-2', {}));
    expect((await cli('undo --dry-run=server')).stdout).toBe(
      'configmap/u-2 deleted (server dry run)\nconfigmap/u-1 restored (server dry run)\n',
    );
    expect(await cli('undo')).toEqual({
      code: 0,
      stdout: 'configmap/u-2 deleted\nconfigmap/u-1 restored\n',
      stderr: '',
    });
    expect(await dataOf('u-1')).toEqual({ a: '1', b: 'x' });
    expect((await cli('get cm u-2')).code).toBe(1);
    expect((await apply(map('u-1', { a: '1', b: 'x' }))).stdout).toBe('configmap/u-1 unchanged\n');
    expect((await cli('undo')).stdout).toBe('configmap/u-1 deleted\n');
    expect(await cli('undo')).toMatchObject({ code: 1, stderr: 'error: there is no apply to undo on this machine\n' });
  });
  it('leaves what others changed, tells it, and puts it back when forced', async () => {
    await apply(map('u-3', { mine: '1', theirs: '1' }));
    await apply(map('u-3', { mine: '2', theirs: '2' }));
    await runCli(['patch', 'cm', 'u-3', '-p', '{"data":{"theirs":"3"}}'], { server });
    const { code, stdout, stderr } = await cli('undo');
    expect([code, stdout]).toEqual([3, 'configmap/u-3 restored\n']);
    expect(stderr).toBe('conflict: configmap/u-3: data.theirs was changed since then: left as it is\n');
    expect(await dataOf('u-3')).toEqual({ mine: '1', theirs: '3' });
    expect((await cli('undo --force')).code).toBe(0);
    expect(await dataOf('u-3')).toEqual({ mine: '1', theirs: '1' });
  });
  it('says field by field what goes back, and paints it at a terminal', async () => {
    await apply(map('u-7', { a: '1' }));
    await apply(map('u-7', { a: '2', b: 'new' }));
    const lines = 'configmap/u-7 restored (server dry run)\n  ~ data.a: "2" -> "1"\n  - data.b: "new"\n';
    expect((await cli('undo --show-diff --dry-run=server')).stdout).toBe(lines);
    const dry = await cli('undo --show-diff --dry-run=client');
    expect(dry.stdout).toBe(lines.replace('server dry', 'dry'));
    const { stdout } = await cli('undo --show-diff', { terminal: 80 });
    expect(stdout).toBe(
      '\u001b[33mconfigmap/u-7 restored\u001b[39m\n\u001b[33m  ~ data.a: "2" -> "1"\u001b[39m\n\u001b[31m  - data.b: "new"\u001b[39m\n',
    );
    expect((await cli('undo --show-diff')).stdout).toBe('configmap/u-7 deleted\n  - data.a: "1"\n');
  });
  it('does not delete what was changed, nor another object of the same name', async () => {
    await apply(map('u-4', { a: '1' }));
    await runCli(['patch', 'cm', 'u-4', '-p', '{"data":{"a":"2"}}'], { server });
    expect(await cli('undo')).toMatchObject({
      code: 3,
      stderr: 'conflict: configmap/u-4: data.a was changed since then: it is not deleted\n',
    });
    await cli('delete cm u-4');
    await cli('create cm u-4');
    expect((await cli('undo')).stderr).toContain('another object of the same name');
    expect((await cli('get cm u-4')).code).toBe(0);
  });
  it('makes anew what was pruned', async () => {
    const labelled = (name: string): string =>
      map(name, { k: name }).replace('"namespace"', '"labels":{"set":"p"},"namespace"');
    await apply(labelled('u-5') + labelled('u-6'));
    await apply(labelled('u-5'), '--prune -l set=p --prune-allowlist=core/v1/ConfigMap');
    expect((await cli('undo')).stdout).toBe('configmap/u-6 recreated\n');
    expect(await dataOf('u-6')).toEqual({ k: 'u-6' });
  });
  it('keeps a journal for the user alone, without secrets', async () => {
    writeFileSync(
      join(home, 's.json'),
      '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"hidden"},"stringData":{"k":"geheim"}}',
    );
    await cli('apply -f s.json');
    const folder = join(home, '.kube/cache/sampan/applied/127.0.0.1_6443');
    const [file = ''] = readdirSync(folder);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    const text = readFileSync(join(folder, file), 'utf8');
    expect(text).toContain('hidden');
    expect(text).not.toMatch(/geheim|Z2VoZWlt/);
    expect(JSON.parse((await cli('undo --list -o json')).stdout)).toMatchObject([
      { objects: [{ object: 'secret/hidden', operation: 'created' }] },
    ]);
    expect((await cli('undo')).stdout).toBe('secret/hidden deleted\n');
  });
  it('keeps none for a dry run, or when it is switched off', async () => {
    await apply(map('u-7', {}), '--dry-run=server');
    await cli('apply -f -', { stdin: map('u-7', {}), env: { HOME: home, SAMPAN_JOURNAL: 'off' } });
    expect(await cli('undo --list')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'there is no apply to undo on this machine\n',
    });
  });
});
