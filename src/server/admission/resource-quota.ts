// Refuses what would take a namespace beyond its ResourceQuotas. Usage is counted from the watch cache, plus what this
// server let in and the cache does not show yet, so that creates that arrive together cannot overrun a quota.
// Upstream: apiserver/pkg/admission/plugin/resourcequota/controller.go, which instead writes each charge into status.
import type { Pod, ResourceQuota } from 'kubernetes-types/core/v1.js';
import { parseQuantity } from '../../api/quantity.ts';
import { type Usage, formatAmount, isInScope, unspecified, usageOf } from '../../api/quota.ts';
import type { KubeObject, ResourceType } from '../../api/types.ts';
import { newForbidden } from './_forbidden.ts';
import { UsageTotals } from './_usage-totals.ts';
import { type AdmissionContext, type AdmissionRequest, type Lister, defineAdmission } from './types.ts';

const ResourceQuotas: ResourceType<ResourceQuota> = {
  group: '',
  version: 'v1',
  plural: 'resourcequotas',
  kind: 'ResourceQuota',
  namespaced: true,
};
/** One for each server in this process. */
const totals = new WeakMap<Lister, UsageTotals>();

function totalsOf({ lister, observe }: AdmissionContext): UsageTotals {
  let known = totals.get(lister);
  if (!known) totals.set(lister, (known = new UsageTotals(lister, observe)));
  return known;
}

export default defineAdmission({
  name: 'ResourceQuota',
  phase: 'quota',
  handles: (request) => request.namespace !== '' && isCounted(request),
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
    if (!request.dryRun) totalsOf(context).charge(type, request.namespace, object, request.oldObject);
  },
});

/** Creations, and updates that can change what an object counts for. */
function isCounted({ operation, resource: { resource }, subresource }: AdmissionRequest): boolean {
  if (operation === 'CREATE') return subresource === '' && resource !== 'namespaces';
  if (operation !== 'UPDATE') return false;
  if (subresource === '') return resource === 'services' || resource === 'persistentvolumeclaims';
  return subresource === 'resize' && resource === 'pods';
}

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
  const used = totalsOf(context).used(quota, type, request.namespace, now);
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
