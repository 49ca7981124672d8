// A server with two nodes for tests of metrics.k8s.io: each second `busy` uses half a core, and its pod `a` a quarter;
// `dead` does not answer. Every look at a node takes four seconds of the server's clock.
import { Nodes, Pods } from '../../../src/api/resources.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

export const START = Date.parse('2025-01-01T00:00:00Z');

export const exposition = (seconds: number, timeMs: number): string => `# HELP x y
node_cpu_usage_seconds_total ${100 + seconds * 0.5} ${timeMs}
node_memory_working_set_bytes 2097152 ${timeMs}
container_cpu_usage_seconds_total{container="c",namespace="default",pod="a"} ${seconds * 0.25} ${timeMs}
container_memory_working_set_bytes{container="c",namespace="default",pod="a"} 1048576 ${timeMs}
container_cpu_usage_seconds_total{container="c",namespace="default",pod="half"} 1 ${timeMs}
container_memory_working_set_bytes{container="c",namespace="default",pod="half"} 1 ${timeMs}
`;

export interface UsageClock {
  now: number;
  /** What nodes were asked. */
  looks: string[];
}

export async function startUsageServer(): Promise<{ server: TestServer; clock: UsageClock }> {
  const clock: UsageClock = { now: START, looks: [] };
  const server = await startTestServer({
    clock: { now: () => clock.now },
    nodes: {
      forward: async ({ address }, path) => {
        clock.looks.push(`${address}${path}`);
        if (address !== '192.0.2.1') throw new Error('no route to host');
        clock.now += 4_000;
        const text = exposition((clock.now - START) / 1000, clock.now);
        return { status: 200, headers: {}, body: { bytes: () => Buffer.from(text) } };
      },
    },
  });
  await fill(server);
  return { server, clock };
}

async function fill(server: TestServer): Promise<void> {
  const client = server.client();
  for (const [name, address] of [
    ['busy', '192.0.2.1'],
    ['dead', '192.0.2.2'],
  ] as const) {
    const metadata = { name, labels: { node: name } };
    const node = await client.create(Nodes, { apiVersion: 'v1', kind: 'Node', metadata });
    const amounts = { cpu: '2', memory: '4Mi' };
    const addresses = [{ type: 'InternalIP', address }];
    await client.updateStatus(Nodes, { ...node, status: { addresses, capacity: amounts, allocatable: amounts } });
  }
  for (const [name, containers] of [
    ['a', ['c']],
    ['half', ['c', 'late']],
  ] as const) {
    const pod = await client.create(Pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', labels: { app: name } },
      spec: { nodeName: 'busy', containers: containers.map((c) => ({ name: c, image: 'i' })) },
    });
    await client.updateStatus(Pods, { ...pod, status: { phase: 'Running' } });
  }
}
