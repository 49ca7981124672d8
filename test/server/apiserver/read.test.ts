// Lists and watches beyond the simple: revisions, shapes, versions, history, and what happens when it is gone.
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigMaps } from '../../../src/api/resources.ts';
import type { ResourceType, Unstructured, WatchEvent } from '../../../src/api/types.ts';
import { createMemoryStore } from '../../../src/server/store/memory.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { raw } from '../../support/raw.ts';
import { configMap, widget } from './kinds.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ kinds: [configMap, widget], store: createMemoryStore({ keepRevisions: 0 }) });
});
afterEach(() => server.close());

const Widgets: ResourceType = {
  group: 'example.com',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
};
const make = (name: string, colour: string, namespace = 'default'): Unstructured => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name, namespace },
  spec: { colour },
});
const path = '/apis/example.com/v1/namespaces/default/widgets';
const names = (list: unknown): string[] => (list as { items: Unstructured[] }).items.map((i) => i.metadata.name!);

/** Events of a watch that is closed after so many. */
async function watch(
  query: string,
  count: number,
  headers: Record<string, string> = {},
): Promise<WatchEvent<Unstructured>[]> {
  const stop = new AbortController();
  const response = await server.handler({
    method: 'GET',
    path,
    query: new URLSearchParams(`watch=1&${query}`),
    headers,
    signal: stop.signal,
  });
  let text = '';
  for await (const chunk of response.body!.bytes() as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    if (text.split('\n').length > count) stop.abort();
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as WatchEvent<Unstructured>);
}

describe('selectors', () => {
  it('know the fields of a kind, and no others', async () => {
    const client = server.client();
    await client.create(Widgets, make('a', 'red'));
    await client.create(Widgets, make('b', 'blue'));
    expect(names(await client.list(Widgets, { fieldSelector: 'spec.colour=blue' }))).toEqual(['b']);
    expect(names(await client.list(Widgets, { fieldSelector: 'metadata.name!=b' }))).toEqual(['a']);
    const wrong = await raw(server, 'GET', `${path}?fieldSelector=spec.size%3D1`);
    expect(wrong).toMatchObject({ status: 400, json: { message: 'field label not supported: spec.size' } });
    expect((await raw(server, 'GET', `${path}?labelSelector=${encodeURIComponent('a in (')}`)).status).toBe(400);
  });
});

describe('revisions', () => {
  it('shows a past state exactly, until it is compacted', async () => {
    const client = server.client();
    const first = await client.create(Widgets, make('a', 'red'));
    await client.create(Widgets, make('b', 'red'));
    const exact = { resourceVersion: first.metadata.resourceVersion!, resourceVersionMatch: 'Exact' as const };
    expect(names(await client.list(Widgets, exact))).toEqual(['a']);
    const page = await client.list(Widgets, { limit: 1 });
    await client.create(Widgets, make('c', 'red'));
    const unchanged = await client.list(Widgets, { limit: 2 });
    await client.create(ConfigMaps, { metadata: { name: 'elsewhere', namespace: 'default' } });
    await server.store.compact(await server.store.currentRevision());
    await expect(client.list(Widgets, exact)).rejects.toMatchObject({ status: { code: 410, reason: 'Expired' } });
    const expired = await raw(server, 'GET', `${path}?limit=5&continue=${page.metadata.continue}`);
    expect(expired).toMatchObject({ status: 410, json: { reason: 'Expired' } });
    const token = (expired.json as { metadata: { continue: string } }).metadata.continue;
    expect(names((await raw(server, 'GET', `${path}?limit=5&continue=${token}`)).json)).toEqual(['b', 'c']);
    // Nor does it matter that nothing of the kind has changed since.
    const alsoExpired = await raw(server, 'GET', `${path}?limit=5&continue=${unchanged.metadata.continue}`);
    expect(alsoExpired).toMatchObject({ status: 410, json: { reason: 'Expired' } });
  });

  it('does not know the future', async () => {
    const answer = await raw(server, 'GET', `${path}/a?resourceVersion=100000`);
    expect(answer.status).toBe(504);
    expect((answer.json as { message: string }).message).toContain('Too large resource version: 100000');
  }, 10_000);

  it.each([
    ['resourceVersionMatch=Exact', 'resourceVersionMatch is forbidden unless resourceVersion is provided'],
    [
      'resourceVersionMatch=Exact&resourceVersion=0',
      'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ],
    ['sendInitialEvents=true', 'sendInitialEvents is forbidden for list'],
  ])('refuses %s', async (query, message) => {
    const answer = await raw(server, 'GET', `${path}?${query}`);
    expect((answer.json as { message: string }).message).toContain(message);
  });

  it.each(['%', 'e30', 'bm90IGpzb24'])('refuses the continue token %s', async (token) => {
    expect((await raw(server, 'GET', `${path}?continue=${encodeURIComponent(token)}`)).status).toBe(400);
  });
});

describe('shapes', () => {
  const tableType = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

  it('are tables for those who ask', async () => {
    await server.client().create(Widgets, make('a', 'red'));
    const { json } = await raw(server, 'GET', path, { headers: { accept: tableType } });
    expect(json).toMatchObject({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      columnDefinitions: [{ name: 'Name' }, { name: 'Colour', description: 'Its colour' }],
      rows: [{ cells: ['a', 'red'], object: { kind: 'PartialObjectMetadata', metadata: { name: 'a' } } }],
    });
    const events = await watch('resourceVersion=0', 1, { accept: tableType });
    expect(events[0]!.object).toMatchObject({ kind: 'Table', rows: [{ cells: ['a', 'red'] }] });
  });

  it('are metadata alone for those who ask', async () => {
    await server.client().create(Widgets, make('a', 'red'));
    const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
    const { json } = await raw(server, 'GET', path, { headers: { accept } });
    expect(json).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ kind: 'PartialObjectMetadata' }] });
    expect(JSON.stringify(json)).not.toContain('colour');
  });

  it('are other versions of the same object, with a warning', async () => {
    await server.client().create(Widgets, make('a', 'red'));
    const old = await raw(server, 'GET', '/apis/example.com/v1beta1/namespaces/default/widgets/a');
    expect(old.json).toMatchObject({ apiVersion: 'example.com/v1beta1', spec: { shade: 'red' } });
    expect(old.headers['warning']).toEqual([
      '299 - "example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget"',
    ]);
    const sent = {
      apiVersion: 'example.com/v1beta1',
      kind: 'Widget',
      metadata: { name: 'b' },
      spec: { shade: 'blue' },
    };
    await raw(server, 'POST', '/apis/example.com/v1beta1/namespaces/default/widgets', { body: sent });
    expect((await raw(server, 'GET', `${path}/b`)).json).toMatchObject({ spec: { colour: 'blue' } });
  });

  it('are compressed when they are large', async () => {
    await server.client().create(Widgets, make('a', 'x'.repeat(200_000)));
    const response = await server.handler({
      method: 'GET',
      path: `${path}/a`,
      query: new URLSearchParams(),
      headers: { 'accept-encoding': 'gzip' },
      signal: new AbortController().signal,
    });
    expect(response.headers['content-encoding']).toBe('gzip');
    const bytes = gunzipSync(response.body!.bytes() as Uint8Array);
    expect(JSON.parse(bytes.toString())).toMatchObject({ metadata: { name: 'a' } });
  });

  it('stream when a list is very large', async () => {
    const client = server.client();
    for (let i = 0; i < 20; i++) await client.create(Widgets, make(`w${i + 10}`, 'x'.repeat(200_000)));
    const { json } = await raw(server, 'GET', path);
    expect(names(json)).toEqual(Array.from({ length: 20 }, (_, i) => `w${i + 10}`));
  });
});

describe('watch', () => {
  it('starts in the history of the store when the window begins later', async () => {
    const client = server.client();
    const first = await client.create(Widgets, make('a', 'red'));
    await client.create(Widgets, make('b', 'red'));
    await client.delete(Widgets, { name: 'a', namespace: 'default' });
    // A server that starts now has no window of what was before.
    const second = await startTestServer({ kinds: [configMap, widget], store: server.store, namespaces: false });
    const stop = new AbortController();
    const types: string[] = [];
    const options = { resourceVersion: first.metadata.resourceVersion!, signal: stop.signal };
    for await (const event of second.client().watch(Widgets, options)) {
      types.push(`${event.type} ${event.object.metadata.name}`);
      if (types.length === 2) break;
    }
    expect(types).toEqual(['ADDED b', 'DELETED a']);
    await second.server.close();
  });

  it('neither skips nor repeats what is written while the past is read', async () => {
    const client = server.client();
    const first = await client.create(Widgets, make('first', 'red'));
    const name = (i: number): string => `w${i + 1000}`;
    for (let i = 0; i < 600; i++) await client.create(Widgets, make(name(i), 'red'));
    const second = await startTestServer({ kinds: [configMap, widget], store: server.store, namespaces: false });
    const seen: string[] = [];
    const options = { resourceVersion: first.metadata.resourceVersion! };
    for await (const { object } of second.client().watch(Widgets, options)) {
      const at = seen.push(object.metadata.name!);
      if (at < 600) await second.client().create(Widgets, make(name(at + 599), 'red'));
      if (at === 1199) break;
    }
    expect(seen).toEqual(Array.from({ length: 1199 }, (_, i) => name(i)));
    await second.server.close();
  });

  it('says 410 when even the store has forgotten', async () => {
    const client = server.client();
    const first = await client.create(Widgets, make('a', 'red'));
    for (const colour of ['b', 'c', 'd']) await client.update(Widgets, make('a', colour));
    await server.store.compact(await server.store.currentRevision());
    const second = await startTestServer({ kinds: [configMap, widget], store: server.store, namespaces: false });
    const watching = second.client().watch(Widgets, { resourceVersion: first.metadata.resourceVersion! });
    await expect(watching.next()).rejects.toMatchObject({ status: { code: 410, reason: 'Expired' } });
    await second.server.close();
  });

  it('has the deletion under its own revision', async () => {
    const client = server.client();
    const made = await client.create(Widgets, make('a', 'red'));
    await client.delete(Widgets, { name: 'a', namespace: 'default' });
    const [event] = await watch(`resourceVersion=${made.metadata.resourceVersion}`, 1);
    expect(event!.type).toBe('DELETED');
    expect(Number(event!.object.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion));
  });

  it('ends when its time is over', async () => {
    const started = await watch('timeoutSeconds=1&allowWatchBookmarks=true', 5);
    expect(started.map((e) => e.type)).toEqual(['BOOKMARK']);
  });

  it('keeps to its namespace', async () => {
    const client = server.client();
    const watching = watch('resourceVersion=1', 1);
    await client.create(Widgets, make('a', 'red', 'other'));
    await client.create(Widgets, make('b', 'red'));
    expect((await watching).map((e) => e.object.metadata.name)).toEqual(['b']);
  });

  it('gives every watcher every event in order', async () => {
    const client = server.client();
    const watchers = Array.from({ length: 20 }, () => watch('resourceVersion=1', 200));
    await Promise.all(Array.from({ length: 200 }, (_, i) => client.create(Widgets, make(`w${i}`, 'red'))));
    for (const events of await Promise.all(watchers)) {
      const revisions = events.map((e) => Number(e.object.metadata.resourceVersion));
      expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
      expect(new Set(revisions).size).toBe(200);
    }
  });
});

it('a watch that ends tells of no revision whose events it has not delivered, however close they come', async () => {
  const client = server.client();
  const query = 'watch=1&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=0';
  const open = async () => {
    const signal = new AbortController().signal;
    const request = { method: 'GET', path, query: new URLSearchParams(query), headers: {}, signal };
    const { body } = await server.handler(request);
    const lines = (body!.bytes() as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    return { lines, text: Buffer.from((await lines.next()).value as Uint8Array).toString() };
  };
  await client.create(Widgets, make('first', 'red'));
  const watches = await Promise.all(Array.from({ length: 60 }, open));
  // Until the streams have run out of time; their reader is busy elsewhere.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  for (const [turns, { lines, text: begun }] of watches.entries()) {
    const created = client.create(Widgets, make(`w${turns}`, 'red'));
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    let text = begun;
    for (let next = await lines.next(); !next.done; next = await lines.next())
      text += Buffer.from(next.value).toString();
    await created;
    const events = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as WatchEvent<Unstructured>);
    const last = events.at(-1)!;
    expect(last.type).toBe('BOOKMARK');
    const told = events.filter(({ type }) => type === 'ADDED').map(({ object }) => object.metadata.name);
    const { items } = await client.list(Widgets, { namespace: 'default' });
    const due = items.filter(
      ({ metadata }) => Number(metadata.resourceVersion) <= Number(last.object.metadata.resourceVersion),
    );
    expect(told.sort()).toEqual(due.map(({ metadata }) => metadata.name).sort());
  }
});
