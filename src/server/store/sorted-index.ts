// An ordered map from string to value in chunks of sorted arrays: O(log n) to find, one short memmove to insert,
// and ranges that walk plain arrays. It orders by JavaScript's `<`, so callers pass sort keys (keys.ts).

const CHUNK = 512;

interface Chunk<V> {
  keys: string[];
  values: V[];
}

/** The first position whose key is not less than `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class SortedIndex<V> {
  /** Never holds an empty chunk. */
  readonly #chunks: Chunk<V>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)];
    if (!chunk) return undefined;
    const at = lowerBound(chunk.keys, key);
    return chunk.keys[at] === key ? chunk.values[at] : undefined;
  }

  set(key: string, value: V): void {
    const where = this.#chunkOf(key);
    const chunk = this.#chunks[where];
    if (!chunk) {
      this.#chunks.push({ keys: [key], values: [value] });
      this.#size++;
      return;
    }
    const at = lowerBound(chunk.keys, key);
    if (chunk.keys[at] === key) {
      chunk.values[at] = value;
      return;
    }
    chunk.keys.splice(at, 0, key);
    chunk.values.splice(at, 0, value);
    this.#size++;
    if (chunk.keys.length > CHUNK) this.#split(where, chunk, at);
  }

  delete(key: string): boolean {
    const where = this.#chunkOf(key);
    const chunk = this.#chunks[where];
    if (!chunk) return false;
    const at = lowerBound(chunk.keys, key);
    if (chunk.keys[at] !== key) return false;
    chunk.keys.splice(at, 1);
    chunk.values.splice(at, 1);
    if (chunk.keys.length === 0) this.#chunks.splice(where, 1);
    this.#size--;
    return true;
  }

  /** Values with start <= key < end in order; the index must not change while it is walked. */
  *range(start: string, end: string): Generator<V, void, undefined> {
    if (end <= start) return;
    for (let where = this.#chunkOf(start); where < this.#chunks.length; where++) {
      const { keys, values } = this.#chunks[where]!;
      const from = keys[0]! >= start ? 0 : lowerBound(keys, start);
      const whole = keys[keys.length - 1]! < end;
      const to = whole ? keys.length : lowerBound(keys, end);
      for (let at = from; at < to; at++) yield values[at]!;
      if (!whole) return;
    }
  }

  /** The last chunk whose first key is not greater than `key`, or the first chunk. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#chunks[middle]!.keys[0]! <= key) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : low - 1;
  }

  /** Keys that arrive in order (the usual case) leave full chunks behind instead of half-full ones. */
  #split(where: number, chunk: Chunk<V>, insertedAt: number): void {
    const cut = insertedAt === chunk.keys.length - 1 ? chunk.keys.length - 1 : chunk.keys.length >>> 1;
    this.#chunks.splice(where + 1, 0, { keys: chunk.keys.splice(cut), values: chunk.values.splice(cut) });
  }
}
