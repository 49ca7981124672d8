// One process per store directory. lmdb itself would let two in, and each would count revisions on its own. The lock
// is a file that names its owner; one whose owner is dead is taken over.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from './store.ts';

const FILE = 'owner';

/** Takes the lock and answers how to give it back. Error: Unavailable, naming the process that holds it. */
export function lockDirectory(directory: string): () => void {
  const file = join(directory, FILE);
  const mine = `${process.pid} ${startTime(process.pid)}\n`;
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(file, mine, { flag: 'wx', mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = read(file);
    if (owner === undefined) continue;
    const [pid, started] = owner.trim().split(' ');
    if (started !== '' && startTime(Number(pid)) === started) throw inUse(directory, pid!);
    evict(file, owner);
  }
  throw inUse(directory, 'unknown');
}

const inUse = (directory: string, pid: string): StoreError =>
  new StoreError('Unavailable', `the store directory ${directory} is in use by process ${pid}`);

/** Removes the dead owner's file; what another process put there meanwhile is put back. */
function evict(file: string, stale: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (read(aside) !== stale) {
    try {
      linkSync(aside, file);
    } catch {
      // A third process holds it by now; the next attempt finds out.
    }
  }
  rmSync(aside, { force: true });
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * When a live process started, in clock ticks since boot: pids are used again. Empty when there is none, or only one
 * that is dead and not yet collected by its parent.
 */
function startTime(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  // The command's name, in parentheses, may hold spaces; the start time is the 20th field after it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
}
