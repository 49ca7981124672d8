// Measures from `create` of a pod to its Ready beside a bare `docker run`, the median of ten each: as root,
// `npx tsx test/bench/pod-start.ts`, on a quiet machine. Not a test: it prints and asserts nothing.
import { execFileSync } from 'node:child_process';
import { IMAGE, Space, WAIT, sh, startCluster } from '../conformance/cluster.ts';

const ROUNDS = 10;
const median = (times: number[]): number => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]!;

async function measure(what: string, one: (i: number) => Promise<number>): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) times.push(await one(i));
  const [least, most] = [Math.min(...times), Math.max(...times)];
  console.log(
    `${what.padEnd(44)} median ${median(times).toFixed(0).padStart(5)} ms  (${least.toFixed(0)} to ${most.toFixed(0)})`,
  );
}

const cluster = await startCluster('bench');
try {
  const space = await Space.make(cluster.api, 'bench');
  const nodeName = cluster.nodes[0]!.metadata.name;
  await measure('docker run -d', async () => {
    const start = performance.now();
    const id = execFileSync('docker', ['run', '-d', '--entrypoint', 'sh', IMAGE, '-c', WAIT], { encoding: 'utf8' });
    const ms = performance.now() - start;
    execFileSync('docker', ['rm', '-f', id.trim()]);
    return ms;
  });
  await measure('a pod, from create to Ready (watched)', async (i) => {
    const name = `pod-${i}`;
    const watch = space.api.watch(`${space.path('pods')}?watch=true&fieldSelector=metadata.name%3D${name}`);
    const start = performance.now();
    await space.pod(name, { containers: [sh(WAIT)], nodeSelector: { 'kubernetes.io/hostname': nodeName } });
    for (;;) {
      const { object } = await watch.next();
      const ready = object['status']?.conditions?.find((c: { type: string }) => c.type === 'Ready');
      if (ready?.status === 'True') break;
    }
    const ms = performance.now() - start;
    watch.close();
    await space.api.del(space.path('pods', name), { gracePeriodSeconds: 0 });
    return ms;
  });
} finally {
  await cluster.close();
}
