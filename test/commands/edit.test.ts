// What edit does beyond kubectl's bytes (those are in the corpus's chapter `edit`): several rounds, what stays on disk.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let cwd: string;
let files: string;
beforeAll(async () => {
  server = await startTestServer();
  cwd = mkdtempSync(join(tmpdir(), 'editing-'));
});
afterAll(async () => {
  rmSync(cwd, { recursive: true, force: true });
  await server.close();
});
beforeEach(() => {
  files = join(cwd, 'files');
  rmSync(files, { recursive: true, force: true });
  mkdirSync(files);
});

const cli = (line: string, editor = 'true') =>
  runCli(words(line), { server, cwd, env: { PATH: process.env['PATH']!, EDITOR: editor, TMPDIR: files } });
const left = (): string[] => readdirSync(files).map((name) => readFileSync(join(files, name), 'utf8'));

/** Edits with one sed script in each round. */
function rounds(...scripts: string[]): string {
  const path = join(cwd, 'rounds.sh');
  scripts.forEach((script, i) => writeFileSync(join(cwd, `round-${i}`), script));
  rmSync(join(cwd, 'round'), { force: true });
  writeFileSync(
    path,
    `n=$(cat ${cwd}/round 2>/dev/null || echo 0); echo $((n+1)) > ${cwd}/round\nsed -i -f ${cwd}/round-$n $1\n`,
  );
  return `sh ${path}`;
}

describe('edit', () => {
  it('opens the file again with the reason, and saves what was mended', async () => {
    await cli('create cm mended --from-literal=a=1');
    const seen = join(cwd, 'seen');
    const editor = rounds('s/^data:/dota:/', `w ${seen}\ns/^dota:/data:/\ns/ a: / b: /`);
    const { code, stdout, stderr } = await cli('edit cm mended', editor);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'configmap/mended edited\n',
      stderr: 'error: configmaps "mended" is invalid\n',
    });
    expect(readFileSync(seen, 'utf8')).toContain('strict decoding error: unknown field "dota"\n#\napiVersion: v1\n');
    expect((await cli('get cm mended -o jsonpath={.data}')).stdout).toBe('{"b":"1"}');
    expect(left()).toEqual([]);
  });
  it('saves what can be saved and asks again for the rest', async () => {
    await cli('create deployment one --image=x');
    await cli('create deployment two --image=x');
    const wrong =
      '/name: two$/,/replicas/s/replicas: 1/replicas: -1/\n/name: one$/,/replicas/s/replicas: 1/replicas: 2/';
    const { code, stdout, stderr } = await cli('edit deployment one two', rounds(wrong, 's/replicas: -1/replicas: 3/'));
    expect(stderr).toBe('error: deployments.apps "two" is invalid\n');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'deployment.apps/one edited\ndeployment.apps/one edited\ndeployment.apps/two edited\n',
    });
    expect((await cli('get deployment one two -o jsonpath={.items[*].spec.replicas}')).stdout).toBe('2 3');
  });
  it('keeps what was typed when the editor fails, and only then', async () => {
    await cli('create cm kept --from-literal=a=1');
    expect((await cli('edit cm kept', 'false')).stderr).toBe('error: there was a problem with the editor "false"\n');
    expect(left()).toEqual([]);
    writeFileSync(join(cwd, 'types.sh'), 'echo typed >> $1; exit 3\n');
    expect((await cli('edit cm kept', `sh ${cwd}/types.sh`)).code).toBe(1);
    expect(left()).toEqual([expect.stringContaining('name: kept\n')]);
    expect(left()[0]).toContain('typed\n');
  });
  it('says where the edits of a deleted object are', async () => {
    await cli('create cm gone --from-literal=a=1');
    writeFileSync(join(cwd, 'wait.sh'), `while [ ! -e ${cwd}/gone ]; do sleep 0.02; done; sed -i 's/ a: / b: /' $1\n`);
    const editing = cli('edit cm gone', `sh ${cwd}/wait.sh`);
    while (left().length === 0) await new Promise((done) => setTimeout(done, 5));
    await cli('delete cm gone');
    writeFileSync(join(cwd, 'gone'), '');
    const { code, stderr } = await editing;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: configmaps "gone" could not be found on the server\nThe edits you made on deleted resources have been saved to ".*sampan-edit-\d+\.yaml"\n$/,
    );
    expect(left()[0]).toContain('b: "1"');
  });
});

describe('create --edit', () => {
  it('heeds a dry run', async () => {
    writeFileSync(
      join(cwd, 'cm.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: tried }\ndata: { a: "1" }\n',
    );
    const { stdout } = await cli('create -f cm.yaml --edit --dry-run=server', rounds('s/ a: / b: /'));
    expect(stdout).toBe('configmap/tried created (server dry run)\n');
    expect((await cli('get cm tried')).code).toBe(1);
  });
});

describe('what a client finds wrong', () => {
  const manifest = (name: string, text: string): string => {
    writeFileSync(join(cwd, name), text);
    return name;
  };
  const list = (item: string): string => `apiVersion: v1\nkind: List\nitems:\n- ${item}\n`;
  it.each([
    ['metadata: { name: x }', '[apiVersion not set, kind not set]'],
    ['apiVersion: a/b/c\nkind: X', 'unexpected GroupVersion string: a/b/c'],
    ['apiVersion: 1\nkind: [x]', "[apiVersion isn't string type, kind isn't string type]"],
    ['apiVersion: v1\nkind: List', 'invalid object to validate'],
    [list('{}'), '[apiVersion not set, kind not set]'],
    [
      list('{ apiVersion: v1, kind: ConfigMap, metadata: [x], data: { a: {} } }'),
      '[ValidationError(ConfigMap.data.a): invalid type for io.k8s.api.core.v1.ConfigMap.data: got "map", expected "string", ValidationError(ConfigMap.metadata): invalid type for io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta: got "array", expected "map"]',
    ],
    [
      list('{ apiVersion: v1, kind: Pod, spec: { containers: [{ image: x }], hostPID: 7 } }'),
      '[ValidationError(Pod.spec.containers[0]): missing required field "name" in io.k8s.api.core.v1.Container, ValidationError(Pod.spec.hostPID): invalid type for io.k8s.api.core.v1.PodSpec.hostPID: got "integer", expected "boolean"]',
    ],
  ])('%j', async (text, message) => {
    const name = manifest('wrong.yaml', text);
    const expected = `error: error validating "wrong.yaml": error validating data: ${message}; if you choose to ignore these errors, turn validation off with --validate=false\n`;
    expect((await cli(`create -f ${name}`)).stderr).toBe(expected);
    expect((await cli(`apply -f ${name}`)).stderr).toBe(expected);
    expect((await cli(`replace -f ${name}`)).stderr).toBe(expected);
  });
  it('does not keep the objects before it from being created', async () => {
    const name = manifest(
      'half.yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: first }\n---\nmetadata: {}\n',
    );
    expect(await cli(`create -f ${name}`)).toMatchObject({ code: 1, stdout: 'configmap/first created\n' });
  });
});
