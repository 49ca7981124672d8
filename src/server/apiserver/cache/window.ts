// The past events of one kind, as a ring that watchers read with a cursor; it holds no watchers. Old events go when
// there are too many of them or when the objects that only they still hold take too much memory, and with time: who is that
// far behind reads the store's history.
//
//   first                          head
//     | e3 | e4 | e5 | e6 | e7 |     a watcher at 5 reads e5.. ; one at 2 has lost events and must be closed
import type { Entry } from './entry.ts';

export interface CacheEvent {
  type: 'put' | 'delete';
  revision: number;
  /** The new state; for a deletion the last state under the deletion's revision. */
  entry: Entry;
  previous: Entry | undefined;
  /** Encodings shared by all watchers; see EventWindow.encoded. */
  encoded?: Map<string, Buffer>;
}

const MAX_EVENTS = 32_768;
/** What only past events hold: objects that were replaced or deleted. */
export const RETIRED_BYTES = 16 << 20;
/** However large they are, so many events stay while they are new. */
const MIN_EVENTS = 512;
/** So much of it stays when it is old. */
const AGED_BYTES = 1 << 20;
/** Events as watchers get them. Those who keep up share the newest; who is behind by more encodes for himself. */
export const ENCODED_BYTES = 4 << 20;

export class EventWindow {
  /** The oldest stands first; a plain array, cut a quarter at a time. */
  #events: CacheEvent[] = [];
  #first = 0;
  #retired = 0;
  /** Events whose encodings are kept, in the order in which they were first encoded. */
  #encodedEvents: CacheEvent[] = [];
  #encodedBytes = 0;
  /** Where the head was at the last two calls of age(), and how many of the encoded events are from before the last. */
  #heads: [number, number] = [0, 0];
  #encodedBefore = 0;
  /** The newest events that were encoded together, for the next watcher that wants just these. */
  lastBatch: { name: string; bytes: Buffer } | undefined;
  /** Events with a revision above this one are all in the window. */
  #completeAfter: number;

  constructor(completeAfter: number) {
    this.#completeAfter = completeAfter;
  }

  get first(): number {
    return this.#first;
  }
  /** The sequence number that the next event gets. */
  get head(): number {
    return this.#first + this.#events.length;
  }
  get completeAfter(): number {
    return this.#completeAfter;
  }

  at(sequence: number): CacheEvent {
    return this.#events[sequence - this.#first]!;
  }

  push(event: CacheEvent): void {
    this.#events.push(event);
    this.#retired += retiredBytes(event);
    if (this.#events.length > MAX_EVENTS || (this.#retired > RETIRED_BYTES && this.#events.length > MIN_EVENTS))
      this.#cut(this.#events.length >>> 2);
  }

  /** The bytes that objects take which only this window holds. */
  get retiredBytes(): number {
    return this.#retired;
  }
  get encodedBytes(): number {
    return this.#encodedBytes;
  }

  /** One encoding of an event, made once for the watchers that ask soon after each other. */
  encoded(event: CacheEvent, name: string, make: () => Buffer): Buffer {
    const known = event.encoded?.get(name);
    if (known) return known;
    const made = make();
    if (!event.encoded) {
      event.encoded = new Map();
      this.#encodedEvents.push(event);
    }
    event.encoded.set(name, made);
    this.#encodedBytes += made.length;
    if (this.#encodedBytes > ENCODED_BYTES) this.#forgetEncodings();
    return made;
  }

  /** The older half, so that forgetting costs little per event. */
  #forgetEncodings(): void {
    this.#dropEncodings(Math.ceil(this.#encodedEvents.length / 2));
  }

  #dropEncodings(count: number): void {
    for (const event of this.#encodedEvents.splice(0, count)) {
      for (const { length } of event.encoded!.values()) this.#encodedBytes -= length;
      delete event.encoded;
    }
    this.#encodedBefore = Math.max(0, this.#encodedBefore - count);
  }

  /** Called at intervals: events that were here two calls ago go, if they hold much; encodings after one. */
  age(): void {
    const [old, last] = this.#heads;
    this.#heads = [last, this.head];
    if (this.#retired > AGED_BYTES) this.#cut(old - this.#first);
    this.#dropEncodings(this.#encodedBefore);
    this.#encodedBefore = this.#encodedEvents.length;
    this.lastBatch = undefined;
  }

  /** The first event after a revision; undefined when the window no longer knows all of them. */
  after(revision: number): number | undefined {
    if (revision < this.#completeAfter) return undefined;
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#first + low;
  }

  /** Drops a good part of them, so that cutting costs nothing per event; never a part of a revision's events. */
  #cut(atLeast: number): void {
    if (atLeast <= 0) return;
    let count = atLeast;
    while (count < this.#events.length && this.#events[count]!.revision === this.#events[count - 1]!.revision) count++;
    const dropped = this.#events.splice(0, count);
    this.#first += count;
    this.#completeAfter = dropped.at(-1)!.revision;
    for (const event of dropped) this.#retired -= retiredBytes(event);
  }
}

const retiredBytes = ({ type, entry, previous }: CacheEvent): number =>
  (previous?.bytes.length ?? 0) + (type === 'delete' ? entry.bytes.length : 0);
