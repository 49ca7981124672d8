// Built-in objects with their fields in the order of Go's structs, which is how Go prints them as JSON. The order is that
// of the protobuf table, which stands in the structs' order; maps are sorted. Custom resources stay as they are.
import { type Field, messageFor, messageNamed } from '../api/codec/protobuf-messages.ts';
import type { Unstructured } from '../api/types.ts';

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const byteOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A `v1 List` has its items in their own order. */
export function inGoOrder(object: Unstructured): Unstructured {
  if (!isFields(object) || typeof object.kind !== 'string' || typeof object.apiVersion !== 'string') return object;
  const message = messageFor(object.apiVersion, object.kind);
  if (message === undefined) return object;
  const result = orderedFields(object, message) as unknown as Unstructured & { items?: unknown };
  if (object.kind === 'List' && Array.isArray(result.items)) {
    result.items = (result.items as Unstructured[]).map(inGoOrder);
  }
  return result;
}

/** Where the fields of a message stand; those of embedded structs stand where the struct does. */
const orders = new Map<string, ReadonlyMap<string, Field>>();

function orderOf(message: string): ReadonlyMap<string, Field> {
  const known = orders.get(message);
  if (known) return known;
  const order = new Map<string, Field>();
  for (const field of messageNamed(message).byNumber.values()) {
    if (field.name !== '^') order.set(field.name, field);
    else for (const [name, inner] of orderOf(field.item)) order.set(name, inner);
  }
  orders.set(message, order);
  return order;
}

function orderedFields(fields: Fields, message: string): Fields {
  const order = orderOf(message);
  const result: Fields = {};
  // What is an object of its own has them before all else, and protobuf has them elsewhere.
  for (const name of ['kind', 'apiVersion']) {
    if (!order.has(name) && Object.hasOwn(fields, name)) result[name] = fields[name];
  }
  for (const [name, field] of order) if (Object.hasOwn(fields, name)) result[name] = ordered(fields[name], field);
  for (const name of Object.keys(fields).sort(byteOrder)) result[name] ??= fields[name];
  return result;
}

function ordered(value: unknown, field: Field): unknown {
  const isMessage = field.item.includes('.');
  if (field.list && Array.isArray(value)) return isMessage ? value.map((item) => inner(item, field.item)) : value;
  if (field.map || field.item === 'X')
    return isFields(value) ? sorted(value, isMessage ? field.item : undefined) : value;
  return isMessage ? inner(value, field.item) : value;
}

const inner = (value: unknown, message: string): unknown =>
  isFields(value) && orderOf(message).size > 0 ? orderedFields(value, message) : value;

function sorted(map: Fields, message: string | undefined): Fields {
  const entries = Object.keys(map).sort(byteOrder);
  return Object.fromEntries(entries.map((key) => [key, message === undefined ? map[key] : inner(map[key], message)]));
}
