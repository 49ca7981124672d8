// The text of `kubectl explain`, from a server's OpenAPI v3 document (any server's, not only ours): headers, description,
// fields with types, enums and -required-, recursive or not. Fetching the document and naming the resource are the CLI's.
// Upstream: kubectl pkg/explain/v2/templates/plaintext.tmpl of 1.32, and mitchellh/go-wordwrap for the line breaks.
import type { GroupVersionResource } from '../types.ts';

type Json = Record<string, unknown>;

interface OpenApiSchema {
  $ref?: string;
  type?: string;
  description?: string;
  properties?: Record<string, OpenApiSchema>;
  required?: string[];
  items?: OpenApiSchema;
  additionalProperties?: OpenApiSchema | boolean;
  allOf?: OpenApiSchema[];
  enum?: unknown[];
  'x-kubernetes-group-version-kind'?: Gvk[];
}
interface Gvk {
  group: string;
  version: string;
  kind: string;
}
interface OpenApiV3Document {
  paths?: Record<string, Json>;
  components?: { schemas?: Record<string, OpenApiSchema> };
}

const codePoints = (text: string): number => [...text].length;

/** Breaks lines at spaces; words longer than the limit stay whole. Upstream: wordwrap.WrapString. */
export function wrapText(text: string, limit: number): string {
  let out = '';
  let column = 0;
  let word = '';
  let space = '';
  const flush = (): void => {
    column += codePoints(space) + codePoints(word);
    out += space + word;
    space = '';
    word = '';
  };
  for (const c of text) {
    if (c === '\n') {
      if (word !== '' || column + codePoints(space) <= limit) flush();
      space = '';
      out += c;
      column = 0;
    } else if (/\s/.test(c) && c !== '\u00a0') {
      if (space === '' || word !== '') flush();
      space += c;
    } else {
      word += c;
      const length = codePoints(word);
      if (column + length + codePoints(space) > limit && length < limit) {
        out += '\n';
        column = 0;
        space = '';
      }
    }
  }
  if (word !== '' || column + codePoints(space) <= limit) out += space + word;
  return out;
}

const indent = (amount: number, text: string): string => {
  const pad = ' '.repeat(amount);
  return pad + text.replaceAll('\n', `\n${pad}`);
};

const mapValues = (schema: OpenApiSchema): OpenApiSchema | undefined =>
  typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;

const sortedEntries = (schema: OpenApiSchema): [string, OpenApiSchema][] =>
  Object.entries(schema.properties ?? {}).sort((a, b) => (a[0] < b[0] ? -1 : 1));

const show = (value: unknown): string => (value === '' ? '""' : String(value));

class Explainer {
  private readonly schemas: Record<string, OpenApiSchema>;
  private readonly recursive: boolean;
  constructor(document: OpenApiV3Document, recursive: boolean) {
    this.schemas = document.components?.schemas ?? {};
    this.recursive = recursive;
  }

  forKind(gvk: Gvk): OpenApiSchema | undefined {
    return Object.keys(this.schemas)
      .sort()
      .map((name) => this.schemas[name]!)
      .find((s) => s['x-kubernetes-group-version-kind']?.some((k) => sameKind(k, gvk)));
  }

  private resolve(schema: OpenApiSchema): OpenApiSchema {
    const name = schema.$ref?.slice('#/components/schemas/'.length);
    return (name !== undefined && this.schemas[name]) || schema;
  }

  /** Undefined when the path leads nowhere. */
  output(schema: OpenApiSchema, path: readonly string[], seen: ReadonlySet<string>): string | undefined {
    const resolved = this.resolve(schema);
    const [field, ...rest] = path;
    if (field === undefined) return this.details(resolved);
    if (schema.$ref !== undefined && seen.has(schema.$ref)) return undefined;
    const next = new Set(seen).add(schema.$ref ?? '');
    if (resolved.properties && Object.hasOwn(resolved.properties, field)) {
      const inner = resolved.properties[field]!;
      const text = this.output(inner, rest, new Set());
      if (text === undefined || rest.length > 0) return text;
      return `FIELD: ${field} <${this.typeOf(inner)}>\n${longEnum(inner)}\n\n${text}`;
    }
    if (resolved.items) return this.output(resolved.items, path, next);
    const values = mapValues(resolved);
    if (values) return this.output(values, path, next);
    for (const part of resolved.allOf ?? []) {
      const text = this.output(part, path, next);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  private details(schema: OpenApiSchema): string {
    const description = this.descriptions(schema) || '<empty>';
    const fields = this.fields(schema, 1, new Set());
    const list = fields === '' ? '' : `FIELDS:\n${fields}`;
    return `DESCRIPTION:\n${indent(4, wrapText(description, 76))}\n${list}`;
  }

  /** A field says what it is for, its type says what it is: both are told. */
  private descriptions(schema: OpenApiSchema): string {
    const resolved = this.resolve(schema);
    let text = resolved.description ? `${resolved.description}\n` : '';
    for (const part of resolved.allOf ?? []) text += this.descriptions(part);
    if (resolved.items) text += this.descriptions(resolved.items);
    const values = mapValues(resolved);
    return values ? text + this.descriptions(values) : text;
  }

  private fields(schema: OpenApiSchema, level: number, seen: ReadonlySet<string>): string {
    if (schema.$ref !== undefined && seen.has(schema.$ref)) return '';
    const next = new Set(seen).add(schema.$ref ?? '');
    const resolved = this.resolve(schema);
    let text = '';
    for (const [name, field] of sortedEntries(resolved)) {
      text += this.field(name, field, resolved.required?.includes(name) ?? false, level);
      if (this.recursive) text += this.fields(field, level + 1, next);
    }
    for (const part of resolved.allOf ?? []) text += this.fields(part, level, next);
    if (resolved.items) text += this.fields(resolved.items, level, next);
    const values = mapValues(resolved);
    return values ? text + this.fields(values, level, next) : text;
  }

  private field(name: string, schema: OpenApiSchema, required: boolean, level: number): string {
    const depth = level * 2;
    const head = `${indent(depth, name)}\t<${this.typeOf(schema)}>${required ? ' -required-' : ''}${shortEnum(schema, depth)}\n`;
    if (this.recursive) return head;
    return `${head}${indent(depth + 2, wrapText(schema.description || '<no description>', 78 - depth))}\n\n`;
  }

  /** `string`, `[]Container`, `map[string]string`, `Object`. */
  private typeOf(schema: OpenApiSchema): string {
    if (schema.items) return `[]${this.typeOf(schema.items)}`;
    const values = mapValues(schema);
    if (values) return `map[string]${this.typeOf(values)}`;
    const [only, more] = schema.allOf ?? [];
    if (only && !more && !schema.properties) return this.typeOf(only);
    if (schema.$ref !== undefined) {
      const target = this.resolve(schema);
      const { type } = target === schema ? {} : target;
      return type && type !== 'object' ? type : schema.$ref.split('/').at(-1)!.split('.').at(-1) || 'Object';
    }
    return schema.type === 'object' ? 'Object' : (schema.type ?? 'Object');
  }
}

const sameKind = (a: Gvk, b: Gvk): boolean => a.group === b.group && a.version === b.version && a.kind === b.kind;

/** On the page of the field itself: one value a line. */
function longEnum(schema: OpenApiSchema): string {
  return schema.enum ? `ENUM:${schema.enum.map((value) => `\n    ${show(value)}`).join('')}` : '';
}

/** In a list of fields: the first four. */
function shortEnum(schema: OpenApiSchema, depth: number): string {
  if (!schema.enum) return '';
  const more = schema.enum.length > 4 ? ', ....' : '';
  return `\n${' '.repeat(depth)}enum: ${schema.enum.slice(0, 4).map(show).join(', ')}${more}`;
}

/** The kind behind a resource, from the operations on its paths. */
function kindOf(document: OpenApiV3Document, { group, version, resource }: GroupVersionResource): Gvk | undefined {
  const root = `${group === '' ? '/api' : `/apis/${group}`}/${version}`;
  let found: Gvk | undefined;
  for (const base of [`${root}/${resource}`, `${root}/namespaces/{namespace}/${resource}`]) {
    for (const path of [base, `${base}/{name}`]) {
      const item = document.paths?.[path];
      for (const method of ['get', 'post', 'put', 'patch', 'delete']) {
        const operation = item?.[method] as Json | undefined;
        const gvk = operation?.['x-kubernetes-group-version-kind'] as Gvk | undefined;
        if (!gvk) continue;
        found = gvk;
        break;
      }
    }
  }
  return found;
}

/**
 * What `kubectl explain <resource>.<path>` prints. Throws an Error with kubectl's words (without `error: `) when the
 * resource or the field is not in the document.
 */
export function explainFromOpenApi(
  document: object,
  resource: GroupVersionResource,
  path: readonly string[] = [],
  recursive = false,
): string {
  const gvk = kindOf(document as OpenApiV3Document, resource);
  if (!gvk) {
    const { group, version, resource: name } = resource;
    throw new Error(`GVR (${group}/${version}, Resource=${name}) not found in OpenAPI schema`);
  }
  const explainer = new Explainer(document as OpenApiV3Document, recursive);
  const schema = explainer.forKind(gvk);
  if (!schema) throw new Error(`GVK ${gvk.group}/${gvk.version}, Kind=${gvk.kind} not found in OpenAPI schema`);
  const text = explainer.output(schema, path, new Set());
  if (text === undefined) throw new Error(`field ${JSON.stringify(path.at(-1))} does not exist`);
  const head = `${gvk.group ? `GROUP:      ${gvk.group}\n` : ''}KIND:       ${gvk.kind}\nVERSION:    ${gvk.version}\n`;
  return `${head}\n${text}\n`;
}
