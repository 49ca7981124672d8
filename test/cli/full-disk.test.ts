// What is written nowhere, because a disk is full: /dev/full stands for it. Our program as a process of its own.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/cli.ts';

const program = `${process.execPath} --import ${join(root, 'node_modules/tsx/dist/loader.mjs')} src/cli/run.ts`;
const shell = (line: string): Promise<{ code: number; stderr: string }> =>
  new Promise((resolve) => {
    execFile('sh', ['-c', line.replace('PROGRAM', program)], { cwd: root }, (error, _, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stderr }),
    );
  });

describe.concurrent('a full disk', () => {
  const told = 'error: write /dev/stdout: no space left on device\n';
  it('is told, once, and the exit code says so', async () => {
    expect(await shell('PROGRAM version --client > /dev/full')).toEqual({ code: 1, stderr: told });
    expect(await shell('PROGRAM create --help > /dev/full')).toEqual({ code: 1, stderr: told });
  });
  it('where errors go leaves the exit code', async () => {
    expect(await shell('PROGRAM nonsense 2> /dev/full')).toEqual({ code: 1, stderr: '' });
  });
});
