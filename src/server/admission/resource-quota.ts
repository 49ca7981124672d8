// Refuses what would take a namespace beyond its ResourceQuotas. What a write adds is put into the quota's status in the
// write's own transaction, which fails when somebody else charged the quota meanwhile, on whatever server: so writes that
// arrive together cannot overrun it, and one that comes to nothing costs nothing.
// Upstream: apiserver/pkg/admission/plugin/resourcequota/controller.go, where the charge is a write of its own before.
import type { Pod, ResourceQuota } from 'kubernetes-types/core/v1.js';
import { updateManagedFields } from '../../api/patch/managed-fields.ts';
import { parseQuantity } from '../../api/quantity.ts';
import { type Usage, formatAmount, isInScope, unspecified, usageOf } from '../../api/quota.ts';
import { ResourceQuotas } from '../../api/resources.ts';
import { builtinSchemas } from '../../api/schema/builtin.ts';
import type { KubeObject, ResourceType } from '../../api/types.ts';
import { newForbidden } from './_forbidden.ts';
import { ledgerOf } from './_quota-ledger.ts';
import {
  type AdmissionContext,
  type AdmissionRequest,
  type Lister,
  type Reservation,
  defineAdmission,
} from './types.ts';

/** What a request adds to a quota. */
interface Claim {
  quota: string;
  /** By the names that the quota limits; each more than nothing. */
  amounts: Usage;
}
/** What a claim makes of its quota; undefined: that is not known, or too much. */
type Charged = ResourceQuota | undefined;
type Replacement = Reservation['replacements'][number];

export default defineAdmission({
  name: 'ResourceQuota',
  phase: 'quota',
  handles: (request) => request.namespace !== '' && isCounted(request),
  reserve(request, context) {
    const claims = claimsOf(request, context.lister);
    return claims.length > 0 ? reserve(claims, request, context) : undefined;
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

function claimsOf(request: AdmissionRequest, lister: Lister): Claim[] {
  const { object, oldObject } = request;
  const quotas = lister.list(ResourceQuotas, request.namespace);
  if (quotas.length === 0 || !object) return [];
  const type = typeOf(request);
  const usage = usageOf(type, object);
  const delta = changeOf(usage, type, oldObject);
  const claims: Claim[] = [];
  for (const quota of quotas) {
    if (!isInScope(quota, type, object)) continue;
    const name = quota.metadata?.name ?? '';
    if (type.plural === 'pods' && type.group === '') {
      const missing = unspecified(quota, object as unknown as Pod);
      if (missing) throw newForbidden(request, `failed quota: ${name}: ${missing}`);
    }
    // What comes into a quota's scope by an update is new to it.
    const added = oldObject && isInScope(quota, type, oldObject) ? delta : usage;
    const limited = Object.keys(quota.spec?.hard ?? {}).filter((resource) => (added.get(resource) ?? 0n) > 0n);
    if (limited.length > 0) claims.push({ quota: name, amounts: new Map(limited.map((r) => [r, added.get(r)!])) });
  }
  return claims;
}

async function reserve(claims: Claim[], request: AdmissionRequest, context: AdmissionContext): Promise<Reservation> {
  const { namespace, dryRun } = request;
  const ledger = ledgerOf(context);
  const end = await ledger.turn(namespace);
  try {
    let replacements = chargeAll(claims, ledger.list(namespace), ({ amounts }, quota) => charge(quota, amounts));
    if (!replacements) {
      // The status may say more than there still is, or nothing yet: now what there is counts, as of this revision.
      await ledger.landed(namespace);
      await context.liveList(ResourceQuotas, namespace);
      const items = ledger.list(namespace);
      const type = typeOf(request);
      replacements = chargeAll(claims, items, ({ amounts }, quota) => {
        const used = ledger.totals.used(quota, type, namespace);
        return charge(withUsed(quota, used, amounts), amounts) ?? refuse(quota, amounts, used, request);
      })!;
    }
    if (dryRun) return { replacements: [], settle: end };
    const quotas = replacements.map(({ next }) => next as ResourceQuota);
    return {
      replacements,
      handed() {
        ledger.handed(namespace, quotas);
        end();
      },
      settle(revision) {
        ledger.settled(namespace, quotas, revision);
        end();
      },
    };
  } catch (error) {
    end();
    throw error;
  }
}

/** Undefined when one of the charges is. A quota that went meanwhile asks for nothing. */
function chargeAll(
  claims: readonly Claim[],
  quotas: readonly ResourceQuota[],
  make: (claim: Claim, quota: ResourceQuota) => Charged,
): Replacement[] | undefined {
  const replacements: Replacement[] = [];
  for (const claim of claims) {
    const old = quotas.find(({ metadata }) => metadata?.name === claim.quota);
    if (!old) continue;
    const charged = make(claim, old);
    if (!charged) return undefined;
    replacements.push({ type: ResourceQuotas as ResourceType<never>, old, next: owned(charged, old) });
  }
  return replacements;
}

function charge(quota: ResourceQuota, amounts: Usage): Charged {
  const { hard = {} } = quota.spec ?? {};
  const used = { ...quota.status?.used };
  for (const [name, amount] of amounts) {
    const before = used[name];
    const limit = hard[name];
    if (limit === undefined) continue;
    if (before === undefined) return undefined;
    const after = parseQuantity(before).nanos + amount;
    if (after > parseQuantity(limit).nanos) return undefined;
    used[name] = formatAmount(after, limit);
  }
  return { ...quota, status: { ...quota.status, used } };
}

/** The quota with what was counted of one kind; what was not seen of `asked` is nothing. */
function withUsed(quota: ResourceQuota, counted: Usage, asked: Usage): ResourceQuota {
  const { hard = {} } = quota.spec ?? {};
  const used = { ...quota.status?.used };
  for (const name of new Set([...counted.keys(), ...asked.keys()])) {
    if (hard[name] !== undefined) used[name] = formatAmount(counted.get(name) ?? 0n, hard[name]);
  }
  return { ...quota, status: { ...quota.status, used } };
}

function refuse(quota: ResourceQuota, asked: Usage, used: Usage, request: AdmissionRequest): never {
  const { hard = {} } = quota.spec ?? {};
  const over = [...asked]
    .filter(([name, amount]) => (used.get(name) ?? 0n) + amount > parseQuantity(hard[name] ?? '0').nanos)
    .map(([name]) => name)
    .sort();
  const list = (amounts: Usage): string =>
    over.map((name) => `${name}=${formatAmount(amounts.get(name) ?? 0n, hard[name]!)}`).join(',');
  const limited = over.map((name) => `${name}=${hard[name]}`).join(',');
  throw newForbidden(
    request,
    `exceeded quota: ${quota.metadata?.name}, requested: ${list(asked)}, used: ${list(used)}, limited: ${limited}`,
  );
}

/** The server writes the status, and so owns what it writes. */
function owned(next: ResourceQuota, old: ResourceQuota): ResourceQuota {
  const managedFields = updateManagedFields({
    live: old,
    updated: next,
    manager: 'kube-apiserver',
    apiVersion: 'v1',
    subresource: 'status',
    now: `${new Date().toISOString().slice(0, 19)}Z`,
    schema: builtinSchemas.forKind('', 'v1', 'ResourceQuota')!,
    source: builtinSchemas,
  });
  return { ...next, metadata: { ...next.metadata, ...(managedFields ? { managedFields } : {}) } };
}
