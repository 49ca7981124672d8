// What the objects of a namespace count for altogether, within the scopes of its quotas: counted once, and from then on
// kept with each change, so that a creation does not count what is there. To it comes what was let in and is not in the
// cache yet, so that writes that arrive together cannot overrun a quota.
import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import { type Usage, isInScope, usageOf } from '../../api/quota.ts';
import type { KubeObject, ResourceType } from '../../api/types.ts';
import type { AdmissionContext, Lister } from './types.ts';

interface Total {
  /** Any quota of these scopes. */
  quota: ResourceQuota;
  usage: Usage;
}
interface Charge {
  object: KubeObject;
  /** What an update replaces. */
  old?: KubeObject;
  untilMs: number;
}
interface Namespace {
  /** By scopes. */
  totals: Map<string, Total>;
  /** By name and the revision that is replaced. */
  charges: Map<string, Charge>;
}

/** Quotas that went leave their totals behind: beyond so many namespaces all are counted anew. */
const MAX_NAMESPACES = 10_000;
/** A charge whose write has not been seen by then belongs to one that failed later. */
const CHARGE_LIFETIME_MS = 3_000;

export class UsageTotals {
  private readonly kinds = new Map<string, Map<string, Namespace>>();

  constructor(
    private readonly lister: Lister,
    private readonly observe: AdmissionContext['observe'],
  ) {}

  /** What this quota's objects of a kind count for, those included that were let in a moment ago. */
  used(quota: ResourceQuota, type: ResourceType<KubeObject>, namespace: string, nowMs: number): Usage {
    const known = this.namespace(type, namespace);
    const scopes = scopesOf(quota);
    let total = known.totals.get(scopes);
    if (!total) {
      known.totals.set(scopes, (total = { quota, usage: new Map() }));
      for (const object of this.lister.list(type, namespace)) change(total, type, object, 1n);
    }
    if (known.charges.size === 0) return total.usage;
    const sum: Total = { quota, usage: new Map(total.usage) };
    for (const [id, { object, old, untilMs }] of known.charges) {
      if (untilMs < nowMs) {
        known.charges.delete(id);
        continue;
      }
      change(sum, type, object, 1n);
      if (old) change(sum, type, old, -1n);
    }
    return sum.usage;
  }

  /** `object` is about to be written; it counts from now on. */
  charge(type: ResourceType<KubeObject>, namespace: string, object: KubeObject, old?: KubeObject): void {
    const charge: Charge = { object, untilMs: Date.now() + CHARGE_LIFETIME_MS, ...(old ? { old } : {}) };
    this.namespace(type, namespace).charges.set(chargeId(object, old), charge);
  }

  private namespace(type: ResourceType<KubeObject>, name: string): Namespace {
    const kind = this.kindFor(type);
    let known = kind.get(name);
    if (!known) {
      if (kind.size >= MAX_NAMESPACES) kind.clear();
      kind.set(name, (known = { totals: new Map(), charges: new Map() }));
    }
    return known;
  }

  private kindFor(type: ResourceType<KubeObject>): Map<string, Namespace> {
    const id = `${type.plural}.${type.group}`;
    const known = this.kinds.get(id);
    if (known) return known;
    const kind = new Map<string, Namespace>();
    this.kinds.set(id, kind);
    const onChange = (object: KubeObject | undefined, old: KubeObject | undefined): void => {
      const namespace = kind.get((object ?? old)?.metadata?.namespace ?? '');
      if (!namespace) return;
      namespace.charges.delete(chargeId((object ?? old)!, old));
      for (const total of namespace.totals.values()) {
        if (old) change(total, type, old, -1n);
        if (object) change(total, type, object, 1n);
      }
    };
    this.observe(type, onChange, () => void this.kinds.delete(id));
    return kind;
  }
}

const chargeId = (object: KubeObject, old: KubeObject | undefined): string =>
  `${object.metadata?.name}@${old?.metadata?.resourceVersion ?? ''}`;

const scopesOf = ({ spec }: ResourceQuota): string =>
  spec?.scopes?.length || spec?.scopeSelector ? JSON.stringify([spec.scopes, spec.scopeSelector]) : '';

/** Cached objects never change, so neither does what they count for; neither do those that are about to be. */
const counted = new WeakMap<object, Usage>();

function change(total: Total, type: ResourceType<KubeObject>, object: KubeObject, sign: bigint): void {
  if (!isInScope(total.quota, type, object)) return;
  let usage = counted.get(object);
  if (!usage) counted.set(object, (usage = usageOf(type, object)));
  for (const [name, amount] of usage) total.usage.set(name, (total.usage.get(name) ?? 0n) + sign * amount);
}
