// Writes a file whole or not at all: a full disk, a crash or ^C leaves what was there.
import { existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolders } from './make-folders.ts';

/** Where the folder may not be written to, or the file is one that was mounted: it can be written, but not replaced. */
const IRREPLACEABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV']);

export interface WriteOptions {
  /** Of a file that was not there; another keeps its own. */
  mode: number;
  folderMode?: number;
}

/** Links stay, and what they lead to is replaced. Throws what the system says, with the path. */
export function writeWhole(path: string, text: string, { mode, folderMode = 0o750 }: WriteOptions): void {
  makeFolders(dirname(path), folderMode);
  const target = existsSync(path) ? realpathSync(path) : path;
  const temporary = `${target}.${process.pid}.tmp`;
  const known = existsSync(target) ? statSync(target).mode & 0o777 : undefined;
  try {
    writeFileSync(temporary, text, { mode: known ?? mode });
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (known === undefined || !IRREPLACEABLE.has((error as NodeJS.ErrnoException).code ?? '')) {
      throw Object.assign(error as Error, { path });
    }
    writeFileSync(target, text);
  }
}
