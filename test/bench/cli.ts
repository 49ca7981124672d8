// Whole commands beside kubectl, on a server of its own: wall time and CPU time, medians of some rounds, as a table in Markdown.
//   npm run build && npx tsx test/bench/cli.ts [--rounds=7] [--pods=10000] [--binary=FILE] [--only=TEXT]
// The programs take turns within a round, so that a machine that slows down slows all of them. $KUBECTL names another kubectl.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BenchServer } from './load/bench-server.ts';
import { requestOf } from './load/connection.ts';
import { closedLoop } from './load/measure.ts';
import { pod } from './load/objects.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    pods: { type: 'string', default: '10000' },
    binary: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const rounds = Number(values.rounds);
/** It takes many seconds for much of this. */
const KUBECTL_ROUNDS = 3;
const root = resolve(import.meta.dirname, '../..');
const binary = values.binary ?? join(root, `dist/sampan-${process.platform}-${process.arch}`);
const folder = mkdtempSync(join(tmpdir(), 'sampan-bench-'));

const programs: Record<string, readonly string[]> = {
  kubectl: [process.env['KUBECTL'] ?? 'kubectl'],
  Node: [process.execPath, join(root, 'bin/sampan')],
  ...(existsSync(binary) ? { binary: [binary] } : {}),
};

interface Step {
  args: readonly string[];
  /** What the table calls it; the command itself otherwise. */
  name?: string;
  /** Before each measurement, not measured. */
  before?: readonly string[];
}

const all = join(folder, 'all.yaml');
const each = join(folder, 'each');
const gone = ['delete', 'configmaps', '-l', 'bench=cli', '--ignore-not-found'];
const there = ['apply', '-f', all];
const steps: readonly Step[] = [
  { args: ['version', '--client'] },
  { args: ['get', '--help'] },
  { args: ['get', 'pods'], name: 'get pods, of 10' },
  { args: ['get', 'pods', '-o', 'yaml'] },
  { args: ['describe', 'pod', 'p-1'] },
  { args: ['__complete', 'get', 'pods', ''] },
  { args: ['api-resources'] },
  { args: ['get', 'pods', '-A'] },
  { args: ['get', 'pods', '-A', '-o', 'wide'] },
  { args: ['get', 'pods', '-A', '--sort-by=.metadata.name'] },
  { args: ['get', 'pods', '-A', '-o', 'name'] },
  { args: ['get', 'pods', '-A', '-o', 'custom-columns=N:.metadata.name,S:.status.phase'] },
  { args: ['get', 'pods', '-A', '-o', 'jsonpath={.items[*].metadata.name}'] },
  { args: ['get', 'pods', '-A', '-o', 'json'] },
  { args: ['get', 'pods', '-A', '-o', 'yaml'] },
  { args: there, name: 'apply -f, 100 new', before: gone },
  { args: there, name: 'apply -f, 100 unchanged', before: there },
  { args: ['apply', '-f', each], name: 'apply -f of a folder, 100 unchanged', before: there },
  { args: ['apply', '--server-side', '-f', all], name: 'apply --server-side, 100 new', before: gone },
  { args: ['diff', '-f', all], name: 'diff, 100 unchanged', before: there },
  { args: ['get', '-f', all], name: 'get -f, 100', before: there },
  { args: ['create', '-f', all], name: 'create -f, 100', before: gone },
  { args: ['delete', '-f', all], name: 'delete -f, 100', before: there },
  { args: ['kustomize', folder], name: 'kustomize build, 100' },
];

const configMap = (i: number): string => `apiVersion: v1
kind: ConfigMap
metadata:
  name: cm-${String(i).padStart(3, '0')}
  labels:
    bench: cli
data:
  index: "${i}"
  config.yaml: |
    listen: :8080
    level: info
`;

function writeManifests(): void {
  const documents = Array.from({ length: 100 }, (_, i) => configMap(i));
  writeFileSync(all, documents.join('---\n'));
  mkdirSync(each);
  documents.forEach((text, i) => writeFileSync(join(each, `cm-${String(i).padStart(3, '0')}.yaml`), text));
  writeFileSync(join(folder, 'kustomization.yaml'), 'resources: [all.yaml]\nnamePrefix: x-\n');
}

async function load(server: BenchServer): Promise<void> {
  const create = (namespace: string) => (i: number) =>
    requestOf(server.target, 'POST', `/api/v1/namespaces/${namespace}/pods`, pod(namespace, `p-${i}`, i));
  await server.makeNamespace('bench');
  await server.makeNamespace('few');
  await closedLoop(server.target, 10, 1, create('few'));
  await closedLoop(server.target, Number(values.pods), 16, create('bench'));
}

interface Measured {
  wallMs: number;
  cpuMs: number;
  status: number | null;
}

/** The shell's own clock, which knows what its child took. */
function once(command: readonly string[], env: NodeJS.ProcessEnv): Measured {
  const script = 'TIMEFORMAT="%3R %3U %3S"; { time "$@" >/dev/null 2>&4; } 4>/dev/null';
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', ...command], { env, encoding: 'utf8' });
  const [wall = NaN, user = NaN, sys = NaN] = stderr.trim().split(' ').map(Number);
  return { wallMs: wall * 1000, cpuMs: (user + sys) * 1000, status };
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
const text = (runs: readonly Measured[]): string => {
  const failed = runs.find((r) => r.status !== 0);
  if (failed) return `status ${failed.status}`;
  return `${median(runs.map((r) => r.wallMs)).toFixed(0)} (${median(runs.map((r) => r.cpuMs)).toFixed(0)})`;
};

function measure({ args, before, name }: Step, env: NodeJS.ProcessEnv): void {
  const runs = Object.fromEntries(Object.keys(programs).map((program) => [program, [] as Measured[]]));
  // The first round warms caches of discovery and of the disk.
  for (let round = -1; round < rounds; round++) {
    for (const [program, command] of Object.entries(programs)) {
      if (program === 'kubectl' && round >= KUBECTL_ROUNDS) continue;
      if (before) once([...programs['Node']!, ...before], env);
      const run = once([...command, ...args], env);
      if (round >= 0) runs[program]!.push(run);
    }
  }
  const cells = Object.values(runs).map(text);
  console.log(`| ${[name ?? `\`${args.join(' ')}\``, ...cells, loadavg()[0]!.toFixed(1)].join(' | ')} |`);
}

const server = new BenchServer(root, ['apiserver'], 'memory');
await server.start();
try {
  writeManifests();
  await load(server);
  const { status } = spawnSync(process.execPath, [
    join(root, 'bin/sampan'),
    `--kubeconfig=${server.kubeconfig}`,
    'config',
    'set-context',
    '--current',
    '--namespace=few',
  ]);
  if (status !== 0) throw new Error('the namespace could not be set');
  const env = { ...process.env, HOME: folder, KUBECONFIG: server.kubeconfig };
  console.log(`| ms: wall (CPU) | ${Object.keys(programs).join(' | ')} | load |`);
  console.log(
    `| --- | ${Object.keys(programs)
      .map(() => '--- | ')
      .join('')}--- |`,
  );
  for (const step of steps) if ((step.name ?? step.args.join(' ')).includes(values.only)) measure(step, env);
} finally {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
