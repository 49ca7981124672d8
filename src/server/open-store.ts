// Opens the store that the options name. Each backend is loaded only when it is used.
import type { DataDir } from './data-dir.ts';
import type { StoreSpec } from './options.ts';
import { type Store, StoreError } from './store/store.ts';
import { StartupError } from './startup-error.ts';

export async function openStore(spec: StoreSpec, dir: DataDir | undefined): Promise<Store> {
  if (spec === 'memory') return (await import('./store/memory.ts')).createMemoryStore();
  if (spec.startsWith('etcd=')) return openEtcd(spec.slice('etcd='.length));
  if (spec !== 'lmdb') {
    throw new StartupError(`there is no store ${JSON.stringify(spec)}; use lmdb, memory or etcd=URL`);
  }
  if (!dir) throw new StartupError('the lmdb store needs a data directory; name one, or use the memory store');
  const path = dir.at('store');
  try {
    return await (await import('./store/lmdb.ts')).openLmdbStore({ path });
  } catch (error) {
    if (error instanceof StoreError) throw new StartupError(`cannot open the store ${path}: ${error.message}`);
    throw error;
  }
}

async function openEtcd(urls: string): Promise<Store> {
  const hosts = urls.split(',').filter((url) => url !== '');
  if (hosts.length === 0) throw new StartupError('the etcd store needs a URL: etcd=http://127.0.0.1:2379');
  try {
    return await (await import('./store/etcd.ts')).openEtcdStore({ hosts });
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).replace(/\.? *Resolution note:.*$/s, '');
    throw new StartupError(`cannot reach etcd at ${hosts.join(', ')}: ${why}; is it running, and is the URL right?`);
  }
}
