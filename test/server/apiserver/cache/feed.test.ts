// The feed goes on whatever a listener of a cache does: what one throws is reported once and is nobody else's loss.
import { afterEach, expect, it } from 'vitest';
import { ConfigMaps } from '../../../../src/api/resources.ts';
import { type TestServer, startTestServer } from '../../../support/server.ts';
import { raw } from '../../../support/raw.ts';

let server: TestServer;
afterEach(() => server.close());

it('tells everybody else when a listener throws', async () => {
  const bugs: unknown[] = [];
  server = await startTestServer({ onBug: (error) => void bugs.push(error) });
  const seen: (string | undefined)[] = [];
  server.server.observe(ConfigMaps, () => {
    throw new Error('a listener with a bug');
  });
  server.server.observe(ConfigMaps, (object) => void seen.push(object?.metadata?.name));
  for (const name of ['a', 'b']) {
    await raw(server, 'POST', '/api/v1/namespaces/default/configmaps', { body: { metadata: { name } } });
  }
  const { status, json } = await raw(server, 'GET', '/api/v1/namespaces/default/configmaps');
  expect([status, (json as { items: unknown[] }).items.length]).toEqual([200, 2]);
  expect(seen).toEqual(['a', 'b']);
  expect(bugs.map(String)).toEqual(['Error: a listener with a bug', 'Error: a listener with a bug']);
});
