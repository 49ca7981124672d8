// DELETE: grace, propagation, preconditions, dry run, collections, and namespaces that take their time.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigMaps, Namespaces, Pods } from '../../../src/api/resources.ts';
import type { ObjectMeta } from '../../../src/api/types.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { raw } from '../../support/raw.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const configMap = (name: string, meta: Partial<ObjectMeta> = {}) => ({
  apiVersion: 'v1' as const,
  kind: 'ConfigMap' as const,
  metadata: { name, namespace: 'default', ...meta } as { name: string; namespace: string },
});
const pod = (name: string, nodeName?: string) => ({
  apiVersion: 'v1' as const,
  kind: 'Pod' as const,
  metadata: { name, namespace: 'default' },
  spec: { ...(nodeName ? { nodeName } : {}), containers: [{ name: 'c', image: 'nginx' }] },
});
const at = (name: string) => ({ name, namespace: 'default' });
type Meta = { metadata: ObjectMeta };

describe('propagation', () => {
  it.each([
    ['Foreground', ['foregroundDeletion']],
    ['Orphan', ['orphan']],
  ] as const)('%s waits with a finalizer', async (propagationPolicy, finalizers) => {
    const client = server.client();
    await client.create(ConfigMaps, configMap('a'));
    const left = (await client.delete(ConfigMaps, at('a'), { propagationPolicy })) as Meta;
    expect(left.metadata.finalizers).toEqual(finalizers);
    expect(left.metadata.deletionTimestamp).toBeDefined();
    // The collector's update, which takes the finalizer away, deletes the object.
    await client.patch(ConfigMaps, at('a'), 'merge', { metadata: { finalizers: null } });
    await expect(client.get(ConfigMaps, at('a'))).rejects.toMatchObject({ code: 404 });
  });

  it('Background deletes at once', async () => {
    await server.client().create(ConfigMaps, configMap('a'));
    const answer = await server.client().delete(ConfigMaps, at('a'), { propagationPolicy: 'Background' });
    expect(answer).toMatchObject({ kind: 'Status', status: 'Success' });
  });

  it('refuses a policy that is none', async () => {
    await server.client().create(ConfigMaps, configMap('a'));
    const path = '/api/v1/namespaces/default/configmaps/a?propagationPolicy=Sideways';
    expect((await raw(server, 'DELETE', path)).status).toBe(422);
  });
});

describe('preconditions', () => {
  it('compare uid and resourceVersion', async () => {
    const client = server.client();
    const { metadata } = await client.create(ConfigMaps, configMap('a'));
    await expect(client.delete(ConfigMaps, at('a'), { preconditions: { uid: 'other' } })).rejects.toMatchObject({
      message: `Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (other) does not match the UID in record (${metadata!.uid}). The object might have been deleted and then recreated`,
    });
    await expect(client.delete(ConfigMaps, at('a'), { preconditions: { resourceVersion: '1' } })).rejects.toMatchObject(
      { code: 409 },
    );
    await client.delete(ConfigMaps, at('a'), { preconditions: { uid: metadata!.uid! } });
  });
});

describe('dry run', () => {
  it('changes nothing', async () => {
    const client = server.client();
    await client.create(ConfigMaps, configMap('a'));
    await client.delete(ConfigMaps, at('a'), { dryRun: true });
    await client.create(ConfigMaps, configMap('b'), { dryRun: true });
    await client.patch(ConfigMaps, at('a'), 'merge', { data: { x: '1' } }, { dryRun: true });
    const { items } = await client.list(ConfigMaps, { namespace: 'default' });
    expect(items.map((i) => [i.metadata!.name, i.data])).toEqual([['a', undefined]]);
  });

  it('is asked for in the body of a deletion where there is one, else in the query', async () => {
    const client = server.client();
    await client.create(ConfigMaps, configMap('a'));
    const path = '/api/v1/namespaces/default/configmaps/a?dryRun=All';
    expect((await raw(server, 'DELETE', path)).status).toBe(200);
    await client.get(ConfigMaps, at('a'));
    const body = JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' });
    expect((await raw(server, 'DELETE', path, { body })).status).toBe(200);
    await expect(client.get(ConfigMaps, at('a'))).rejects.toMatchObject({ code: 404 });
  });
});

describe('grace', () => {
  it('keeps a scheduled pod until its node says it ended; a second delete can only shorten it', async () => {
    const client = server.client();
    await client.create(Pods, pod('p', 'n1'));
    const one = (await client.delete(Pods, at('p'))) as Meta;
    expect(one.metadata.deletionGracePeriodSeconds).toBe(30);
    const two = (await client.delete(Pods, at('p'), { gracePeriodSeconds: 5 })) as Meta;
    expect(two.metadata.deletionGracePeriodSeconds).toBe(5);
    const three = (await client.delete(Pods, at('p'), { gracePeriodSeconds: 20 })) as Meta;
    expect(three.metadata.deletionGracePeriodSeconds).toBe(5);
    await client.delete(Pods, at('p'), { gracePeriodSeconds: 0 });
    await expect(client.get(Pods, at('p'))).rejects.toMatchObject({ code: 404 });
  });

  it('is none for a pod that no node has', async () => {
    const client = server.client();
    await client.create(Pods, pod('p'));
    expect(await client.delete(Pods, at('p'))).toMatchObject({ kind: 'Pod' });
    await expect(client.get(Pods, at('p'))).rejects.toMatchObject({ code: 404 });
  });
});

describe('deletecollection', () => {
  it('deletes what is selected', async () => {
    const client = server.client();
    for (const name of ['a', 'b', 'c']) {
      await client.create(ConfigMaps, configMap(name, { labels: { keep: String(name === 'b') } }));
    }
    await client.deleteCollection(ConfigMaps, { namespace: 'default', labelSelector: 'keep=false' });
    const { items } = await client.list(ConfigMaps, { namespace: 'default' });
    expect(items.map((i) => i.metadata!.name)).toEqual(['b']);
  });
});

describe('namespaces', () => {
  it('stay, terminating, until they are finalized', async () => {
    const client = server.client();
    const made = await client.create(Namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } });
    expect(made).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'x' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    const ending = await client.delete(Namespaces, { name: 'x' });
    expect(ending).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } });
    const namespace = await client.get(Namespaces, { name: 'x' });
    await client.update(Namespaces, { ...namespace, spec: { finalizers: [] } }, { subresource: 'finalize' });
    await expect(client.get(Namespaces, { name: 'x' })).rejects.toMatchObject({ code: 404 });
  });
});
