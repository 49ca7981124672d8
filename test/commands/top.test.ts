// `top` beside a stand-in for a metrics server; what is printed was recorded from kubectl 1.32, blanks at the ends of
// lines included. --show-swap is of 1.34.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli, words } from '../cli/run-cli.ts';

const golden = JSON.parse(readFileSync(resolve(import.meta.dirname, '../golden/top/kubectl.json'), 'utf8')) as Record<
  string,
  { code: number; text: string }
>;

const METRICS = 'metrics.k8s.io/v1beta1';
const resource = (name: string, kind: string, namespaced: boolean): object => ({
  name,
  kind,
  namespaced,
  verbs: ['list'],
});
const resources = (groupVersion: string, list: object[]): object => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion,
  resources: list,
});
const pod = (namespace: string, name: string, containers: [string, string, string, string?][]) => ({
  metadata: { name, namespace },
  containers: containers.map(([container, cpu, memory, swap]) => ({
    name: container,
    usage: { cpu, memory, ...(swap ? { swap } : {}) },
  })),
});
const pods = [
  pod('default', 'web-1', [
    ['a', '12345678n', '20Mi', '1Mi'],
    ['b', '1m', '5Mi'],
  ]),
  pod('kube-system', 'dns', [['c', '250m', '100Mi']]),
  pod('default', 'api', [['x', '3m', '1Gi']]),
];
const node = (name: string, allocatable: object, capacity: object, swap?: number): object => ({
  metadata: { name },
  status: { allocatable, capacity, nodeInfo: swap === undefined ? {} : { swap: { capacity: swap } } },
});
const small = { cpu: '1', memory: '4Gi' };
const version = { groupVersion: METRICS, version: 'v1beta1' };
const answers: Record<string, object> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [{ name: 'metrics.k8s.io', versions: [version], preferredVersion: version }],
  },
  '/api/v1': resources('v1', [resource('pods', 'Pod', true), resource('nodes', 'Node', false)]),
  [`/apis/${METRICS}`]: resources(METRICS, [
    resource('pods', 'PodMetrics', true),
    resource('nodes', 'NodeMetrics', false),
  ]),
  [`/apis/${METRICS}/pods`]: { items: pods },
  [`/apis/${METRICS}/namespaces/default/pods`]: { items: pods.filter((p) => p.metadata.namespace === 'default') },
  [`/apis/${METRICS}/nodes`]: {
    items: [
      { metadata: { name: 'n1' }, usage: { cpu: '500m', memory: '1Gi', swap: '10Mi' } },
      { metadata: { name: 'n2' }, usage: { cpu: '100m', memory: '2Gi' } },
    ],
  },
  '/api/v1/nodes': {
    items: [
      node('n1', { cpu: '2', memory: '4Gi' }, { cpu: '4', memory: '8Gi' }, 100 * 2 ** 20),
      node('n2', small, small),
      node('n3', small, small),
    ],
  },
};

let server: Server;
let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'top-'));
  server = createServer((request, response) => {
    const answer = answers[request.url!.split('?')[0]!];
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(home, { recursive: true, force: true });
});

async function top(line: string): Promise<{ code: number; text: string }> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const flags = ['--server', url, '--kubeconfig', '/dev/null'];
  const { code, stdout, stderr } = await runCli([...words(line), ...flags], { env: { HOME: home } });
  return { code, text: stdout + stderr };
}

it.each(Object.keys(golden))('%s', async (line) => {
  expect(await top(line)).toEqual(golden[line]);
});

it.each([
  [
    'top pod --show-swap --sum',
    [
      'NAME    CPU(cores)   MEMORY(bytes)   SWAP(bytes)   ',
      'api     3m           1024Mi          0Mi           ',
      'web-1   14m          25Mi            1Mi           ',
      '        ________     ________        ________      ',
      '        17m          1049Mi          1Mi           ',
    ],
  ],
  [
    'top node --show-swap',
    [
      'NAME   CPU(cores)   CPU(%)      MEMORY(bytes)   MEMORY(%)   SWAP(bytes)   SWAP(%)     ',
      'n1     500m         25%         1024Mi          25%         10Mi          10%         ',
      'n2     100m         10%         2048Mi          50%         <unknown>     <unknown>   ',
      'n3     <unknown>    <unknown>   <unknown>       <unknown>   <unknown>     <unknown>   ',
    ],
  ],
])('%s', async (line, lines) => {
  expect((await top(line)).text.split('\n')).toEqual([...lines, '']);
});
