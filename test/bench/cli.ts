// Wall time of whole commands beside bare node and, where there is one, kubectl: medians of some runs.
//   npm run build && npx tsx test/bench/cli.ts [--runs 15] [-- COMMAND …]
// The cluster is that of the kubeconfig; without one only what needs no server is measured. $KUBECTL names another kubectl.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { runs: { type: 'string', default: '15' } },
  allowPositionals: true,
});
const runs = Number(values.runs);
const sampan = resolve(import.meta.dirname, '../../bin/sampan');
const kubectl = process.env['KUBECTL'] ?? 'kubectl';

interface Measured {
  ms: number;
  bytes: number;
  status: number | null;
}

function once(command: string, args: readonly string[]): Measured {
  const started = process.hrtime.bigint();
  const { stdout, status } = spawnSync(command, args, { maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'ignore'] });
  return { ms: Number(process.hrtime.bigint() - started) / 1e6, bytes: stdout?.length ?? 0, status };
}

function median(command: string, args: readonly string[]): Measured {
  const all = Array.from({ length: runs }, () => once(command, args)).sort((a, b) => a.ms - b.ms);
  return all[Math.floor(all.length / 2)]!;
}

const text = (m: Measured): string => (m.status === 0 ? `${m.ms.toFixed(0)} ms` : `status ${m.status ?? 'none'}`);

const bare = median(process.execPath, ['-e', '0']);
console.log(`node -e 0: ${text(bare)}`);
const lines =
  positionals.length > 0
    ? [positionals]
    : [
        ['version', '--client'],
        ['get', 'pods'],
        ['get', 'pods', '-A'],
        ['get', 'pods', '-A', '-o', 'json'],
        ['get', 'pods', '-A', '-o', 'yaml'],
        ['get', 'pods', '-A', '-o', 'name'],
      ];
for (const line of lines) {
  const ours = median(process.execPath, [sampan, ...line]);
  const theirs = median(kubectl, line);
  const more = (ours.ms - bare.ms).toFixed(0);
  console.log(`${line.join(' ')}: ${text(ours)} (node + ${more}), kubectl ${text(theirs)}, ${ours.bytes} bytes`);
}
