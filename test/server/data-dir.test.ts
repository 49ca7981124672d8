// The data directory: who may use it, and what is said when one may not.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataDir } from '../../src/server/data-dir.ts';
import { StartupError } from '../../src/server/startup-error.ts';

let base: string;
beforeEach(() => void (base = mkdtempSync(join(tmpdir(), 'sampan-dir-'))));
afterEach(() => {
  chmodSync(base, 0o700);
  rmSync(base, { recursive: true, force: true });
});
const failure = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(StartupError);
    return (error as Error).message;
  }
  throw new Error('it did not fail');
};

describe('openDataDir', () => {
  it('makes the directory for its owner alone and marks its format', () => {
    const dir = openDataDir(join(base, 'a/b'));
    expect(statSync(dir.path).mode & 0o777).toBe(0o700);
    expect(readFileSync(dir.at('version'), 'utf8')).toBe('1\n');
    dir.release();
    expect(existsSync(dir.at('lock'))).toBe(false);
  });

  it('refuses a place where nobody can make anything', () => {
    expect(failure(() => openDataDir('/proc/sampan/data'))).toBe(
      'cannot use the data directory /proc/sampan/data: nothing can be made there; use another directory',
    );
  });

  it('refuses a second server, in this process or another, and says who holds it', () => {
    const dir = openDataDir(base);
    expect(failure(() => openDataDir(base))).toMatch(
      `another server (process ${process.pid}) runs on the data directory ${base}`,
    );
    const script = `import('${join(import.meta.dirname, '../../src/server/data-dir.ts')}').then((m) => m.openDataDir('${base}'))`;
    const child = spawnSync(process.execPath, ['--import', 'tsx', '-e', script], { encoding: 'utf8' });
    expect(child.status).not.toBe(0);
    expect(child.stderr).toContain(`another server (process ${process.pid}) runs`);
    dir.release();
    openDataDir(base).release();
  });

  it('takes over the lock of a process that is gone', () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    openDataDir(base).release();
    writeFileSync(join(base, 'lock'), `${gone} 1`);
    openDataDir(base).release();
  });

  it('takes over a lock whose number another process has by now', () => {
    openDataDir(base).release();
    writeFileSync(join(base, 'lock'), `${process.ppid} 1`);
    openDataDir(base).release();
  });

  it('refuses the directory of a newer version, and a file, in one line', () => {
    writeFileSync(join(base, 'version'), '7\n');
    expect(failure(() => openDataDir(base))).toBe(
      `the data directory ${base} has format 7, made by a newer Sampan, and this one reads format 1; ` +
        'run the newer program or use another directory',
    );
    writeFileSync(join(base, 'file'), '');
    expect(failure(() => openDataDir(join(base, 'file')))).toContain('it is a file');
  });
});
