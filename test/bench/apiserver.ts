// Measures the built API server and prints tables in Markdown: `npm run build && npx tsx test/bench/apiserver.ts`.
//
//   --objects=10000    pods in the first tables
//   --growth           also the same at up to 100,000 pods and 1,000 watchers; takes minutes
//   --root=<checkout>  another built checkout's server, to compare two of them
//
// The load comes from this process, on the same cores: the server's CPU time for each operation is what compares.
import { parseArgs } from 'node:util';
import { BenchServer } from './load/bench-server.ts';
import { requestOf } from './load/connection.ts';
import { fanOut } from './load/fan-out.ts';
import { closedLoop, memory, repeated } from './load/measure.ts';
import { deployment, pod } from './load/objects.ts';

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '10000' },
    growth: { type: 'boolean', default: false },
    root: { type: 'string' },
  },
});
const OBJECTS = Number(values.objects);
const STEPS = [1_000, 10_000, 30_000, 100_000];
const WATCHERS = [1, 10, 100, 300, 1_000];
const LISTS = 7;
const PODS = '/api/v1/namespaces/bench/pods';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/bench/deployments';
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
const PARTIAL = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' };

const row = (...cells: (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);
function head(...cells: string[]): void {
  console.log('');
  row(...cells);
  row(...cells.map(() => '---'));
}
const whole = (value: number): string => Math.round(value).toLocaleString('en');
const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 0);
const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const nameOf = (i: number): string => `p-${String(i).padStart(6, '0')}`;

const server = new BenchServer(values.root);

async function loop(what: string, count: number, connections: number, make: (i: number) => Buffer): Promise<void> {
  const { perSecond, p50Ms, p99Ms, cpuMs } = await closedLoop(server.target, count, connections, make);
  row(what, connections, whole(perSecond), ms(p50Ms), ms(p99Ms), cpuMs.toFixed(3));
}

const create = (i: number): Buffer => requestOf(server.target, 'POST', PODS, pod('bench', nameOf(i), i));
/** The same order in every run, and no neighbours. */
const get = (i: number): Buffer => requestOf(server.target, 'GET', `${PODS}/${nameOf((i * 7_919) % OBJECTS)}`);

function patch(i: number): Buffer {
  const body = JSON.stringify({ metadata: { labels: { patched: `v${i}` } } });
  const headers = { 'content-type': 'application/strategic-merge-patch+json' };
  return requestOf(server.target, 'PATCH', `${PODS}/${nameOf(i % OBJECTS)}`, body, headers);
}

const apply =
  (revision: string) =>
  (i: number): Buffer => {
    const path = `${DEPLOYMENTS}/d-${i}?fieldManager=bench&force=true`;
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    return requestOf(server.target, 'PATCH', path, deployment('bench', `d-${i}`, revision), headers);
  };

async function operations(): Promise<void> {
  head('operation', 'connections', 'per second', 'p50 ms', 'p99 ms', 'server CPU ms');
  const fifth = Math.floor(OBJECTS / 5);
  await loop('create', fifth, 1, create);
  await loop('create', 2 * fifth, 16, (i) => create(fifth + i));
  await loop('create', OBJECTS - 3 * fifth, 64, (i) => create(3 * fifth + i));
  sizes.push(['after the creates', memory(server.target.pid)]);
  await server.makeQuota('counted', { pods: '1000000', 'requests.cpu': '1000000' });
  await loop('create, counted by a quota', fifth, 64, (i) =>
    requestOf(server.target, 'POST', '/api/v1/namespaces/counted/pods', pod('counted', nameOf(i), i)),
  );
  await loop('get', 2_000, 1, get);
  await loop('get', 30_000, 64, get);
  await loop('strategic merge patch', OBJECTS, 16, patch);
  await loop('server-side apply, new', 3_000, 16, apply('1'));
  await loop('server-side apply, the same', 3_000, 16, apply('1'));
  await loop('server-side apply, changed', 3_000, 16, apply('2'));
}

async function list(what: string, query = '', headers: Record<string, string> = {}): Promise<void> {
  const answer = await repeated(
    server.target,
    requestOf(server.target, 'GET', PODS + query, undefined, headers),
    LISTS,
  );
  row(what, ms(answer.ms), mb(answer.bytes), ms(answer.cpuMs));
}

async function lists(): Promise<void> {
  head(`list of ${whole(OBJECTS)} pods`, 'median ms', 'size', 'server CPU ms');
  await list('JSON');
  await list('JSON, gzip', '', { 'accept-encoding': 'gzip' });
  await list('Table', '', TABLE);
  await list('protobuf', '', { accept: 'application/vnd.kubernetes.protobuf' });
  await list('PartialObjectMetadataList', '', PARTIAL);
  await list('one label of a hundred', '?labelSelector=bucket%3Db7');
  await list('one name, by field selector', `?fieldSelector=metadata.name%3D${nameOf(7)}`);
  await list('one page of 500', '?limit=500');
}

async function watches(): Promise<void> {
  head('watch, 100 watchers', 'events per second', 'p50 ms behind', 'p99 ms behind', 'server CPU s');
  const one = async (what: string, count: number, rate: number): Promise<void> => {
    const found = await fanOut(server.target, 'watched', { watchers: 100, count, connections: 16, rate });
    row(what, whole(found.eventsPerSecond), ms(found.p50Ms), ms(found.p99Ms), found.cpuSeconds.toFixed(2));
  };
  await one('1,000 creates as fast as they go', 1_000, 0);
  await one('500 creates, 100 a second', 500, 100);
}

const sizes: [string, { resident: number; own: number }][] = [];

async function growth(): Promise<void> {
  head(
    'pods',
    'create per s, 64',
    'CPU ms',
    'get p99 ms, 64',
    'list JSON ms',
    'Table ms',
    'label ms',
    'MB',
    'own MB',
    'start ms',
  );
  const fresh = new BenchServer(values.root);
  await fresh.start();
  await fresh.makeNamespace('bench');
  let made = 0;
  for (const step of STEPS) {
    const made0 = made;
    const at = (i: number): Buffer => requestOf(fresh.target, 'POST', PODS, pod('bench', nameOf(made0 + i), i));
    const created = await closedLoop(fresh.target, step - made, 64, at);
    made = step;
    const some = (i: number): Buffer => requestOf(fresh.target, 'GET', `${PODS}/${nameOf((i * 7_919) % made)}`);
    const read = await closedLoop(fresh.target, 10_000, 64, some);
    const timed = async (query: string, headers = {}): Promise<string> =>
      ms((await repeated(fresh.target, requestOf(fresh.target, 'GET', PODS + query, undefined, headers), 3)).ms);
    const shown = [await timed(''), await timed('', TABLE), await timed('?labelSelector=bucket%3Db7')];
    const { resident, own } = memory(fresh.target.pid);
    await fresh.stop();
    await fresh.start();
    const rate = [whole(created.perSecond), created.cpuMs.toFixed(3), ms(read.p99Ms)];
    row(whole(step), ...rate, ...shown, resident, own, whole(fresh.startMs));
  }
  await fresh.makeNamespace('watched');
  head(
    'watchers, beside those pods',
    'events per second',
    'p50 ms behind',
    'p99 ms behind',
    'CPU µs an event',
    'own MB',
  );
  for (const watchers of WATCHERS) {
    const count = Math.floor(Math.max(100, Math.min(1_000, 50_000 / watchers)));
    const found = await fanOut(fresh.target, 'watched', { watchers, count, connections: 4, rate: 50 });
    const cpu = ((found.cpuSeconds * 1e6) / (watchers * count)).toFixed(1);
    row(watchers, whole(found.eventsPerSecond), ms(found.p50Ms), ms(found.p99Ms), cpu, memory(fresh.target.pid).own);
  }
  await fresh.close();
}

await server.start();
const emptyStart = server.startMs;
sizes.push(['empty', memory(server.target.pid)]);
await server.makeNamespace('bench');
await server.makeNamespace('watched');
await server.makeNamespace('counted');
// A server that has done nothing yet is slow at first, and that is not what is asked.
await closedLoop(server.target, 500, 16, (i) =>
  requestOf(server.target, 'POST', '/api/v1/namespaces/watched/pods', pod('watched', `warm-${i}`, i)),
);
await operations();
await lists();
await watches();
sizes.push(['after all of this', memory(server.target.pid)]);
await server.stop();
await server.start();
sizes.push(['started anew', memory(server.target.pid)]);
head('memory', 'resident MB', 'of which its own (the rest are mapped files)');
for (const [when, { resident, own }] of sizes) row(when, resident, own);
head('start to /readyz', 'ms');
row('empty', whole(emptyStart));
row(`holding ${whole(OBJECTS)} pods and 3,000 deployments`, whole(server.startMs));
await server.close();
if (values.growth) await growth();
