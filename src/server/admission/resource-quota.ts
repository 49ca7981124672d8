// Refuses what would take a namespace beyond its ResourceQuotas. Usage is counted from the watch cache, plus what this
// server let in and the cache does not show yet, so that creates that arrive together cannot overrun a quota.
// Upstream: apiserver/pkg/admission/plugin/resourcequota/controller.go, which instead writes each charge into status.
import type { Pod, ResourceQuota } from 'kubernetes-types/core/v1.js';
import { parseQuantity } from '../../api/quantity.ts';
import { type Usage, formatAmount, isInScope, unspecified, usageOf } from '../../api/quota.ts';
import type { KubeObject, ResourceType } from '../../api/types.ts';
import { newForbidden } from './_forbidden.ts';
import { type AdmissionContext, type AdmissionRequest, type Lister, defineAdmission } from './types.ts';

const ResourceQuotas: ResourceType<ResourceQuota> = {
  group: '',
  version: 'v1',
  plural: 'resourcequotas',
  kind: 'ResourceQuota',
  namespaced: true,
};
/** A charge whose object has not appeared by then belongs to a create that failed later. */
const CHARGE_LIFETIME_MS = 3_000;

interface Charge {
  object: KubeObject;
  /** What an update replaces. */
  old?: KubeObject;
  untilMs: number;
}

/** What was let in and may not be in the cache yet: lister → `namespace/resource` → name → charge. */
const charges = new WeakMap<Lister, Map<string, Map<string, Charge>>>();
/** Cached objects never change, so neither does what they count for. */
const counted = new WeakMap<object, Usage>();

export default defineAdmission({
  name: 'ResourceQuota',
  phase: 'quota',
  handles: (request) =>
    request.namespace !== '' && request.resource.resource !== 'namespaces' && COUNTED.test(subjectOf(request)),
  validate(request, context) {
    const quotas = context.lister.list(ResourceQuotas, request.namespace);
    const object = request.object;
    if (quotas.length === 0 || !object) return;
    const type = typeOf(request);
    const now = Date.now();
    const usage = usageOf(type, object);
    const delta = changeOf(usage, type, request.oldObject);
    for (const quota of quotas) {
      if (!isInScope(quota, type, object)) continue;
      // What comes into a quota's scope by an update is new to it.
      const isNew = !request.oldObject || !isInScope(quota, type, request.oldObject);
      check(quota, isNew ? usage : delta, request, context, now);
    }
    if (!request.dryRun) charge(request, context, object, now);
  },
});

/** Creations, and updates that can change what an object counts for. */
const COUNTED = /^(CREATE \S+ |UPDATE (services|persistentvolumeclaims) |UPDATE pods resize)$/;
const subjectOf = ({ operation, resource, subresource }: AdmissionRequest): string =>
  `${operation} ${resource.resource} ${subresource}`;

/** The stored kind's address: what is served under several groups counts once. */
function typeOf({ kind, resource }: AdmissionRequest): ResourceType<KubeObject> {
  return { group: kind.group, version: kind.version, kind: kind.kind, plural: resource.resource, namespaced: true };
}

function changeOf(usage: Usage, type: ResourceType<KubeObject>, old: KubeObject | undefined): Usage {
  if (!old) return usage;
  const change: Usage = new Map(usage);
  for (const [name, amount] of usageOf(type, old)) change.set(name, (change.get(name) ?? 0n) - amount);
  return change;
}

function check(
  quota: ResourceQuota,
  delta: Usage,
  request: AdmissionRequest,
  context: AdmissionContext,
  now: number,
): void {
  const hard = quota.spec?.hard ?? {};
  const type = typeOf(request);
  const name = quota.metadata?.name ?? '';
  if (type.plural === 'pods' && type.group === '') {
    const missing = unspecified(quota, request.object as unknown as Pod);
    if (missing) throw newForbidden(request, `failed quota: ${name}: ${missing}`);
  }
  const asked = Object.keys(hard).filter((resource) => (delta.get(resource) ?? 0n) > 0n);
  if (asked.length === 0) return;
  const used = usedOf(quota, type, request.namespace, context, now);
  const over = asked.filter((r) => (used.get(r) ?? 0n) + (delta.get(r) ?? 0n) > parseQuantity(hard[r]!).nanos).sort();
  if (over.length === 0) return;
  const list = (amounts: Usage): string =>
    over.map((resource) => `${resource}=${formatAmount(amounts.get(resource) ?? 0n, hard[resource]!)}`).join(',');
  const limited = over.map((resource) => `${resource}=${hard[resource]}`).join(',');
  throw newForbidden(
    request,
    `exceeded quota: ${name}, requested: ${list(delta)}, used: ${list(used)}, limited: ${limited}`,
  );
}

function usedOf(
  quota: ResourceQuota,
  type: ResourceType<KubeObject>,
  namespace: string,
  { lister }: AdmissionContext,
  now: number,
): Usage {
  const used: Usage = new Map();
  const count = (object: KubeObject, sign = 1n): void => {
    if (!isInScope(quota, type, object)) return;
    let usage = counted.get(object);
    if (!usage) counted.set(object, (usage = usageOf(type, object)));
    for (const [name, amount] of usage) used.set(name, (used.get(name) ?? 0n) + sign * amount);
  };
  lister.list(type, namespace).forEach((object) => count(object));
  const pending = charges.get(lister)?.get(`${namespace}/${type.plural}.${type.group}`);
  for (const [id, { object, old, untilMs }] of pending ?? []) {
    const cached = lister.get(type, namespace, object.metadata?.name ?? '');
    if (untilMs < now || (old ? isOther(cached, old) : cached)) {
      pending!.delete(id);
      continue;
    }
    count(object);
    if (old) count(old, -1n);
  }
  return used;
}

const isOther = (cached: KubeObject | undefined, old: KubeObject): boolean =>
  cached?.metadata?.resourceVersion !== old.metadata?.resourceVersion;

function charge(request: AdmissionRequest, { lister }: AdmissionContext, object: KubeObject, now: number): void {
  const type = typeOf(request);
  const key = `${request.namespace}/${type.plural}.${type.group}`;
  let all = charges.get(lister);
  if (!all) charges.set(lister, (all = new Map()));
  let pending = all.get(key);
  if (!pending) all.set(key, (pending = new Map()));
  const old = request.oldObject;
  const id = `${object.metadata?.name}@${old?.metadata.resourceVersion ?? ''}`;
  pending.set(id, { object, ...(old ? { old } : {}), untilMs: now + CHARGE_LIFETIME_MS });
}
