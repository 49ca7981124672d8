// Lines as Go's klog writes them to stderr: `I1121 05:10:09.423652   30974 loader.go:402] text`. What kubectl logs
// names its source files, and scripts look for those lines; here the source is part of the text.
import type { Io } from './io.ts';

const two = (n: number): string => String(n).padStart(2, '0');

/** Information, warning, error, fatal. */
export type Level = 'I' | 'W' | 'E' | 'F';

/** One line; `source` is `file.go:line`. */
export function klogLine(level: Level, source: string, text: string, now = Date.now()): string {
  const at = new Date(now);
  const date = `${two(at.getMonth() + 1)}${two(at.getDate())}`;
  const micros = String(Math.floor((now % 1000) * 1000)).padStart(6, '0');
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${micros}`;
  return `${level}${date} ${time} ${String(process.pid).padStart(7)} ${source}] ${text}\n`;
}

export function klog(io: Pick<Io, 'nowMs' | 'stderr'>, level: Level, source: string, text: string): void {
  io.stderr.write(klogLine(level, source, text, io.nowMs()));
}

/** A string as klog's structured lines have it: quoted, or as a block when it has several lines. */
export function klogValue(text: string): string {
  if (!text.includes('\n')) return JSON.stringify(text);
  const lines = text.replace(/\n$/, '').split('\n');
  return `<\n${lines.map((line) => `\t${line}\n`).join('')} >`;
}
