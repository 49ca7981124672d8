// The same expectations, held against the real kubectl: they are its words.
import { spawn } from 'node:child_process';
import { it } from 'vitest';
import { type Answer, checkRollouts } from './rollout.ts';

const kubectl = process.env['KUBECTL'] ?? 'kubectl';

/** Beside the server in this process, so never synchronously. */
async function run(args: string[], env: Record<string, string>): Promise<Answer> {
  const child = spawn(kubectl, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const answer: Answer = { code: 0, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (answer.stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (answer.stderr += chunk.toString('utf8')));
  answer.code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? 1)));
  return answer;
}

it('history and undo of stateful sets and daemon sets, by kubectl', () => checkRollouts(run));
