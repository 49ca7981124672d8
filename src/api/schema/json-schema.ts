// JSONSchemaProps as a CustomResourceDefinition carries it: JSON of which nothing is certain. How to look into it.
// Upstream: apiextensions-apiserver pkg/apis/apiextensions/types_jsonschema.go.

export interface JsonSchemaProps {
  [key: string]: unknown;
  properties?: Record<string, JsonSchemaProps>;
  additionalProperties?: boolean | JsonSchemaProps;
  items?: JsonSchemaProps | JsonSchemaProps[];
}

export const isProps = (value: unknown): value is JsonSchemaProps =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** What Go's zero values leave out. */
export const isSet = (value: unknown): boolean =>
  value !== undefined &&
  value !== null &&
  value !== '' &&
  value !== false &&
  !(Array.isArray(value) && value.length === 0);

export const listOf = <T>(value: unknown): T[] => (Array.isArray(value) ? (value as T[]) : []);
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The schemas by name; what is no schema counts as an empty one. */
export function propsOf(value: unknown): [string, JsonSchemaProps][] {
  if (!isProps(value)) return [];
  return Object.entries(value).map(([name, inner]) => [name, isProps(inner) ? inner : {}]);
}

/** The one schema of a list's items; undefined when there is none, or a list of them. */
export const itemsOf = ({ items }: JsonSchemaProps): JsonSchemaProps | undefined =>
  isProps(items) ? items : undefined;

/** The schemas of `allOf`, `anyOf` or `oneOf`. */
export const schemasOf = (value: unknown): JsonSchemaProps[] => listOf<unknown>(value).filter(isProps);

/** The schema and all below it, outermost first. */
export function* everySchema(schema: JsonSchemaProps): Iterable<JsonSchemaProps> {
  yield schema;
  const { items, additionalProperties } = schema;
  const inner: unknown[] = [
    ...(Array.isArray(items) ? items : [items]),
    ...listOf(schema['allOf']),
    ...listOf(schema['anyOf']),
    ...listOf(schema['oneOf']),
    schema['not'],
    additionalProperties,
    ...propsOf(schema.properties).map(([, property]) => property),
  ];
  for (const part of inner) if (isProps(part)) yield* everySchema(part);
}
