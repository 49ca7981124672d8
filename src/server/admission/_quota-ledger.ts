// What one server knows of the quotas of its namespaces: each as it was last written here, whose turn it is to write, and
// what there is altogether. The truth is the quota's own status: whoever charges it replaces what he has read, or what the
// charge before his own is about to write. A chain of charges needs one trip to the disk:
//
//   pod a   quota at revision 7, used 3 → 4    on its way to the disk
//   pod b   quota that says "used 4"    → 5    given to the store after it; when a's charge is not made, b's is not either
import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import { ResourceQuotas } from '../../api/resources.ts';
import { UsageTotals } from './_usage-totals.ts';
import type { AdmissionContext, Lister } from './types.ts';

const revisionOf = ({ metadata }: ResourceQuota): number => Number(metadata?.resourceVersion ?? 0);
const uidOf = ({ metadata }: ResourceQuota): string => metadata?.uid ?? '';
const at = (quota: ResourceQuota, resourceVersion: string | undefined): ResourceQuota => ({
  ...quota,
  metadata: { ...quota.metadata, resourceVersion },
});

/** A transaction that the store was given. */
interface Flight {
  /** As the ledger shows them, without resourceVersion. */
  quotas: ResourceQuota[];
  landed: Promise<void>;
  land(): void;
}

export class QuotaLedger {
  readonly totals: UsageTotals;
  readonly #lister: Lister;
  /** Written here, and perhaps not in the cache yet; without resourceVersion on its way to the store. By uid. */
  readonly #written = new Map<string, ResourceQuota>();
  /** By namespace and by the charged quotas. */
  readonly #flights = new Map<string, Map<readonly ResourceQuota[], Flight>>();
  /** By namespace: the end of the last turn that was asked for. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor({ lister, observe }: AdmissionContext) {
    this.#lister = lister;
    this.totals = new UsageTotals(lister, observe);
  }

  list(namespace: string): ResourceQuota[] {
    return this.#lister.list(ResourceQuotas, namespace).map((cached) => {
      const written = this.#written.get(uidOf(cached));
      if (written && (!written.metadata?.resourceVersion || revisionOf(written) > revisionOf(cached))) return written;
      this.#written.delete(uidOf(cached));
      return cached;
    });
  }

  /** The store has these, and does what comes later after them. */
  handed(namespace: string, charged: readonly ResourceQuota[]): void {
    const quotas = charged.map((quota) => at(quota, undefined));
    for (const quota of quotas) this.#written.set(uidOf(quota), quota);
    let land = (): void => {};
    const landed = new Promise<void>((resolve) => (land = resolve));
    let flights = this.#flights.get(namespace);
    if (!flights) this.#flights.set(namespace, (flights = new Map()));
    flights.set(charged, { quotas, landed, land });
  }

  /** They were written at a revision, or not at all. What was charged after them stands or falls by itself. */
  settled(namespace: string, charged: readonly ResourceQuota[], revision: number | undefined): void {
    const flights = this.#flights.get(namespace);
    const flight = flights?.get(charged);
    const written = revision === undefined ? undefined : String(revision);
    for (const quota of flight?.quotas ?? charged) {
      const uid = uidOf(quota);
      if (flight && this.#written.get(uid) !== quota) continue;
      if (written) this.#written.set(uid, at(quota, written));
      else if (flight) this.#written.delete(uid);
    }
    flights?.delete(charged);
    if (flights?.size === 0) this.#flights.delete(namespace);
    flight?.land();
  }

  /** Resolves when nothing is on its way: whose turn it is counts what there is. */
  async landed(namespace: string): Promise<void> {
    await Promise.all([...(this.#flights.get(namespace)?.values() ?? [])].map((flight) => flight.landed));
  }

  /**
   * Waits until nobody else of this server is about to write the namespace's quotas; all but one of those who write at once
   * would otherwise have to begin again. Call what it answers.
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
