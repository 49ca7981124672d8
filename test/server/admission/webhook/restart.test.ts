// A webhook that nobody answers refuses everything, and the server starts all the same.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ConfigMaps } from '../../../../src/api/resources.ts';
import { startServer } from '../../../../src/server/server.ts';
import { Validating, configMap, register } from './support.ts';

it('does not keep a server from starting', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sampan-webhook-'));
  const options = { dataDir, listen: false, components: ['apiserver'] } as const;
  try {
    const first = await startServer({ ...options, components: [...options.components] });
    const rules = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }];
    await register(first.client(), Validating, 'all', { clientConfig: { url: 'https://127.0.0.1:1/' }, rules });
    await first.close();
    const second = await startServer({ ...options, components: [...options.components] });
    const refused = second.client().create(ConfigMaps, configMap('refused') as never);
    await expect(refused).rejects.toThrow('failed calling webhook "all.example.com"');
    await second.client().delete(Validating, { name: 'all' });
    await second.client().create(ConfigMaps, configMap('allowed') as never);
    await second.close();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
