// The corpus against the real kubectl: UPDATE=1 records the goldens, otherwise they are checked to be still what it
// prints. Needs a kubectl of 1.32 or later in $KUBECTL or the PATH.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { words } from './run-cli.ts';
import { corpusFolder, goldenFile, normalise, numbered, type Outcome, startCorpusServer } from './corpus.ts';

const kubectl = process.env['KUBECTL'] ?? 'kubectl';

it('prints what was recorded', async () => {
  const server = await startCorpusServer();
  const home = mkdtempSync(`${tmpdir()}/home-`);
  const recorded: Record<string, Outcome> = {};
  try {
    for (const [key, line] of numbered()) {
      const env = { ...process.env, KUBECONFIG: server.kubeconfig, HOME: home };
      const result = await runKubectl(words(line), env);
      recorded[key] = result;
    }
  } finally {
    await server.close();
    rmSync(home, { recursive: true, force: true });
  }
  if (process.env['UPDATE']) {
    mkdirSync(dirname(goldenFile), { recursive: true });
    writeFileSync(goldenFile, `${JSON.stringify(recorded, null, 1)}\n`);
    return;
  }
  expect(recorded).toEqual(JSON.parse(readFileSync(goldenFile, 'utf8')));
}, 300_000);

/** Beside the server in this process, so never synchronously. */
async function runKubectl(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  const child = spawn(kubectl, args, { cwd: corpusFolder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? 1)));
  return { code, stdout: normalise(stdout), stderr: normalise(stderr) };
}
