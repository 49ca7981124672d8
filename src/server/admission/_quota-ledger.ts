// What one server knows of the quotas of its namespaces: each as it was last written here, whose turn it is to write, and
// what there is altogether. The truth is the quota's own status: whoever charges it replaces what he has read.
import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import { ResourceQuotas } from '../../api/resources.ts';
import { UsageTotals } from './_usage-totals.ts';
import type { AdmissionContext, Lister } from './types.ts';

const revisionOf = ({ metadata }: ResourceQuota): number => Number(metadata?.resourceVersion ?? 0);

export class QuotaLedger {
  readonly totals: UsageTotals;
  readonly #lister: Lister;
  /** Written here, and perhaps not in the cache yet. By uid. */
  readonly #written = new Map<string, ResourceQuota>();
  /** By namespace: the end of the last turn that was asked for. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor({ lister, observe }: AdmissionContext) {
    this.#lister = lister;
    this.totals = new UsageTotals(lister, observe);
  }

  list(namespace: string): ResourceQuota[] {
    return this.#lister.list(ResourceQuotas, namespace).map((cached) => {
      const uid = cached.metadata?.uid ?? '';
      const written = this.#written.get(uid);
      if (written && revisionOf(written) > revisionOf(cached)) return written;
      this.#written.delete(uid);
      return cached;
    });
  }

  wrote(quota: ResourceQuota, revision: number): void {
    const written = { ...quota, metadata: { ...quota.metadata, resourceVersion: String(revision) } };
    this.#written.set(quota.metadata?.uid ?? '', written);
  }

  /**
   * Waits until nobody else of this server writes the namespace's quotas; all but one of those who write at once would
   * otherwise have to begin again. Call what it answers.
   */
  async turn(namespace: string): Promise<() => void> {
    const before = this.#turns.get(namespace);
    let end = (): void => {};
    const mine = new Promise<void>((resolve) => (end = resolve));
    this.#turns.set(namespace, mine);
    await before;
    return () => {
      if (this.#turns.get(namespace) === mine) this.#turns.delete(namespace);
      end();
    };
  }
}

/** One for each server in this process. */
const ledgers = new WeakMap<Lister, QuotaLedger>();

export function ledgerOf(context: AdmissionContext): QuotaLedger {
  let known = ledgers.get(context.lister);
  if (!known) ledgers.set(context.lister, (known = new QuotaLedger(context)));
  return known;
}
