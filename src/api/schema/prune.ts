// Removes what a schema does not know, and tells where it was. Built-in kinds and custom resources alike.
// Upstream: sigs.k8s.io/json strict decoding (paths), apiextensions-apiserver pkg/apiserver/schema/pruning.
import type { Schema, SchemaSource } from './schema.ts';
import { OBJECT_META, fieldSchema, isIntOrString, isOpen, resolve } from './resolve.ts';

type Fields = Record<string, unknown>;

class Pruner {
  readonly paths: string[] = [];
  private readonly source: SchemaSource;
  private readonly metadata: boolean;
  constructor(source: SchemaSource, metadata: boolean) {
    this.source = source;
    this.metadata = metadata;
  }

  walk(value: unknown, referrer: Schema, path: string): void {
    if (value === null || typeof value !== 'object') return;
    const schema = resolve(referrer, this.source);
    if (Array.isArray(value)) {
      const { items } = schema;
      if (items) for (let i = 0; i < value.length; i++) this.walk(value[i], items, `${path}[${i}]`);
    } else if (!isIntOrString(schema)) this.walkFields(value as Fields, schema, path);
  }

  private walkFields(fields: Fields, schema: Schema, path: string): void {
    if (schema.embeddedResource) this.walkEmbedded(fields, path);
    const open = isOpen(schema);
    for (const name of Object.keys(fields)) {
      if (schema.embeddedResource && embeddedFields.has(name)) continue;
      const inner = fieldSchema(schema, name);
      const at = path === '' ? name : `${path}.${name}`;
      if (inner) this.walk(fields[name], inner, at);
      else if (!open) {
        delete fields[name];
        this.paths.push(at);
      }
    }
  }

  /** An embedded object has apiVersion, kind and metadata without saying so, and no other metadata by saying so. */
  private walkEmbedded(fields: Fields, path: string): void {
    if (!this.metadata || !fields['metadata']) return;
    this.walk(fields['metadata'], { ref: OBJECT_META }, path === '' ? 'metadata' : `${path}.metadata`);
  }
}
const embeddedFields = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * Removes unknown fields from the draft, in place. Answers their paths in the order in which they stand:
 * `spec.replica`, `spec.containers[0].imagee`. `metadata` is false where that of embedded objects is not looked at.
 */
export function pruneUnknown(draft: object, schema: Schema, source: SchemaSource, metadata = true): string[] {
  const pruner = new Pruner(source, metadata);
  pruner.walk(draft, schema, '');
  return pruner.paths;
}

/** Upstream's words for such a path, in warnings and in strict decoding errors. */
export const unknownField = (path: string): string => `unknown field ${JSON.stringify(path)}`;

/** Upstream's NewStrictDecodingError: what a client gets with fieldValidation=Strict. */
export const strictDecodingError = (messages: readonly string[]): string =>
  `strict decoding error: ${messages.join(', ')}`;
