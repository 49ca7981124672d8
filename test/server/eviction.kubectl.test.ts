// kubectl drain against disruption budgets: it waits where a budget says so, and says why where it cannot go on.
import { execFile } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/client/clock.ts';
import { silentLogger } from '../../src/client/log.ts';
import { runSimulatedNodes } from '../../src/node/simulated/run.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';

const run = promisify(execFile);
const stop = new AbortController();
setMaxListeners(0, stop.signal);
let dataDir: string;
let server: RunningServer;
let nodes: Promise<void>;

async function kubectl(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const command = process.env['KUBECTL'] ?? 'kubectl';
  try {
    const { stdout, stderr } = await run(command, ['--kubeconfig', server.kubeconfigPath!, ...args], {
      timeout: 60_000,
    });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number | string; stdout: string; stderr: string };
    if (typeof code !== 'number') throw error;
    return { code, out: stdout, err: stderr };
  }
}

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sampan-drain-'));
  server = await startServer({ dataDir, listen: { host: '127.0.0.1', port: 0 } });
  nodes = runSimulatedNodes({
    client: server.client(),
    count: 2,
    clock: systemClock,
    log: silentLogger,
    signal: stop.signal,
  });
});
afterAll(async () => {
  stop.abort();
  await nodes?.catch(() => undefined);
  await server?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

it('drain keeps to the budget', { timeout: 90_000 }, async () => {
  await kubectl('create', 'deployment', 'web', '--image=x');
  await kubectl('scale', 'deployment', 'web', '--replicas=4');
  await kubectl('create', 'poddisruptionbudget', 'web', '--selector=app=web', '--max-unavailable=1');
  expect((await kubectl('rollout', 'status', 'deployment/web')).code).toBe(0);
  const { out: first } = await kubectl('get', 'pods', '-o', 'jsonpath={.items[0].spec.nodeName}');
  const drained = await kubectl('drain', first, '--timeout=60s');
  expect(drained.out).toContain(`node/${first} drained`);
  await kubectl('rollout', 'status', 'deployment/web');
  const { out: where } = await kubectl('get', 'pods', '-o', 'jsonpath={.items[*].spec.nodeName}');
  expect(where.split(' ')).not.toContain(first);
  await kubectl('create', 'poddisruptionbudget', 'web2', '--selector=app=web', '--max-unavailable=1');
  const second = await kubectl('drain', where.split(' ')[0]!, '--timeout=20s');
  expect(second.code).toBe(1);
  expect(second.err).toContain(
    'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
  );
});
