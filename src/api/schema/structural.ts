// Whether a CustomResourceDefinition's schema is structural: every field has one type, said outside of the rules on
// values. Upstream: apiextensions-apiserver pkg/apiserver/schema/{validation,complete}.go.
import { deepEqual } from '../patch/equal.ts';
import { FieldErrors } from '../validation.ts';
import { type JsonSchemaProps, isProps, isSet, itemsOf, propsOf, schemasOf, textOf } from './json-schema.ts';
import { patternProblem } from './pattern.ts';

type Level = 'root' | 'item' | 'field';

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];
const EMPTY_TYPE: Record<Level, string> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};
/** What rules on values must leave to the structure around them, and how upstream says so. */
const STRUCTURE_ONLY: readonly (readonly [name: string, wanted: string])[] = [
  ['type', 'empty'],
  ['additionalProperties', 'undefined'],
  ['default', 'undefined'],
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
];

const isTrue = (schema: JsonSchemaProps, name: string): boolean => schema[`x-kubernetes-${name}`] === true;

class Invariants {
  private readonly errors: FieldErrors;
  constructor(errors: FieldErrors) {
    this.errors = errors;
  }

  check(schema: JsonSchemaProps, level: Level, path: string): void {
    const { errors } = this;
    if (schema['type'] === 'array' && !schema.items) errors.required(`${path}.items`, 'must be specified');
    const items = itemsOf(schema);
    if (items) this.check(items, 'item', `${path}.items`);
    for (const [name, property] of propsOf(schema.properties)) {
      this.check(property, 'field', `${path}.properties[${name}]`);
    }
    const { additionalProperties } = schema;
    if (additionalProperties !== undefined) {
      if (level === 'root') errors.forbidden(`${path}.additionalProperties`, 'must not be used at the root');
      if (isProps(additionalProperties)) this.check(additionalProperties, 'field', `${path}.additionalProperties`);
    }
    this.checkExtensions(schema, path);
    const first = schemasOf(schema['allOf'])[0];
    this.checkRules(
      schema,
      deepEqual(schema['anyOf'], INT_OR_STRING),
      deepEqual(first?.['anyOf'], INT_OR_STRING),
      path,
    );
    this.checkType(schema, level, path);
    this.checkEmbedded(schema, level, path);
  }

  private checkExtensions(schema: JsonSchemaProps, path: string): void {
    if (!isTrue(schema, 'int-or-string')) return;
    for (const name of ['preserve-unknown-fields', 'embedded-resource']) {
      const why = 'must be false if x-kubernetes-int-or-string is true';
      if (isTrue(schema, name)) this.errors.invalid(`${path}.x-kubernetes-${name}`, true, why);
    }
  }

  private checkType(schema: JsonSchemaProps, level: Level, path: string): void {
    const { errors } = this;
    const at = `${path}.type`;
    const type = textOf(schema['type']);
    const embedded = isTrue(schema, 'embedded-resource');
    if (embedded && type !== 'object') {
      const why = 'must be object if x-kubernetes-embedded-resource is true';
      if (type === '') errors.required(at, why);
      else errors.invalid(at, type, why);
    } else if (type === '' && !isTrue(schema, 'int-or-string') && !isTrue(schema, 'preserve-unknown-fields')) {
      errors.required(at, EMPTY_TYPE[level]);
    }
    if (embedded && schema.additionalProperties !== undefined) {
      errors.forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set');
    }
    if (level === 'root' && type !== '' && type !== 'object') errors.invalid(at, type, 'must be object at the root');
  }

  private checkEmbedded(schema: JsonSchemaProps, level: Level, path: string): void {
    const { errors } = this;
    const properties = new Map(propsOf(schema.properties));
    const embedded = isTrue(schema, 'embedded-resource');
    const isResource = level === 'root' || embedded;
    for (const name of isResource ? ['kind', 'apiVersion'] : []) {
      const property = properties.get(name);
      if (!property || property['type'] === 'string') continue;
      errors.invalid(`${path}.properties[${name}].type`, textOf(property['type']), 'must be string');
    }
    const metadata = properties.get('metadata');
    if (metadata) this.checkMetadata(metadata, isResource, level, `${path}.properties[metadata]`);
    if (embedded && !isTrue(schema, 'preserve-unknown-fields') && properties.size === 0) {
      const why =
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
      errors.required(`${path}.properties`, why);
    }
  }

  private checkMetadata(metadata: JsonSchemaProps, isResource: boolean, level: Level, path: string): void {
    if (isResource && metadata['type'] !== 'object') {
      this.errors.invalid(`${path}.type`, textOf(metadata['type']), 'must be object');
    }
    if (level !== 'root') return;
    const { type: _type, default: _default, properties, ...rest } = metadata;
    const others = propsOf(properties).filter(([name]) => name !== 'name' && name !== 'generateName');
    if (others.length === 0 && !Object.values(rest).some(isSet)) return;
    const why = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
    this.errors.forbidden(path, why);
  }

  private checkRules(schema: JsonSchemaProps, skipAnyOf: boolean, skipFirst: boolean, path: string): void {
    if (!skipAnyOf) schemasOf(schema['anyOf']).forEach((s, i) => this.checkNested(s, false, `${path}.anyOf[${i}]`));
    schemasOf(schema['allOf']).forEach((s, i) => this.checkNested(s, skipFirst && i === 0, `${path}.allOf[${i}]`));
    schemasOf(schema['oneOf']).forEach((s, i) => this.checkNested(s, false, `${path}.oneOf[${i}]`));
    if (isProps(schema['not'])) this.checkNested(schema['not'], false, `${path}.not`);
    const pattern = textOf(schema['pattern']);
    const problem = pattern === '' ? undefined : patternProblem(pattern);
    if (problem === undefined) return;
    this.errors.invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${problem}`);
  }

  private checkNested(schema: JsonSchemaProps, skipAnyOf: boolean, path: string): void {
    const { errors } = this;
    this.checkRules(schema, skipAnyOf, false, path);
    const items = itemsOf(schema);
    if (items) this.checkNested(items, false, `${path}.items`);
    for (const [name, property] of propsOf(schema.properties)) {
      this.checkNested(property, false, `${path}.properties[${name}]`);
      if (name === 'metadata') {
        errors.forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context');
      }
    }
    for (const [name, wanted] of STRUCTURE_ONLY) {
      if (!isSet(schema[name])) continue;
      errors.forbidden(`${path}.${name}`, `must be ${wanted} to be structural`);
    }
  }
}

/** Rules may speak only of fields and items that the structure has. */
class Completeness {
  private readonly errors: FieldErrors;
  constructor(errors: FieldErrors) {
    this.errors = errors;
  }

  check(rules: JsonSchemaProps, structure: JsonSchemaProps, at: string, path: string): void {
    if (isProps(rules['not'])) this.nested(rules['not'], structure, at, `${path}.not`);
    for (const junctor of ['allOf', 'anyOf', 'oneOf']) {
      schemasOf(rules[junctor]).forEach((s, i) => this.nested(s, structure, at, `${path}.${junctor}[${i}]`));
    }
  }

  private nested(rules: JsonSchemaProps, structure: JsonSchemaProps | undefined, at: string, path: string): void {
    if (!structure) return this.errors.required(at, `because it is defined in ${path}`);
    this.check(rules, structure, at, path);
    const items = itemsOf(rules);
    if (items) this.nested(items, itemsOf(structure), `${at}.items`, `${path}.items`);
    const known = new Map(propsOf(structure.properties));
    for (const [name, property] of propsOf(rules.properties)) {
      this.nested(property, known.get(name), `${at}.properties[${name}]`, `${path}.properties[${name}]`);
    }
  }
}

/** Pushes what is not structural, sorted as upstream sorts it. */
export function validateStructural(schema: JsonSchemaProps, path: string, errors: FieldErrors): void {
  const found = new FieldErrors();
  new Invariants(found).check(schema, 'root', path);
  new Completeness(found).check(schema, schema, path, path);
  const text = ({ field, body }: { field: string; body: string }): string => `${field}: ${body}`;
  errors.list.push(...found.list.sort((a, b) => (text(a) < text(b) ? -1 : 1)));
}

export function isStructural(schema: JsonSchemaProps): boolean {
  const errors = new FieldErrors();
  validateStructural(schema, '', errors);
  return errors.empty;
}
