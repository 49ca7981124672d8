// Makes a folder and those above it, one by one. Not `mkdirSync` with `recursive`: where the kernel lets nobody make
// anything, as in /proc, that one tries again for ever.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, resolve } from 'node:path';

/** Folders that are there already stay as they are. Throws what the system says; ENOTDIR where a file is in the way. */
export function makeFolders(path: string, mode: number): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.push(folder);
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder, { mode });
    } catch (error) {
      // Somebody else was quicker.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  if (statSync(path).isDirectory()) return;
  const file = { code: 'ENOTDIR', errno: -constants.errno.ENOTDIR, syscall: 'mkdir', path };
  throw Object.assign(new Error(`ENOTDIR: not a directory, mkdir '${path}'`), file);
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; change its owner or use another directory',
  EPERM: 'operation not permitted; use another directory',
  EROFS: 'the file system is read-only; use another directory',
  ENOENT: 'nothing can be made there; use another directory',
  ENOTDIR: 'a part of the path is a file; use another directory',
  ENOSPC: 'no space left on the device; make room or use another directory',
};

/** Why a directory cannot be used, for whoever named it; undefined for an error that is not the directory's. */
export function folderProblem(path: string, error: unknown): string | undefined {
  const { code = '' } = error as NodeJS.ErrnoException;
  return code === 'ENOTDIR' && existsSync(path) ? 'it is a file; use another directory' : REASONS[code];
}
