// The schema of a CustomResourceDefinition's version: what is supported, that it is structural, that its defaults are
// good and its rules compile and are not too expensive.
// Upstream: apiextensions-apiserver pkg/apis/apiextensions/validation/{validation,cel_validation}.go.
import type { FieldErrors } from '../validation.ts';
import { checkDefaults } from './crd-defaults.ts';
import { RuleCosts, checkRuleTexts } from './crd-rules.ts';
import { fromCrdSchema } from './from-crd.ts';
import { type JsonSchemaProps, isProps, isSet, itemsOf, listOf, propsOf, schemasOf, textOf } from './json-schema.ts';
import type { Schema } from './schema.ts';
import { validateStructural } from './structural.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const UNSUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'];
const META_FIELDS = new Set(['metadata', 'kind', 'apiVersion']);
/** With a status subresource, rules at the root would be lost for it. Upstream prints Go's names. */
const ALLOWED_AT_ROOT =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations';
const GO_NAMES: Record<string, string> = {
  'x-kubernetes-preserve-unknown-fields': 'XPreserveUnknownFields',
  'x-kubernetes-validations': 'XValidations',
};
const goName = (name: string): string => GO_NAMES[name] ?? name.charAt(0).toUpperCase() + name.slice(1);

export interface SchemaOptions {
  /** Some version has a status subresource. */
  statusEnabled?: boolean;
  /** The schema was there before: an expression that is too expensive by today's count stays. */
  unchanged?: boolean;
}

/** Where the walk is: what holds for all that is below. */
interface Scope {
  path: string;
  /** The schema as the server works with it; undefined inside of rules on values, where there is no CEL. */
  schema: Schema | undefined;
  isRoot: boolean;
  insideMeta: boolean;
  noDefaults: string | undefined;
  /** The outermost place below which old and new values cannot be told to be the same. */
  uncorrelatable: string | undefined;
  /** How often the place may be there; undefined when there is no bound. */
  cardinality: number | undefined;
}

class SchemaChecker {
  private readonly errors: FieldErrors;
  private readonly rules: RuleCosts | undefined;
  constructor(errors: FieldErrors, rules: RuleCosts | undefined) {
    this.errors = errors;
    this.rules = rules;
  }

  check(props: JsonSchemaProps, scope: Scope): void {
    const before = this.errors.list.length;
    const { path } = scope;
    this.checkSupported(props, scope);
    this.checkChildren(props, scope);
    this.checkMapType(props, path);
    this.checkListType(props, path);
    checkRuleTexts(props, scope.schema, path, this.errors);
    // What is wrong with the schema comes first; CEL would only say it again in other words.
    const sound = this.errors.list.length === before;
    if (sound && scope.schema && this.rules) {
      const isResource = scope.isRoot || scope.schema.embeddedResource === true;
      this.rules.check(scope.schema, isResource, path, scope.cardinality, scope.uncorrelatable);
    }
  }

  private checkSupported(props: JsonSchemaProps, { path, noDefaults, insideMeta }: Scope): void {
    const { errors } = this;
    const type = textOf(props['type']);
    if (type !== '' && !TYPES.includes(type)) errors.notSupported(`${path}.type`, type, TYPES);
    if (props['default'] !== undefined && props['default'] !== null && noDefaults !== undefined) {
      errors.forbidden(`${path}.default`, `must not be set ${noDefaults}`);
    }
    for (const name of UNSUPPORTED) {
      if (isSet(props[name])) errors.forbidden(`${path}.${name}`, `${name} is not supported`);
    }
    if (type === 'null') errors.forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative');
    if (Array.isArray(props.items) && props.items.length > 0) {
      errors.forbidden(`${path}.items`, 'items must be a schema object and not an array');
    }
    if (insideMeta && props['x-kubernetes-embedded-resource'] === true) {
      errors.forbidden(`${path}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta');
    }
    if (props['uniqueItems'] === true) {
      const why = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
      errors.forbidden(`${path}.uniqueItems`, why);
    }
    if (props['x-kubernetes-preserve-unknown-fields'] === false) {
      errors.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined');
    }
  }

  private checkChildren(props: JsonSchemaProps, scope: Scope): void {
    const { additionalProperties } = props;
    if (additionalProperties !== undefined) {
      if (propsOf(props.properties).length > 0 && additionalProperties !== true) {
        const why = 'additionalProperties and properties are mutual exclusive';
        this.errors.forbidden(`${scope.path}.additionalProperties`, why);
      }
      if (isProps(additionalProperties)) {
        const reason = 'inside additionalProperties applying to object metadata';
        const child = this.child(props, scope, 'additionalProperties', inner(scope.schema?.additionalProperties));
        this.check(additionalProperties, { ...child, ...(scope.insideMeta ? { noDefaults: reason } : {}) });
      }
    }
    for (const [name, property] of propsOf(props.properties)) this.checkProperty(props, name, property, scope);
    const rules = { ...scope, schema: undefined, isRoot: false };
    if (isProps(props['not'])) this.check(props['not'], { ...rules, path: `${scope.path}.not` });
    for (const junctor of ['allOf', 'oneOf', 'anyOf']) {
      schemasOf(props[junctor]).forEach((s, i) => this.check(s, { ...rules, path: `${scope.path}.${junctor}[${i}]` }));
    }
    const items = itemsOf(props);
    if (!items) return;
    const child = this.child(props, scope, 'items', scope.schema?.items);
    // Only items with keys can be found again in the old list.
    const lost =
      props['x-kubernetes-list-type'] !== 'map' ? (scope.uncorrelatable ?? scope.path) : scope.uncorrelatable;
    this.check(items, { ...child, uncorrelatable: lost });
  }

  private checkProperty(props: JsonSchemaProps, name: string, property: JsonSchemaProps, scope: Scope): void {
    const child = this.child(props, scope, `properties[${name}]`, scope.schema?.properties?.[name]);
    const isMeta = META_FIELDS.has(name) && (scope.isRoot || props['x-kubernetes-embedded-resource'] === true);
    this.check(property, {
      ...child,
      insideMeta: scope.insideMeta || isMeta,
      ...(isMeta && scope.isRoot ? { noDefaults: `in top-level ${name}` } : {}),
    });
  }

  private child(props: JsonSchemaProps, scope: Scope, name: string, schema: Schema | undefined): Scope {
    const cardinality = scope.cardinality === undefined ? undefined : multiplied(scope.cardinality, membersOf(props));
    // Kubernetes' own types have no rules.
    const own = schema?.ref === undefined ? schema : undefined;
    return { ...scope, path: `${scope.path}.${name}`, schema: own, isRoot: false, cardinality };
  }

  private checkMapType(props: JsonSchemaProps, path: string): void {
    const mapType = props['x-kubernetes-map-type'];
    if (mapType === undefined) return;
    this.wantType(props, 'object', 'x-kubernetes-map-type', path);
    if (mapType !== 'atomic' && mapType !== 'granular') {
      this.errors.notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']);
    }
  }

  private wantType(props: JsonSchemaProps, wanted: string, because: string, path: string): boolean {
    const type = textOf(props['type']);
    if (type === wanted) return true;
    const why = `must be ${wanted} if ${because} is specified`;
    if (type === '') this.errors.required(`${path}.type`, why);
    else this.errors.invalid(`${path}.type`, type, why);
    return false;
  }

  private checkListType(props: JsonSchemaProps, path: string): void {
    const { errors } = this;
    const listType = props['x-kubernetes-list-type'];
    const at = `${path}.x-kubernetes-list-type`;
    const keys = listOf<string>(props['x-kubernetes-list-map-keys']);
    const items = itemsOf(props);
    if (listType !== undefined) {
      const isList = this.wantType(props, 'array', 'x-kubernetes-list-type', path);
      if (isList && listType === 'set' && items) this.checkSetItems(items, path);
      if (!['atomic', 'set', 'map'].includes(listType as string)) {
        errors.notSupported(at, listType, ['atomic', 'set', 'map']);
      }
    }
    if (keys.length > 0 && listType !== 'map') {
      const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
      if (listType === undefined) errors.required(at, why);
      else errors.invalid(at, listType, why);
    }
    if (listType === 'map') this.checkKeys(props, items, keys, path);
    if ((listType === 'set' || listType === 'map') && items) this.checkNullable(items, listType, keys, path);
  }

  private checkSetItems(items: JsonSchemaProps, path: string): void {
    const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    const inner = items['x-kubernetes-list-type'] as string | undefined;
    if (items['type'] === 'array' && inner !== undefined && inner !== 'atomic') {
      this.errors.invalid(`${path}.items.x-kubernetes-list-type`, inner, why);
    }
    if (items['type'] === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
      this.errors.invalid(`${path}.items.x-kubernetes-map-type`, null, why);
    }
  }

  private checkKeys(props: JsonSchemaProps, items: JsonSchemaProps | undefined, keys: string[], path: string): void {
    const { errors } = this;
    const at = `${path}.x-kubernetes-list-map-keys`;
    if (keys.length === 0) errors.required(at, 'must not be empty if x-kubernetes-list-type is map');
    if (!props.items) errors.required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map');
    if (!items) return;
    if (items['type'] !== 'object') {
      const why = "must be object if parent array's x-kubernetes-list-type is map";
      errors.invalid(`${path}.items.type`, textOf(items['type']), why);
      return;
    }
    const properties = new Map(propsOf(items.properties));
    keys.forEach((key, i) => {
      const property = properties.get(key);
      if (!property) errors.invalid(at, keys, 'entries must all be names of item properties');
      else if (property['type'] === 'array' || property['type'] === 'object') {
        const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
        errors.invalid(`${path}.items.properties[${key}].type`, items['type'], why);
      }
      if (keys.indexOf(key) !== i) errors.invalid(at, keys, 'must not contain duplicate entries');
    });
  }

  private checkNullable(items: JsonSchemaProps, listType: string, keys: string[], path: string): void {
    const { errors } = this;
    if (items['nullable'] === true) {
      errors.forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`);
    }
    if (listType !== 'map') return;
    const required = listOf<string>(items['required']);
    const properties = new Map(propsOf(items.properties));
    for (const key of keys) {
      const property = properties.get(key);
      if (!property) continue;
      const at = `${path}.items.properties[${key}]`;
      const because = 'this property is in x-kubernetes-list-map-keys, so it';
      if (!required.includes(key) && (property['default'] === undefined || property['default'] === null)) {
        errors.required(`${at}.default`, `${because} must have a default or be a required property`);
      }
      if (property['nullable'] === true) errors.forbidden(`${at}.nullable`, `${because} cannot be nullable`);
    }
  }
}

const inner = (schema: Schema | boolean | undefined): Schema | undefined =>
  typeof schema === 'object' ? schema : undefined;

/** By how much a schema multiplies what is in it. Upstream: extractMaxElements. */
function membersOf(props: JsonSchemaProps): number | undefined {
  const bound = (value: unknown): number | undefined => (typeof value === 'number' ? Math.max(0, value) : undefined);
  if (props['type'] === 'array') return bound(props['maxItems']);
  if (props['type'] !== 'object' || props.additionalProperties === undefined) return 1;
  return bound(props['maxProperties']);
}

const multiplied = (a: number, b: number | undefined): number | undefined => (b === undefined ? undefined : a * b);

function checkRoot(props: JsonSchemaProps, path: string, statusEnabled: boolean, errors: FieldErrors): void {
  if (statusEnabled) {
    const allowed = ALLOWED_AT_ROOT.split(' ');
    const bad = Object.keys(props).find((name) => isSet(props[name]) && !allowed.includes(goName(name)));
    if (isSet(props['type']) && props['type'] !== 'object') {
      const why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
      errors.invalid(`${path}.type`, props['type'], why);
    } else if (bad !== undefined) {
      const why = `only [${allowed.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`;
      errors.invalid(path, props, why);
    }
  }
  if (props['nullable'] === true) errors.forbidden(`${path}.nullable`, 'nullable cannot be true at the root');
}

/** Pushes every error of a version's schema; `path` is where it stands (`spec.validation.openAPIV3Schema`). */
export function validateCrdSchema(
  openAPIV3Schema: object,
  path: string,
  errors: FieldErrors,
  { statusEnabled = false, unchanged = false }: SchemaOptions = {},
): void {
  const props = openAPIV3Schema as JsonSchemaProps;
  checkRoot(props, path, statusEnabled, errors);
  const before = errors.list.length;
  validateStructural(props, path, errors);
  const schema = fromCrdSchema(props);
  if (errors.list.length === before) checkDefaults(schema, path, errors);
  const costs = errors.list.length === before ? new RuleCosts(errors, unchanged) : undefined;
  new SchemaChecker(errors, costs).check(props, {
    path,
    schema,
    isRoot: true,
    insideMeta: false,
    noDefaults: undefined,
    uncorrelatable: undefined,
    cardinality: 1,
  });
  costs?.checkTotal(path);
}
