// Which objects a Kustomization has applied, and in which order things are applied and deleted. Pure.
// Upstream: fluxcd/pkg/ssa (sort.go), cli-utils pkg/object/objmetadata.go.
import type { Unstructured } from '../../api/types.ts';
import { parseApiVersion } from '../../api/types.ts';
import type { InventoryEntry } from '../types.ts';

/** What identifies an object across versions of its kind. */
export interface ObjectId {
  namespace: string;
  name: string;
  group: string;
  kind: string;
}

export function idOf(object: Unstructured): ObjectId {
  const { group } = parseApiVersion(object.apiVersion);
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '', group, kind: object.kind };
}

/** `default_web_apps_Deployment`; RBAC names may have colons, written as two underscores. */
export const formatId = ({ namespace, name, group, kind }: ObjectId): string =>
  [namespace, name.replaceAll(':', '__'), group, kind].join('_');

export function parseId(text: string): ObjectId {
  const parts = text.split('_');
  const [kind = '', group = ''] = [parts.pop(), parts.pop()];
  const namespace = parts.shift() ?? '';
  return { namespace, name: parts.join('_').replaceAll('__', ':'), group, kind };
}

export const entryOf = (object: Unstructured): InventoryEntry => ({
  id: formatId(idOf(object)),
  v: parseApiVersion(object.apiVersion).version,
});

/** `Deployment/default/web`, `Namespace/apps`: how messages name objects. */
export const describeId = ({ namespace, name, kind }: ObjectId): string =>
  namespace ? `${kind}/${namespace}/${name}` : `${kind}/${name}`;

const FIRST = [
  'CustomResourceDefinition', 'Namespace', 'ClusterClass', 'RuntimeClass', 'PriorityClass', 'StorageClass',
  'VolumeSnapshotClass', 'IngressClass', 'GatewayClass', 'ClusterRole', 'ClusterRoleBinding', 'ResourceQuota',
  'LimitRange', 'ServiceAccount', 'Role', 'RoleBinding', 'ConfigMap', 'Secret', 'PersistentVolume',
  'PersistentVolumeClaim', 'Service', 'Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Job', 'PodDisruptionBudget',
]; // prettier-ignore
const LAST = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

/** Kinds that others need to exist before they can even be checked. */
export const isDefinition = (object: Unstructured): boolean =>
  object.kind === 'CustomResourceDefinition' || object.kind === 'Namespace' || object.kind === 'ClusterRole';

/** Lower goes first when applying, last when deleting. Other kinds stand between. */
export function rankOf(kind: string): number {
  const first = FIRST.indexOf(kind);
  if (first >= 0) return first;
  const last = LAST.indexOf(kind);
  return last >= 0 ? 1000 + last : 500;
}

/** Groups of objects that may be applied at the same time, in order. */
export function stages<T>(items: readonly T[], kindOf: (item: T) => string): T[][] {
  const byRank = new Map<number, T[]>();
  for (const item of items) {
    const rank = rankOf(kindOf(item));
    const stage = byRank.get(rank);
    if (stage) stage.push(item);
    else byRank.set(rank, [item]);
  }
  return [...byRank.entries()].sort(([a], [b]) => a - b).map(([, stage]) => stage);
}

/** Old entries that are not among the new ones; the version does not count. */
export function stale(old: readonly InventoryEntry[], now: readonly InventoryEntry[]): InventoryEntry[] {
  const kept = new Set(now.map((e) => e.id));
  return old.filter((e) => !kept.has(e.id));
}

export function union(a: readonly InventoryEntry[], b: readonly InventoryEntry[]): InventoryEntry[] {
  const all = new Map([...a, ...b].map((e) => [e.id, e]));
  return [...all.values()].sort((x, y) => (x.id < y.id ? -1 : 1));
}
