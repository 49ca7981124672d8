// One look that tells whether a document is as its schema has it: types that decode, no nulls, no unknown fields, no empty
// lists and maps where Go has none. Nearly
// all documents are, and need no more; what is wrong with the others, and what becomes of it, is told by check-types.ts,
// prune.ts and the like, which are slower. A test may say no to a document that they take, and never yes to another.
import { base64Problem, fitsInteger, ownDecoder } from './check-types.ts';
import {
  fieldSchema,
  isEmptyValue,
  isIntOrString,
  isOpen,
  MICRO_TIME,
  QUANTITY,
  resolve,
  TIME,
  vanishesEmpty,
} from './resolve.ts';
import type { Schema, SchemaSource } from './schema.ts';

type Test = (value: unknown) => boolean;

const compiled = new WeakMap<SchemaSource, WeakMap<Schema, Test>>();

/** The test for a schema; made at its first use. `referrer` and what it refers to must not change afterwards. */
export function conforms(referrer: Schema, source: SchemaSource): Test {
  let tests = compiled.get(source);
  if (!tests) compiled.set(source, (tests = new WeakMap<Schema, Test>()));
  const known = tests.get(referrer);
  if (known) return known;
  const made = lazily(() => compile(referrer, source));
  tests.set(referrer, made);
  return made;
}

/** Schemas refer to themselves: what is inside is compiled when it is first met. */
function lazily(make: () => Test): Test {
  let test: Test = (value) => (test = make())(value);
  return (value) => test(value);
}

const OWN_DECODERS = new Set<string | undefined>([QUANTITY, TIME, MICRO_TIME]);

function compile(referrer: Schema, source: SchemaSource): Test {
  if (isIntOrString(referrer) || OWN_DECODERS.has(referrer.ref)) {
    return (value) =>
      typeof value === 'string' || typeof value === 'number' ? ownDecoder(value, referrer) === undefined : false;
  }
  const schema = resolve(referrer, source);
  switch (schema.type) {
    case 'string':
      return schema.format === 'byte'
        ? (value) => typeof value === 'string' && base64Problem(value) === undefined
        : (value) => typeof value === 'string';
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'number':
      return (value) => typeof value === 'number';
    case 'integer':
      return (value) => typeof value === 'number' && fitsInteger(value, schema.format);
    case 'array':
      return listTest(schema, source);
    case 'object':
      return objectTest(schema, source);
  }
  return () => false;
}

function listTest({ items }: Schema, source: SchemaSource): Test {
  if (!items) return Array.isArray;
  const test = conforms(items, source);
  return (value) => Array.isArray(value) && value.every(test);
}

function objectTest(schema: Schema, source: SchemaSource): Test {
  if (schema.embeddedResource || isIntOrString(schema)) return () => false;
  const open = isOpen(schema);
  const tests = new Map<string, Test>();
  for (const name of Object.keys(schema.properties ?? {})) {
    const field = fieldSchema(schema, name)!;
    const test = conforms(field, source);
    tests.set(name, vanishesEmpty(field, source) ? (value) => test(value) && !isEmptyValue(value) : test);
  }
  const { additionalProperties } = schema;
  const others = typeof additionalProperties === 'object' ? conforms(additionalProperties, source) : () => open;
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    for (const name in value) {
      if (!(tests.get(name) ?? others)((value as Record<string, unknown>)[name])) return false;
    }
    return true;
  };
}
