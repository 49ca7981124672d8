// What somebody may mean who names a thing without its kind: what makes pods, and what leads to them.
import { resourcePath, type Unstructured } from '../api/types.ts';
import type { Cluster } from './cluster.ts';

const kinds = [
  ['Deployment', 'apps'],
  ['StatefulSet', 'apps'],
  ['DaemonSet', 'apps'],
  ['CronJob', 'batch'],
  ['Job', 'batch'],
  ['Service', ''],
] as const;

/** Those of this name in the namespace in use, what makes pods first. Kinds that may not be read have none. */
export async function objectsCalled(cluster: Cluster, name: string): Promise<Unstructured[]> {
  const { namespace } = cluster;
  const found = await Promise.all(
    kinds.map(([kind, group]) => {
      const type = { group, version: 'v1', plural: `${kind.toLowerCase()}s`, kind, namespaced: true };
      return cluster.json('GET', resourcePath(type, { namespace, name })).catch(() => undefined);
    }),
  );
  return found.filter((object) => object !== undefined);
}
