// What Go's decoder makes of null in a built-in kind: a field that is null was not sent, an item of a list or a value
// of a map that is null is the zero value of its type. Open fields (RawExtension and its like) keep theirs. Lists and maps
// that are empty are not written again.
import {
  QUANTITY,
  fieldSchema,
  isEmptyValue,
  isIntOrString,
  isOpen,
  resolve,
  vanishesEmpty,
} from '../../../api/schema/resolve.ts';
import type { Schema, SchemaSource } from '../../../api/schema/schema.ts';

type Fields = Record<string, unknown>;

/** Mutates the draft. */
export function settleNulls(draft: object, schema: Schema, source: SchemaSource): void {
  settle(draft, schema, source);
}

function settle(value: unknown, referrer: Schema, source: SchemaSource): void {
  if (value === null || typeof value !== 'object') return;
  const schema = resolve(referrer, source);
  if (isOpen(schema)) return;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return;
    value.forEach((item, i) => {
      if (item === null) value[i] = zero(items, source);
      else settle(item, items, source);
    });
    return;
  }
  const fields = value as Fields;
  for (const key of Object.keys(fields)) {
    const inner = fieldSchema(schema, key);
    if (!inner) continue;
    if (fields[key] !== null) {
      settle(fields[key], inner, source);
      if (schema.properties && isEmptyValue(fields[key]) && vanishesEmpty(inner, source)) delete fields[key];
    } else if (schema.properties && Object.hasOwn(schema.properties, key)) {
      if (isScalar(inner, source) || !isOpen(resolve(inner, source))) delete fields[key];
    } else fields[key] = zero(inner, source);
  }
}

/** Nothing is said about the fields inside of a scalar, either. */
function isScalar(referrer: Schema, source: SchemaSource): boolean {
  const { type } = resolve(referrer, source);
  return isIntOrString(referrer) || (type !== undefined && type !== 'object' && type !== 'array');
}

function zero(referrer: Schema, source: SchemaSource): unknown {
  if (referrer.ref === QUANTITY) return '0';
  const schema = resolve(referrer, source);
  if (isIntOrString(referrer)) return 0;
  switch (schema.type) {
    case 'object':
      return {};
    case 'array':
      return [];
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return 0;
    default:
      return null;
  }
}
