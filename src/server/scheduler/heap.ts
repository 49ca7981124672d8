// A binary heap that can also remove and update by key. Upstream: pkg/scheduler/backend/heap.
export class Heap<T> {
  private readonly items: T[] = [];
  private readonly positions = new Map<string, number>();
  private readonly keyOf: (item: T) => string;
  private readonly compare: (a: T, b: T) => number;

  /** `compare` is negative when `a` comes out first. */
  constructor(keyOf: (item: T) => string, compare: (a: T, b: T) => number) {
    this.keyOf = keyOf;
    this.compare = compare;
  }

  get size(): number {
    return this.items.length;
  }

  get(key: string): T | undefined {
    const position = this.positions.get(key);
    return position === undefined ? undefined : this.items[position];
  }

  peek(): T | undefined {
    return this.items[0];
  }

  /** Adds, or replaces what has the same key. */
  push(item: T): void {
    const key = this.keyOf(item);
    let position = this.positions.get(key);
    if (position === undefined) {
      position = this.items.length;
      this.items.push(item);
    } else {
      this.items[position] = item;
    }
    this.positions.set(key, position);
    this.sink(this.rise(position));
  }

  pop(): T | undefined {
    const first = this.items[0];
    if (first !== undefined) this.delete(this.keyOf(first));
    return first;
  }

  delete(key: string): T | undefined {
    const position = this.positions.get(key);
    if (position === undefined) return undefined;
    const removed = this.items[position]!;
    const last = this.items.pop()!;
    this.positions.delete(key);
    if (position < this.items.length) {
      this.items[position] = last;
      this.positions.set(this.keyOf(last), position);
      this.sink(this.rise(position));
    }
    return removed;
  }

  private rise(start: number): number {
    let position = start;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      if (this.compare(this.items[position]!, this.items[parent]!) >= 0) break;
      this.swap(position, parent);
      position = parent;
    }
    return position;
  }

  private sink(start: number): void {
    for (let position = start; ;) {
      let least = position;
      for (const child of [2 * position + 1, 2 * position + 2]) {
        if (child < this.items.length && this.compare(this.items[child]!, this.items[least]!) < 0) least = child;
      }
      if (least === position) return;
      this.swap(position, least);
      position = least;
    }
  }

  private swap(a: number, b: number): void {
    const [x, y] = [this.items[a]!, this.items[b]!];
    this.items[a] = y;
    this.items[b] = x;
    this.positions.set(this.keyOf(y), a);
    this.positions.set(this.keyOf(x), b);
  }
}
