// Every command of the corpus against a real server: what is printed is what kubectl printed.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, words } from './run-cli.ts';
import { corpusFolder, goldenFile, normalise, numbered, type Outcome, startCorpusServer } from './corpus.ts';

const goldens = JSON.parse(readFileSync(goldenFile, 'utf8')) as Record<string, Outcome>;

describe('the corpus', () => {
  let server: Awaited<ReturnType<typeof startCorpusServer>>;
  let home: string;
  beforeAll(async () => {
    server = await startCorpusServer();
    home = mkdtempSync(`${tmpdir()}/home-`);
  });
  afterAll(async () => {
    await server.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('is recorded whole', () => {
    expect(numbered().filter(([key]) => !goldens[key])).toEqual([]);
  });

  it.each(numbered())('%s', async (key, line) => {
    const env = { KUBECONFIG: server.kubeconfig, HOME: home };
    const result = await runCli(words(line), { env, cwd: corpusFolder });
    const outcome: Outcome = {
      code: result.code,
      stdout: normalise(result.stdout),
      stderr: normalise(result.stderr),
    };
    expect(outcome).toEqual(goldens[key]);
  });
});
