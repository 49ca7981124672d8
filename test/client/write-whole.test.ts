import { execFile } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileMessage } from '../../src/cli/file-message.ts';
import { loadKubeConfig } from '../../src/client/kubeconfig.ts';
import { modifyKubeConfig } from '../../src/client/kubeconfig-write.ts';
import { writeWhole } from '../../src/client/write-whole.ts';
import { root, temporaryFolder } from '../support/cli.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => (folder = temporaryFolder('whole')));
afterAll(() => folder.remove());
const at = (name: string): string => join(folder.path, name);
const failure = (act: () => void): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('a file that is written whole', () => {
  it('is made with its folders, and keeps its mode and its links', () => {
    writeWhole(at('a/b/file'), 'one', { mode: 0o600 });
    expect([readFileSync(at('a/b/file'), 'utf8'), statSync(at('a/b/file')).mode & 0o777]).toEqual(['one', 0o600]);
    chmodSync(at('a/b/file'), 0o640);
    symlinkSync(at('a/b/file'), at('link'));
    writeWhole(at('link'), 'two', { mode: 0o600 });
    expect([readFileSync(at('a/b/file'), 'utf8'), statSync(at('a/b/file')).mode & 0o777]).toEqual(['two', 0o640]);
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
  });
  it('leaves nothing behind when it cannot be written', () => {
    writeFileSync(at('file'), '');
    const error = failure(() => writeWhole(at('file/x'), 'text', { mode: 0o600 }));
    expect(fileMessage(error)).toBe(`mkdir ${at('file')}: not a directory`);
    expect(failure(() => writeWhole('/proc/none/x', 'text', { mode: 0o600 }))).toMatchObject({ code: 'ENOENT' });
    expect(readdirSync(folder.path).filter((name) => name.includes('.tmp'))).toEqual([]);
  });
});

describe('a kubeconfig', () => {
  it('that several commands change at once has all that they wrote', async () => {
    const file = at('config');
    const script = (name: string): string =>
      `import { modifyKubeConfig } from './src/client/kubeconfig-write.ts';
       for (let i = 0; i < 5; i++) modifyKubeConfig(['${file}'], (c) => void c.contexts.set('${name}-' + i, { cluster: 'c' }));`;
    const loader = join(root, 'node_modules/tsx/dist/loader.mjs');
    const writers = ['a', 'b', 'c'].map((name) =>
      promisify(execFile)(process.execPath, ['--import', loader, '--input-type=module', '-e', script(name)], {
        cwd: root,
      }),
    );
    await Promise.all(writers);
    expect(loadKubeConfig([file]).contexts.size).toBe(15);
  });
  it('whose lock was left behind says so', () => {
    writeFileSync(at('stale.lock'), '');
    expect(() => modifyKubeConfig([at('stale')], (config) => (config.currentContext = 'x'))).toThrow(
      `open ${at('stale.lock')}: file exists`,
    );
  });
});
