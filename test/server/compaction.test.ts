// A whole server forgets its history as upstream's does: what was the newest state an interval ago is the oldest one kept.
import { expect, it } from 'vitest';
import { ConfigMaps } from '../../src/api/resources.ts';
import type { Clock } from '../../src/client/controller.ts';
import { systemClock } from '../../src/client/clock.ts';
import { COMPACTION_INTERVAL_MS } from '../../src/server/compaction.ts';
import { startServer } from '../../src/server/server.ts';

it('lets a continue token expire with the second interval after it was given', async () => {
  const waiting: (() => void)[] = [];
  const clock: Clock = {
    now: systemClock.now,
    sleep: (ms, signal) =>
      ms === COMPACTION_INTERVAL_MS ? new Promise((resolve) => waiting.push(resolve)) : systemClock.sleep(ms, signal),
  };
  const server = await startServer({ listen: false, components: [], clock });
  const client = server.client();
  for (const name of ['a', 'b']) await client.create(ConfigMaps, { metadata: { name, namespace: 'default' } });
  const first = await client.list(ConfigMaps, { namespace: 'default', limit: 1 });
  const next = () => client.list(ConfigMaps, { namespace: 'default', continue: first.metadata.continue! });
  await client.create(ConfigMaps, { metadata: { name: 'c', namespace: 'kube-public' } });
  for (let interval = 0; interval < 2; interval++) {
    expect((await next()).items.map((item) => item.metadata?.name)).toEqual(['b']);
    await expect.poll(() => waiting.length).toBe(1);
    waiting.pop()!();
  }
  await expect
    .poll(() => next().catch((error: unknown) => error))
    .toMatchObject({ status: { code: 410, reason: 'Expired' } });
  await expect.poll(() => waiting.length).toBe(1);
  const closed = server.close();
  waiting.pop()!();
  await closed;
});
