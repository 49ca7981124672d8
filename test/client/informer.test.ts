// Informers on a real server: complete, in order, through cut watches and forgotten revisions.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigMaps, CustomResourceDefinitions } from '../../src/api/resources.ts';
import { runController, defineController } from '../../src/client/controller.ts';
import { systemClock } from '../../src/client/clock.ts';
import { createEventRecorder } from '../../src/client/events.ts';
import { createInformers, startInformer } from '../../src/client/informer.ts';
import { silentLogger } from '../../src/client/log.ts';
import { Client } from '../../src/client/rest.ts';
import type { Handler } from '../../src/wire/http.ts';
import { eventually } from '../support/cli.ts';
import { type TestServer, admin, startTestServer } from '../support/server.ts';

let server: TestServer;
let client: Client;
let stop: AbortController;
beforeEach(async () => {
  server = await startTestServer();
  client = server.client();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await server.close();
});

const make = (name: string, data: Record<string, string> = {}) =>
  client.create(ConfigMaps, { metadata: { name, namespace: 'default' }, data });

describe('an informer', () => {
  it('shows what is there and what changes, in order', async () => {
    await make('a', { v: '1' });
    const informer = startInformer(client, ConfigMaps, { signal: stop.signal });
    const seen: string[] = [];
    informer.addHandler({
      add: (o, initial) => seen.push(`add ${o.metadata?.name} ${initial}`),
      update: (o, old) => seen.push(`update ${o.metadata?.name} ${old.data?.['v']}>${o.data?.['v']}`),
      delete: (o) => seen.push(`delete ${o.metadata?.name}`),
    });
    await informer.whenSynced();
    await make('b');
    await client.patch(ConfigMaps, { name: 'a', namespace: 'default' }, 'merge', { data: { v: '2' } });
    await client.delete(ConfigMaps, { name: 'b', namespace: 'default' });
    await eventually(() => seen.includes('delete b'));
    expect(seen).toEqual(['add a true', 'add b false', 'update a 1>2', 'delete b']);
    expect(informer.lister.list('default').map((o) => o.metadata?.name)).toEqual(['a']);
    expect(informer.lister.get('default/a')?.kind).toBe('ConfigMap');
  });

  it('holds no managedFields, of a server that leaves them out and of one that does not', async () => {
    await make('a', { v: '1' });
    expect((await client.get(ConfigMaps, { name: 'a', namespace: 'default' })).metadata?.managedFields).toHaveLength(1);
    const overTheWire: Handler = (request) =>
      server.handler({ ...request, headers: { ...request.headers, accept: 'application/json' }, user: admin });
    for (const some of [client, new Client(overTheWire)]) {
      const informer = startInformer(some, ConfigMaps, { signal: stop.signal });
      await informer.whenSynced();
      await make(some === client ? 'b' : 'c', { v: '1' });
      await eventually(() => informer.lister.list('default').length === (some === client ? 2 : 3));
      for (const { metadata } of informer.lister.list('default')) {
        expect(metadata).toHaveProperty('uid');
        expect(metadata).not.toHaveProperty('managedFields');
      }
    }
  });

  it('hands out frozen objects', async () => {
    await make('a', { v: '1' });
    const informer = startInformer(client, ConfigMaps, { signal: stop.signal });
    await informer.whenSynced();
    expect(() => {
      informer.lister.get('default/a')!.data!['v'] = '2';
    }).toThrow(TypeError);
  });

  it('waits for kinds that the server does not serve, or takes them to be empty until it does', async () => {
    const widgets = { ...ConfigMaps, group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets' };
    const warnings: object[] = [];
    const log = { ...silentLogger, warn: (facts: object, message: string) => warnings.push({ ...facts, message }) };
    const waiting = startInformer(client, widgets, { signal: stop.signal, log });
    const informers = createInformers(client, { signal: stop.signal, unservedAreEmpty: true });
    const informer = informers.for(widgets);
    const added: [string | undefined, boolean][] = [];
    informer.addHandler({ add: (o, initial) => added.push([o.metadata?.name, initial]) });
    await informer.whenSynced();
    await eventually(() => warnings.length > 0);
    expect(waiting.synced).toBe(false);
    const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    await client.create(CustomResourceDefinitions, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind: 'Widget', plural: 'widgets' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    });
    await client.create(widgets, { metadata: { name: 'a', namespace: 'default' } });
    await eventually(() => added.length > 0 && waiting.lister.list().length > 0);
    expect(added).toEqual([['a', false]]);
    expect(warnings).toEqual([
      { kind: 'Widget', apiVersion: 'example.com/v1', message: 'the server does not serve it' },
    ]);
  });

  it('lets nobody wait who has been told to stop already', async () => {
    const stop = new AbortController();
    const informer = createInformers(new Client(() => new Promise(() => undefined)), { signal: stop.signal });
    const cached = informer.for(ConfigMaps);
    stop.abort();
    await expect(cached.whenSynced(stop.signal)).rejects.toThrow('abort');
  });

  it('keeps indexes through changes', async () => {
    const informer = startInformer(client, ConfigMaps, { signal: stop.signal });
    await informer.whenSynced();
    informer.addIndex('v', (o) => (o.data?.['v'] ? [o.data['v']] : []));
    await make('a', { v: '1' });
    await make('b', { v: '1' });
    await eventually(() => informer.lister.byIndex('v', '1').length === 2);
    await client.patch(ConfigMaps, { name: 'a', namespace: 'default' }, 'merge', { data: { v: '2' } });
    await eventually(() => informer.lister.byIndex('v', '2').length === 1);
    expect(informer.lister.byIndex('v', '1').map((o) => o.metadata?.name)).toEqual(['b']);
    expect(() => informer.lister.byIndex('nope', '')).toThrow('no index nope');
    // What is found under a value that stayed is the newest object.
    await client.patch(ConfigMaps, { name: 'b', namespace: 'default' }, 'merge', { data: { other: 'x' } });
    await eventually(() => informer.lister.byIndex('v', '1')[0]?.data?.['other'] === 'x');
    expect([informer.lister.count(), informer.lister.count('default'), informer.lister.count('none')]).toEqual([
      2, 2, 0,
    ]);
  });

  it('misses nothing when watches are cut and revisions forgotten', async () => {
    let watches = 0;
    const cutting: Handler = async (request) => {
      if (!request.query.has('watch')) return server.handler(request);
      // Every second watch says that its revision is too old; the others end after one event.
      if (++watches % 2 === 0) {
        const body = { kind: 'Status', status: 'Failure', reason: 'Expired', code: 410, message: 'too old' };
        return {
          status: 410,
          headers: { 'content-type': 'application/json' },
          body: { bytes: () => Buffer.from(JSON.stringify(body)) },
        };
      }
      const response = await server.handler({
        ...request,
        headers: { ...request.headers, accept: 'application/json' },
      });
      const all = response.body!.bytes() as AsyncIterable<Uint8Array>;
      return { ...response, body: { bytes: () => first(all) } };
    };
    async function* first(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
      for await (const chunk of chunks) {
        yield chunk;
        return;
      }
    }
    const informer = startInformer(new Client(cutting), ConfigMaps, { signal: stop.signal });
    const adds = new Map<string, number>();
    informer.addHandler({ add: (o) => adds.set(o.metadata!.name!, (adds.get(o.metadata!.name!) ?? 0) + 1) });
    for (let i = 0; i < 6; i++) {
      await make(`c${i}`);
      await eventually(() => adds.has(`c${i}`));
    }
    await client.delete(ConfigMaps, { name: 'c0', namespace: 'default' });
    await eventually(() => informer.lister.list().length === 5);
    expect([...adds.values()]).toEqual([1, 1, 1, 1, 1, 1]);
    expect(watches).toBeGreaterThan(3);
  });
});

describe('a controller', () => {
  it('reconciles until the world is as it should be, and backs off when it fails', async () => {
    const informers = createInformers(client, { signal: stop.signal });
    const events = createEventRecorder({
      client,
      source: { component: 'test' },
      clock: systemClock,
      log: silentLogger,
    });
    let failures = 0;
    const running = runController(
      defineController({
        name: 'marker',
        for: ConfigMaps,
        async reconcile(context, key) {
          const object = context.lister(ConfigMaps).get(key);
          if (!object || object.data?.['marked']) return;
          if (failures++ < 2) throw new Error('not yet');
          await context.client.patch(ConfigMaps, { name: object.metadata!.name!, namespace: 'default' }, 'merge', {
            data: { marked: 'yes' },
          });
        },
      }),
      { client, informers, events, clock: systemClock, log: silentLogger, signal: stop.signal },
    );
    await make('a');
    await eventually(
      async () => (await client.get(ConfigMaps, { name: 'a', namespace: 'default' })).data?.['marked'] === 'yes',
    );
    expect(failures).toBe(3);
    stop.abort();
    await running;
  });

  it('is woken once for what gathers meanwhile, where that is allowed', async () => {
    const informers = createInformers(client, { signal: stop.signal });
    const seen: string[] = [];
    const events = createEventRecorder({
      client,
      source: { component: 'test' },
      clock: systemClock,
      log: silentLogger,
    });
    const gatherMs = (namespace: string) => (namespace === 'kube-system' ? 300 : 0);
    const running = runController(
      defineController({
        name: 'counter',
        for: ConfigMaps,
        reconcile: async ({ lister }, key) => void seen.push(`${key} ${lister(ConfigMaps).get(key)?.data?.['v']}`),
      }),
      { client, informers, events, clock: systemClock, log: silentLogger, signal: stop.signal, gatherMs },
    );
    await client.create(ConfigMaps, { metadata: { name: 'a', namespace: 'kube-system' }, data: { v: '0' } });
    for (const v of ['1', '2', '3']) {
      await client.patch(ConfigMaps, { name: 'a', namespace: 'kube-system' }, 'merge', { data: { v } });
    }
    await make('b', { v: '1' });
    await eventually(() => seen.length === 2);
    expect(seen).toEqual(['default/b 1', 'kube-system/a 3']);
    stop.abort();
    await running;
  });
});
