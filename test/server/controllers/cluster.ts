// A whole small cluster in this process for tests: API server, controllers, scheduler and simulated nodes.
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../../src/client/controller.ts';
import { systemClock } from '../../../src/client/clock.ts';
import { silentLogger } from '../../../src/client/log.ts';
import type { Client } from '../../../src/client/rest.ts';
import { controllerUser } from '../../../src/client/transport/in-process.ts';
import { runSimulatedNodes, type SimulatedNodesOptions } from '../../../src/node/simulated/run.ts';
import type { SignCsr } from '../../../src/server/controllers/_types.ts';
import { runControllers } from '../../../src/server/controllers/run.ts';
import { runScheduler } from '../../../src/server/scheduler/run.ts';
import { type TestServer, type TestServerOptions, startTestServer } from '../../support/server.ts';

export interface TestCluster {
  server: TestServer;
  client: Client;
  /** Stops what was started under this name: `nodes`, or what `startNodes` answered. */
  startNodes(options: Partial<SimulatedNodesOptions>): { stop(): Promise<void> };
  stop(): Promise<void>;
}

export interface TestClusterOptions {
  /** Simulated nodes; default 3. 0: none. */
  nodes?: number;
  /** Default true. */
  scheduler?: boolean;
  /** Controllers to run; default all. */
  controllers?: readonly string[];
  clock?: Clock;
  signCsr?: SignCsr;
  /** More about the API server, or something else of it. */
  server?: TestServerOptions;
}

export async function startCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { nodes = 3, scheduler = true, clock = systemClock, signCsr } = options;
  const server = await startTestServer(options.server);
  const client = server.client();
  const stopper = new AbortController();
  const { signal } = stopper;
  setMaxListeners(0, signal);
  const common = { clock, log: silentLogger, signal };
  const running: Promise<void>[] = [
    runControllers({
      ...common,
      client: (name) => server.client(controllerUser(name)),
      rootCa: 'test CA',
      ...(options.controllers ? { names: options.controllers } : {}),
      ...(signCsr ? { signCsr } : {}),
    }),
  ];
  if (scheduler) running.push(runScheduler({ ...common, client }));
  const startNodes = (more: Partial<SimulatedNodesOptions>) => {
    const own = new AbortController();
    const both = AbortSignal.any([signal, own.signal]);
    setMaxListeners(0, both);
    const run = runSimulatedNodes({ client, ...common, ...more, signal: both });
    running.push(run);
    return {
      async stop() {
        own.abort();
        await run;
      },
    };
  };
  if (nodes > 0) startNodes({ count: nodes });
  return {
    server,
    client,
    startNodes,
    async stop() {
      stopper.abort();
      await Promise.all(running);
      await server.close();
    },
  };
}

/** Asks until the answer is not undefined or false; fails with what it waited for. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  timeoutMs = 10_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never happened: ${what}${last ? ` (${String(last)})` : ''}`);
}
