// Makes a table's columns fit a terminal: the longest give way first, names never, for they are what one copies.

/** No column becomes shorter than this. */
const LEAST = 12;
/** Columns that are shown whole. Only a table with a NAME is fitted: its first row is a header. */
const whole = new Set(['NAME', 'NAMESPACE', 'AGE', 'READY', 'STATUS', 'RESTARTS', 'LAST SEEN', 'TYPE', 'OBJECT']);
const headers = new Set(['NAME', 'LAST SEEN']);

/**
 * How many characters each column may show so that all of them have `room` together; undefined when they fit as they
 * are or nothing can give way. `wanted` are their natural widths.
 */
export function fitted(wanted: readonly number[], head: readonly string[], room: number): number[] | undefined {
  const limits = [...wanted];
  let over = limits.reduce((sum, w) => sum + w, 0) - room;
  if (over <= 0 || !head.some((title) => headers.has(title))) return undefined;
  const free = limits.map((_, i) => i).filter((i) => !whole.has(head[i] ?? ''));
  for (; over > 0; over--) {
    const widest = free.reduce((best, i) => (best < 0 || limits[i]! > limits[best]! ? i : best), -1);
    if (widest < 0 || limits[widest]! <= LEAST) break;
    limits[widest]!--;
  }
  return limits;
}

/** The text in at most so many characters. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
