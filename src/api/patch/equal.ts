// Equality of JSON values, by content. Upstream: reflect.DeepEqual of unstructured content.

type Fields = Record<string, unknown>;

/** Members that are undefined count as absent. A bigint equals the number of the same value. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') {
    return typeof a === 'bigint' || typeof b === 'bigint' ? sameNumber(a, b) : false;
  }
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!deepEqual(a[i], b[i])) return false;
    return true;
  }
  return !Array.isArray(b) && sameFields(a as Fields, b as Fields);
}

function sameNumber(a: unknown, b: unknown): boolean {
  const numeric = (v: unknown): boolean => typeof v === 'number' || typeof v === 'bigint';
  // Comparisons, unlike ===, are exact between the two types.
  return numeric(a) && numeric(b) && (a as number) <= (b as number) && (a as number) >= (b as number);
}

function sameFields(a: Fields, b: Fields): boolean {
  let count = 0;
  // Unlike Object.keys, these loops make no list.
  for (const key in a) {
    if (a[key] === undefined) continue;
    count++;
    if (!Object.hasOwn(b, key) || !deepEqual(a[key], b[key])) return false;
  }
  for (const key in b) if (b[key] !== undefined) count--;
  return count === 0;
}

export const isFields = (value: unknown): value is Fields =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** How Go prints a value with %v: `map[a:1 b:[x y]]`. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`;
  if (!isFields(value)) return String(value);
  return `map[${Object.keys(value)
    .sort()
    .map((k) => `${k}:${goPrint(value[k])}`)
    .join(' ')}]`;
}
