// Many watchers of pods that are created: how many events arrive, and how long after the creator's answer. The watchers
// live in a thread of their own, so that reading and writing do not wait for each other.
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Connection, nowUs, requestOf } from './connection.ts';
import type { Target } from './connection.ts';
import { cpuSeconds, percentile } from './measure.ts';
import { pod } from './objects.ts';

interface Job {
  target: Target;
  path: string;
  prefix: string;
  watchers: number;
  count: number;
  resourceVersion: string;
  /** When the bytes of an event came, by watcher and object. */
  arrivals: SharedArrayBuffer;
}

export interface FanOut {
  eventsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuSeconds: number;
}

const DIGITS = 6;
const nameOf = (prefix: string, i: number): string => `${prefix}-${String(i).padStart(DIGITS, '0')}`;

/** `rate`: creates in a second, evenly; 0 is as many as the server answers. */
export async function fanOut(
  target: Target & { pid: number },
  namespace: string,
  options: { watchers: number; count: number; connections: number; rate?: number },
): Promise<FanOut> {
  const { watchers, count, connections, rate = 0 } = options;
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const prefix = `w${Date.now().toString(36)}`;
  const one = await Connection.open(target);
  const { body } = await one.send(requestOf(target, 'GET', `${path}?limit=1`), { keep: true });
  one.close();
  const { resourceVersion } = (JSON.parse(body.toString()) as { metadata: { resourceVersion: string } }).metadata;
  const arrivals = new SharedArrayBuffer(8 * watchers * count);
  const job: Job = { target, path, prefix, watchers, count, resourceVersion, arrivals };
  // A thread does not know how to read TypeScript by itself.
  const boot = `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))}).then(({ register }) => {
    register();
    return import(${JSON.stringify(import.meta.url)});
  })`;
  const worker = new Worker(boot, { eval: true, workerData: job });
  const said = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  await said();
  const all = said();
  const cpu = cpuSeconds(target.pid);
  const start = nowUs();
  const answered = await createAll(target, path, namespace, { prefix, count, connections, rate });
  await all;
  const used = cpuSeconds(target.pid) - cpu;
  await worker.terminate();
  const at = new Float64Array(arrivals);
  const behind = at.map((time, k) => time - answered[k % count]!).sort();
  const last = at.reduce((a, b) => Math.max(a, b), 0);
  return {
    eventsPerSecond: at.length / ((last - start) / 1e6),
    p50Ms: percentile(behind, 0.5) / 1000,
    p99Ms: percentile(behind, 0.99) / 1000,
    cpuSeconds: used,
  };
}

/** When each create was answered. */
async function createAll(
  target: Target,
  path: string,
  namespace: string,
  { prefix, count, connections, rate }: { prefix: string; count: number; connections: number; rate: number },
): Promise<Float64Array> {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(target)));
  const answered = new Float64Array(count);
  let next = 0;
  const start = nowUs();
  await Promise.all(
    open.map(async (connection) => {
      while (next < count) {
        const i = next++;
        const wait = rate > 0 ? (start + (i * 1e6) / rate - nowUs()) / 1000 : 0;
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        const request = requestOf(target, 'POST', path, pod(namespace, nameOf(prefix, i), i));
        const { status } = await connection.send(request);
        answered[i] = nowUs();
        if (status !== 201) throw new Error(`a create was answered with ${status}`);
      }
    }),
  );
  for (const connection of open) connection.close();
  return answered;
}

async function watchAll({ target, path, prefix, watchers, count, resourceVersion, arrivals }: Job): Promise<void> {
  const at = new Float64Array(arrivals);
  const mark = Buffer.from(`"name":"${prefix}-`);
  const needed = mark.length + DIGITS;
  let missing = watchers * count;
  for (let watcher = 0; watcher < watchers; watcher++) {
    const connection = await Connection.open(target);
    let tail: Buffer = Buffer.alloc(0);
    const onBody = (bytes: Buffer): void => {
      const time = nowUs();
      const text = tail.length > 0 ? Buffer.concat([tail, bytes]) : bytes;
      let from = 0;
      for (let found = text.indexOf(mark); found >= 0; found = text.indexOf(mark, from)) {
        if (found + needed > text.length) break;
        const i = watcher * count + Number(text.toString('latin1', found + mark.length, found + needed));
        from = found + needed;
        if (at[i] !== 0) continue;
        at[i] = time;
        if (--missing === 0) parentPort!.postMessage('all');
      }
      tail = Buffer.from(text.subarray(Math.max(from, text.length - needed)));
    };
    const request = requestOf(target, 'GET', `${path}?watch=1&resourceVersion=${resourceVersion}`);
    connection.send(request, { onBody }).catch(() => undefined);
  }
  parentPort!.postMessage('ready');
}

if (!isMainThread) await watchAll(workerData as Job);
