// Turns a CustomResourceDefinition's openAPIV3Schema (JSONSchemaProps) into a Schema. It checks nothing: whether a
// schema is structural is structural.ts's question.
import { type JsonSchemaProps, isProps, listOf } from './json-schema.ts';
import { OBJECT_META } from './resolve.ts';
import type { Schema } from './schema.ts';

/** Fields that have the same name and shape in both. */
const same = [
  'type',
  'format',
  'description',
  'required',
  'default',
  'enum',
  'nullable',
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
  'x-kubernetes-list-type': 'listType',
  'x-kubernetes-list-map-keys': 'listMapKeys',
  'x-kubernetes-map-type': 'mapType',
  'x-kubernetes-int-or-string': 'intOrString',
  'x-kubernetes-preserve-unknown-fields': 'preserveUnknownFields',
  'x-kubernetes-embedded-resource': 'embeddedResource',
} as const satisfies Record<string, keyof Schema>;

function convert(props: JsonSchemaProps): Schema {
  const schema: Record<string, unknown> = {};
  for (const key of same) {
    if (props[key] !== undefined && (props[key] !== '' || key === 'default')) schema[key] = props[key];
  }
  for (const [key, name] of Object.entries(extensions)) if (props[key] !== undefined) schema[name] = props[key];
  const { properties, additionalProperties } = props;
  if (isProps(properties)) {
    const known = Object.entries(properties).filter(([, p]) => isProps(p));
    schema['properties'] = Object.fromEntries(known.map(([name, p]) => [name, convert(p)]));
  }
  // An object of which nothing else is said has no fields.
  else if (props.type === 'object' && additionalProperties === undefined) schema['properties'] = {};
  if (typeof additionalProperties === 'boolean') schema['additionalProperties'] = additionalProperties;
  else if (isProps(additionalProperties)) schema['additionalProperties'] = convert(additionalProperties);
  if (isProps(props.items)) schema['items'] = convert(props.items);
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const) {
    const list: unknown = props[key];
    if (Array.isArray(list)) schema[key] = list.filter(isProps).map(convert);
  }
  if (isProps(props['not'])) schema['not'] = convert(props['not']);
  const rules = listOf<unknown>(props['x-kubernetes-validations']).filter(isProps);
  if (rules.length > 0) schema['validations'] = rules;
  return schema;
}

/** What upstream says of these fields in every custom resource (apiextensions, controller/openapi/builder). */
const API_VERSION =
  'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources';
const KIND =
  'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds';
const METADATA =
  "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/** The schema of a whole custom resource: with apiVersion, kind and metadata, which the CRD's need not say. */
export function fromCrdSchema(openAPIV3Schema: object): Schema {
  const schema = convert(openAPIV3Schema as JsonSchemaProps);
  const { apiVersion, kind, metadata: metaRules } = schema.properties ?? {};
  schema.type = 'object';
  schema.properties = {
    ...schema.properties,
    apiVersion: { ...beside(apiVersion), type: 'string', description: API_VERSION },
    kind: { ...beside(kind), type: 'string', description: KIND },
    metadata: { ref: OBJECT_META, description: METADATA },
  };
  // The CRD may restrict metadata.name and generateName; the rules stay beside the reference.
  if (metaRules?.properties) schema.properties['metadata']!.allOf = [metaRules];
  return schema;
}

/** What a definition demands of these is checked, and not published. */
function beside(rules: Schema | undefined): Schema {
  if (!rules) return {};
  const { validations, ...rest } = rules;
  return { allOf: [{ ...rest, type: 'string' }], ...(validations ? { validations } : {}) };
}

/** For a CRD without a schema (preserveUnknownFields): anything goes. */
export const openSchema: Schema = { type: 'object', preserveUnknownFields: true };
