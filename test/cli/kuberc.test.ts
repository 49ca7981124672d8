// The user's preferences, as kubectl 1.34 has them: the cases of upstream's kuberc_test.go and marshal_test.go.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type CliResult, runCli, words } from './run-cli.ts';

let server: TestServer;
let home: string;
beforeAll(async () => {
  server = await startTestServer();
  await runCli(words('create cm one --from-literal=a=1'), { server });
});
afterAll(() => server.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kuberc-'));
  mkdirSync(join(home, '.kube'));
  return () => rmSync(home, { recursive: true, force: true });
});

const HEADER = 'apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n';
const kuberc = (text: string, header = HEADER): string => {
  const file = join(home, '.kube', 'kuberc');
  writeFileSync(file, header + text);
  return file;
};
const cli = (line: string, env: Record<string, string> = {}): Promise<CliResult> =>
  runCli(words(line), { server, env: { HOME: home, ...env } });
const said = async (line: string, env: Record<string, string> = {}): Promise<string> => {
  const { stdout, stderr } = await cli(line, env);
  return stdout + stderr;
};

describe('defaults', () => {
  const names = 'defaults: [{ command: get, options: [{ name: output, default: name }] }]';
  const NAME = 'configmap/one\n';

  it.each([
    ['get cm one', NAME],
    ['-n default get cm one', NAME],
    ['get cm one -o jsonpath={.data.a}', '1'],
    ['get cm one -ojsonpath={.data.a}', '1'],
    ['get cm one --output=jsonpath={.data.a}', '1'],
    ['get cm one --output jsonpath={.data.a}', '1'],
  ])('hold where the line says nothing: %s', async (line, output) => {
    kuberc(names);
    expect(await said(line)).toBe(output);
  });

  it('are those of one command, by its whole path', async () => {
    kuberc('defaults: [{ command: create configmap, options: [{ name: dry-run, default: client }] }]');
    expect(await said('create configmap x')).toBe('configmap/x created (dry run)\n');
    expect(await said('create cm x')).toBe('configmap/x created (dry run)\n');
    expect(await said('create cm y --dry-run=server')).toBe('configmap/y created (server dry run)\n');
  });

  it('may be of global flags, and the later of two holds', async () => {
    kuberc(
      'defaults: [{ command: get, options: [{ name: namespace, default: a }] }, { command: get, options: [{ name: namespace, default: kube-system }] }]',
    );
    expect(await said('get cm')).toBe('No resources found in kube-system namespace.\n');
    expect(await said('get cm one -n default -o name')).toBe(NAME);
  });

  it('are called overrides and flags in v1alpha1', async () => {
    const text = 'overrides: [{ command: get, flags: [{ name: output, default: name }] }]';
    kuberc(text, HEADER.replace('beta', 'alpha'));
    expect(await said('get cm one')).toBe(NAME);
  });

  it.each<Record<string, string>>([{ KUBECTL_KUBERC: 'false' }, { KUBERC: 'off' }])(
    'do not hold with %o',
    async (env) => {
      kuberc(names);
      expect(await said('get cm one', env)).toContain('DATA');
    },
  );

  it('come from the file of --kuberc or KUBERC before that of the home', async () => {
    const file = kuberc(names);
    const other = join(home, 'other');
    writeFileSync(other, `${HEADER}${names.replace('default: name', "default: 'jsonpath={.data}'")}`);
    for (const line of [`--kuberc=${other} get cm one`, `get cm one --kuberc ${other}`]) {
      expect(await said(line)).toBe('{"a":"1"}');
    }
    expect(await said('get cm one', { KUBERC: other })).toBe('{"a":"1"}');
    expect(await said(`get cm one --kuberc=${file}`, { KUBERC: other })).toBe(NAME);
  });
});

describe('aliases', () => {
  it.each([
    ['getn one', 'configmap/one\n'],
    ['-n default getn one', 'configmap/one\n'],
    ['-n getn getn', ''],
    ['getn one -o jsonpath={.data.a}', '1'],
    ['getn one --output=jsonpath={.data.a}', '1'],
  ])('put words before those of the line: %s', async (line, output) => {
    kuberc(
      'aliases: [{ name: getn, command: get, prependArgs: [configmap], options: [{ name: output, default: name }] }]',
    );
    expect(await said(line)).toBe(output);
  });

  it('put words after those of the line', async () => {
    kuberc(
      "aliases: [{ name: runx, command: run, options: [{ name: image, default: nginx }, { name: dry-run, default: client }], appendArgs: ['--', custom] }]",
    );
    const pod = await said('runx pod -o jsonpath={.spec.containers[0].image}:{.spec.containers[0].args}');
    expect(pod).toBe('nginx:["custom"]');
  });

  it('stand for commands of several words', async () => {
    kuberc('aliases: [{ name: cmx, command: create cm, options: [{ name: dry-run, default: client }] }]');
    expect(await said('cmx z')).toBe('configmap/z created (dry run)\n');
  });

  it('do not take the defaults of their command, and hide no command', async () => {
    kuberc(
      'aliases: [{ name: getn, command: get }, { name: get, command: delete }]\ndefaults: [{ command: get, options: [{ name: output, default: name }] }]',
    );
    expect(await said('getn cm one')).toContain('DATA');
    expect(await said('get cm one')).toBe('configmap/one\n');
  });

  it('are completed as what they stand for', async () => {
    kuberc('aliases: [{ name: getn, command: get, prependArgs: [configmap] }]');
    expect((await cli("__complete getn ''")).stdout).toContain('one');
  });
});

describe('mistakes', () => {
  const failure = (why: string): CliResult => ({
    code: 1,
    stdout: '',
    stderr: `error occurred while applying preferences ${why}\n`,
  });
  it.each([
    ['aliases: [{ name: a-b, command: get }]', 'invalid alias name, can only include alphabetical characters'],
    ['aliases: [{ name: a, command: get }, { name: a, command: get }]', 'duplicate alias name a'],
    [
      'defaults: [{ command: get, options: [{ name: --output, default: name }] }]',
      'flag name --output should be in long form without dashes',
    ],
    ['defaults: [{ command: get, options: [{ name: nope, default: x }] }]', 'invalid flag nope for command get'],
    [
      'defaults: [{ command: get, options: [{ name: watch, default: x }] }]',
      'could not apply override value x to flag watch in command get err: invalid argument "x" for "-w, --watch" flag: strconv.ParseBool: parsing "x": invalid syntax',
    ],
  ])('%s', async (text, why) => {
    kuberc(text);
    expect(await cli('get cm one')).toEqual(failure(why));
  });
  it.each([
    ['aliases: [{ name: a, command: nope }]', 'command "nope" not found to set alias "a": [nope]'],
    [
      'aliases: [{ name: a, command: get, options: [{ name: x, default: z }] }]',
      'invalid alias flag x in alias sampan',
    ],
    ['aliases: [{ name: a, command: get }]\ndefaults: [{ command: a }]', 'alias a can not be overridden'],
  ])('%s', async (text, why) => {
    kuberc(text);
    expect(await cli('a cm one')).toEqual(failure(why));
  });

  it('tell of a command that nobody knows, and go on', async () => {
    kuberc('defaults: [{ command: nope }]');
    expect((await cli('get cm one -o name')).stderr).toBe('Warning: command "nope" not found to set kuberc override\n');
  });

  it('in a file that was asked for are errors; in that of the home they are told', async () => {
    const missing = join(home, 'missing');
    expect(await cli(`get cm one --kuberc=${missing}`)).toEqual(
      failure(`kuberc error kuberc: open ${missing}: no such file or directory`),
    );
    expect(await cli('get cm one --kuberc=')).toEqual(failure('kuberc file is not found'));
    expect(await cli('get cm one --kuberc=x', { KUBERC: 'off' })).toEqual(
      failure('kuberc error disabling kuberc via KUBERC=off and passing kuberc flag are mutually exclusive'),
    );
    const file = kuberc('', 'kind: Other\n');
    const none = `no valid preferences found in ${file}, use --v=5 to see details`;
    expect(await cli(`get cm one --kuberc=${file}`)).toEqual(failure(`kuberc error kuberc: ${none}`));
    expect((await cli('get cm one -o name')).stderr).toBe(`kuberc: no preferences loaded from ${file}: ${none}`);
  });

  it.each([
    [
      'aliases: [{ name: 1, command: get }]',
      'no preferences loaded from FILE: no valid preferences found in FILE, use --v=5 to see details',
    ],
    ['x: 1', 'ignoring strict decoding error in FILE: strict decoding error: unknown field "x"'],
    [
      'aliases: [{ name: a, command: get, flags: [] }]',
      'ignoring strict decoding error in FILE: strict decoding error: unknown field "aliases[0].flags"',
    ],
  ])('of form are told: %s', async (text, problem) => {
    const file = kuberc(text);
    const { stdout, stderr } = await cli('get cm one -o name');
    expect(stdout).toBe('configmap/one\n');
    expect(stderr).toBe(`kuberc: ${problem.replaceAll('FILE', file)}`);
  });

  it.each(['-v=5', '-v 6', '--v=7', '--v 8', '-v9'])('that are none are told of with %s', async (verbose) => {
    const file = kuberc('', '');
    expect((await cli(`version --client ${verbose}`)).stderr).toContain(`kuberc: no preferences found in ${file}\n`);
    expect((await cli('version --client -v=4')).stderr).not.toContain('kuberc');
  });
  it('of one document do not keep the next from being found', async () => {
    kuberc(
      'defaults: [{ command: get, options: [{ name: output, default: name }] }]',
      `---\nkind: Other\n---\n${HEADER}`,
    );
    expect(await said('get cm one')).toBe('configmap/one\n');
  });
});
