// The schemas of Kubernetes' own types, as a SchemaSource over generated data. A definition is parsed when it is first
// asked for; nothing is parsed at import. Descriptions are apart (descriptions.ts): only explain and OpenAPI want them.
import type { GroupVersionKind } from '../types.ts';
import { definitions as definitionLines, kinds as kindData, release } from './data.gen.ts';
import { removedKindSchema } from './removed.ts';
import type { Schema, SchemaSource } from './schema.ts';

/** The upstream release that the data is of: `1.34`. */
export const schemaRelease = release;

/** Definition name → where its JSON stands in the data. */
let index: Map<string, { from: number; to: number }> | undefined;
const parsed = new Map<string, Schema>();

function lines(): Map<string, { from: number; to: number }> {
  if (index) return index;
  index = new Map();
  for (let start = 0; start < definitionLines.length;) {
    const tab = definitionLines.indexOf('\t', start);
    let end = definitionLines.indexOf('\n', tab);
    if (end < 0) end = definitionLines.length;
    index.set(definitionLines.slice(start, tab), { from: tab + 1, to: end });
    start = end + 1;
  }
  return index;
}

function definition(name: string): Schema | undefined {
  const known = parsed.get(name);
  if (known) return known;
  const place = lines().get(name);
  if (!place) return undefined;
  const schema = JSON.parse(definitionLines.slice(place.from, place.to)) as Schema;
  parsed.set(name, schema);
  return schema;
}

/** Every definition's name, sorted. */
export function builtinDefinitionNames(): string[] {
  return [...lines().keys()];
}

interface KindIndex {
  /** `group/version/Kind` → definition. */
  byKind: Map<string, string>;
  /** Definition → the kinds that it is. */
  byName: Map<string, GroupVersionKind[]>;
}
let kindIndex: KindIndex | undefined;

function kinds(): KindIndex {
  if (kindIndex) return kindIndex;
  const found: KindIndex = { byKind: new Map(), byName: new Map() };
  const { groups, kinds, sharedKinds } = JSON.parse(kindData) as {
    groups: Record<string, string>;
    kinds: Record<string, string[]>;
    sharedKinds: Record<string, string[]>;
  };
  const add = (name: string, gvk: GroupVersionKind): void => {
    found.byKind.set(`${gvk.group}/${gvk.version}/${gvk.kind}`, name);
    const all = found.byName.get(name);
    if (all) all.push(gvk);
    else found.byName.set(name, [gvk]);
  };
  for (const [pkg, names] of Object.entries(kinds)) {
    const dot = pkg.lastIndexOf('.');
    const group = groups[pkg.slice(0, dot)] ?? '';
    for (const kind of names) add(`${pkg}.${kind}`, { group, version: pkg.slice(dot + 1), kind });
  }
  for (const [name, places] of Object.entries(sharedKinds)) {
    const kind = name.slice(name.lastIndexOf('.') + 1);
    for (const place of places) {
      const slash = place.indexOf('/');
      add(name, { group: place.slice(0, slash), version: place.slice(slash + 1), kind });
    }
  }
  return (kindIndex = found);
}

/** The definition's name of a built-in kind: `apps`, `v1`, `Deployment` → `io.k8s.api.apps.v1.Deployment`. */
export function definitionNameOf(group: string, version: string, kind: string): string | undefined {
  return kinds().byKind.get(`${group}/${version}/${kind}`);
}

/** The kinds that a definition is (x-kubernetes-group-version-kind); empty when it is only a part of kinds. */
export function kindsOfDefinition(name: string): readonly GroupVersionKind[] {
  return kinds().byName.get(name) ?? [];
}

/** Kubernetes' own types; `forKind` knows those API versions too that upstream has removed and we still serve. */
export const builtinSchemas: SchemaSource = {
  definition,
  forKind(group, version, kind) {
    const name = definitionNameOf(group, version, kind);
    return name === undefined ? removedKindSchema(group, version, kind, definition) : definition(name);
  },
};
