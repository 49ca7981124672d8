// Joins models (types), facts (what the models lack) and descriptions into definitions under upstream's names.
// Pure: build-schema.ts writes what this makes, extract-facts.ts uses it to learn what the models lack.
import type { Schema } from '../../src/api/schema/schema.ts';
import type { Model, ModelProperty } from './models.ts';

/** The committed facts.json. */
export interface Facts {
  /** The upstream release that the facts were read from. */
  release: string;
  /** API group by the package of its types: `io.k8s.api.rbac` → `rbac.authorization.k8s.io`. */
  groups: Record<string, string>;
  /** All definitions, by package with version: `io.k8s.api.core.v1` → [`Affinity`, …]. */
  definitions: Record<string, string[]>;
  /** Definitions that are kinds of their package's group and version, by package with version. */
  kinds: Record<string, string[]>;
  /** Kinds that several groups serve (DeleteOptions, WatchEvent): definition → `group/version` list. */
  sharedKinds: Record<string, string[]>;
  /** Definition → its own facts (under the empty name) and its fields' facts. */
  fields: Record<string, Record<string, Partial<Schema>>>;
}

export interface Definition {
  name: string;
  schema: Schema;
}

export const TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.Time';
const MICRO_TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime';
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';

const capital = (s: string): string => s.charAt(0).toUpperCase() + s.slice(1);

/** Upstream name by class name. The generator drops the package and puts the group first where names collide. */
export function nameModels(names: readonly string[], models: readonly Model[]): Map<string, string> {
  const classes = new Set(models.map((m) => m.className));
  const byClass = new Map<string, string>();
  const plain = new Map<string, string>();
  for (const name of names) {
    const [group = '', version = '', kind = ''] = name.split('.').slice(-3);
    const withGroup = `${capital(group)}${capital(version)}${kind}`;
    if (classes.has(withGroup)) byClass.set(withGroup, name);
    else plain.set(`${capital(version)}${kind}`, name);
  }
  for (const [className, name] of plain) if (classes.has(className)) byClass.set(className, name);
  return byClass;
}

/** The schema of a generator type text; `any` and the like are empty and filled from the facts. */
export function schemaOfType(type: string, format: string, names: Map<string, string>): Schema {
  const list = /^Array<(.*)>$/s.exec(type);
  if (list) return { type: 'array', items: schemaOfType(list[1] ?? '', format, names) };
  const map = /^\{ \[key: string\]: (.*); \}$/s.exec(type);
  if (map) return { type: 'object', additionalProperties: schemaOfType(map[1] ?? '', format, names) };
  switch (type) {
    case 'any':
      return {};
    case 'Date':
      return { ref: TIME };
    case 'V1MicroTime':
      return { ref: MICRO_TIME };
    case 'IntOrString':
      return { ref: INT_OR_STRING };
    case 'string':
      return format ? { type: 'string', format } : { type: 'string' };
    case 'boolean':
      return { type: 'boolean' };
    case 'number':
      return format.startsWith('int') ? { type: 'integer', format } : { type: 'number', ...(format ? { format } : {}) };
  }
  const ref = names.get(type);
  if (!ref) throw new Error(`no definition for the type ${type}`);
  return { ref };
}

/** A model's definition without facts and descriptions. */
export function bareSchema(model: Model, names: Map<string, string>): Schema {
  const schema: Schema = { type: 'object' };
  const sorted = [...model.properties].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (sorted.length > 0) {
    schema.properties = Object.fromEntries(sorted.map((p) => [p.name, schemaOfType(p.type, p.format, names)]));
  }
  const required = sorted.filter((p) => p.required).map((p) => p.name);
  if (required.length > 0) schema.required = required;
  return schema;
}

/** All definitions with their facts, sorted by name. */
export function assemble(models: readonly Model[], facts: Facts): Definition[] {
  const all = Object.entries(facts.definitions).flatMap(([pkg, kinds]) => kinds.map((k) => `${pkg}.${k}`));
  const byClass = nameModels(all, models);
  const byName = new Map(
    models.flatMap((m) => (byClass.has(m.className) ? [[byClass.get(m.className)!, m]] : [])) as [string, Model][],
  );
  return all.sort().map((name) => {
    const model = byName.get(name);
    const schema: Schema = model ? bareSchema(model, byClass) : {};
    const { '': own, ...fields } = facts.fields[name] ?? {};
    Object.assign(schema, own);
    for (const [field, fact] of Object.entries(fields)) {
      const property = schema.properties?.[field];
      if (!property) throw new Error(`facts name a field that the models lack: ${name}.${field}`);
      // A reference replaces the guess that the generator made of it; everything else adds to it.
      schema.properties![field] = 'ref' in fact ? fact : { ...property, ...fact };
    }
    return { name, schema };
  });
}

/** What both texts say when the generator's loss of line breaks and its escape of comment ends are ignored. */
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
const restore = (text: string): string =>
  text
    .replaceAll('*_/', '*/')
    .replaceAll('/_*', '/*')
    .replaceAll(/([.:)]) {2}(?=\S)/g, '$1\n\n');

/** `''` is the definition's own description, the rest are its fields'. */
export function describe(
  name: string,
  model: Model | undefined,
  types: ReadonlyMap<string, string>,
  intOrStringText: string | undefined,
): Record<string, string> {
  const match =
    /^io\.k8s\.(?:api|[a-z-]+\.pkg\.apis|apimachinery\.pkg\.(?:apis|util)|apimachinery\.pkg)\.(.*)\.([^.]+)$/.exec(
      name,
    );
  const typeKey = `${(match?.[1] ?? '').replaceAll('.', '/')}.${match?.[2] ?? ''}`;
  const pick = (mine: string | undefined, key: string): string | undefined => {
    const other = types.get(key);
    if (!mine) return other;
    const restored = restore(mine);
    return other && flat(other) === flat(restored) ? other : restored;
  };
  const found: Record<string, string> = {};
  const own = pick(name === INT_OR_STRING ? intOrStringText : model?.description, typeKey);
  if (own) found[''] = own;
  const sorted: ModelProperty[] = [...(model?.properties ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const p of sorted) {
    const key = `${typeKey}.${p.name}`;
    // The generator gives these fields their type's text instead of their own.
    const text = p.type === 'IntOrString' ? types.get(key) : pick(p.description, key);
    if (text) found[p.name] = text;
  }
  return found;
}
