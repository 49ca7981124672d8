// Sets values at field-spec paths (`spec/template/spec/containers[]/image`) without mutating. `[]` goes into every item
// of a list; `create` makes what is missing on the way. Upstream: kustomize api/filters/fieldspec.
type Node = Record<string, unknown>;

export const isMap = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `change` gets the value that is there (undefined when created). Answers the same object when nothing changed. */
export function changeAt<T>(root: T, path: string, create: boolean, change: (value: unknown) => unknown): T {
  return walk(root, path.split('/'), 0, create, change) as T;
}

function walk(node: unknown, parts: string[], at: number, create: boolean, change: (v: unknown) => unknown): unknown {
  // A list where the path names a field: the path goes on in each of its items.
  if (Array.isArray(node)) return mapSame(node, (item) => walk(item, parts, at, create, change));
  if (at === parts.length) return change(node);
  if (!isMap(node)) return node;
  const raw = parts[at]!;
  const isList = raw.endsWith('[]');
  const name = unescapePart(isList ? raw.slice(0, -2) : raw);
  const last = at === parts.length - 1;
  const child = node[name];
  if (child === undefined || child === null) {
    if (!create || isList) return node;
    const made = last ? change(undefined) : walk({}, parts, at + 1, create, change);
    return { ...node, [name]: made };
  }
  // The last part may name a list whose items are the values.
  const next =
    last && isList && Array.isArray(child)
      ? mapSame(child, change)
      : last
        ? change(child)
        : walk(child, parts, at + 1, create, change);
  return next === child ? node : { ...node, [name]: next };
}

const unescapePart = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

function mapSame(list: unknown[], use: (item: unknown) => unknown): unknown[] {
  let changed = false;
  const next = list.map((item) => {
    const now = use(item);
    changed ||= now !== item;
    return now;
  });
  return changed ? next : list;
}

/** True when a field spec is for this kind. */
export function specApplies(
  spec: { group?: string; version?: string; kind?: string },
  gvk: { group: string; version: string; kind: string },
): boolean {
  return (
    (!spec.group || spec.group === gvk.group) &&
    (!spec.version || spec.version === gvk.version) &&
    (!spec.kind || spec.kind === gvk.kind)
  );
}
