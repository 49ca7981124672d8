// What is derived from entries and kept for the next reader: answers in other versions, rows of tables. All of it can be
// made again, so there is a bound on its bytes, over all kinds. Two generations: what nobody asked for while a whole
// generation was filled is forgotten with it, at no cost per face. A generation lives for a while, however soon it is
// full: readers of more than there is room for shall find a part of it again, and not push out all before they return.
import type { Entry } from './entry.ts';

/** Of both generations together. */
export const FACES_BYTES = 32 << 20;
const GENERATION_MS = 10_000;

interface Face {
  value: unknown;
  bytes: number;
}
type Generation = WeakMap<Entry, Map<string, Face>>;

export class Faces {
  readonly #generationBytes: number;
  /** Weak: a face goes with its entry. The count of bytes does not know that, and errs on the small side. */
  #young: Generation = new WeakMap();
  #old: Generation = new WeakMap();
  #bytes = 0;
  readonly #now: () => number;
  /** Since when there is an old generation. */
  #turnedAt = -Infinity;

  constructor(maxBytes = FACES_BYTES, now: () => number = () => performance.now()) {
    this.#generationBytes = maxBytes / 2;
    this.#now = now;
  }

  /** Makes a face once for all readers; `size` says about how many bytes it takes. */
  get<T>(entry: Entry, name: string, make: () => T, size: (made: T) => number): T {
    const found = this.#young.get(entry)?.get(name);
    if (found) return found.value as T;
    let face = this.#old.get(entry)?.get(name);
    if (!face) {
      const value = make();
      face = { value, bytes: size(value) };
    }
    this.#keep(entry, name, face);
    return face.value as T;
  }

  #keep(entry: Entry, name: string, face: Face): void {
    if (face.bytes > this.#generationBytes) return;
    if (this.#bytes + face.bytes > this.#generationBytes) {
      const now = this.#now();
      if (now - this.#turnedAt < GENERATION_MS) return;
      this.#turnedAt = now;
      this.#old = this.#young;
      this.#young = new WeakMap();
      this.#bytes = 0;
    }
    this.#bytes += face.bytes;
    const faces = this.#young.get(entry);
    if (faces) faces.set(name, face);
    else this.#young.set(entry, new Map([[name, face]]));
  }
}

/** One for the process: the bound is the process's. */
export const faces = new Faces();
