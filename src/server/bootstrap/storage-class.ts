// The class `host-path`, once for each cluster: a new one gets it as its default, an older one at the first start that
// knows of it, and as the default only when it has no other. Who deletes or changes it is obeyed, as what was done once
// is noted on the namespace sampan-system.
import { hostPathClass } from '../../api/host-path.ts';
import { Namespaces, StorageClasses } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import type { Client } from '../../client/rest.ts';
import type { Lister } from '../admission/types.ts';
import type { Ensurer } from './ensure.ts';

export const CLASS_MADE = 'sampan.io/storage-class-made';
const NAMESPACE = 'sampan-system';
const IS_DEFAULT = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

export async function ensureStorageClass(ensure: Ensurer, client: Client, cache: Lister): Promise<void> {
  if (cache.get(Namespaces, undefined, NAMESPACE)?.metadata?.annotations?.[CLASS_MADE] !== undefined) return;
  const isDefault = cache
    .list(StorageClasses)
    .some(({ metadata }) => IS_DEFAULT.some((annotation) => metadata?.annotations?.[annotation] === 'true'));
  try {
    await ensure.exists(StorageClasses, hostPathClass(!isDefault));
  } catch (error) {
    // A server whose kinds were chosen without this one.
    if (isNotFound(error)) return;
    throw error;
  }
  await client.patch(Namespaces, { name: NAMESPACE }, 'merge', { metadata: { annotations: { [CLASS_MADE]: 'true' } } });
}
