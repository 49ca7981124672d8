// The verbs on a simple kind, as every client sees them.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigMaps } from '../../../src/api/resources.ts';
import { SHARED_CONTENT_TYPE } from '../../../src/wire/http.ts';
import type { WatchEvent } from '../../../src/api/types.ts';
import { type TestServer, startTestServer, admin } from '../../support/server.ts';
import { raw } from '../../support/raw.ts';
import { configMap, widget } from './kinds.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ kinds: [configMap, widget] });
});
afterEach(() => server.close());

const make = (name: string, data: Record<string, string> = {}, labels?: Record<string, string>) => ({
  apiVersion: 'v1' as const,
  kind: 'ConfigMap' as const,
  metadata: { name, namespace: 'default', ...(labels ? { labels } : {}) },
  data,
});

describe('create and get', () => {
  it('fills in what the server decides and answers what it stored', async () => {
    const client = server.client();
    const created = await client.create(ConfigMaps, make('a', { x: '1' }));
    expect(created.metadata).toMatchObject({ name: 'a', namespace: 'default', uid: expect.any(String) });
    expect(created.metadata!.resourceVersion).toMatch(/^\d+$/);
    const read = await client.get(ConfigMaps, { name: 'a', namespace: 'default' });
    expect(read).toEqual(created);
    const bytes = await raw(server, 'GET', '/api/v1/namespaces/default/configmaps/a');
    expect(bytes.text.endsWith('}\n')).toBe(true);
    expect(bytes.json).toEqual(created);
  });

  it('refuses a name that is taken', async () => {
    const client = server.client();
    await client.create(ConfigMaps, make('a'));
    await expect(client.create(ConfigMaps, make('a'))).rejects.toMatchObject({
      message: 'configmaps "a" already exists',
      status: { code: 409, reason: 'AlreadyExists', details: { name: 'a', kind: 'configmaps' } },
    });
  });

  it('makes names', async () => {
    const created = await server.client().create(ConfigMaps, {
      ...make(''),
      metadata: { generateName: 'a-', namespace: 'default' },
    });
    expect(created.metadata!.name).toMatch(/^a-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('answers 404 as upstream', async () => {
    const answer = await raw(server, 'GET', '/api/v1/namespaces/default/configmaps/none');
    expect(answer).toMatchObject({
      status: 404,
      json: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'configmaps "none" not found',
        reason: 'NotFound',
        details: { name: 'none', kind: 'configmaps' },
        code: 404,
      },
    });
  });
});

describe('update', () => {
  it('is a compare-and-swap when a resourceVersion is given', async () => {
    const client = server.client();
    const one = await client.create(ConfigMaps, make('a', { x: '1' }));
    const two = await client.update(ConfigMaps, { ...one, data: { x: '2' } });
    expect(Number(two.metadata!.resourceVersion)).toBeGreaterThan(Number(one.metadata!.resourceVersion));
    await expect(client.update(ConfigMaps, { ...one, data: { x: '3' } })).rejects.toMatchObject({
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  it('writes nothing when nothing changes', async () => {
    const client = server.client();
    const one = await client.create(ConfigMaps, make('a', { x: '1', y: '2' }));
    const same = await client.update(ConfigMaps, make('a', { y: '2', x: '1' }));
    expect(same.metadata!.resourceVersion).toBe(one.metadata!.resourceVersion);
  });
});

describe('list', () => {
  it('is sorted, selects by label, and pages at one revision', async () => {
    const client = server.client();
    for (const name of ['c', 'a', 'd', 'b']) {
      await client.create(ConfigMaps, make(name, {}, { odd: String('ac'.includes(name)) }));
    }
    const all = await raw(server, 'GET', '/api/v1/configmaps');
    expect(all.json).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
    const items = (all.json as { items: { kind?: string; metadata: { name: string } }[] }).items;
    expect(items.map((i) => i.metadata.name)).toEqual(['a', 'b', 'c', 'd']);
    expect(items[0]!.kind).toBeUndefined();
    const odd = await client.list(ConfigMaps, { labelSelector: 'odd=true' });
    expect(odd.items.map((i) => i.metadata!.name)).toEqual(['a', 'c']);

    const first = await client.list(ConfigMaps, { limit: 2 });
    expect(first.metadata).toMatchObject({ remainingItemCount: 2 });
    await client.create(ConfigMaps, make('bb'));
    await client.delete(ConfigMaps, { name: 'd', namespace: 'default' });
    const second = await client.list(ConfigMaps, { limit: 2, continue: first.metadata.continue! });
    expect(second.items.map((i) => i.metadata!.name)).toEqual(['c', 'd']);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(second.metadata.continue).toBeUndefined();
  });
});

describe('delete', () => {
  it('answers a Status, or the object while finalizers hold it', async () => {
    const client = server.client();
    const one = await client.create(ConfigMaps, make('a'));
    const gone = await client.delete(ConfigMaps, { name: 'a', namespace: 'default' });
    expect(gone).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'a', kind: 'configmaps', uid: one.metadata!.uid },
    });
    const held = make('b');
    await client.create(ConfigMaps, { ...held, metadata: { ...held.metadata, finalizers: ['example.com/x'] } });
    const ending = await client.delete<typeof held & { metadata: { deletionTimestamp?: string } }>(
      ConfigMaps as never,
      { name: 'b', namespace: 'default' },
    );
    expect(ending).toMatchObject({ kind: 'ConfigMap', metadata: { deletionTimestamp: expect.any(String) } });
    const waiting = await raw(server, 'GET', '/api/v1/namespaces/default/configmaps/b');
    expect(waiting.status).toBe(200);
    await client.update(ConfigMaps, { ...held, metadata: { ...held.metadata, finalizers: [] } });
    expect((await raw(server, 'GET', '/api/v1/namespaces/default/configmaps/b')).status).toBe(404);
  });
});

describe('watch', () => {
  async function collect(
    options: Parameters<ReturnType<TestServer['client']>['watch']>[1],
    count: number,
  ): Promise<WatchEvent<{ metadata?: { name?: string } }>[]> {
    const events: WatchEvent<{ metadata?: { name?: string } }>[] = [];
    const stop = new AbortController();
    for await (const event of server.client().watch(ConfigMaps, { ...options, signal: stop.signal })) {
      events.push(event);
      if (events.length === count) break;
    }
    stop.abort();
    return events;
  }

  it('follows a selection: objects enter and leave it', async () => {
    const client = server.client();
    const { metadata } = await client.list(ConfigMaps);
    const watching = collect({ labelSelector: 'on=true', resourceVersion: metadata.resourceVersion! }, 4);
    await client.create(ConfigMaps, make('a', {}, { on: 'false' }));
    await client.update(ConfigMaps, make('a', {}, { on: 'true' }));
    await client.update(ConfigMaps, make('a', { x: '1' }, { on: 'true' }));
    const left = await client.update(ConfigMaps, make('a', { x: '1' }, { on: 'false' }));
    await client.create(ConfigMaps, make('b', {}, { on: 'true' }));
    const events = await watching;
    expect(events.map((e) => e.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED']);
    expect(events[2]!.object).toMatchObject({
      metadata: { labels: { on: 'true' }, resourceVersion: left.metadata!.resourceVersion },
    });
  });

  it('sends the state first when asked, and says where it ends', async () => {
    await server.client().create(ConfigMaps, make('a'));
    const events = await collect({ sendInitialEvents: true, allowWatchBookmarks: true }, 2);
    expect(events.map((e) => e.type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(events[1]!.object).toMatchObject({ metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } });
  });

  it('shares frozen objects in-process', async () => {
    const created = await server.client().create(ConfigMaps, make('a', { x: '1' }));
    expect(Object.isFrozen(created)).toBe(true);
    const answer = await server.handler({
      method: 'GET',
      path: '/api/v1/namespaces/default/configmaps/a',
      query: new URLSearchParams(),
      headers: { accept: SHARED_CONTENT_TYPE },
      signal: new AbortController().signal,
      user: admin,
    });
    expect(answer.body!.shared!()).toBe(created);
  });
});
