// Every command of the corpus against a real server: what is printed is what kubectl printed. SAMPAN_BINARY names a
// program to run instead of the sources: the CLI as one file, or bin/sampan.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Bench,
  chapters,
  corpusFolder,
  goldenFile,
  keysOf,
  lineOf,
  normalise,
  type Outcome,
  runProgram,
  startBench,
} from './corpus.ts';
import { runCli } from './run-cli.ts';

// Paths of kubeconfigs are the process's own.
process.chdir(corpusFolder);

describe.each(chapters)('the corpus: %s', (chapter) => {
  const goldens = JSON.parse(readFileSync(goldenFile(chapter), 'utf8')) as Record<string, Outcome>;
  const keys = keysOf(chapter);
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.close());

  it('is recorded whole', () => {
    expect(Object.keys(goldens)).toEqual(keys);
  });

  it.each(keys)('%s', async (key) => {
    expect(await outcome(key, bench)).toEqual(goldens[key]);
  });
});

async function outcome(key: string, { kubeconfig, home, tmp }: Bench): Promise<Outcome> {
  const { argv, shell, stdin, env: own } = lineOf(key, tmp);
  const env = { PATH: process.env['PATH'] ?? '', KUBECONFIG: kubeconfig, HOME: home, ...own };
  const input = stdin === undefined ? {} : { stdin };
  if (shell !== undefined) return runProgram('sh', ['-c', shell], { env, ...input });
  const binary = process.env['SAMPAN_BINARY'];
  if (binary !== undefined) return runProgram(binary, argv, { env, ...input });
  const result = await runCli(argv, { env, cwd: corpusFolder, ...input });
  return { code: result.code, stdout: normalise(result.stdout), stderr: normalise(result.stderr) };
}
