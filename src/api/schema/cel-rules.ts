// Runs a custom resource's x-kubernetes-validations rules, transition rules with oldSelf included.
// Upstream: apiextensions-apiserver pkg/apiserver/schema/cel/validation.go.
import type { FieldErrors } from '../validation.ts';
import { BudgetExceeded, compileExpression, toCel, type Expression } from './cel.ts';
import { resolve } from './resolve.ts';
import type { Schema, SchemaSource } from './schema.ts';

type Fields = Record<string, unknown>;
type Rule = NonNullable<Schema['validations']>[number];
type Compiled = { expression: Expression } | { problem: string };

const compiled = new WeakMap<Rule, Compiled>();

function compile(rule: Rule): Compiled {
  let found = compiled.get(rule);
  if (!found) {
    try {
      found = { expression: compileExpression(rule.rule) };
    } catch (error) {
      found = { problem: firstLine(error) };
    }
    compiled.set(rule, found);
  }
  return found;
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

class RuleRunner {
  private readonly source: SchemaSource;
  private readonly errors: FieldErrors;
  private exhausted = false;
  constructor(source: SchemaSource, errors: FieldErrors) {
    this.source = source;
    this.errors = errors;
  }

  walk(value: unknown, old: unknown, referrer: Schema, path: string): void {
    if (this.exhausted || value === null || value === undefined) return;
    const schema = resolve(referrer, this.source);
    if (schema.validations?.length) this.runAll(schema.validations, value, old, schema, path);
    if (Array.isArray(value)) this.walkList(value, old, schema, path);
    else if (typeof value === 'object') this.walkFields(value as Fields, old, schema, path);
  }

  private walkList(list: unknown[], old: unknown, schema: Schema, path: string): void {
    const { items } = schema;
    if (!items) return;
    // Only items with keys can be found again in the old list.
    const oldByKey =
      schema.listType === 'map' && Array.isArray(old) ? indexByKeys(old, schema.listMapKeys ?? []) : undefined;
    list.forEach((item, i) => {
      const before = oldByKey?.get(keyOf(item, schema.listMapKeys ?? []));
      this.walk(item, before, items, `${path}[${i}]`);
    });
  }

  private walkFields(fields: Fields, old: unknown, schema: Schema, path: string): void {
    const before = (old !== null && typeof old === 'object' ? old : {}) as Fields;
    const canFind = schema.mapType !== 'atomic';
    for (const [name, member] of Object.entries(fields)) {
      const named = schema.properties !== undefined && Object.hasOwn(schema.properties, name);
      const inner = named ? schema.properties![name]! : schema.additionalProperties;
      // Kubernetes' own types have no rules.
      if (typeof inner !== 'object' || inner.ref !== undefined) continue;
      const at = named ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`;
      this.walk(member, canFind ? before[name] : undefined, inner, at);
    }
  }

  private runAll(rules: Rule[], value: unknown, old: unknown, schema: Schema, path: string): void {
    const count = { size: 0 };
    const self = toCel(value, schema, this.source, count);
    const oldSelf = old === undefined || old === null ? undefined : toCel(old, schema, this.source, count);
    for (const rule of rules) {
      if (this.exhausted) return;
      this.run(rule, { self, oldSelf }, count.size, schema, path);
    }
  }

  private run(
    rule: Rule,
    values: { self: unknown; oldSelf: unknown },
    size: number,
    schema: Schema,
    path: string,
  ): void {
    const fail = (text: string): void => this.fail(rule, schema, path, text);
    const found = compile(rule);
    if ('problem' in found) {
      fail(`rule compile error: compilation failed: ${found.problem}`);
      return;
    }
    // A transition rule says nothing of what was not there before.
    if (found.expression.usesOldSelf && values.oldSelf === undefined) return;
    try {
      if (found.expression.evaluate(values, size) !== true) fail(this.message(rule, values, size));
    } catch (error) {
      if (error instanceof BudgetExceeded) {
        this.exhausted = true;
        fail('validation failed due to running out of cost budget, no further validation rules will be run');
      } else fail(`rule evaluation error: ${firstLine(error)}`);
    }
  }

  private message(rule: Rule, values: { self: unknown; oldSelf: unknown }, size: number): string {
    if (rule.messageExpression) {
      try {
        const text = compileExpression(rule.messageExpression).evaluate(values, size);
        if (typeof text === 'string' && text.trim() !== '' && !text.includes('\n')) return text;
      } catch {
        // Upstream falls back to the plain message when the expression fails.
      }
    }
    return rule.message?.trim() || `failed rule: ${rule.rule.trim()}`;
  }

  private fail(rule: Rule, schema: Schema, path: string, text: string): void {
    const at = `${path}${rule.fieldPath ?? ''}`.replace(/^\./, '') || '<nil>';
    const type = schema.type ?? 'object';
    switch (rule.reason) {
      case 'FieldValueForbidden':
        this.errors.forbidden(at, text);
        break;
      case 'FieldValueRequired':
        this.errors.required(at, text);
        break;
      case 'FieldValueDuplicate':
        this.errors.duplicate(at, type);
        break;
      default:
        this.errors.invalid(at, type, text);
    }
  }
}

function keyOf(item: unknown, keys: string[]): string {
  const fields = (item !== null && typeof item === 'object' ? item : {}) as Fields;
  return JSON.stringify(keys.map((k) => String(fields[k])));
}

function indexByKeys(list: unknown[], keys: string[]): Map<string, unknown> {
  return new Map(list.map((item) => [keyOf(item, keys), item]));
}

/** Pushes an error for each rule that does not hold. `old` is absent on create. */
export function validateRules(
  object: object,
  old: object | undefined,
  schema: Schema,
  source: SchemaSource,
  errors: FieldErrors,
): void {
  new RuleRunner(source, errors).walk(object, old, schema, '');
}
