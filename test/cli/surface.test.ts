// What a script can depend on, command by command: names, other names, flags with shorthands and defaults, against a
// recording of kubectl 1.32's own help (UPDATE=1 with a kubectl ≥ 1.32 in $KUBECTL or the PATH records it anew).
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sampan } from '../support/cli.ts';
import { type Surface, surfaceOf } from './surface.ts';

const golden = join(import.meta.dirname, '../golden/surface/cli.json');
/** Of the machine, or printed otherwise by Go's flag package. */
const NOT_COMPARED = new Set(['options cache-dir', 'options vmodule']);

const helpOf = (program: string) => (path: readonly string[]) => {
  const env = { ...process.env, KUBECONFIG: '/dev/null', NO_COLOR: '1' };
  return Promise.resolve(spawnSync(program, [...path], { encoding: 'utf8', env }).stdout);
};

test('every command of kubectl is there with every flag, shorthand and default', { timeout: 120_000 }, async () => {
  if (process.env['UPDATE']) {
    const recorded = await surfaceOf(helpOf(process.env['KUBECTL'] ?? 'kubectl'));
    writeFileSync(golden, `${JSON.stringify(recorded, undefined, 1)}\n`);
  }
  const theirs = JSON.parse(readFileSync(golden, 'utf8')) as Surface;
  const ours = await surfaceOf(helpOf(sampan));
  expect(Object.keys(theirs).length).toBeGreaterThan(100);
  const differences: string[] = [];
  for (const [command, { aliases, flags }] of Object.entries(theirs)) {
    const own = ours[command];
    if (!own) {
      differences.push(`${command} is missing`);
      continue;
    }
    if (aliases.join() !== own.aliases.join()) differences.push(`${command} is also ${aliases.join()}`);
    for (const [name, form] of Object.entries(flags)) {
      const at = `${command} ${name}`;
      if (own.flags[name] === form || NOT_COMPARED.has(at)) continue;
      differences.push(`${at}: ${form}, and not ${own.flags[name]}`);
    }
  }
  expect(differences).toEqual([]);
});
