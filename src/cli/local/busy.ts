// One `up` or `down` at a time on a data directory: a file that names the process at work, made whole by link(2). One
// whose process is gone is taken over.
import { linkSync, mkdirSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../errors.ts';
import { isSame, startTime } from './process-identity.ts';

/** Runs `work` while nobody else works on the directory. */
export async function exclusively<T>(dataDir: string, command: string, work: () => Promise<T>): Promise<T> {
  const file = join(dataDir, 'run', 'busy');
  mkdirSync(join(dataDir, 'run'), { recursive: true, mode: 0o700 });
  take(file, dataDir, command);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
    // What was refused leaves no empty folders behind.
    for (const folder of [join(dataDir, 'run'), dataDir]) removeEmpty(folder);
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It is in use.
  }
}

function take(file: string, dataDir: string, command: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${process.pid} ${startTime(process.pid) ?? ''} ${command}`);
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        return linkSync(draft, file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const [pid = '', start = '', ...other] = read(file).split(' ');
      if (isSame(Number(pid), start)) {
        throw new CliError(`"${other.join(' ')}" (process ${pid}) is at work on ${dataDir}: wait until it has ended`);
      }
      rmSync(file, { force: true });
    }
    throw new CliError(`another command is at work on ${dataDir}: wait until it has ended`);
  } finally {
    rmSync(draft, { force: true });
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The process that serves this data directory, whoever started it; undefined when none does. */
export function serverOf(dataDir: string): number | undefined {
  const [pid = '', start = ''] = read(join(dataDir, 'lock')).split(' ');
  return isSame(Number(pid), start) ? Number(pid) : undefined;
}
