// What was in use before the last switch of context or namespace, so that `ctx -` and `ns -` go back. Kept beside the
// discovery cache; a file that is broken or cannot be written only loses the way back.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { writeWhole } from '../client/write-whole.ts';
import type { Io } from './io.ts';

interface Previous {
  context?: string;
  /** By context. */
  namespaces?: Record<string, string>;
}

/** The folder of this CLI's own files. */
export const stateFolder = (cacheDir: string, io: Io): string =>
  join(cacheDir || io.env['KUBECACHEDIR'] || join(io.env['HOME'] ?? homedir(), '.kube', 'cache'), 'sampan');

const fileOf = (cacheDir: string, io: Io): string => join(stateFolder(cacheDir, io), 'previous.json');

export function readPrevious(cacheDir: string, io: Io): Previous {
  try {
    return JSON.parse(readFileSync(fileOf(cacheDir, io), 'utf8')) as Previous;
  } catch {
    return {};
  }
}

export function keepPrevious(cacheDir: string, io: Io, change: (previous: Previous) => void): void {
  const previous = readPrevious(cacheDir, io);
  change(previous);
  const file = fileOf(cacheDir, io);
  try {
    writeWhole(file, JSON.stringify(previous), { mode: 0o600 });
  } catch {
    return;
  }
}
