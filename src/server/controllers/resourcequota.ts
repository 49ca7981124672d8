// Keeps the numbers in ResourceQuotas' status. What is refused is decided at the door, by the admission plug-in.
// Upstream: pkg/controller/resourcequota/resource_quota_controller.go.
import { isDeepStrictEqual } from 'node:util';
import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import { parseQuantity } from '../../api/quantity.ts';
import { countedTypes, formatAmount, isInScope, usageOf } from '../../api/quota.ts';
import { ConfigMaps, Deployments, Pods, ReplicaSets, Secrets, ServiceAccounts, Services } from '../../api/resources.ts';
import { type KubeObject, type ResourceType, objectKey, splitKey } from '../../api/types.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';

const ResourceQuotas: ResourceType<ResourceQuota> = {
  group: '',
  version: 'v1',
  plural: 'resourcequotas',
  kind: 'ResourceQuota',
  namespaced: true,
};
const PersistentVolumeClaims: ResourceType<KubeObject> = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumeclaims',
  kind: 'PersistentVolumeClaim',
  namespaced: true,
};
const ReplicationControllers: ResourceType<KubeObject> = {
  group: '',
  version: 'v1',
  plural: 'replicationcontrollers',
  kind: 'ReplicationController',
  namespaced: true,
};
/** Kinds whose comings and goings are seen at once; what else is counted is looked at every so often. */
const WATCHED: readonly ResourceType<KubeObject>[] = [
  Pods,
  Services,
  ConfigMaps,
  Secrets,
  ServiceAccounts,
  Deployments,
  ReplicaSets,
  PersistentVolumeClaims,
  ReplicationControllers,
] as ResourceType<KubeObject>[];
const RESYNC_MS = 5 * 60_000;
/** Where a quota counts kinds that are not watched. */
const UNWATCHED_RESYNC_MS = 2_000;
const isWatched = ({ group, plural }: { group: string; plural: string }): boolean =>
  [...WATCHED, ResourceQuotas].some((type) => type.group === group && type.plural === plural);

const quotasOf = (object: KubeObject, { lister }: ControllerContext): string[] =>
  lister(ResourceQuotas)
    .list(object.metadata?.namespace ?? '')
    .map(objectKey);

export default defineController({
  name: 'resourcequota',
  for: ResourceQuotas,
  // Nothing but what a change adds or takes can alter a count.
  watches: WATCHED.map((type) =>
    watch(type, (object, old, context) =>
      old && isDeepStrictEqual([...usageOf(type, object)], [...usageOf(type, old)]) ? [] : quotasOf(object, context),
    ),
  ),
  async reconcile(context, key) {
    const quota = context.lister(ResourceQuotas).get(key);
    if (!quota || quota.metadata?.deletionTimestamp) return;
    const hard = quota.spec?.hard ?? {};
    const used = await usedOf(quota, context);
    const amounts = Object.keys(hard).map((name) => [name, formatAmount(used.get(name) ?? 0n, hard[name]!)] as const);
    const status = { hard, used: Object.fromEntries(amounts) };
    if (!isSame(status, quota.status)) await context.client.updateStatus(ResourceQuotas, { ...quota, status });
    return { requeueAfterMs: countedTypes(quota).every(isWatched) ? RESYNC_MS : UNWATCHED_RESYNC_MS };
  },
});

async function usedOf(quota: ResourceQuota, context: ControllerContext): Promise<Map<string, bigint>> {
  const { namespace } = splitKey(objectKey(quota));
  const used = new Map<string, bigint>();
  for (const counted of countedTypes(quota)) {
    for (const object of await objectsOf(counted, namespace!, context)) {
      if (!isInScope(quota, counted, object)) continue;
      for (const [name, amount] of usageOf(counted, object)) used.set(name, (used.get(name) ?? 0n) + amount);
    }
  }
  return used;
}

async function objectsOf(
  { group, plural }: { group: string; plural: string },
  namespace: string,
  { client, lister }: ControllerContext,
): Promise<KubeObject[]> {
  const watched = [...WATCHED, ResourceQuotas as ResourceType<KubeObject>].find(
    (type) => type.group === group && type.plural === plural,
  );
  if (watched) return lister(watched).list(namespace);
  const type: ResourceType<KubeObject> = { group, version: 'v1', plural, kind: plural, namespaced: true };
  // A kind that the server does not have, or not as v1, counts nothing.
  return (await client.list(type, { namespace }).catch(() => ({ items: [] as KubeObject[] }))).items;
}

const isSame = (
  wanted: { hard: Record<string, string>; used: Record<string, string> },
  have: ResourceQuota['status'],
) =>
  (['hard', 'used'] as const).every((part) => {
    const [left, right] = [wanted[part], have?.[part] ?? {}];
    const names = Object.keys(left);
    return (
      names.length === Object.keys(right).length &&
      names.every((n) => right[n] !== undefined && parseQuantity(left[n]!).nanos === parseQuantity(right[n]).nanos)
    );
  });
