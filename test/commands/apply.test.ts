import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let cwd: string;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'apply-'));
  return () => rmSync(cwd, { recursive: true, force: true });
});

const configMap = (name: string, data: Record<string, string>, labels = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}${labels && `, labels: { ${labels} }`} }\ndata: ${JSON.stringify(data)}\n`;
const cli = (line: string, options: { stdin?: string; env?: Record<string, string> } = {}) =>
  runCli(line.split(' '), { server, cwd, ...options });
const file = (name: string, text: string): void => writeFileSync(join(cwd, name), text);

describe('apply', () => {
  it('creates, changes, and leaves alone what is as it should be', async () => {
    const say = async (data: Record<string, string>): Promise<string> => {
      file('a.yaml', configMap('three', data));
      return (await cli('apply -f a.yaml')).stdout;
    };
    expect(await say({ a: '1', b: '2' })).toBe('configmap/three created\n');
    expect(await say({ a: '1', b: '2' })).toBe('configmap/three unchanged\n');
    expect(await say({ a: '3' })).toBe('configmap/three configured\n');
    expect((await cli('get cm three -o jsonpath={.data}')).stdout).toBe('{"a":"3"}');
  });

  it('prints no objects with -o when one of them was refused', async () => {
    file('a.yaml', `${configMap('fine', { a: '1' })}---\n${configMap('not_fine', { a: '1' })}`);
    const { code, stdout, stderr } = await cli('apply -f a.yaml -o yaml');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('The ConfigMap "not_fine" is invalid');
    expect((await cli('get cm fine -o name')).stdout).toBe('configmap/fine\n');
  });

  it('keeps what others wrote', async () => {
    file('a.yaml', configMap('shared', { a: '1' }));
    await cli('apply -f a.yaml');
    await cli('label cm shared theirs=1');
    file('a.yaml', configMap('shared', { a: '2' }));
    await cli('apply -f a.yaml');
    expect((await cli('get cm shared -o jsonpath={.metadata.labels.theirs}{.data.a}')).stdout).toBe('12');
  });

  it('warns about an object that was not applied', async () => {
    file('a.yaml', configMap('made', { a: '1' }));
    await cli('create -f a.yaml');
    const { stderr, stdout } = await cli('apply -f a.yaml');
    expect(stderr).toContain(
      'Warning: resource configmaps/made is missing the kubectl.kubernetes.io/last-applied-configuration',
    );
    expect(stdout).toBe('configmap/made configured\n');
  });

  it('reads standard input and several documents, and goes on after a bad one', async () => {
    const stdin = `${configMap('in1', {})}---\napiVersion: nope/v1\nkind: Foo\nmetadata: { name: x }\n---\n${configMap('in2', {})}`;
    const { code, stdout, stderr } = await cli('apply -f -', { stdin });
    expect([code, stdout]).toEqual([1, 'configmap/in1 created\nconfigmap/in2 created\n']);
    expect(stderr).toContain(
      'resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "Foo"',
    );
  });

  it('prunes what left the files and was applied', async () => {
    file('1.yaml', configMap('p1', { a: '1' }, 'set: p'));
    file('2.yaml', configMap('p2', { a: '1' }, 'set: p'));
    await cli('apply -f .');
    await cli('create cm p3');
    await cli('label cm p3 set=p');
    rmSync(join(cwd, '2.yaml'));
    const { stdout } = await cli('apply -f . --prune -l set=p --prune-allowlist=core/v1/ConfigMap');
    expect(stdout).toBe('configmap/p1 unchanged\nconfigmap/p2 pruned\n');
    expect((await cli('get cm -l set=p -o name')).stdout).toBe('configmap/p1\nconfigmap/p3\n');
  });

  it('writes nothing when the prune list is wrong', async () => {
    file('a.yaml', configMap('never', {}));
    const { code, stderr } = await cli('apply -f a.yaml --prune --all --prune-allowlist=foo');
    expect([code, stderr]).toEqual([
      1,
      'error: invalid GroupVersionKind format: foo, please follow <group/version/kind>\n',
    ]);
    expect((await cli('get cm never')).code).toBe(1);
  });

  it('names the manager that owns a field', async () => {
    file('a.yaml', configMap('owned', { a: '1' }));
    await cli('apply -f a.yaml --server-side --field-manager=first');
    file('a.yaml', configMap('owned', { a: '2' }));
    const { code, stderr } = await cli('apply -f a.yaml --server-side --field-manager=second');
    expect(code).toBe(1);
    expect(stderr).toContain('conflict with "first"');
    expect(stderr).toContain('`--force-conflicts` flag');
    const forced = await cli('apply -f a.yaml --server-side --field-manager=second --force-conflicts');
    expect(forced.stdout).toBe('configmap/owned serverside-applied\n');
  });
});

describe('apply --server-side after client-side apply', () => {
  it('removes what left the manifest and keeps the annotation for going back', async () => {
    file('m.yaml', configMap('moved', { a: '1', b: '2' }));
    await cli('apply -f m.yaml');
    file('m.yaml', configMap('moved', { a: '1' }));
    const applied = await cli('apply -f m.yaml --server-side');
    expect(applied).toMatchObject({ code: 0, stdout: 'configmap/moved serverside-applied\n', stderr: '' });
    expect((await cli('get cm moved -o jsonpath={.data}')).stdout).toBe('{"a":"1"}');
    const managers = await cli('get cm moved --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}');
    expect(managers.stdout).toContain('kubectl-last-applied');
    expect(managers.stdout).not.toContain('kubectl-client-side-apply');
  });
});
