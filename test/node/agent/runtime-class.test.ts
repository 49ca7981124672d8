// The runtime that a pod's RuntimeClass names, asked of a real API server.
import { expect, test } from 'vitest';
import { RuntimeClasses } from '../../../src/api/resources.ts';
import { runtimeOf } from '../../../src/node/agent/runtime-class.ts';
import { startTestServer } from '../../support/server.ts';

test('a class names a runtime of Docker; without one, and with the handler docker, its default runs', async () => {
  const server = await startTestServer();
  const client = server.client();
  for (const handler of ['docker', 'kata'])
    await client.create(RuntimeClasses, { metadata: { name: `c-${handler}` }, handler });
  const of = (runtimeClassName?: string) =>
    runtimeOf(client, { spec: { containers: [], ...(runtimeClassName && { runtimeClassName }) } });
  expect(await of()).toBeUndefined();
  expect(await of('c-docker')).toBeUndefined();
  expect(await of('c-kata')).toBe('kata');
  await client.delete(RuntimeClasses, { name: 'c-kata' });
  await expect(of('c-kata')).rejects.toThrow('runtimeclasses.node.k8s.io "c-kata" not found');
  await server.close();
});
