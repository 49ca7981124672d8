// What the objects of a namespace count for altogether, within the scopes of its quotas: counted once, and from then on
// kept with each change that the watch cache shows, so that a creation does not count what is there.
import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import { type Usage, isInScope, usageOf } from '../../api/quota.ts';
import type { KubeObject, ResourceType } from '../../api/types.ts';
import type { AdmissionContext, Lister } from './types.ts';

interface Total {
  /** Any quota of these scopes. */
  quota: ResourceQuota;
  usage: Usage;
}
/** The totals of a namespace, by scopes. */
type Totals = Map<string, Total>;

/** Quotas that went leave their totals behind: beyond so many namespaces all are counted anew. */
const MAX_NAMESPACES = 10_000;

export class UsageTotals {
  private readonly kinds = new Map<string, Map<string, Totals>>();

  constructor(
    private readonly lister: Lister,
    private readonly observe: AdmissionContext['observe'],
  ) {}

  /** What this quota's objects of a kind count for, as the cache shows them now. */
  used(quota: ResourceQuota, type: ResourceType<KubeObject>, namespace: string): Usage {
    const kind = this.kindFor(type);
    let totals = kind.get(namespace);
    if (!totals) {
      if (kind.size >= MAX_NAMESPACES) kind.clear();
      kind.set(namespace, (totals = new Map()));
    }
    const scopes = scopesOf(quota);
    let total = totals.get(scopes);
    if (!total) {
      totals.set(scopes, (total = { quota, usage: new Map() }));
      for (const object of this.lister.list(type, namespace)) change(total, type, object, 1n);
    }
    return total.usage;
  }

  private kindFor(type: ResourceType<KubeObject>): Map<string, Totals> {
    const id = `${type.plural}.${type.group}`;
    const known = this.kinds.get(id);
    if (known) return known;
    const kind = new Map<string, Totals>();
    this.kinds.set(id, kind);
    const onChange = (object: KubeObject | undefined, old: KubeObject | undefined): void => {
      const totals = kind.get((object ?? old)?.metadata?.namespace ?? '');
      if (!totals) return;
      for (const total of totals.values()) {
        if (old) change(total, type, old, -1n);
        if (object) change(total, type, object, 1n);
      }
    };
    this.observe(type, onChange, () => void this.kinds.delete(id));
    return kind;
  }
}

const scopesOf = ({ spec }: ResourceQuota): string =>
  spec?.scopes?.length || spec?.scopeSelector ? JSON.stringify([spec.scopes, spec.scopeSelector]) : '';

/** Cached objects never change, so neither does what they count for. */
const counted = new WeakMap<object, Usage>();

function change(total: Total, type: ResourceType<KubeObject>, object: KubeObject, sign: bigint): void {
  if (!isInScope(total.quota, type, object)) return;
  let usage = counted.get(object);
  if (!usage) counted.set(object, (usage = usageOf(type, object)));
  for (const [name, amount] of usage) total.usage.set(name, (total.usage.get(name) ?? 0n) + sign * amount);
}
