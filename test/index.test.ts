// What a program sees: a server without files or sockets, and a client to it.
import { expect, it } from 'vitest';
import { ConfigMaps, StatusError, createInformers, isNotFound, startServer } from '../src/index.ts';

it('starts a server in the program, without files or sockets', async () => {
  const server = await startServer({ listen: false, components: [] });
  expect(server.url).toBeUndefined();
  const client = server.client();
  await client.create(ConfigMaps, { metadata: { namespace: 'default', name: 'a' }, data: { k: 'v' } });
  const stop = new AbortController();
  const informer = createInformers(client, { signal: stop.signal }).for(ConfigMaps, { namespace: 'default' });
  await informer.whenSynced();
  expect(informer.lister.get('default/a')?.data).toEqual({ k: 'v' });
  const missing = await client.get(ConfigMaps, { namespace: 'default', name: 'b' }).catch((error: unknown) => error);
  expect(missing).toBeInstanceOf(StatusError);
  expect(isNotFound(missing)).toBe(true);
  const nobody = server.client({ name: 'bob', groups: ['system:authenticated'] });
  await expect(nobody.list(ConfigMaps)).rejects.toMatchObject({ reason: 'Forbidden' });
  stop.abort();
  await server.close();
});

it('starts several, each with a cluster of its own', async () => {
  const servers = await Promise.all([1, 2, 3].map(() => startServer({ listen: { host: '127.0.0.1', port: 0 } })));
  expect(new Set(servers.map((server) => server.port)).size).toBe(3);
  await servers[0]!.client().create(ConfigMaps, { metadata: { namespace: 'default', name: 'only-here' } });
  expect(
    (await servers[1]!.client().list(ConfigMaps, { namespace: 'default' })).items.map((c) => c.metadata?.name),
  ).not.toContain('only-here');
  await Promise.all(servers.map((server) => server.close()));
});
