// How many pods a second the scheduler places: the workloads of upstream's scheduler_perf on a cache of its own, without
// an API server (binding is one write for each pod; test/bench/apiserver.ts measures writes).
//
//   npx tsx test/bench/scale.ts [nodes=5000] [workload …]
//
// CPU time of this process counts, not the wall clock, so that other work on the machine does not matter.
import type { Pod, PodSpec } from 'kubernetes-types/core/v1.js';
import { PodInfo } from '../../src/server/scheduler/pod-info.ts';
import { type Bench, bench, makeNode, makePod } from '../server/scheduler/objects.ts';

type PodMaker = (i: number) => Pod;

interface Workload {
  /** Placed before the clock starts. */
  before: number;
  initial: PodMaker;
  measured: number;
  pod: PodMaker;
  /** Upstream's threshold, pods a second. */
  upstream: number;
}

const REQUESTS = { cpu: '100m', memory: '500Mi' };
const pod =
  (labels: Record<string, string> = {}, spec: Partial<PodSpec> = {}, requests: Record<string, string> = REQUESTS) =>
  (i: number): Pod =>
    makePod(`p${i}`, { labels, spec, requests });
const affinity = (kind: 'podAffinity' | 'podAntiAffinity', color: string, topologyKey: string): Partial<PodSpec> => ({
  affinity: {
    [kind]: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { color } } }],
    },
  },
});
const preferred = (kind: 'podAffinity' | 'podAntiAffinity', color: string): Partial<PodSpec> => ({
  affinity: {
    [kind]: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 1,
          podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { color } } },
        },
      ],
    },
  },
});
const ZONE = 'topology.kubernetes.io/zone';
const spread = (whenUnsatisfiable: string): Partial<PodSpec> => ({
  topologySpreadConstraints: [
    { maxSkew: 5, topologyKey: ZONE, whenUnsatisfiable, labelSelector: { matchLabels: { color: 'blue' } } },
  ],
});

const plain = pod();
const away = pod({ color: 'green' }, affinity('podAntiAffinity', 'green', 'kubernetes.io/hostname'));
const near = pod({ color: 'blue' }, affinity('podAffinity', 'blue', ZONE));
const soft = pod({ color: 'red' }, preferred('podAffinity', 'red'));
const softAway = pod({ color: 'yellow' }, preferred('podAntiAffinity', 'yellow'));

const workloads: Record<string, Workload> = {
  plain: { before: 1000, initial: plain, measured: 10_000, pod: plain, upstream: 680 },
  'anti-affinity': { before: 1000, initial: away, measured: 2000, pod: away, upstream: 60 },
  affinity: { before: 5000, initial: near, measured: 5000, pod: near, upstream: 35 },
  'preferred-affinity': { before: 5000, initial: soft, measured: 5000, pod: soft, upstream: 90 },
  'preferred-anti-affinity': { before: 5000, initial: softAway, measured: 5000, pod: softAway, upstream: 90 },
  spread: {
    before: 1000,
    initial: plain,
    measured: 5000,
    pod: pod({ color: 'blue' }, spread('DoNotSchedule')),
    upstream: 460,
  },
  'preferred-spread': {
    before: 1000,
    initial: plain,
    measured: 5000,
    pod: pod({ color: 'blue' }, spread('ScheduleAnyway')),
    upstream: 340,
  },
  preemption: {
    before: 20_000,
    initial: pod({}, {}, { cpu: '900m', memory: '500Mi' }),
    measured: 5000,
    pod: pod({}, { priority: 10 }, { cpu: '3000m', memory: '500Mi' }),
    upstream: 570,
  },
};

const seconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

function place(on: Bench, make: PodMaker, count: number): number {
  let unplaced = 0;
  for (let i = 0; i < count; i++) {
    const info = new PodInfo(make(i));
    const node = on.attempt(info);
    if (node === undefined) unplaced++;
    else on.cache.assume(info, node);
  }
  return unplaced;
}

function run(name: string, nodes: number): void {
  const { before, initial, measured, pod: make, upstream } = workloads[name]!;
  const on = bench(
    Array.from({ length: nodes }, (_, i) =>
      makeNode(`node-${i}`, {
        labels: { [ZONE]: name === 'affinity' ? 'zone1' : `zone${i % 3}` },
        allocatable: { memory: '32Gi' },
      }),
    ),
  );
  place(on, initial, before);
  const start = seconds();
  const unplaced = place(on, make, measured);
  const took = seconds() - start;
  const rss = Math.round(process.memoryUsage().rss / 1e6);
  const row = [name, nodes, measured, Math.round(measured / took), upstream, (1e6 * took) / measured, unplaced, rss];
  console.log(
    row.map((v, i) => (i === 0 ? String(v).padEnd(24) : String(Math.round(v as number)).padStart(10))).join(''),
  );
}

const [nodes = '5000', ...wanted] = process.argv.slice(2);
console.log(
  [
    'workload'.padEnd(24),
    ...['nodes', 'pods', 'pods/s', 'upstream', 'us/pod', 'unplaced', 'rss MB'].map((s) => s.padStart(10)),
  ].join(''),
);
for (const name of wanted.length > 0 ? wanted : Object.keys(workloads)) run(name, Number(nodes));
