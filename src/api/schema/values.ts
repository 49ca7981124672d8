// Checks the values of a custom resource against its schema, with upstream's messages; custom resources only (built-in
// kinds validate in code). Upstream: kube-openapi pkg/validation (validate, errors), as
// apiextensions-apiserver pkg/apiserver/validation/validation.go words it. List keys and CEL rules are files of their own.
import type { FieldErrors } from '../validation.ts';
import { FieldErrors as Collector } from '../validation.ts';
import { validateRules } from './cel-rules.ts';
import { validateListKeys } from './list-keys.ts';
import { matchesFormat } from './formats.ts';
import { compilePattern } from './pattern.ts';
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

function fitsType(value: unknown, type: string): boolean {
  const name = typeName(value);
  return name === type || (type === 'number' && name === 'integer');
}

/** Upstream's JSON equality of enum values and set members. */
function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((k) => Object.hasOwn(b, k) && sameJson((a as Fields)[k], (b as Fields)[k]))
  );
}

class ValueChecker {
  private readonly source: SchemaSource;
  constructor(source: SchemaSource) {
    this.source = source;
  }

  check(value: unknown, referrer: Schema, path: string, errors: FieldErrors): void {
    const schema = resolve(referrer, this.source);
    if (value === null && (schema.nullable || referrer.nullable)) return;
    if (!this.checkType(value, schema, path, errors)) return;
    this.checkEnum(value, schema, path, errors);
    if (typeof value === 'string') this.checkString(value, schema, path, errors);
    else if (typeof value === 'number' || typeof value === 'bigint') this.checkNumber(value, schema, path, errors);
    else if (Array.isArray(value)) this.checkList(value, schema, path, errors);
    else if (value !== null && typeof value === 'object') this.checkObject(value as Fields, schema, path, errors);
    this.checkComposition(value, schema, path, errors);
    if (referrer !== schema && referrer.allOf) this.checkComposition(value, referrer, path, errors);
  }

  private checkType(value: unknown, schema: Schema, path: string, errors: FieldErrors): boolean {
    if (isIntOrString(schema)) {
      const name = typeName(value);
      if (name === 'integer' || name === 'string') return true;
      errors.typeInvalid(path, name, `${path} in body must be of type integer,string: ${JSON.stringify(name)}`);
      return false;
    }
    const { type } = schema;
    if (type === undefined || fitsType(value, type)) return true;
    const name = typeName(value);
    errors.typeInvalid(path, name, `${path} in body must be of type ${type}: ${JSON.stringify(name)}`);
    return false;
  }

  private checkEnum(value: unknown, schema: Schema, path: string, errors: FieldErrors): void {
    if (!schema.enum || schema.enum.some((allowed) => sameJson(allowed, value))) return;
    errors.notSupported(
      path,
      value,
      schema.enum.map((v) => (typeof v === 'string' ? v : JSON.stringify(v))),
    );
  }

  private checkString(value: string, schema: Schema, path: string, errors: FieldErrors): void {
    // Upstream counts runes, not bytes.
    const length = schema.minLength === undefined && schema.maxLength === undefined ? 0 : [...value].length;
    if (schema.maxLength !== undefined && length > schema.maxLength) errors.tooLong(path, schema.maxLength);
    if (schema.minLength !== undefined && length < schema.minLength) {
      errors.invalid(path, value, `${path} in body should be at least ${schema.minLength} chars long`);
    }
    if (schema.pattern !== undefined && !compilePattern(schema.pattern)(value)) {
      errors.invalid(path, value, `${path} in body should match '${schema.pattern}'`);
    }
    if (schema.format !== undefined && !matchesFormat(value, schema.format)) {
      errors.typeInvalid(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`);
    }
  }

  private checkNumber(value: number | bigint, schema: Schema, path: string, errors: FieldErrors): void {
    const fail = (text: string): void => errors.invalid(path, value, `${path} in body should be ${text}`);
    const { minimum, maximum, multipleOf } = schema;
    if (maximum !== undefined) {
      if (schema.exclusiveMaximum ? value >= maximum : value > maximum) {
        fail(`less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
      }
    }
    if (minimum !== undefined) {
      if (schema.exclusiveMinimum ? value <= minimum : value < minimum) {
        fail(`greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
      }
    }
    if (multipleOf !== undefined && !isMultiple(Number(value), multipleOf)) fail(`a multiple of ${multipleOf}`);
    const limit = schema.format === 'int32' ? 2 ** 31 : 0;
    if (limit && schema.type === 'integer' && (value >= limit || value < -limit)) {
      errors.invalid(path, value, `Checked value must be of type integer with format int32 in ${path}`);
    }
  }

  private checkList(list: unknown[], schema: Schema, path: string, errors: FieldErrors): void {
    if (schema.maxItems !== undefined && list.length > schema.maxItems) {
      errors.tooMany(path, list.length, schema.maxItems);
    }
    if (schema.minItems !== undefined && list.length < schema.minItems) {
      errors.invalid(path, list.length, `${path} in body should have at least ${schema.minItems} items`);
    }
    if (schema.uniqueItems && hasDuplicates(list)) {
      errors.invalid(path, list, `${path} in body shouldn't contain duplicates`);
    }
    const { items } = schema;
    if (items) for (let i = 0; i < list.length; i++) this.check(list[i], items, `${path}[${i}]`, errors);
  }

  private checkObject(fields: Fields, schema: Schema, path: string, errors: FieldErrors): void {
    const names = Object.keys(fields);
    if (schema.minProperties !== undefined && names.length < schema.minProperties) {
      errors.invalid(path, fields, `${path} in body should have at least ${schema.minProperties} properties`);
    }
    if (schema.maxProperties !== undefined && names.length > schema.maxProperties) {
      errors.tooMany(path, names.length, schema.maxProperties);
    }
    const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
    for (const name of schema.required ?? []) {
      if (!Object.hasOwn(fields, name)) errors.required(at(name));
    }
    if (schema.embeddedResource) checkEmbedded(fields, at, errors);
    for (const name of names) {
      const inner = fieldSchema(schema, name);
      if (inner) this.check(fields[name], inner, at(name), errors);
      else if (!isOpen(schema) && schema.additionalProperties === false) {
        errors.invalid(path, '', `${at(name)} in body is a forbidden property`);
      }
    }
  }

  /** The number of alternatives that hold. */
  private matching(value: unknown, alternatives: Schema[], path: string): number {
    return alternatives.filter((schema) => this.holds(value, schema, path)).length;
  }

  private holds(value: unknown, schema: Schema, path: string): boolean {
    const inner = new Collector();
    this.check(value, schema, path, inner);
    return inner.empty;
  }

  private checkComposition(value: unknown, schema: Schema, path: string, errors: FieldErrors): void {
    const fail = (text: string): void => errors.invalid('<nil>', '', `${JSON.stringify(path)} ${text}`);
    if (schema.anyOf?.length && !isIntOrString(schema) && this.matching(value, schema.anyOf, path) === 0) {
      fail('must validate at least one schema (anyOf)');
    }
    if (schema.oneOf?.length) {
      const count = this.matching(value, schema.oneOf, path);
      const found = count === 0 ? 'Found none valid' : `Found ${count} valid alternatives`;
      if (count !== 1) fail(`must validate one and only one schema (oneOf). ${found}`);
    }
    for (const part of schema.allOf ?? []) this.check(value, part, path, errors);
    if (schema.not && this.holds(value, schema.not, path)) fail('must not validate the schema (not)');
  }
}

function checkEmbedded(fields: Fields, at: (name: string) => string, errors: FieldErrors): void {
  for (const name of ['apiVersion', 'kind']) {
    if (typeof fields[name] !== 'string' || fields[name] === '') errors.required(at(name), 'must not be empty');
  }
}

/** Decimal factors (0.01) have no exact double: upstream divides and looks at the quotient too. */
function isMultiple(value: number, factor: number): boolean {
  const quotient = value / factor;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9;
}

function hasDuplicates(list: unknown[]): boolean {
  return list.some((item, i) => list.slice(0, i).some((other) => sameJson(item, other)));
}

/**
 * Pushes every error of a custom resource's values. `old` is the stored object of an update, for transition rules.
 * apiVersion, kind and metadata are the server's to check; what the CRD says of metadata.name is checked here.
 */
export function validateValues(
  object: object,
  schema: Schema,
  source: SchemaSource,
  errors: FieldErrors,
  old?: object,
): void {
  const before = errors.list.length;
  const { metadata, ...properties } = schema.properties ?? {};
  const own: Schema = {
    ...schema,
    properties: { ...properties, metadata: { type: 'object', preserveUnknownFields: true } },
  };
  if (metadata?.allOf) own.properties!['metadata'] = { ...metadata.allOf[0]!, preserveUnknownFields: true };
  new ValueChecker(source).check(object, own, '', errors);
  validateListKeys(object, own, source, errors);
  if (errors.list.length === before) validateRules(object, old, schema, source, errors);
  else if (hasRules(schema, source)) {
    errors.invalid(
      '<nil>',
      null,
      'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    );
  }
}

function hasRules(referrer: Schema, source: SchemaSource): boolean {
  if (referrer.ref !== undefined) return false;
  const inner = [...Object.values(referrer.properties ?? {}), referrer.items, referrer.additionalProperties];
  if (referrer.validations?.length) return true;
  return inner.some((s) => typeof s === 'object' && hasRules(s, source));
}
