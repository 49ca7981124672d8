// Run by hand for a new upstream release: reads the facts that the models lack from upstream's own data and writes
// facts.json. Usage: tsx scripts/schema/extract-facts.ts <api/openapi-spec/swagger.json> <checkout of kubernetes/api>
// Takes names, keys, enum values and defaults only, no text.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Schema } from '../../src/api/schema/schema.ts';
import type { Json } from '../../src/api/types.ts';
import { bareSchema, nameModels, type Facts } from './assemble.ts';
import { readModels } from './models.ts';

interface Swagger {
  $ref?: string;
  type?: Schema['type'];
  format?: string;
  items?: Swagger;
  additionalProperties?: Swagger;
  properties?: Record<string, Swagger>;
  required?: string[];
  'x-kubernetes-list-type'?: Schema['listType'];
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: Schema['mapType'];
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-patch-merge-key'?: string;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

const drop = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;

/** A field's type in our words. */
function typeOf(s: Swagger): Schema {
  if (s.$ref) return { ref: s.$ref.slice('#/definitions/'.length) };
  return drop({
    type: s.type,
    format: s.format,
    items: s.items && typeOf(s.items),
    additionalProperties: s.additionalProperties && typeOf(s.additionalProperties),
  }) as Schema;
}

function extensionsOf(s: Swagger): Partial<Schema> {
  return drop({
    listType: s['x-kubernetes-list-type'],
    listMapKeys: s['x-kubernetes-list-map-keys'],
    mapType: s['x-kubernetes-map-type'],
    patchStrategy: s['x-kubernetes-patch-strategy'],
    patchMergeKey: s['x-kubernetes-patch-merge-key'],
  }) as Partial<Schema>;
}

interface GoField {
  type: string;
  markers: string[];
  omitEmpty: boolean;
}
interface GoType {
  fields: Map<string, GoField>;
  /** Structs whose fields stand in this one. */
  inlined: string[];
}
interface GoPackage {
  enums: Map<string, string[]>;
  constants: Map<string, string>;
  structs: Map<string, GoType>;
}

/** Enums, their constants, and structs with field types and markers, of one Go package's types.go. */
function readGo(text: string): GoPackage {
  const pkg: GoPackage = { enums: new Map(), constants: new Map(), structs: new Map() };
  let comment: string[] = [];
  let struct: GoType | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line.startsWith('//')) {
      comment.push(line.slice(2).trim());
      continue;
    }
    const named = /^type (\w+) (?:=\s*)?(\w+)/.exec(line);
    const constant = /^(?:const )?(\w+)\s+(\w+)\s*=\s*("(?:[^"\\]|\\.)*")/.exec(line);
    const field = /^(?:(\w+)\s+)?(\S+)\s+`json:"([^",]+)([^"]*)"/.exec(line);
    const inlined = /^(\w+)\s+`json:",inline"/.exec(line);
    if (named?.[2] === 'struct') pkg.structs.set(named[1]!, (struct = { fields: new Map(), inlined: [] }));
    else if (struct && inlined) struct.inlined.push(inlined[1]!);
    else if (named && comment.includes('+enum')) pkg.enums.set(named[1]!, []);
    else if (struct && field) {
      struct.fields.set(field[3]!, { type: field[2]!, markers: comment, omitEmpty: field[4]!.includes('omit') });
    } else if (constant) {
      pkg.constants.set(constant[1]!, JSON.parse(constant[3]!) as string);
      pkg.enums.get(constant[2]!)?.push(JSON.parse(constant[3]!) as string);
    }
    if (raw.startsWith('}')) struct = undefined;
    comment = [];
  }
  return pkg;
}

function defaultOf(markers: string[], pkg: GoPackage): Json | undefined {
  const marker = markers.find((m) => m.startsWith('+default='))?.slice('+default='.length);
  if (marker === undefined) return undefined;
  const ref = /^ref\((\w+)\)$/.exec(marker);
  return ref ? pkg.constants.get(ref[1]!) : (JSON.parse(marker) as Json);
}

const META_STRUCTS = new Set(['ObjectMeta', 'ListMeta', 'LabelSelector', 'Condition', 'TypeMeta']);
const SPECIAL_ZEROS: Record<string, Json> = {
  'metav1.Time': null,
  'metav1.MicroTime': null,
  'runtime.RawExtension': null,
  'resource.Quantity': '0',
  'intstr.IntOrString': 0,
};

/** What Go prints for this field of an empty struct; undefined when it prints nothing. */
function zeroOf(field: GoField, pkg: GoPackage, core: GoPackage | undefined): Json | undefined {
  const { type } = field;
  const special = SPECIAL_ZEROS[type];
  if (special !== undefined) return special;
  const [, alias, name = ''] = /^(?:(\w+)\.)?(\w+)$/.exec(type) ?? [];
  const structs = alias === 'metav1' ? META_STRUCTS : alias ? core?.structs : pkg.structs;
  if (structs?.has(name)) return {};
  if (field.omitEmpty) return undefined;
  if (/^(\*|\[\]|map\[)/.test(type)) return null;
  if (/^(u?int\d*|float\d+)$/.test(type)) return 0;
  return type === 'bool' ? false : '';
}

/** Enums, defaults and zero values by `package.Type` and JSON field name. */
function readGoFacts(checkout: string): Map<string, Record<string, Partial<Schema>>> {
  const found = new Map<string, Record<string, Partial<Schema>>>();
  const files = readdirSync(checkout, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('/types.go'));
  const packages = new Map(files.map((file) => [file, readGo(readFileSync(join(checkout, file), 'utf8'))]));
  for (const [file, pkg] of packages) {
    for (const [type, { fields, inlined }] of pkg.structs) {
      const facts: Record<string, Partial<Schema>> = {};
      const others = inlined.flatMap((name) => [...(pkg.structs.get(name)?.fields ?? [])]);
      for (const [name, field] of [...others, ...fields]) {
        const fact: Partial<Schema> = {};
        const value = defaultOf(field.markers, pkg);
        if (value !== undefined) fact.default = value;
        const zero = zeroOf(field, pkg, packages.get('core/v1/types.go'));
        if (zero !== undefined) fact.zero = zero;
        const [, list, base = ''] = /^\*?(\[\])?(\w+)$/.exec(field.type) ?? [];
        const values = pkg.enums.get(base);
        if (values && list) fact.items = { type: 'string', enum: [...values].sort() };
        else if (values) fact.enum = [...values].sort();
        if (Object.keys(fact).length > 0) facts[name] = fact;
      }
      const module = file.slice(0, -'/types.go'.length).replaceAll('/', '.');
      if (Object.keys(facts).length > 0) found.set(`io.k8s.api.${module}.${type}`, facts);
    }
  }
  return found;
}

function fieldFacts(name: string, definition: Swagger, bare: Schema | undefined, go: Record<string, Partial<Schema>>) {
  const facts: Record<string, Partial<Schema>> = {};
  const own: Partial<Schema> = extensionsOf(definition);
  if (!bare || Object.keys(definition.properties ?? {}).length === 0) {
    Object.assign(own, drop({ type: definition.type, format: definition.format }));
  }
  if (definition.format === 'int-or-string') {
    delete own.type;
    own.intOrString = true;
  }
  if (name.endsWith('.RawExtension')) Object.assign(own, { preserveUnknownFields: true });
  if (Object.keys(own).length > 0) facts[''] = own;
  const required = [...(definition.required ?? [])].sort();
  if (JSON.stringify(required) !== JSON.stringify(bare?.required ?? [])) {
    facts[''] = { ...facts[''], required };
  }
  for (const [field, property] of Object.entries(definition.properties ?? {})) {
    const type = typeOf(property);
    const guess = bare?.properties?.[field];
    const same = guess && JSON.stringify(guess) === JSON.stringify(type);
    const fact = { ...(same ? {} : type), ...extensionsOf(property), ...go[field] };
    if (Object.keys(fact).length > 0) facts[field] = fact;
  }
  return facts;
}

function kindFacts(definitions: Record<string, Swagger>): Pick<Facts, 'groups' | 'kinds' | 'sharedKinds'> {
  const facts: Pick<Facts, 'groups' | 'kinds' | 'sharedKinds'> = { groups: {}, kinds: {}, sharedKinds: {} };
  for (const [name, definition] of Object.entries(definitions)) {
    const kinds = definition['x-kubernetes-group-version-kind'];
    if (!kinds) continue;
    const [, pkg = '', version = '', kind = ''] = /^(.*)\.([^.]+)\.([^.]+)$/.exec(name) ?? [];
    const [only] = kinds;
    if (kinds.length === 1 && only?.version === version && only.kind === kind && !name.includes('.meta.')) {
      facts.groups[pkg] = only.group;
      (facts.kinds[`${pkg}.${version}`] ??= []).push(kind);
    } else facts.sharedKinds[name] = kinds.map((k) => `${k.group}/${k.version}`);
  }
  return facts;
}

const [swaggerFile, checkout] = process.argv.slice(2);
if (!swaggerFile || !checkout) {
  console.error('usage: tsx scripts/schema/extract-facts.ts <swagger.json> <checkout of kubernetes/api>');
  process.exit(1);
}
const root = resolve(import.meta.dirname, '../..');
const swagger = JSON.parse(readFileSync(swaggerFile, 'utf8')) as { definitions: Record<string, Swagger> };
const names = Object.keys(swagger.definitions).sort();
const models = readModels(join(root, 'node_modules/@kubernetes/client-node'));
const byClass = nameModels(names, models);
const bare = new Map(
  models.flatMap((m) => (byClass.has(m.className) ? [[byClass.get(m.className)!, m] as const] : [])),
);
const go = readGoFacts(checkout);
const facts: Facts = { release: '1.34', definitions: {}, fields: {}, ...kindFacts(swagger.definitions) };
for (const name of names) {
  const dot = name.lastIndexOf('.');
  (facts.definitions[name.slice(0, dot)] ??= []).push(name.slice(dot + 1));
  const model = bare.get(name);
  const found = fieldFacts(name, swagger.definitions[name]!, model && bareSchema(model, byClass), go.get(name) ?? {});
  if (Object.keys(found).length > 0) facts.fields[name] = found;
}
// ObjectMeta is not in kubernetes/api; its one field that Go prints when empty is known.
const objectMeta = (facts.fields['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'] ??= {});
objectMeta['creationTimestamp'] = { ...objectMeta['creationTimestamp'], zero: null };
writeFileSync(join(import.meta.dirname, 'facts.json'), `${JSON.stringify(facts, null, 1)}\n`);
