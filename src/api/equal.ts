// Equality of JSON values as upstream compares objects on update: absent, null, empty list and empty map are the same.
// Upstream: apimachinery/third_party/forked/golang/reflect (Equalities.DeepEqual).

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const key in value) if ((value as Record<string, unknown>)[key] !== undefined) return false;
  return true;
}

export function semanticEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return isEmpty(a) && isEmpty(b);
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b)) return isEmpty(a) && isEmpty(b);
    return a.length === b.length && a.every((item, i) => semanticEqual(item, b[i]));
  }
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const key in x) if (!semanticEqual(x[key], y[key])) return false;
  for (const key in y) if (!Object.hasOwn(x, key) && !isEmpty(y[key])) return false;
  return true;
}

/** The paths that differ, each with both values: what a refusal to change an immutable object shows. */
export function differences(before: unknown, after: unknown, path = ''): string[] {
  if (semanticEqual(before, after)) return [];
  const bothObjects =
    typeof before === 'object' &&
    typeof after === 'object' &&
    before !== null &&
    after !== null &&
    Array.isArray(before) === Array.isArray(after);
  if (!bothObjects) {
    const show = (v: unknown) => (v === undefined ? '<nil>' : JSON.stringify(v));
    return [`- ${path}: ${show(before)}`, `+ ${path}: ${show(after)}`];
  }
  const [x, y] = [before as Record<string, unknown>, after as Record<string, unknown>];
  const keys = new Set([...Object.keys(x), ...Object.keys(y)]);
  const list = Array.isArray(before);
  return [...keys].flatMap((key) =>
    differences(x[key], y[key], list ? `${path}[${key}]` : path ? `${path}.${key}` : key),
  );
}
