// What Go's decoder makes of null in a built-in kind: a field that is null was not sent, an item of a list or a value
// of a map that is null is the zero value of its type. Open fields (RawExtension and its like) keep theirs. Lists and maps
// that are empty are not written again.
import { setOwn } from '../../../api/codec/json.ts';
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
  const kept = settled(draft, schema, source) as object;
  for (const field of Object.keys(draft)) if (!Object.hasOwn(kept, field)) delete (draft as Fields)[field];
}

/** An object that loses fields is made anew: one from which fields are deleted takes several times the memory from then on. */
function settled(value: unknown, referrer: Schema, source: SchemaSource): unknown {
  if (value === null || typeof value !== 'object') return value;
  const schema = resolve(referrer, source);
  if (isOpen(schema)) return value;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return value;
    value.forEach((item, i) => (value[i] = item === null ? zero(items, source) : settled(item, items, source)));
    return value;
  }
  const fields = value as Fields;
  const gone = new Set<string>();
  for (const key of Object.keys(fields)) {
    const inner = fieldSchema(schema, key);
    if (!inner) continue;
    if (fields[key] !== null) {
      setOwn(fields, key, settled(fields[key], inner, source));
      if (schema.properties && isEmptyValue(fields[key]) && vanishesEmpty(inner, source)) gone.add(key);
    } else if (schema.properties && Object.hasOwn(schema.properties, key)) {
      if (isScalar(inner, source) || !isOpen(resolve(inner, source))) gone.add(key);
    } else setOwn(fields, key, zero(inner, source));
  }
  return gone.size === 0 ? fields : without(fields, gone);
}

function without(fields: Fields, gone: ReadonlySet<string>): Fields {
  const rest: Fields = {};
  for (const key of Object.keys(fields)) if (!gone.has(key)) setOwn(rest, key, fields[key]);
  return rest;
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
