// Closed loops over several connections, and what they cost the server: its CPU time and memory are read from /proc.
import { readFileSync } from 'node:fs';
import { Connection, nowUs } from './connection.ts';
import type { Target } from './connection.ts';

/** Of Linux, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** MB: all that is resident, and the part that is the process's own and no mapped file. */
export function memory(pid: number): { resident: number; own: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const of = (name: string): number => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1024);
  return { resident: of('VmRSS'), own: of('RssAnon') };
}

export const percentile = (sorted: Float64Array, p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))]!;

export interface Loop {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Of the server, per operation. */
  cpuMs: number;
}

/** `count` requests over `connections`, each sent when the one before it on its connection was answered. */
export async function closedLoop(
  target: Target & { pid: number },
  count: number,
  connections: number,
  make: (i: number) => Buffer,
): Promise<Loop> {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(target)));
  const times = new Float64Array(count);
  let next = 0;
  const cpu = cpuSeconds(target.pid);
  const start = nowUs();
  await Promise.all(
    open.map(async (connection) => {
      while (next < count) {
        const i = next++;
        const request = make(i);
        const sent = nowUs();
        const { status } = await connection.send(request);
        times[i] = nowUs() - sent;
        if (status < 200 || status > 299) throw new Error(`request ${i} was answered with ${status}`);
      }
    }),
  );
  const seconds = (nowUs() - start) / 1e6;
  const used = cpuSeconds(target.pid) - cpu;
  for (const connection of open) connection.close();
  times.sort();
  return {
    perSecond: count / seconds,
    p50Ms: percentile(times, 0.5) / 1000,
    p99Ms: percentile(times, 0.99) / 1000,
    cpuMs: (used * 1000) / count,
  };
}

/** The median of several answers to one request, to the last byte. */
export async function repeated(
  target: Target & { pid: number },
  request: Buffer,
  times: number,
): Promise<{ ms: number; bytes: number; cpuMs: number }> {
  const connection = await Connection.open(target);
  const took: number[] = [];
  let bytes = 0;
  const cpu = cpuSeconds(target.pid);
  for (let i = 0; i < times; i++) {
    const start = nowUs();
    const answer = await connection.send(request);
    took.push((nowUs() - start) / 1000);
    if (answer.status !== 200) throw new Error(`a list was answered with ${answer.status}`);
    bytes = answer.bytes;
  }
  connection.close();
  took.sort((a, b) => a - b);
  return { ms: took[took.length >> 1]!, bytes, cpuMs: ((cpuSeconds(target.pid) - cpu) * 1000) / times };
}
