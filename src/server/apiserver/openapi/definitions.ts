// Schemas as OpenAPI writes them, and the definitions that a set of schemas needs, all the way down. Version 2 cannot
// say everything that version 3 can; what it cannot is left out, as upstream does.
// Upstream: kube-openapi pkg/builder, apiextensions-apiserver pkg/controller/openapi/v2/conversion.go.
import { kindsOfDefinition } from '../../../api/schema/builtin.ts';
import type { Descriptions } from '../../../api/schema/descriptions.ts';
import { OBJECT_META, QUANTITY, isIntOrString } from '../../../api/schema/resolve.ts';
import type { Schema, SchemaSource } from '../../../api/schema/schema.ts';
import type { GroupVersionKind } from '../../../api/types.ts';
import { definitionName } from './names.ts';
import type { Steps } from './slices.ts';
import { LIST_META, TEXT, type OpenApiResource } from './types.ts';
import { unions } from './unions.ts';

export type Json = Record<string, unknown>;

const copied = [
  'type',
  'format',
  'required',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
] as const satisfies readonly (keyof Schema)[];

const extensions = {
  listMapKeys: 'x-kubernetes-list-map-keys',
  listType: 'x-kubernetes-list-type',
  mapType: 'x-kubernetes-map-type',
  patchMergeKey: 'x-kubernetes-patch-merge-key',
  patchStrategy: 'x-kubernetes-patch-strategy',
  preserveUnknownFields: 'x-kubernetes-preserve-unknown-fields',
  embeddedResource: 'x-kubernetes-embedded-resource',
  validations: 'x-kubernetes-validations',
} as const satisfies Partial<Record<keyof Schema, string>>;

/** Go's lists and maps of scalars hold values, not pointers: upstream prints their zero value as a default. */
const ZEROS: Record<string, unknown> = { string: '', integer: 0, number: 0, boolean: false };

export const gvkExtension = (kinds: readonly GroupVersionKind[]): object[] =>
  kinds.map(({ group, kind, version }) => ({ group, kind, version }));

/** What every object says of itself. Upstream: apiextensions controller/openapi/builder (addEmbeddedProperties). */
function embedded(schema: Schema): Schema {
  const required = schema.required ?? [];
  return {
    ...schema,
    properties: { ...schema.properties, ...EMBEDDED },
    required: [...required, ...['kind', 'apiVersion'].filter((name) => !required.includes(name))],
  };
}

const CONVENTIONS = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md';
const EMBEDDED: Record<string, Schema> = {
  apiVersion: {
    type: 'string',
    description: `apiVersion defines the versioned schema of this representation of an object. More info: ${CONVENTIONS}#resources`,
  },
  kind: {
    type: 'string',
    description: `kind is a string value representing the type of this object. In CamelCase. More info: ${CONVENTIONS}#types-kinds`,
  },
  metadata: { ref: OBJECT_META, description: `Standard object's metadata. More info: ${CONVENTIONS}#metadata` },
};

interface CustomDefinition {
  schema: Schema;
  kind: GroupVersionKind;
  /** Upstream says them of the list, too. */
  selectableFields: readonly string[];
}

export class DefinitionWriter {
  readonly done = new Map<string, Json>();
  private readonly queue: string[] = [];
  private readonly source: SchemaSource;
  private readonly texts: Descriptions;
  private readonly v3: boolean;
  private readonly custom = new Map<string, CustomDefinition>();

  constructor(source: SchemaSource, texts: Descriptions, v3: boolean) {
    this.source = source;
    this.texts = texts;
    this.v3 = v3;
  }

  get refPrefix(): string {
    return this.v3 ? '#/components/schemas/' : '#/definitions/';
  }

  /** A reference; the definition will be written. */
  ref(name: string): Json {
    if (!this.done.has(name)) {
      this.done.set(name, {});
      this.queue.push(name);
    }
    return { $ref: this.refPrefix + name };
  }

  /** What a request answers. */
  answer(name: string): Json {
    return name === TEXT ? { type: 'string' } : this.ref(name);
  }

  addCustom(resource: OpenApiResource): void {
    if (!resource.schema) return;
    const { group, version, kind, listKind, plural, schema, selectableFields = [] } = resource;
    this.custom.set(definitionName(resource), { schema, kind: { group, version, kind }, selectableFields });
    const list: Schema = {
      type: 'object',
      description: `${listKind} is a list of ${kind}`,
      required: ['items'],
      properties: {
        apiVersion: { type: 'string', description: 'The version of this list.' },
        items: {
          type: 'array',
          description: `List of ${plural}.`,
          items: { ref: definitionName(resource) },
        },
        kind: { type: 'string', description: 'The kind of this list.' },
        metadata: { ref: LIST_META, description: 'Standard list metadata.' },
      },
    };
    const listGvk = { group, version, kind: listKind };
    this.custom.set(definitionName(listGvk), { schema: list, kind: listGvk, selectableFields });
  }

  /** Writes what was referred to and what that refers to; sorted by name. */
  *finish(): Steps<[string, Json][]> {
    for (let name = this.queue.pop(); name !== undefined; name = this.queue.pop()) {
      this.done.set(name, this.definition(name));
      yield;
    }
    return [...this.done].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  }

  private definition(name: string): Json {
    const custom = this.custom.get(name);
    const schema = this.published(custom?.schema ?? this.source.definition(name) ?? { type: 'object' }, !!custom);
    const written = this.schema(schema, custom ? undefined : name);
    const description = schema.description ?? this.texts.ofDefinition(name);
    const kinds = custom ? [custom.kind] : kindsOfDefinition(name);
    const union = unions.get(name);
    const selectable = custom?.selectableFields.map((fieldPath) => ({ fieldPath })) ?? [];
    return sortKeys({
      ...(description ? { description } : {}),
      ...written,
      ...(this.v3 && name === QUANTITY ? { type: undefined, oneOf: [{ type: 'string' }, { type: 'number' }] } : {}),
      ...(kinds.length > 0 ? { 'x-kubernetes-group-version-kind': gvkExtension(kinds) } : {}),
      ...(selectable.length > 0 ? { 'x-kubernetes-selectable-fields': selectable } : {}),
      ...(union ? { 'x-kubernetes-unions': union } : {}),
    });
  }

  /**
   * Of a custom resource that keeps unknown fields at its root, version 2 says only that it is an object: kubectl would
   * refuse the rest. Upstream: apiextensions controller/openapi/builder (buildKubeNative).
   */
  private published(schema: Schema, custom: boolean): Schema {
    if (!custom) return schema;
    if (!this.v3 && schema.preserveUnknownFields) return { type: 'object' };
    const { properties = {} } = schema;
    // What a definition demands of these two stands beside their type, and is not published.
    const plain = (name: string): Record<string, Schema> => {
      const { type, description } = properties[name] ?? {};
      return type && description ? { [name]: { type, description } } : {};
    };
    return { ...schema, properties: { ...properties, ...plain('apiVersion'), ...plain('kind') } };
  }

  /** `owner` is the built-in definition whose fields these are: their texts are found by it. */
  schema(given: Schema, owner?: string): Json {
    const schema = given.embeddedResource && !(given.preserveUnknownFields && !this.v3) ? embedded(given) : given;
    const out: Json = {};
    if (schema.ref !== undefined) this.reference(out, schema);
    const looseType = !this.v3 && (schema.nullable || schema.preserveUnknownFields) && owner === undefined;
    if (!looseType) this.facts(out, schema);
    for (const [key, name] of Object.entries(extensions)) {
      const value = schema[key as keyof typeof extensions];
      if (value !== undefined && (this.v3 || key !== 'validations')) out[name] = value;
    }
    if (owner?.endsWith('.RawExtension')) delete out['x-kubernetes-preserve-unknown-fields'];
    if (isIntOrString(schema) && schema.ref === undefined) this.intOrString(out, owner);
    if (!looseType) this.children(out, schema, owner);
    return sortKeys(out);
  }

  /** Version 3 forbids other words beside $ref. */
  private reference(out: Json, schema: Schema): void {
    const ref = this.ref(schema.ref!);
    if (this.v3) {
      out['allOf'] = [ref];
      if (schema.zero !== undefined && schema.zero !== null) out['default'] = schema.zero;
    } else Object.assign(out, ref);
  }

  private facts(out: Json, schema: Schema): void {
    for (const key of copied) if (schema[key] !== undefined) out[key] = schema[key];
    if (!this.v3) return;
    if (schema.default !== undefined) out['default'] = schema.default;
    else if (schema.zero !== undefined && schema.zero !== null && schema.ref === undefined)
      out['default'] = schema.zero;
    if (schema.enum !== undefined) out['enum'] = schema.enum;
    if (schema.nullable) out['nullable'] = true;
    for (const key of ['anyOf', 'oneOf'] as const) {
      if (schema[key]) out[key] = schema[key].map((s) => this.schema(s));
    }
    if (schema.allOf && schema.ref === undefined) out['allOf'] = schema.allOf.map((s) => this.schema(s));
    if (schema.not) out['not'] = this.schema(schema.not);
  }

  private intOrString(out: Json, owner: string | undefined): void {
    const builtin = owner !== undefined;
    if (!builtin) {
      out['x-kubernetes-int-or-string'] = true;
      return;
    }
    if (this.v3) out['oneOf'] = [{ type: 'integer' }, { type: 'string' }];
    else out['type'] = 'string';
  }

  private children(out: Json, schema: Schema, owner: string | undefined): void {
    if (schema.properties && Object.keys(schema.properties).length > 0) {
      const properties: Json = {};
      for (const name of Object.keys(schema.properties).sort()) {
        const property = schema.properties[name]!;
        const written = this.schema(property, owner === undefined ? undefined : `${owner}.${name}`);
        const text = property.description ?? (owner === undefined ? undefined : this.texts.ofField(owner, name));
        properties[name] = text ? sortKeys({ ...written, description: text }) : written;
      }
      out['properties'] = properties;
    }
    const inner = (s: Schema): Json => {
      const written = this.schema(s, owner);
      if (!this.v3) return written;
      if (s.ref !== undefined) return { ...written, default: {} };
      // Bytes are a slice in Go, whose zero is nothing.
      const zero = owner === undefined || s.enum || s.format === 'byte' ? undefined : ZEROS[s.type ?? ''];
      return zero === undefined ? written : sortKeys({ ...written, default: zero });
    };
    if (schema.items) out['items'] = inner(schema.items);
    const { additionalProperties } = schema;
    if (typeof additionalProperties === 'object') out['additionalProperties'] = inner(additionalProperties);
    else if (additionalProperties !== undefined) out['additionalProperties'] = additionalProperties;
    if (schema.description !== undefined && owner === undefined) out['description'] = schema.description;
  }
}

export function sortKeys(value: Json): Json {
  const sorted: Json = {};
  for (const key of Object.keys(value).sort()) if (value[key] !== undefined) sorted[key] = value[key];
  return sorted;
}
