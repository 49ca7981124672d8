// The tables of field specs that a build works with: kustomize's own, a user's `configurations`, and what `crds` say.
// Upstream: kustomize api/internal/plugins/builtinconfig, api/internal/accumulator/loadconfigfromcrds.go.
import { type FieldTables, type ReferenceSpec, ORDER_FIRST, ORDER_LAST, builtinTables } from './field-specs.ts';
import { isMap } from './fields.ts';
import { isSelected } from './ids.ts';
import type { Loader } from './loader.ts';
import { type FieldSpec, KustomizeError } from './types.ts';

type PlainTable = Exclude<keyof FieldTables, 'nameReference'>;
const PLAIN: PlainTable[] = [
  'namePrefix', 'nameSuffix', 'namespace', 'commonLabels', 'labels', 'templateLabels', 'commonAnnotations',
  'varReference', 'images', 'replicas',
]; // prettier-ignore

const gvkOf = ({ group = '', version = '', kind = '' }: Partial<FieldSpec>) => ({ group, version, kind });

/** Adds what is not there yet; the same field may not be made in one table and not made in another. */
export function mergeSpecs(into: readonly FieldSpec[], more: readonly FieldSpec[]): FieldSpec[] {
  const merged = [...into];
  for (const spec of more) {
    const same = merged.find((known) => known.path === spec.path && isSelected(gvkOf(known), spec));
    if (!same) merged.push(spec);
    else if ((same.create ?? false) !== (spec.create ?? false)) throw new KustomizeError('conflicting fieldspecs');
  }
  return merged;
}

const rank = ({ kind = '' }: { kind?: string }): number => {
  const first = ORDER_FIRST.indexOf(kind);
  return first >= 0 ? first - ORDER_FIRST.length : ORDER_LAST.indexOf(kind) + 1;
};
const sortText = ({ group, version, kind }: Partial<FieldSpec>) =>
  `${group || '~G'}_${version || '~V'}_${kind || '~K'}`;
const byKind = (a: Partial<FieldSpec>, b: Partial<FieldSpec>): number =>
  rank(a) - rank(b) || (sortText(a) < sortText(b) ? -1 : sortText(a) > sortText(b) ? 1 : 0);

/** kustomize's own tables, in the order that merging gives them. */
export const ownTables: FieldTables = (() => {
  const sortedTables = { ...builtinTables };
  for (const table of PLAIN) sortedTables[table] = [...builtinTables[table]].sort(byKind);
  sortedTables.nameReference = [...builtinTables.nameReference].sort(byKind);
  return sortedTables;
})();

export function mergeTables(a: FieldTables, b: Partial<FieldTables>): FieldTables {
  if (a === b) return a;
  const merged = { ...a };
  for (const table of PLAIN) if (b[table]) merged[table] = mergeSpecs(a[table], b[table]).sort(byKind);
  if (b.nameReference) merged.nameReference = mergeReferences(a.nameReference, b.nameReference).sort(byKind);
  return merged;
}

function mergeReferences(a: readonly ReferenceSpec[], b: readonly ReferenceSpec[]): ReferenceSpec[] {
  const merged = [...a];
  for (const more of b) {
    const at = merged.findIndex((known) => sortText(known) === sortText(more));
    if (at < 0) merged.push(more);
    else merged[at] = { ...merged[at]!, fieldSpecs: mergeSpecs(merged[at]!.fieldSpecs, more.fieldSpecs ?? []) };
  }
  return merged;
}

/** The tables for one kustomization. */
export function loadTables(loader: Loader, configurations: readonly string[], crds: readonly string[]): FieldTables {
  let tables = ownTables;
  for (const path of configurations) {
    const parsed = loader.parse(path);
    if (isMap(parsed)) tables = mergeTables(tables, parsed as Partial<FieldTables>);
  }
  for (const path of crds) tables = mergeTables(tables, crdTables(loader.parse(path)));
  return tables;
}

interface Property {
  $ref?: string;
  [extension: string]: unknown;
}
type Definitions = Record<string, { Schema?: { properties?: Record<string, Property> } }>;

/** OpenAPI definitions, by name, whose extensions say which fields are references, labels or identities. */
function crdTables(parsed: unknown): Partial<FieldTables> {
  const tables: Required<Pick<FieldTables, 'commonAnnotations' | 'commonLabels' | 'namePrefix' | 'nameReference'>> = {
    commonAnnotations: [],
    commonLabels: [],
    namePrefix: [],
    nameReference: [],
  };
  if (!isMap(parsed)) return {};
  const definitions = parsed as Definitions;
  const visit = (kind: string, name: string, path: readonly string[]): void => {
    for (const [field, property] of Object.entries(definitions[name]?.Schema?.properties ?? {})) {
      const at = [...path, field];
      const spec = { kind, path: at.join('/') };
      if ('x-kubernetes-annotation' in property) tables.commonAnnotations.push(spec);
      if ('x-kubernetes-label-selector' in property) tables.commonLabels.push(spec);
      if ('x-kubernetes-identity' in property) tables.namePrefix.push(spec);
      const version = property['x-kubernetes-object-ref-api-version'];
      const target = property['x-kubernetes-object-ref-kind'];
      if (typeof version === 'string' && typeof target === 'string') {
        const key = property['x-kubernetes-object-ref-name-key'] ?? 'name';
        const fieldSpecs = [{ kind, path: [...at, String(key as string)].join('/') }];
        tables.nameReference = mergeReferences(tables.nameReference, [{ kind: target, version, fieldSpecs }]);
      }
      if (property.$ref && path.length < 32) visit(kind, property.$ref, at);
    }
  };
  for (const [name, { Schema }] of Object.entries(definitions)) {
    const { properties = {} } = Schema ?? {};
    if (!['kind', 'apiVersion', 'metadata'].every((field) => field in properties)) continue;
    visit(name.split('.').at(-1)!, name, []);
  }
  return tables;
}
