// The corpus against the real kubectl: UPDATE=1 records the goldens, otherwise they are checked to be still what it
// prints. Needs a kubectl of 1.32 or later in $KUBECTL or the PATH.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { chapters, goldenFile, keysOf, lineOf, type Outcome, runProgram, startBench } from './corpus.ts';

const kubectl = process.env['KUBECTL'] ?? 'kubectl';

it.each(chapters)(
  '%s prints what was recorded',
  async (chapter) => {
    const bench = await startBench();
    const recorded: Record<string, Outcome> = {};
    try {
      for (const key of keysOf(chapter)) {
        const { argv, shell, stdin, env: own } = lineOf(key, bench.tmp);
        const env = { ...process.env, KUBECONFIG: bench.kubeconfig, HOME: bench.home, ...own };
        const [program, args] = shell === undefined ? [kubectl, argv] : ['sh', ['-c', shell]];
        recorded[key] = await runProgram(program, args, { env, ...(stdin === undefined ? {} : { stdin }) });
      }
    } finally {
      await bench.close();
    }
    const file = goldenFile(chapter);
    if (process.env['UPDATE']) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${JSON.stringify(recorded, null, 1)}\n`);
      return;
    }
    expect(recorded).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  },
  300_000,
);
