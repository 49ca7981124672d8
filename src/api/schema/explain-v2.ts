// The text of `kubectl explain --output=plaintext-openapiv2`, and of servers that have no OpenAPI v3: the layout of before
// 1.27, from a server's OpenAPI v2 document. Upstream: kubectl pkg/explain (model_printer.go, fields_printer.go,
// recursive_fields_printer.go, formatter.go) and kube-openapi pkg/util/proto.
import type { GroupVersionKind } from '../types.ts';

interface Schema {
  $ref?: string;
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  'x-kubernetes-group-version-kind'?: GroupVersionKind[];
}

type Shape = 'reference' | 'kind' | 'map' | 'array' | 'primitive' | 'arbitrary';

function shapeOf({ $ref, type, properties }: Schema): Shape {
  if ($ref) return 'reference';
  if (type === 'object' || type === undefined) return properties ? 'kind' : type ? 'map' : 'arbitrary';
  return type === 'array' ? 'array' : 'primitive';
}

const valuesOf = ({ additionalProperties, description }: Schema): Schema =>
  typeof additionalProperties === 'object' ? additionalProperties : { description };

const WIDTH = 80;
const FIELDS_AT = 3;
const DESCRIPTION_AT = 5;

class Printer {
  readonly lines: string[] = [];
  private readonly definitions: Record<string, Schema>;
  private readonly head: string;
  constructor(definitions: Record<string, Schema>, head: string) {
    this.definitions = definitions;
    this.head = head;
  }

  private target({ $ref = '' }: Schema): Schema {
    return this.definitions[$ref.slice('#/definitions/'.length)] ?? {};
  }

  /** What is in a list, a map or a reference. */
  private inside(schema: Schema): Schema | undefined {
    const shape = shapeOf(schema);
    if (shape === 'reference') return this.target(schema);
    if (shape === 'array') return schema.items ?? {};
    return shape === 'map' ? valuesOf(schema) : undefined;
  }

  /** What has no fields ends the path, whatever follows. */
  lookUp(schema: Schema, path: readonly string[]): Schema {
    const [field, ...rest] = path;
    const inside = this.inside(schema);
    if (field === undefined) return schema;
    if (inside) return this.lookUp(inside, path);
    if (shapeOf(schema) !== 'kind') return schema;
    const next = schema.properties![field];
    if (!next) throw new Error(`field ${JSON.stringify(field)} does not exist`);
    return this.lookUp(next, rest);
  }

  private typeOf(schema: Schema): string {
    const shape = shapeOf(schema);
    if (shape === 'reference') return this.typeOf(this.target(schema));
    if (shape === 'array') return `[]${this.typeOf(schema.items ?? {})}`;
    if (shape === 'map') return `map[string]${this.typeOf(valuesOf(schema))}`;
    return shape === 'kind' ? 'Object' : (schema.type ?? '');
  }

  print(schema: Schema, name: string, recursive: boolean): void {
    const descriptions: string[] = [];
    let shown = schema;
    for (let inside = this.inside(shown); inside; inside = this.inside(shown)) {
      descriptions.push(shown.description ?? '');
      shown = inside;
    }
    descriptions.push(shown.description ?? '');
    const shape = shapeOf(shown);
    const type = this.typeOf(schema);
    this.lines.push(this.head, '');
    if (shape === 'kind' && name !== '') this.lines.push(`RESOURCE: ${name} <${type}>`, '');
    if (shape === 'primitive') this.lines.push(`FIELD:    ${name} <${type}>`, '');
    this.describe(descriptions);
    if (shape !== 'kind') return;
    this.lines.push('', 'FIELDS:');
    if (recursive) this.names(shown, FIELDS_AT, new Set());
    else this.fields(shown);
  }

  private describe(descriptions: readonly string[]): void {
    this.lines.push('DESCRIPTION:');
    if (descriptions.every((text) => text === '')) this.wrapped('<empty>');
    for (const [i, text] of descriptions.entries()) {
      if (text === '') continue;
      if (i > 0) this.lines.push('');
      this.wrapped(text);
    }
  }

  private wrapped(text: string): void {
    const pad = ' '.repeat(DESCRIPTION_AT);
    this.lines.push(...wrapLines(text, WIDTH - DESCRIPTION_AT).map((line) => (line === '' ? '' : pad + line)));
  }

  private fields(schema: Schema): void {
    for (const [name, field] of sortedFields(schema)) {
      const required = schema.required?.includes(name) ? ' -required-' : '';
      this.lines.push(`${' '.repeat(FIELDS_AT)}${name}\t<${this.typeOf(field)}>${required}`);
      this.wrapped(field.description ?? '');
      this.lines.push('');
    }
  }

  private names(schema: Schema, level: number, visited: Set<string>): void {
    if (shapeOf(schema) === 'reference') {
      if (visited.has(schema.$ref!)) return;
      visited.add(schema.$ref!);
      this.names(this.target(schema), level, visited);
      visited.delete(schema.$ref!);
      return;
    }
    const inside = this.inside(schema);
    if (inside) return this.names(inside, level, visited);
    if (shapeOf(schema) !== 'kind') return;
    for (const [name, field] of sortedFields(schema)) {
      this.lines.push(`${' '.repeat(level)}${name}\t<${this.typeOf(field)}>`);
      this.names(field, level + FIELDS_AT, visited);
    }
  }
}

const sortedFields = ({ properties = {} }: Schema): [string, Schema][] =>
  Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1));

/** Words are filled up to the limit; code, empty lines, list items and what follows a colon begin lines of their own. */
function wrapLines(text: string, limit: number): string[] {
  const lines: string[] = [];
  let line = '';
  let lastWord = '';
  const flush = (): void => {
    if (line === '') return;
    lines.push(line);
    line = '';
    lastWord = '';
  };
  for (const part of text.split('\n')) {
    const bare = part.trim();
    if (part.startsWith('    ') || (lines.length > 0 && bare === '')) {
      flush();
      lines.push(part.startsWith('    ') ? part : '');
      continue;
    }
    if (lastWord.endsWith(':') || bare === '' || /^(\d+\.?|-|\*)\s/.test(bare)) flush();
    for (const word of bare.split(/\s+/).filter((w) => w !== '')) {
      if (line !== '' && Buffer.byteLength(`${line} ${word}`) > limit) flush();
      line = line === '' ? word : `${line} ${word}`;
      lastWord = word;
    }
  }
  flush();
  return lines;
}

/** Throws an Error with kubectl's words (without `error: `) when the kind or the field is not in the document. */
export function explainFromOpenApiV2(
  document: object,
  gvk: GroupVersionKind,
  path: readonly string[],
  recursive: boolean,
): string {
  const { definitions = {} } = document as { definitions?: Record<string, Schema> };
  const { group, version, kind } = gvk;
  const schema = Object.values(definitions).find((s) =>
    s['x-kubernetes-group-version-kind']?.some((k) => k.group === group && k.version === version && k.kind === kind),
  );
  if (!schema) throw new Error(`couldn't find resource for "${group}/${version}, Kind=${kind}"`);
  const head = `KIND:     ${kind}\nVERSION:  ${group === '' ? version : `${group}/${version}`}`;
  const printer = new Printer(definitions, head);
  printer.print(printer.lookUp(schema, path), path.at(-1) ?? '', recursive);
  return `${printer.lines.join('\n')}\n`;
}
