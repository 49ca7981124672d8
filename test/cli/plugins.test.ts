// Plug-ins on the PATH: the longest name wins, dashes in words are underscores, the rest are arguments.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Io } from '../../src/cli/io.ts';
import { findPlugin } from '../../src/cli/plugins.ts';
import { runCli } from './run-cli.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugins-'));
  for (const name of ['kubectl-sail', 'kubectl-sail-far', 'sampan-row_fast', 'kubectl-not']) {
    writeFileSync(join(folder, name), '#!/bin/sh\nexit 7\n');
    if (name !== 'kubectl-not') chmodSync(join(folder, name), 0o755);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const found = (...words: string[]) => {
  const plugin = findPlugin(words, { env: { PATH: folder } } as unknown as Io);
  return plugin && [plugin.file.slice(folder.length + 1), ...plugin.args];
};

it('finds the longest name', () => {
  expect(found('sail', 'far', 'away', '-x')).toEqual(['kubectl-sail-far', 'away', '-x']);
  expect(found('sail', '--far', 'far')).toEqual(['kubectl-sail', '--far', 'far']);
  expect(found('row-fast', 'a')).toEqual(['sampan-row_fast', 'a']);
  expect(found('not')).toBeUndefined();
  expect(found('../sail')).toBeUndefined();
});

it("ends with the plug-in's exit code", async () => {
  const result = await runCli(['sail', 'x'], { env: { PATH: folder } });
  expect(result.code).toBe(7);
});

it('lists them with what is wrong', async () => {
  const result = await runCli(['plugin', 'list', '--name-only'], { env: { PATH: folder } });
  expect(result.stdout).toContain('kubectl-sail\nkubectl-sail-far\nsampan-row_fast\n');
  expect(result.stderr).toContain('identified as a sampan plugin, but it is not executable\n');
  expect(result.stderr).toContain('error: one plugin warning was found\n');
  expect(result.code).toBe(1);
});
