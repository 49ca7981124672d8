// Progress of long work at a terminal: what is done of how much, what is under way and why it waits. A command keeps
// its own counts and says how they look; this asks it again and again. Nothing is shown of work that ends within a
// moment, nothing in pipes and CI. What the command prints goes above it, byte by byte as without it. The drawing
// (listr2) is board.ts, loaded when it is shown first.
import { fstatSync } from 'node:fs';
import { humanDuration } from '../../api/duration.ts';
import type { Io } from '../io.ts';

export interface ProgressView {
  /** What is done, and how far it is. */
  title: string;
  /** What is under way; each a line, cut at the terminal's edge. Those for which there is no room are counted. */
  rows?: readonly string[];
}

/** How long work takes before one looks up. */
const MOMENT_MS = 1000;
/** Of many things one wants to know sooner. */
const SOON_MS = 250;
const MANY = 20;

/** True at a terminal where nothing that is printed goes to another program. NO_COLOR only ends colour. */
export function showsProgress(io: Io): boolean {
  if (io.stderr.isTTY !== true || io.env['CI'] || io.env['TERM'] === 'dumb') return false;
  // A terminal without a size cannot be drawn on.
  if (io.stdout.columns === 0) return false;
  return io.stdout.isTTY === true || isFile(io.stdout);
}

/** A file takes what is printed; the terminal has room. */
function isFile(stream: object): boolean {
  const { fd } = stream as { fd?: unknown };
  if (typeof fd !== 'number') return false;
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}

export interface ProgressOptions {
  /** False: there is none, as with `-o`. */
  when?: boolean;
  /** How many things there are to do. */
  count?: number;
}

/** Shows `view` while `work` runs, unless that is over in a moment. */
export async function withProgress<T>(
  io: Io,
  view: () => ProgressView,
  work: () => Promise<T>,
  { when = true, count = 0 }: ProgressOptions = {},
): Promise<T> {
  if (!when || !showsProgress(io)) return work();
  let isOver = false;
  let close: (() => void) | undefined;
  const begin = async (): Promise<void> => {
    const { openBoard } = await import('./board.ts');
    if (!isOver) close = openBoard(io, view);
  };
  const timer = setTimeout(() => void begin(), count > MANY ? SOON_MS : MOMENT_MS);
  try {
    return await work();
  } finally {
    isOver = true;
    clearTimeout(timer);
    close?.();
  }
}

/** `█████░░░░░ 5/10`; a whole that is nothing is full. */
export function bar(done: number, of: number, width = 20): string {
  const filled = of <= 0 ? width : Math.max(0, Math.min(width, Math.floor((done / of) * width)));
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${done}/${of}`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `1.4 MiB` */
export function byteSize(bytes: number): string {
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** Things a second, with one digit where they are few. */
export function rate(done: number, sinceMs: number, nowMs: number): number {
  const perSecond = done / Math.max(0.001, (nowMs - sinceMs) / 1000);
  return perSecond < 10 ? Math.round(perSecond * 10) / 10 : Math.round(perSecond);
}

/** `12s` */
export const age = (sinceMs: number, nowMs: number): string => humanDuration(nowMs - sinceMs);
