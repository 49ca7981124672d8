// `-f`, `-k` and bases in Git repositories, with repositories on this disk. Output and errors of kustomizations are those
// of kubectl 1.32.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../support/server.ts';
import { type CliResult, runCli } from '../run-cli.ts';

const home = realpathSync(mkdtempSync(join(tmpdir(), 'git-')));
const repo = join(home, 'repo');
const url = `file://${repo}`;
let server: TestServer;
let first: string;

const put = (file: string, text: string): void => {
  mkdirSync(dirname(join(home, file)), { recursive: true });
  writeFileSync(join(home, file), text);
};
const git = (...args: string[]): string => {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'init.defaultBranch=main'];
  return execFileSync('git', [...identity, ...args], { cwd: repo, encoding: 'utf8', stdio: 'pipe' }).trim();
};
const cli = (...argv: string[]): Promise<CliResult> =>
  runCli(argv, { server, cwd: home, env: { PATH: process.env['PATH'] ?? '', HOME: home } });
const kustomize = async (target: string): Promise<string> => {
  const { stdout, stderr } = await cli('kustomize', target);
  return (stdout + stderr).replaceAll(/kustomize-\w+/g, 'CLONE').replaceAll(/'\S*\/git fetch/g, "'git fetch");
};
const configMap = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;

beforeAll(async () => {
  server = await startTestServer();
  put(
    'repo/base/kustomization.yaml',
    'resources: [cm.yaml]\nconfigMapGenerator: [{ name: g, files: [files/a.txt] }]\n',
  );
  put('repo/base/files/a.txt', 'hi\n');
  put('repo/base/cm.yaml', configMap('c'));
  put('repo/over/kustomization.yaml', 'namePrefix: o-\nresources: [../base]\n');
  put('repo/out/kustomization.yaml', 'resources: [../..]\n');
  put('repo/plain/a.yaml', configMap('a'));
  put('repo/plain/deep/b.yaml', configMap('b'));
  mkdirSync(join(repo, 'linked'));
  symlinkSync('/etc/hostname', join(repo, 'linked/x.yaml'));
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'one');
  git('tag', 'v1');
  first = git('rev-parse', 'HEAD');
  put('repo/base/files/a.txt', 'two\n');
  git('checkout', '-qb', 'next');
  git('commit', '-qam', 'two');
  git('checkout', '-q', 'main');
});
afterAll(async () => {
  rmSync(home, { recursive: true, force: true });
  await server.close();
});

describe('a kustomization', () => {
  const output = (text: string, suffix: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: o-c\n---\napiVersion: v1\ndata:\n  a.txt: |\n    ${text}\nkind: ConfigMap\nmetadata:\n  name: o-g-${suffix}\n`;
  it.each([
    ['', 'hi', '5484kbgg2f'],
    ['?ref=v1', 'hi', '5484kbgg2f'],
    ['?ref=next', 'two', 'ft6ddht2tg'],
    ['?version=next&submodules=false&timeout=60', 'two', 'ft6ddht2tg'],
  ])('is built from a repository: %s', async (query, text, suffix) => {
    expect(await kustomize(`${url}//over${query}`)).toBe(output(text, suffix));
  });

  it('is found at a commit that no branch ends with', async () => {
    git('checkout', '-q', 'next');
    const before = git('rev-parse', 'HEAD');
    git('commit', '-q', '--allow-empty', '-m', 'three');
    git('checkout', '-q', 'main');
    expect(await kustomize(`${url}//over?ref=${before}`)).toBe(output('two', 'ft6ddht2tg'));
    expect(await kustomize(`${url}//over?ref=${first}`)).toBe(output('hi', '5484kbgg2f'));
  });

  it('has bases in repositories, and tells where they are', async () => {
    put('local/kustomization.yaml', `resources: ['${url}//over?ref=next']\nbuildMetadata: [originAnnotations]\n`);
    const built = await kustomize('local');
    expect(built).toContain(
      `    config.kubernetes.io/origin: |\n      path: base/cm.yaml\n      repo: ${url}\n      ref: next\n`,
    );
    expect(built).toContain(
      `      repo: ${url}\n      ref: next\n      configuredIn: base/kustomization.yaml\n      configuredBy:\n        apiVersion: builtin\n        kind: ConfigMapGenerator\n`,
    );
  });

  it.each([
    [
      'over?ref=nope',
      (at: string) =>
        `failed to run 'git fetch --depth=1 ${url} nope': fatal: couldn't find remote ref nope\n: exit status 128${at}`,
    ],
    ['nope', () => "evalsymlink failure on '/tmp/CLONE/nope' : lstat /tmp/CLONE/nope: no such file or directory"],
    ['base/cm.yaml', () => "'/tmp/CLONE/base/cm.yaml' refers to file 'cm.yaml'; expecting directory"],
    [
      'out',
      () =>
        `accumulating resources: accumulation err='accumulating resources from '../..': '/tmp' must resolve to a file': security; bases in kustomizations found in cloned git repos must be within the repo, but base '/tmp' is outside '/tmp/CLONE'`,
    ],
    ['over?ref=--upload-pack=x', () => 'invalid Git reference "--upload-pack=x"'],
  ])('cannot be had: %s', async (path, message) => {
    expect(await kustomize(`${url}//${path}`)).toBe(`error: ${message('')}\n`);
  });

  it('names both attempts when a base cannot be had', async () => {
    put('bad/kustomization.yaml', `resources: ['file://${home}/none//over']\n`);
    const [message] = (await kustomize('bad')).split('\nfatal: Could');
    expect(message).toBe(
      `error: accumulating resources: accumulation err='accumulating resources from 'file://${home}/none//over': evalsymlink failure on '${home}/bad/file:${home}/none/over' : lstat ${home}/bad/file:: no such file or directory': failed to run 'git fetch --depth=1 file://${home}/none HEAD': fatal: '${home}/none' does not appear to be a git repository`,
    );
  });

  it('is applied with -k, and nothing is left behind', async () => {
    const clones = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('kustomize-'));
    const before = clones();
    const { stdout, stderr } = await cli('apply', '-k', `${url}//over?ref=next`, '--dry-run=client');
    expect([stdout, stderr]).toEqual([
      'configmap/o-c created (dry run)\nconfigmap/o-g-ft6ddht2tg created (dry run)\n',
      '',
    ]);
    expect(clones().filter((name) => !before.includes(name))).toEqual([]);
  });
});

describe('resources behind http URLs', () => {
  let http: Server;
  let at: string;
  beforeAll(async () => {
    http = createServer((request, response) => {
      if (request.url === '/cm.yaml') response.end(configMap('remote'));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    at = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  });
  afterAll(() => void http.close());

  it('are read, and what is not there ends the build', async () => {
    put('web/kustomization.yaml', `resources: ['${at}/cm.yaml']\n`);
    expect(await kustomize('web')).toBe(configMap('remote'));
    put('web/kustomization.yaml', `resources: ['${at}/no.yaml']\n`);
    expect(await kustomize('web')).toBe(
      `error: accumulating resources: accumulating resources from '${at}/no.yaml': HTTP Error: status code 404 (Not Found)\n`,
    );
  });
});

describe('-f', () => {
  const names = async (...argv: string[]): Promise<string> => {
    const { stdout, stderr } = await cli('create', '--dry-run=client', '-o', 'name', ...argv);
    return stdout + stderr;
  };
  it.each([
    [[`${url}//plain/a.yaml`], 'configmap/a\n'],
    [[`${url}//plain`], 'configmap/a\n'],
    [[`git::${url}//plain?ref=v1`, '-R'], 'configmap/a\nconfigmap/b\n'],
    [[`${url}//plain/a.yaml?ref=next`, '-f', `${url}//base/cm.yaml?ref=next`], 'configmap/a\nconfigmap/c\n'],
  ])('reads files of a repository: %o', async (argv, output) => {
    expect(await names('-f', ...argv)).toBe(output);
  });

  it.each([
    [`${url}//nope`, `the path "nope" does not exist in the Git repository "${url}"`],
    [
      `${url}//plain?ref=nope`,
      `unable to read the Git repository "${url}" at "nope": fatal: couldn't find remote ref nope`,
    ],
    ['git::x', '"git::x" is not the URL of a Git repository and a path in it'],
    [`${url}//linked`, `"linked/x.yaml" in the Git repository "${url}" is a link to what is outside of it`],
  ])('tells what is wrong: %s', async (name, message) => {
    expect(await names('-f', name)).toBe(`error: ${message}\n`);
  });

  it('names the file in the repository', async () => {
    git('checkout', '-qb', 'broken');
    put('repo/plain/a.yaml', 'a: [');
    git('commit', '-qam', 'broken');
    git('checkout', '-q', 'main');
    expect(await names('-f', `${url}//plain/a.yaml?ref=broken`)).toContain(`${url}//plain/a.yaml`);
  });
});
