// metrics.k8s.io: usage as nodes say it, between two looks at them.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSample } from '../../../src/server/apiserver/usage/scrape.ts';
import { raw } from '../../support/raw.ts';
import type { TestServer } from '../../support/server.ts';
import { START, type UsageClock, exposition, startUsageServer } from './usage-server.ts';

let server: TestServer;
let clock: UsageClock;
beforeEach(async () => {
  ({ server, clock } = await startUsageServer());
});
afterEach(() => server.close());

const root = '/apis/metrics.k8s.io/v1beta1';
interface Item {
  metadata: { name: string };
}
const names = async (path: string): Promise<string[]> =>
  ((await raw(server, 'GET', root + path)).json as { items: Item[] }).items.map((item) => item.metadata.name);

describe('nodes', () => {
  it('say what was used between two looks', async () => {
    const { json } = await raw(server, 'GET', `${root}/nodes`);
    expect(json).toMatchObject({
      kind: 'NodeMetricsList',
      apiVersion: 'metrics.k8s.io/v1beta1',
      items: [
        {
          metadata: { name: 'busy', labels: { node: 'busy' } },
          timestamp: '2025-01-01T00:00:08Z',
          window: '4s',
          usage: { cpu: '500m', memory: '2Mi' },
        },
      ],
    });
    expect((await raw(server, 'GET', `${root}/nodes/dead`)).status).toBe(404);
  });

  it('are not looked at twice in a moment, and measured from the last look later', async () => {
    await raw(server, 'GET', `${root}/nodes/busy`);
    const before = clock.looks.length;
    await raw(server, 'GET', `${root}/nodes/busy`);
    expect(clock.looks).toHaveLength(before);
    clock.now += 40_000;
    const { json } = await raw(server, 'GET', `${root}/nodes/busy`);
    expect(clock.looks).toHaveLength(before + 1);
    expect(json).toMatchObject({ window: '44s', usage: { cpu: '500m' } });
  });
});

describe('pods', () => {
  it('have the usage of each container, once all are measured', async () => {
    const { json } = await raw(server, 'GET', `${root}/namespaces/default/pods`);
    expect((json as { items: object[] }).items).toMatchObject([
      {
        metadata: { name: 'a', namespace: 'default' },
        containers: [{ name: 'c', usage: { cpu: '250m', memory: '1Mi' } }],
      },
    ]);
    expect(await names('/pods')).toEqual(['a']);
    expect(await names('/namespaces/kube-system/pods')).toEqual([]);
    expect(await names('/pods?labelSelector=app%3Da')).toEqual(['a']);
    expect(await names('/pods?labelSelector=app%3Db')).toEqual([]);
    expect((await raw(server, 'GET', `${root}/namespaces/default/pods/half`)).status).toBe(404);
    const table = await raw(server, 'GET', `${root}/pods`, {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    });
    const { columnDefinitions, rows } = table.json as {
      columnDefinitions: { name: string }[];
      rows: { cells: string[] }[];
    };
    expect(columnDefinitions.map((c) => c.name)).toEqual(['Name', 'cpu', 'memory', 'Window']);
    expect(rows.map((r) => r.cells)).toEqual([['a', '250m', '1Mi', '4s']]);
  });

  it('come as JSON to clients that would rather have protobuf', async () => {
    const accept = 'application/vnd.kubernetes.protobuf,application/json';
    const { headers, json } = await raw(server, 'GET', `${root}/pods`, { headers: { accept } });
    expect(headers['content-type']).toBe('application/json');
    expect(json).toMatchObject({ kind: 'PodMetricsList' });
  });
});

it('reads what kubelets write', () => {
  const sample = readSample(exposition(8, START), START + 5);
  expect(sample.at).toBe(START);
  expect(sample.node).toEqual({ cpu: 104, memory: 2097152, startedAt: undefined });
  expect(sample.pods.get('default/a')?.get('c')).toEqual({ cpu: 2, memory: 1048576, startedAt: undefined });
});
