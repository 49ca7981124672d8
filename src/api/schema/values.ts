// Checks the values of a custom resource against its schema, with upstream's messages; custom resources only (built-in
// kinds validate in code). Upstream: kube-openapi pkg/validation (validate, errors), as apiextensions-apiserver
// pkg/apiserver/validation/{validation,ratcheting}.go words it. List keys and CEL rules are files of their own.
import { stringifyJson } from '../codec/json.ts';
import { deepEqual } from '../patch/equal.ts';
import { sameValue } from './same-value.ts';
import type { FieldErrors } from '../validation.ts';
import { FieldErrors as Collector } from '../validation.ts';
import { itemKey } from './cel-values.ts';
import { isKnownFormat, matchesFormat } from './formats.ts';
import { compilePattern, patternProblem } from './pattern.ts';
import { fieldSchema, isIntOrString, isOpen, resolve } from './resolve.ts';
import type { Schema, SchemaSource } from './schema.ts';

type Fields = Record<string, unknown>;

/** What upstream calls a value's type. */
function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function fitsType(value: unknown, schema: Schema): boolean {
  const name = typeName(value);
  if (isIntOrString(schema)) return name === 'integer' || name === 'string';
  return schema.type === undefined || name === schema.type || (schema.type === 'number' && name === 'integer');
}

/** Go's value of an int that has to be of a format. */
const INT32 = 2 ** 31;

/** Composition counts twice, the enum and the whole once. */
const CHECKS_OF_ALL = 4;

class ValueChecker {
  private readonly source: SchemaSource;
  constructor(source: SchemaSource) {
    this.source = source;
  }

  /** `old` is the value before an update; errors of what did not change are let pass. */
  check(value: unknown, referrer: Schema, path: string, errors: FieldErrors, old?: unknown): void {
    const before = errors.list.length;
    this.checkAnew(value, referrer, path, errors, old);
    if (errors.list.length === before || old === undefined) return;
    if (sameValue(value, old, resolve(referrer, this.source))) errors.list.length = before;
  }

  checkAnew(value: unknown, referrer: Schema, path: string, errors: FieldErrors, old: unknown): void {
    const schema = resolve(referrer, this.source);
    const nullable = schema.nullable === true || referrer.nullable === true;
    if (!(value === null && nullable) && !fitsType(value, schema)) {
      const [name, wanted] = [typeName(value), isIntOrString(schema) ? 'integer,string' : schema.type!];
      errors.typeInvalid(path, name, `${path} in body must be of type ${wanted}: ${JSON.stringify(name)}`);
    }
    if (value === null) return this.checkEnum(value, schema, nullable, path, errors);
    this.checkComposition(value, schema, path, errors);
    if (referrer !== schema && referrer.allOf) this.checkComposition(value, referrer, path, errors);
    if (typeof value === 'string') checkString(value, schema, path, errors);
    else if (typeof value === 'number' || typeof value === 'bigint') checkNumber(value, schema, path, errors);
    else if (Array.isArray(value)) this.checkList(value, schema, path, errors, old);
    this.checkEnum(value, schema, nullable, path, errors);
    if (typeof value === 'object' && !Array.isArray(value)) {
      this.checkObject(value as Fields, schema, path, errors, old);
    }
  }

  private checkEnum(value: unknown, schema: Schema, nullable: boolean, path: string, errors: FieldErrors): void {
    if (!schema.enum || schema.enum.length === 0 || (value === null && nullable)) return;
    if (schema.enum.some((allowed) => deepEqual(allowed, value))) return;
    errors.notSupported(
      path,
      value,
      schema.enum.map((v) => (typeof v === 'string' ? v : stringifyJson(v))),
    );
  }

  private checkList(list: unknown[], schema: Schema, path: string, errors: FieldErrors, old: unknown): void {
    const { items, listMapKeys = [] } = schema;
    if (items) {
      // Only items with keys can be found again.
      const byKey =
        schema.listType === 'map' && Array.isArray(old)
          ? new Map(old.map((item) => [itemKey(item, listMapKeys), item as unknown]))
          : undefined;
      for (let i = 0; i < list.length; i++) {
        this.check(list[i], items, `${path}[${i}]`, errors, byKey?.get(itemKey(list[i], listMapKeys)));
      }
    }
    if (schema.minItems !== undefined && list.length < schema.minItems) {
      errors.invalid(path, list.length, `${path} in body should have at least ${schema.minItems} items`);
    }
    if (schema.maxItems !== undefined && list.length > schema.maxItems) {
      errors.tooMany(path, list.length, schema.maxItems);
    }
  }

  private checkObject(fields: Fields, schema: Schema, path: string, errors: FieldErrors, old: unknown): void {
    const names = Object.keys(fields);
    if (schema.minProperties !== undefined && names.length < schema.minProperties) {
      errors.invalid(path, fields, `${path} in body should have at least ${schema.minProperties} properties`);
    }
    if (schema.maxProperties !== undefined && names.length > schema.maxProperties) {
      errors.tooMany(path, names.length, schema.maxProperties);
    }
    const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
    const before = (old !== null && typeof old === 'object' && !Array.isArray(old) ? old : {}) as Fields;
    for (const name of names) {
      const inner = fieldSchema(schema, name);
      // What an object is, is no matter of what it was. Upstream: validation/ratcheting.go, isTypeMetaField.
      const settled = path === '' && (name === 'apiVersion' || name === 'kind');
      const found = !settled && Object.hasOwn(before, name) ? before[name] : undefined;
      if (inner) this.check(fields[name], inner, at(name), errors, found);
      else if (!isOpen(schema) && schema.additionalProperties === false) {
        errors.invalid(path, '', `${at(name)} in body is a forbidden property`);
      }
    }
    for (const name of schema.required ?? []) if (!Object.hasOwn(fields, name)) errors.required(at(name));
  }

  /** The errors of each alternative. */
  private tried(value: unknown, alternatives: readonly Schema[], path: string): Collector[] {
    return alternatives.map((schema) => {
      const errors = new Collector();
      this.check(value, schema, path, errors);
      return errors;
    });
  }

  /** Of alternatives that all fail: the one that looks at most of the value, and of equal ones the first. */
  private closest(value: unknown, alternatives: readonly Schema[]): number {
    const counts = alternatives.map((schema) => this.checksOf(value, schema));
    return counts.indexOf(Math.max(...counts));
  }

  /** Upstream's MatchCount: how many checks a schema makes of a value. */
  private checksOf(value: unknown, referrer: Schema): number {
    const schema = resolve(referrer, this.source);
    const fits = fitsType(value, schema);
    if (value === null) return schema.nullable || schema.type === undefined ? 1 : 0;
    const inner = (values: readonly unknown[], of: (i: number) => Schema | undefined): number =>
      values.reduce<number>((sum, v, i) => sum + (of(i) ? this.checksOf(v, of(i)!) : 0), 0);
    let count = CHECKS_OF_ALL + (schema.type === undefined && schema.format === undefined ? 0 : fits ? 2 : 1);
    if (typeof value === 'string') count += isKnownFormat(schema.format) ? 2 : 1;
    else if (Array.isArray(value)) count += 2 + inner(value, () => schema.items);
    else if (typeof value === 'object') {
      const names = Object.keys(value as Fields);
      count += 1 + inner(Object.values(value as Fields), (i) => fieldSchema(schema, names[i]!));
    } else if (typeof value === 'number' || typeof value === 'bigint') count += 2;
    for (const list of [schema.anyOf, schema.oneOf]) {
      if (list?.length) count += this.checksOf(value, list[this.closest(value, list)]!);
    }
    for (const part of schema.allOf ?? []) count += this.checksOf(value, part);
    return count;
  }

  private checkComposition(value: unknown, schema: Schema, path: string, errors: FieldErrors): void {
    const fail = (text: string): void => errors.invalid('<nil>', '', `${JSON.stringify(path)} ${text}`);
    if (schema.anyOf?.length) {
      const tried = this.tried(value, schema.anyOf, path);
      if (!tried.some((found) => found.empty)) {
        fail('must validate at least one schema (anyOf)');
        errors.list.push(...tried[this.closest(value, schema.anyOf)]!.list);
      }
    }
    if (schema.oneOf?.length) {
      const tried = this.tried(value, schema.oneOf, path);
      const count = tried.filter((found) => found.empty).length;
      const found = count === 0 ? 'Found none valid' : `Found ${count} valid alternatives`;
      if (count !== 1) fail(`must validate one and only one schema (oneOf). ${found}`);
      if (count === 0) errors.list.push(...tried[this.closest(value, schema.oneOf)]!.list);
    }
    if (schema.allOf?.length) {
      const tried = this.tried(value, schema.allOf, path);
      for (const found of tried) errors.list.push(...found.list);
      const failed = tried.filter((found) => !found.empty).length;
      const none = failed === tried.length ? '. None validated' : '';
      if (failed > 0) fail(`must validate all the schemas (allOf)${none}`);
    }
    if (schema.not && this.tried(value, [schema.not], path)[0]!.empty) fail('must not validate the schema (not)');
  }
}

function checkString(value: string, schema: Schema, path: string, errors: FieldErrors): void {
  // Upstream counts runes, not bytes.
  const length = schema.minLength === undefined && schema.maxLength === undefined ? 0 : [...value].length;
  if (schema.maxLength !== undefined && length > schema.maxLength) errors.tooLong(path, schema.maxLength);
  if (schema.minLength !== undefined && length < schema.minLength) {
    errors.invalid(path, value, `${path} in body should be at least ${schema.minLength} chars long`);
  }
  if (schema.pattern !== undefined) {
    // Stored definitions may have patterns that would be refused today.
    const problem = patternProblem(schema.pattern);
    const invalid = problem === undefined ? '' : `, but pattern is invalid: ${problem}`;
    if (problem !== undefined || !compilePattern(schema.pattern)(value)) {
      errors.invalid(path, value, `${path} in body should match '${schema.pattern}${invalid}'`);
    }
  }
  if (schema.format !== undefined && !matchesFormat(value, schema.format)) {
    errors.typeInvalid(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`);
  }
}

function checkNumber(value: number | bigint, schema: Schema, path: string, errors: FieldErrors): void {
  const fail = (text: string): void => errors.invalid(path, value, `${path} in body should be ${text}`);
  const { minimum, maximum, multipleOf } = schema;
  if (multipleOf !== undefined && !isMultiple(Number(value), multipleOf)) fail(`a multiple of ${multipleOf}`);
  if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
    fail(`less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  }
  if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
    fail(`greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  }
  if (schema.type === 'integer' && schema.format === 'int32' && (value >= INT32 || value < -INT32)) {
    errors.invalid(path, value, `Checked value must be of type integer with format int32 in ${path}`);
  }
}

/** Decimal factors (0.01) have no exact double: upstream divides and looks at the quotient too. */
function isMultiple(value: number, factor: number): boolean {
  const quotient = value / factor;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9;
}

const ownSchemas = new WeakMap<Schema, Schema>();

/** apiVersion, kind and metadata are the server's to check; of metadata stays what the CRD says of the name. */
function ownSchema(schema: Schema): Schema {
  let own = ownSchemas.get(schema);
  if (!own) {
    const { metadata, ...properties } = schema.properties ?? {};
    const open: Schema = { ...metadata?.allOf?.[0], type: 'object', preserveUnknownFields: true };
    own = { ...schema, properties: { ...properties, metadata: open } };
    ownSchemas.set(schema, own);
  }
  return own;
}

/**
 * Pushes what is wrong with the values of a whole object; `old` is what is stored, in an update. Metadata is no part that
 * can be compared, so that upstream never finds the whole to be the same.
 */
export function checkObjectValues(
  object: object,
  schema: Schema,
  source: SchemaSource,
  errors: FieldErrors,
  old?: object,
): void {
  new ValueChecker(source).checkAnew(object, ownSchema(schema), '', errors, old);
}

/** The same for a part of an object. Messages say no path, as upstream's of such parts; the errors are at `path`. */
export function validateAt(
  value: unknown,
  schema: Schema,
  source: SchemaSource,
  path: string,
  errors: FieldErrors,
  old?: unknown,
): void {
  const found = new Collector();
  new ValueChecker(source).check(value, schema, '', found, old);
  for (const error of found.list) {
    const field = error.field === '' || error.field === '<nil>' ? path : `${path}.${error.field}`;
    errors.list.push({ ...error, field: error.field.startsWith('[') ? path + error.field : field });
  }
}
