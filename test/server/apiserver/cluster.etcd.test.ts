// Two API servers on one etcd: what one acknowledges the other shows at once, and they never give one thing twice.
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Service } from 'kubernetes-types/core/v1.js';
import { ConfigMaps, CustomResourceDefinitions, Services } from '../../../src/api/resources.ts';
import { openEtcdStore } from '../../../src/server/store/etcd.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { EtcdProcess } from '../store/etcd-process.ts';

let etcd: EtcdProcess;
let one: TestServer;
let two: TestServer;

beforeAll(async () => {
  etcd = new EtcdProcess();
  await etcd.start();
});
afterAll(() => etcd.remove());
beforeEach(async () => {
  const start = async () =>
    startTestServer({ store: await openEtcdStore({ hosts: [etcd.host] }), serviceCidr: '10.96.0.0/26' });
  one = await start();
  two = await start();
});
afterEach(() => Promise.all([one.close(), two.close()]));

const configMap = (name: string) => ({
  apiVersion: 'v1' as const,
  kind: 'ConfigMap' as const,
  metadata: { name, namespace: 'default' },
});
const service = (name: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { ports: [{ port: 80 }] },
});

it('reads what the other wrote, at once', async () => {
  const [a, b] = [one.client(), two.client()];
  for (let i = 0; i < 50; i++) {
    const made = await a.create(ConfigMaps, configMap(`c${i}`));
    const read = await b.get(ConfigMaps, { name: `c${i}`, namespace: 'default' });
    expect(read.metadata!.resourceVersion).toBe(made.metadata!.resourceVersion);
    const { items } = await b.list(ConfigMaps, { namespace: 'default' });
    expect(items).toHaveLength(i + 1);
  }
});

it('watches what the other writes, in order', async () => {
  const { metadata } = await two.client().list(ConfigMaps);
  const watching = two.client().watch(ConfigMaps, { resourceVersion: metadata.resourceVersion! });
  const writing = Promise.all(
    Array.from({ length: 100 }, (_, i) => one.client().create(ConfigMaps, configMap(`w${i}`))),
  );
  const revisions: number[] = [];
  for await (const event of watching) {
    revisions.push(Number(event.object.metadata!.resourceVersion));
    if (revisions.length === 100) break;
  }
  expect(revisions).toEqual([...revisions].sort((x, y) => x - y));
  await writing;
});

it('never gives one address twice', async () => {
  const made = await Promise.allSettled(
    Array.from({ length: 70 }, (_, i) => (i % 2 ? one : two).client().create(Services, service(`s${i}`))),
  );
  const addresses = made.flatMap((r) => (r.status === 'fulfilled' ? [r.value.spec!.clusterIP] : []));
  expect(new Set(addresses).size).toBe(addresses.length);
  expect(addresses).toHaveLength(62);
});

it('serves custom resources that the other defined', async () => {
  const names = { plural: 'things', kind: 'Thing' };
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await one.client().create(CustomResourceDefinitions, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names,
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
  const Things = { group: 'example.com', version: 'v1', plural: 'things', kind: 'Thing', namespaced: false };
  const object = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a' } };
  await two.client().create(Things, object);
  expect((await one.client().list(Things)).items).toHaveLength(1);
});
