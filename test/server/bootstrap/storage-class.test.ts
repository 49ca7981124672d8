// The default storage class: made once for each cluster, and then its users' business.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Namespaces, PersistentVolumeClaims, StorageClasses } from '../../../src/api/resources.ts';
import type { Client } from '../../../src/client/rest.ts';
import { startServer } from '../../../src/server/server.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sampan-class-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const during = async (work: (client: Client) => Promise<unknown>): Promise<void> => {
  const server = await startServer({ dataDir, listen: false, components: ['apiserver'] });
  try {
    await work(server.client());
  } finally {
    await server.close();
  }
};
const names = async (client: Client) =>
  (await client.list(StorageClasses)).items.map(({ metadata }) => [
    metadata?.name,
    metadata?.annotations?.['storageclass.kubernetes.io/is-default-class'],
  ]);

it('is there in a new cluster, and stays away when it was deleted', async () => {
  await during(async (client) => {
    expect(await names(client)).toEqual([['host-path', 'true']]);
    const claim = await client.create(PersistentVolumeClaims, {
      metadata: { name: 'data', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    expect(claim.spec?.storageClassName).toBe('host-path');
    await client.delete(StorageClasses, { name: 'host-path' });
  });
  await during(async (client) => expect(await names(client)).toEqual([]));
});

it('comes to a cluster that is older than it, beside the default that it has', async () => {
  await during(async (client) => {
    await client.delete(StorageClasses, { name: 'host-path' });
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    await client.create(StorageClasses, { metadata: { name: 'own', annotations }, provisioner: 'example.com/own' });
    const forgotten = { metadata: { annotations: { 'sampan.io/storage-class-made': null } } };
    await client.patch(Namespaces, { name: 'sampan-system' }, 'merge', forgotten);
  });
  await during(async (client) =>
    expect(await names(client)).toEqual([
      ['host-path', undefined],
      ['own', 'true'],
    ]),
  );
});
