// Objects as Go's typed structs print them: with the empty structs and nulls of fields that have no omitempty.
import { resolve } from '../api/schema/resolve.ts';
import { builtinSchemas } from '../api/schema/builtin.ts';
import type { Schema } from '../api/schema/schema.ts';
import { parseApiVersion, type Unstructured } from '../api/types.ts';

/** An object of a kind that is not built in stays as it is. */
export function asTyped(object: Unstructured): Unstructured {
  const { group, version } = parseApiVersion(object.apiVersion);
  const schema = builtinSchemas.forKind(group, version, object.kind);
  return schema ? (withZeros(object, schema) as Unstructured) : object;
}

export function withZeros(value: unknown, referrer: Schema): unknown {
  const schema = resolve(referrer, builtinSchemas);
  if (Array.isArray(value)) return schema.items ? value.map((item) => withZeros(item, schema.items!)) : value;
  if (typeof value !== 'object' || value === null) return value;
  const { properties, additionalProperties } = schema;
  const result: Record<string, unknown> = { ...value };
  if (!properties) {
    if (typeof additionalProperties !== 'object') return result;
    for (const key of Object.keys(result)) result[key] = withZeros(result[key], additionalProperties);
    return result;
  }
  for (const [key, property] of Object.entries(properties)) {
    if (result[key] === undefined && property.zero !== undefined) result[key] = property.zero;
    if (result[key] !== undefined) result[key] = withZeros(result[key], property);
  }
  return result;
}
