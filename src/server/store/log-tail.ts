// The newest part of a revision log, in memory and bounded, so that watches that keep up never read the disk.
import type { StoreEvent } from './store.ts';

const MAX_REVISIONS = 4096;
/** Of values, the replaced ones too. Nobody depends on it who can read the log itself. */
export const TAIL_BYTES = 8 << 20;

export class LogTail {
  /** #entries[i] holds the events of revision first + i. */
  #entries: { events: readonly StoreEvent[]; bytes: number }[] = [];
  #bytes = 0;
  readonly #maxBytes: number;
  /** The oldest revision that is here (or the next to come). */
  first: number;

  constructor(next: number, maxBytes = TAIL_BYTES) {
    this.first = next;
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The newest revision that is here. */
  get last(): number {
    return this.first + this.#entries.length - 1;
  }

  add(revision: number, events: readonly StoreEvent[]): void {
    let bytes = 0;
    for (const { item, previous } of events) bytes += item.value.byteLength + (previous?.value.byteLength ?? 0);
    this.#entries.push({ events, bytes });
    this.#bytes += bytes;
    // Halved when full, not shifted one by one.
    while (this.#entries.length > 1 && this.#isFull()) this.#drop(this.#entries.length >>> 1);
  }

  #isFull(): boolean {
    return this.#entries.length > MAX_REVISIONS || this.#bytes > this.#maxBytes;
  }

  scan(from: number, visit: (revision: number, events: readonly StoreEvent[]) => boolean): number {
    const end = this.first + this.#entries.length;
    for (let revision = from; revision < end; revision++) {
      if (!visit(revision, this.#entries[revision - this.first]!.events)) return revision + 1;
    }
    return end;
  }

  compact(revision: number): void {
    if (revision > this.first) this.#drop(Math.min(revision - this.first, this.#entries.length));
  }

  #drop(count: number): void {
    for (const { bytes } of this.#entries.splice(0, count)) this.#bytes -= bytes;
    this.first += count;
  }
}
