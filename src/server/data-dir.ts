// The data directory of one server: made 0700, marked with the format that its files have, and locked by the process
// that runs on it. What lies inside belongs to others: pki/ to server/pki, store/ to server/store.
import { existsSync, linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { folderProblem, makeFolders } from '../client/make-folders.ts';
import { writeFileAtomic } from './pki/files.ts';
import { StartupError, errnoOf } from './startup-error.ts';

/** Raised when files in the directory change their meaning; an older program must not touch a newer directory. */
export const DATA_FORMAT = 1;

export interface DataDir {
  path: string;
  /** A path inside. */
  at(...parts: string[]): string;
  /** Gives up the lock. Idempotent. */
  release(): void;
}

/** Directories that this process holds: the lock file alone cannot tell two servers of one process apart. */
const held = new Set<string>();

/** Makes or opens a data directory and locks it. Throws StartupError. */
export function openDataDir(path: string): DataDir {
  const root = resolve(path);
  const at = (...parts: string[]): string => join(root, ...parts);
  try {
    makeFolders(root, 0o700);
    checkFormat(root);
    for (const folder of ['pki', 'run', 'log']) makeFolders(at(folder), 0o700);
    lock(root);
  } catch (error) {
    throw asStartupError(root, error);
  }
  return {
    path: root,
    at,
    release() {
      if (!held.delete(root)) return;
      rmSync(at('lock'), { force: true });
    },
  };
}

function checkFormat(root: string): void {
  const file = join(root, 'version');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    writeFileAtomic(file, `${DATA_FORMAT}\n`);
    return;
  }
  const found = Number(text.trim());
  if (!Number.isInteger(found) || found < 1) {
    throw new StartupError(
      `the file ${file} does not hold a format number; is ${root} a data directory of Sampan? Use another directory`,
    );
  }
  if (found > DATA_FORMAT) {
    throw new StartupError(
      `the data directory ${root} has format ${found}, made by a newer Sampan, and this one reads format ` +
        `${DATA_FORMAT}; run the newer program or use another directory`,
    );
  }
}

/**
 * A lock is a file that names its process. It appears whole, by link(2), so that nobody reads half a name; one whose
 * process is gone (or whose number another process has by now) is taken over.
 */
function lock(root: string): void {
  const file = join(root, 'lock');
  const mine = `${process.pid} ${startOf(process.pid) ?? ''}`;
  const draft = `${file}.${process.pid}`;
  writeFileAtomic(draft, mine);
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        linkSync(draft, file);
        held.add(root);
        return;
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
      }
      const holder = readLock(file);
      if (holder !== undefined && isRunning(holder, root)) {
        throw new StartupError(
          `another server (process ${holder.split(' ')[0]}) runs on the data directory ${root}; ` +
            'stop it first or use another directory',
        );
      }
      if (holder !== undefined) removeStale(file, holder);
    }
    throw new StartupError(`the lock ${file} could not be taken; is another server starting on the same directory?`);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Takes a dead process' lock away; one that a third process made in the meantime is put back. */
function removeStale(file: string, holder: string): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
    if (readLock(aside) !== holder) linkSync(aside, file);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readLock(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isRunning(holder: string, root: string): boolean {
  const [pidText = '', start = ''] = holder.split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return held.has(root);
  const now = startOf(pid);
  if (now !== undefined) return start === '' || now === start;
  if (existsSync('/proc/self/stat')) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

/**
 * When a process started, in the kernel's ticks: tells a process from a later one with the same number. Undefined for
 * one that is gone, or dead and not yet collected by its parent, and where there is no /proc.
 */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields 3 and 22; the second field is the command in parentheses and may itself hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function asStartupError(root: string, error: unknown): unknown {
  if (error instanceof StartupError) return error;
  const reason = folderProblem(root, error);
  if (!reason) return error;
  return new StartupError(`cannot use the data directory ${root}: ${reason}`, { cause: error });
}
