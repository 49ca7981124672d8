// The CLI as one file (scripts/build-binary.ts): it is built, needs nothing beside it, and says what kubectl says.
// SAMPAN_BINARY=FILE with corpus.test.ts holds a binary to the whole corpus.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, run } from '../support/cli.ts';
import { type Bench, chapters, goldenFile, keysOf, lineOf, type Outcome, runProgram, startBench } from './corpus.ts';

/** Chapters that between them load every way in and out: tables, templates, settings, patches, streams. */
const TRIED = ['describe', 'output', 'kubeconfig', 'numbers', 'streams', 'replace'];

let folder = '';
let binary = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sampan-binary-'));
  binary = join(folder, 'sampan');
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
  const built = await run(process.execPath, [tsx, 'scripts/build-binary.ts', binary], {
    cwd: root,
    timeoutMs: 300_000,
  });
  expect(built).toMatchObject({ code: 0 });
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the CLI as one file', () => {
  it('runs in an empty folder, without Node in the PATH', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'sampan-binary-'));
    try {
      copyFileSync(binary, join(empty, 'kubectl'));
      const env = { PATH: '/nonexistent', HOME: empty };
      const version = await run(join(empty, 'kubectl'), ['version', '--client'], { env, cwd: empty });
      expect(version).toMatchObject({ code: 0, stderr: '' });
      expect(version.stdout).toMatch(/^Client Version: v1\./);
      const server = await run(join(empty, 'kubectl'), ['server', '--data-dir', empty], { env, cwd: empty });
      expect(server.code).toBe(1);
      expect(server.stderr).toContain('install the npm package');
    } finally {
      rmSync(empty, { recursive: true, force: true });
    }
  });

  it('runs nothing of the folder where it is called, and takes no settings from it', async () => {
    const foreign = mkdtempSync(join(tmpdir(), 'sampan-binary-'));
    try {
      writeFileSync(join(foreign, '.env'), 'KUBECONFIG=/nonexistent/config\nHOME=/nonexistent\n');
      writeFileSync(join(foreign, 'bunfig.toml'), 'preload = ["./foreign.js"]\n');
      writeFileSync(join(foreign, 'foreign.js'), 'console.log("foreign code");\n');
      const env = { PATH: '/nonexistent', HOME: foreign };
      const viewed = await run(binary, ['config', 'get-contexts', '-v=6'], { env, cwd: foreign });
      expect(viewed.stdout + viewed.stderr).not.toMatch(/foreign code|nonexistent/);
      expect(viewed.code).toBe(0);
      const set = await run(binary, ['config', 'set-cluster', 'mine', '--server=https://x'], { env, cwd: foreign });
      expect(set).toMatchObject({ code: 0, stdout: 'Cluster "mine" set.\n' });
      expect(readFileSync(join(foreign, '.kube/config'), 'utf8')).toContain('https://x');
    } finally {
      rmSync(foreign, { recursive: true, force: true });
    }
  });
});

describe.each(TRIED.filter((chapter) => chapters.includes(chapter)))('one file: the corpus: %s', (chapter) => {
  const goldens = JSON.parse(readFileSync(goldenFile(chapter), 'utf8')) as Record<string, Outcome>;
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.close());

  it.each(keysOf(chapter))('%s', async (key) => {
    const { argv, shell, stdin, env: own } = lineOf(key, bench.tmp);
    const env = { PATH: process.env['PATH'] ?? '', KUBECONFIG: bench.kubeconfig, HOME: bench.home, ...own };
    const [program, args] = shell === undefined ? [binary, argv] : ['sh', ['-c', shell]];
    const outcome = await runProgram(program, args, { env, ...(stdin === undefined ? {} : { stdin }) });
    expect(outcome).toEqual(goldens[key]);
  });
});
