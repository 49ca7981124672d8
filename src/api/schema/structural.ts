// Whether a CustomResourceDefinition's openAPIV3Schema is structural and uses only what is supported, with upstream's
// words. Upstream: apiextensions-apiserver pkg/apiserver/schema/validation.go, pkg/apis/apiextensions/validation.
import { FieldErrors, invalid } from '../validation.ts';
import { builtinSchemas } from './builtin.ts';
import { compileExpression } from './cel.ts';
import { fromCrdSchema, type JsonSchemaProps } from './from-crd.ts';
import { patternProblem } from './pattern.ts';
import { pruneUnknown } from './prune.ts';
import type { Schema } from './schema.ts';
import { validateValues } from './values.ts';

type Level = 'root' | 'field' | 'item';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const UNSUPPORTED = ['$ref', 'definitions', 'dependencies', 'patternProperties', 'id', 'additionalItems', '$schema'];
/** What value rules (anyOf and the like) must leave to the structure around them. */
const STRUCTURE_ONLY = [
  'description',
  'default',
  'title',
  'nullable',
  'additionalProperties',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
];

const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== '' && value !== false;
/** What should be an object of schemas, or a list, may be anything: decoding does not look inside `items`. */
function record(value: unknown): Record<string, JsonSchemaProps> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, isProps(v) ? v : {}]));
}
const isProps = (value: unknown): value is JsonSchemaProps =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const listOf = <T>(value: unknown): T[] => (Array.isArray(value) ? (value as T[]) : []);

class StructuralChecker {
  private readonly errors: FieldErrors;
  constructor(errors: FieldErrors) {
    this.errors = errors;
  }

  check(props: JsonSchemaProps, path: string, level: Level): void {
    this.checkSupported(props, path);
    this.checkType(props, path, level);
    this.checkLists(props, path);
    this.checkRules(props, path);
    const { properties, additionalProperties, items } = props;
    for (const [name, inner] of Object.entries(record(properties))) {
      const at = `${path}.properties[${name}]`;
      if (level === 'root' && name === 'metadata') this.checkMetadata(inner, at);
      this.check(inner, at, 'field');
    }
    if (isProps(additionalProperties)) {
      this.check(additionalProperties, `${path}.additionalProperties`, 'field');
    }
    if (isProps(items)) this.check(items, `${path}.items`, 'item');
    this.checkJunctors(props, props, path);
  }

  private checkSupported(props: JsonSchemaProps, path: string): void {
    const { errors } = this;
    for (const name of UNSUPPORTED)
      if (isSet(props[name])) errors.forbidden(`${path}.${name}`, `${name} is not supported`);
    if (props['uniqueItems'] === true) {
      errors.forbidden(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      );
    }
    if (props.additionalProperties === false) {
      errors.forbidden(`${path}.additionalProperties`, 'additionalProperties cannot be set to false');
    }
    if (props.additionalProperties && Object.keys(record(props.properties)).length > 0) {
      errors.forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive');
    }
    if (Array.isArray(props.items)) {
      errors.forbidden(`${path}.items`, 'items must be a schema object and not an array');
    }
    if (props['x-kubernetes-preserve-unknown-fields'] === false) {
      errors.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined');
    }
    const problem = typeof props['pattern'] === 'string' ? patternProblem(props['pattern']) : undefined;
    if (problem !== undefined) {
      errors.invalid(`${path}.pattern`, props['pattern'], `must be a valid regular expression, but isn't: ${problem}`);
    }
  }

  private checkType(props: JsonSchemaProps, path: string, level: Level): void {
    const { errors } = this;
    const type = (props['type'] ?? '') as string;
    const at = `${path}.type`;
    if (type === 'null') errors.forbidden(at, 'type cannot be set to null, use nullable as an alternative');
    else if (type !== '' && !TYPES.includes(type)) errors.notSupported(at, type, TYPES);
    const embedded = props['x-kubernetes-embedded-resource'] === true;
    const open = props['x-kubernetes-preserve-unknown-fields'] === true;
    if (level === 'root' && type === '') errors.required(at, 'must not be empty at the root');
    else if (level === 'root' && type !== 'object') errors.invalid(at, type, 'must be object at the root');
    else if (props['x-kubernetes-int-or-string'] === true) {
      if (type !== '') errors.forbidden(at, 'must be empty if x-kubernetes-int-or-string is true');
    } else if (type === '' && embedded) errors.required(at, 'must be object if x-kubernetes-embedded-resource is true');
    else if (type === '' && !open && level !== 'root') {
      const what = level === 'item' ? 'array items' : 'object fields';
      errors.required(at, `must not be empty for specified ${what}`);
    }
    if (type !== '' && type !== 'object' && embedded) {
      errors.invalid(at, type, 'must be object if x-kubernetes-embedded-resource is true');
    }
    if (embedded && !open && Object.keys(record(props.properties)).length === 0) {
      errors.required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      );
    }
    if (type === 'array' && !props.items) errors.required(`${path}.items`, 'must be specified');
  }

  private checkLists(props: JsonSchemaProps, path: string): void {
    const { errors } = this;
    const listType = props['x-kubernetes-list-type'] as string | undefined;
    const mapType = props['x-kubernetes-map-type'] as string | undefined;
    const keys = listOf<string>(props['x-kubernetes-list-map-keys']);
    const at = `${path}.x-kubernetes-list-type`;
    if (listType !== undefined && !['atomic', 'map', 'set'].includes(listType)) {
      errors.notSupported(at, listType, ['atomic', 'map', 'set']);
    }
    if (listType !== undefined && props['type'] !== 'array') {
      errors.invalid(`${path}.type`, props['type'] ?? '', 'must be array if x-kubernetes-list-type is specified');
    }
    if (mapType !== undefined && !['atomic', 'granular'].includes(mapType)) {
      errors.notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']);
    }
    if (mapType !== undefined && props['type'] !== 'object') {
      errors.invalid(`${path}.type`, props['type'] ?? '', 'must be object if x-kubernetes-map-type is specified');
    }
    if (keys.length > 0 && listType !== 'map') {
      errors.invalid(at, listType ?? '', 'must be map if x-kubernetes-list-map-keys is non-empty');
    }
    if (listType === 'map') this.checkKeys(props, keys, path);
  }

  private checkKeys(props: JsonSchemaProps, keys: readonly string[], path: string): void {
    const { errors } = this;
    const at = `${path}.x-kubernetes-list-map-keys`;
    if (keys.length === 0) errors.required(at, 'must not be empty if x-kubernetes-list-type is map');
    const items = (Array.isArray(props.items) ? undefined : props.items) ?? {};
    const properties = record(items.properties);
    const required = listOf<string>(items['required']);
    keys.forEach((key, i) => {
      const property = properties[key];
      if (keys.indexOf(key) !== i) errors.duplicate(`${at}[${i}]`, key);
      if (!property) errors.invalid(at, keys, 'entries must all be names of item properties');
      else if (property['type'] === 'array' || property['type'] === 'object') {
        errors.invalid(
          `${path}.items.properties[${key}].type`,
          property['type'],
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        );
      } else if (property['default'] === undefined && !required.includes(key)) {
        errors.required(
          `${path}.items.properties[${key}].default`,
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        );
      }
    });
  }

  private checkRules(props: JsonSchemaProps, path: string): void {
    const rules = listOf<{ rule?: string }>(props['x-kubernetes-validations']);
    rules.forEach(({ rule }, i) => {
      const at = `${path}.x-kubernetes-validations[${i}].rule`;
      if (!rule?.trim()) {
        this.errors.required(at, 'rule is not specified');
        return;
      }
      try {
        compileExpression(rule);
      } catch (error) {
        this.errors.invalid(at, rule, `compilation failed: ${(error as Error).message.split('\n')[0]}`);
      }
    });
  }

  private checkMetadata(props: JsonSchemaProps, path: string): void {
    const { type: _type, properties, ...rest } = props;
    const names = Object.keys(record(properties)).filter((name) => name !== 'name' && name !== 'generateName');
    if (names.length > 0 || Object.keys(rest).some((key) => key !== 'description' && isSet(rest[key]))) {
      this.errors.forbidden(
        path,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      );
    }
  }

  /** Value rules may speak of fields only that the structure has. */
  private checkJunctors(rules: JsonSchemaProps, structure: JsonSchemaProps, path: string): void {
    for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const) {
      const list = listOf<JsonSchemaProps>(rules[junctor]).filter(isProps);
      list.forEach((inner, i) => this.checkValueRules(inner, structure, `${path}.${junctor}[${i}]`));
    }
    if (isProps(rules['not'])) this.checkValueRules(rules['not'], structure, `${path}.not`);
  }

  private checkValueRules(rules: JsonSchemaProps, structure: JsonSchemaProps, path: string): void {
    for (const name of STRUCTURE_ONLY) {
      if (isSet(rules[name])) this.errors.forbidden(`${path}.${name}`, 'must be empty to be structural');
    }
    const intOrString = structure['x-kubernetes-int-or-string'] === true;
    if (isSet(rules['type']) && !intOrString) this.errors.forbidden(`${path}.type`, 'must be empty to be structural');
    for (const [name, inner] of Object.entries(record(rules.properties))) {
      const known = record(structure.properties)[name];
      const at = `${path}.properties[${name}]`;
      if (known) this.checkValueRules(inner, known, at);
      else if (structure['x-kubernetes-preserve-unknown-fields'] !== true && !structure.additionalProperties) {
        this.errors.required(at.replace(/\.(allOf|anyOf|oneOf)\[\d+\]|\.not/, ''), `because it is defined in ${at}`);
      }
    }
    const items = Array.isArray(structure.items) ? undefined : structure.items;
    if (isProps(rules.items)) this.checkValueRules(rules.items, items ?? {}, `${path}.items`);
    this.checkJunctors(rules, structure, path);
  }
}

/** Defaults must be what the schema allows, and nothing that would be pruned. */
function checkDefaults(schema: Schema, path: string, errors: FieldErrors): void {
  if (schema.default !== undefined && schema.default !== null) {
    const holder = { value: structuredClone(schema.default) };
    const wrapped: Schema = { type: 'object', properties: { value: schema } };
    const found = new FieldErrors();
    for (const unknown of pruneUnknown(holder, wrapped, builtinSchemas)) {
      found.invalid(unknown, '', 'must not have unknown fields');
    }
    validateValues(holder, wrapped, builtinSchemas, found);
    for (const error of found.list)
      errors.list.push({ ...error, field: error.field.replace(/^value/, `${path}.default`) });
  }
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    if (inner.ref === undefined) checkDefaults(inner, `${path}.properties[${name}]`, errors);
  }
  if (schema.items) checkDefaults(schema.items, `${path}.items`, errors);
  if (typeof schema.additionalProperties === 'object') {
    checkDefaults(schema.additionalProperties, `${path}.additionalProperties`, errors);
  }
}

/** Pushes every error of a CRD version's schema; `path` is where it stands (`spec.versions[0].schema.openAPIV3Schema`). */
export function validateCrdSchema(openAPIV3Schema: object, path: string, errors: FieldErrors): void {
  const before = errors.list.length;
  new StructuralChecker(errors).check(openAPIV3Schema as JsonSchemaProps, path, 'root');
  if (errors.list.length === before) checkDefaults(fromCrdSchema(openAPIV3Schema), path, errors);
}

interface CrdLike {
  metadata?: { name?: string };
  spec?: { preserveUnknownFields?: boolean; versions?: { schema?: { openAPIV3Schema?: object } }[] };
}

/** Throws Invalid when a version's schema is not structural. */
export function checkCrdSchemas(crd: CrdLike): void {
  const errors = new FieldErrors();
  crd.spec?.versions?.forEach(({ schema }, i) => {
    const props = schema?.openAPIV3Schema;
    if (props) validateCrdSchema(props, `spec.versions[${i}].schema.openAPIV3Schema`, errors);
  });
  if (errors.empty) return;
  throw invalid({ group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' }, crd.metadata?.name ?? '', errors);
}
