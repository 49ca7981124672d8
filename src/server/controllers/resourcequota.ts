// Keeps the numbers in ResourceQuotas' status. What is refused is decided at the door, by the admission plug-in.
// Upstream: pkg/controller/resourcequota/resource_quota_controller.go.
import { isDeepStrictEqual } from 'node:util';
import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import { parseQuantity } from '../../api/quantity.ts';
import { type Usage, countedTypes, formatAmount, isInScope, usageOf } from '../../api/quota.ts';
import {
  ConfigMaps,
  Deployments,
  PersistentVolumeClaims,
  Pods,
  ReplicaSets,
  ReplicationControllers,
  ResourceQuotas,
  Secrets,
  ServiceAccounts,
  Services,
} from '../../api/resources.ts';
import { StatusError, isNotFound } from '../../api/status.ts';
import { type KubeObject, type ResourceType, objectKey, splitKey } from '../../api/types.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { type Client, readBytes } from '../../client/rest.ts';
import { coalesce } from './shared/objects.ts';

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
const isWatched = (counted: { group: string; plural: string }): boolean => watchedType(counted) !== undefined;

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
    const read = (): ResourceQuota | undefined => context.lister(ResourceQuotas).get(key);
    const known = read();
    if (!known) return;
    await coalesce(context, sizeOf(known, context));
    const quota = read();
    if (!quota || quota.metadata?.deletionTimestamp) return;
    const seen = await statusOf(quota, context, objectsSeen);
    if (!isSame(seen, quota.status)) await settle(quota, context);
    return { requeueAfterMs: countedTypes(quota).every(isWatched) ? RESYNC_MS : UNWATCHED_RESYNC_MS };
  },
});

/**
 * Admission charges a quota in the transaction of each object that it lets in. So a count is right if it was made at a
 * revision not before the quota's own, and if the quota has not changed since; what informers show may be older.
 */
async function settle({ metadata }: ResourceQuota, context: ControllerContext): Promise<void> {
  const { client } = context;
  const { namespace = '', name = '', uid } = metadata ?? {};
  // Upstream's role for this controller lists everything, and gets nothing.
  const { items } = await client.list(ResourceQuotas, { namespace, fieldSelector: `metadata.name=${name}` });
  const quota = items.find(({ metadata: found }) => found?.uid === uid);
  if (!quota) return;
  const status = await statusOf(quota, context, objectsNow);
  if (!isSame(status, quota.status)) await client.updateStatus(ResourceQuotas, { ...quota, status });
}

type Objects = (
  type: { group: string; plural: string },
  namespace: string,
  context: ControllerContext,
) => Promise<KubeObject[]>;

async function statusOf(quota: ResourceQuota, context: ControllerContext, objectsOf: Objects) {
  const hard = quota.spec?.hard ?? {};
  const used = await usedOf(quota, context, objectsOf);
  const amounts = Object.keys(hard).map((name) => [name, formatAmount(used.get(name) ?? 0n, hard[name]!)] as const);
  return { hard, used: Object.fromEntries(amounts) };
}

/** How many objects have to be looked at. */
function sizeOf(quota: ResourceQuota, { lister }: ControllerContext): number {
  const { namespace } = quota.metadata ?? {};
  let size = 0;
  for (const counted of countedTypes(quota)) {
    const type = watchedType(counted);
    if (type) size += lister(type).count(namespace);
  }
  return size;
}

const watchedType = ({ group, plural }: { group: string; plural: string }): ResourceType<KubeObject> | undefined =>
  [...WATCHED, ResourceQuotas as ResourceType<KubeObject>].find((t) => t.group === group && t.plural === plural);

/** Cached objects never change, so neither does what they count for. */
const usages = new WeakMap<object, Usage>();

function usageOnce(type: { group: string; plural: string }, object: KubeObject): Usage {
  let usage = usages.get(object);
  if (!usage) usages.set(object, (usage = usageOf(type, object)));
  return usage;
}

async function usedOf(
  quota: ResourceQuota,
  context: ControllerContext,
  objectsOf: Objects,
): Promise<Map<string, bigint>> {
  const { namespace } = splitKey(objectKey(quota));
  const used = new Map<string, bigint>();
  for (const counted of countedTypes(quota)) {
    for (const object of await objectsOf(counted, namespace!, context)) {
      if (!isInScope(quota, counted, object)) continue;
      for (const [name, amount] of usageOnce(counted, object)) used.set(name, (used.get(name) ?? 0n) + amount);
    }
  }
  return used;
}

const objectsSeen: Objects = async (counted, namespace, context) => {
  const watched = watchedType(counted);
  return watched ? context.lister(watched).list(namespace) : objectsNow(counted, namespace, context);
};

const objectsNow: Objects = async ({ group, plural }, namespace, { client }) => {
  const version = group === '' ? 'v1' : await preferredVersion(group, client);
  // A kind that the server does not have counts nothing.
  if (version === undefined) return [];
  const type: ResourceType<KubeObject> = { group, version, plural, kind: plural, namespaced: true };
  return (await client.list(type, { namespace }).catch(nothingIfUnknown)).items;
};

function nothingIfUnknown(error: unknown): { items: KubeObject[] } {
  if (isNotFound(error) || (error instanceof StatusError && error.code === 405)) return { items: [] };
  throw error;
}

async function preferredVersion(group: string, client: Client): Promise<string | undefined> {
  try {
    const response = await client.request('GET', `/apis/${group}`, { shared: false });
    const found = JSON.parse((await readBytes(response)).toString('utf8')) as {
      preferredVersion?: { version?: string };
    };
    return found.preferredVersion?.version;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
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
