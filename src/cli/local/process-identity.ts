// Which process a number stands for: pids are used again, pids with a start time are not.
import { readFileSync } from 'node:fs';

/** Jiffies since boot at which a process started; undefined for one that is gone, or dead and not yet collected. */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export const isSame = (pid: number, start: string): boolean => pid > 0 && startTime(pid) === start;

/** What it was called with; empty when it is gone. */
export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}
