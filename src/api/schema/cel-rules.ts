// Runs a custom resource's x-kubernetes-validations rules, transition rules with oldSelf included, within a budget.
// Upstream: apiextensions-apiserver pkg/apiserver/schema/cel/validation.go.
import { CostLimitExceeded } from '../cel/program.ts';
import { CelError, Optional } from '../cel/values.ts';
import { deepEqual } from '../patch/equal.ts';
import type { FieldErrors } from '../validation.ts';
import { type CompiledRule, type Rule, compiledRules } from './cel-compile.ts';
import { rootSchema } from './cel-types.ts';
import { itemKey, toCel } from './cel-values.ts';
import type { Schema } from './schema.ts';

type Fields = Record<string, unknown>;

/** For one evaluation, and for all of an object's. Upstream: apiserver pkg/apis/cel/config.go. */
const PER_CALL_LIMIT = 1_000_000;
const OBJECT_BUDGET = 10_000_000;
const MESSAGE_LIMIT = 5 * 1024;
const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** What was there before an update, as far as it can be found again. */
interface Before {
  /** The value in the old object; undefined when there is none, or none that can be told to be the same. */
  value: unknown;
  /** True when an old value can be told: then errors of what did not change are let pass. */
  correlated: boolean;
  /** The nearest parent that could be found, old and new. */
  parent?: readonly [now: unknown, before: unknown];
}

const TYPE_META = new Set(['apiVersion', 'kind']);

/** The rest of the rules is not run. */
class Exhausted extends Error {}

class RuleRunner {
  private readonly errors: FieldErrors;
  private budget = OBJECT_BUDGET;
  constructor(errors: FieldErrors) {
    this.errors = errors;
  }

  walk(value: unknown, before: Before, schema: Schema, path: string, isRoot: boolean): void {
    if (value === null || value === undefined || !hasRules(schema)) return;
    if (schema.validations?.length) this.runAll(value, before, schema, path, isRoot);
    if (Array.isArray(value)) this.walkList(value, before, schema, path);
    else if (typeof value === 'object') this.walkFields(value as Fields, before, schema, path);
  }

  private walkList(list: unknown[], before: Before, schema: Schema, path: string): void {
    const { items, listMapKeys = [] } = schema;
    if (!items || !hasRules(items)) return;
    // Only items with keys can be found again in the old list.
    const old = schema.listType === 'map' && Array.isArray(before.value) ? before.value : [];
    const byKey = new Map(old.map((item) => [itemKey(item, listMapKeys), item as unknown]));
    list.forEach((item, i) => {
      const found = byKey.get(itemKey(item, listMapKeys));
      this.walk(item, inside(before, list, found), items, `${path}[${i}]`, items.embeddedResource === true);
    });
  }

  private walkFields(fields: Fields, before: Before, schema: Schema, path: string): void {
    const old = (before.value !== null && typeof before.value === 'object' ? before.value : {}) as Fields;
    const canFind = schema.mapType === undefined || schema.mapType === 'granular' || schema.mapType === 'atomic';
    for (const [name, member] of Object.entries(fields)) {
      const named = schema.properties !== undefined && Object.hasOwn(schema.properties, name);
      const inner = named ? schema.properties![name]! : schema.additionalProperties;
      // Kubernetes' own types have no rules.
      if (typeof inner !== 'object' || inner.ref !== undefined) continue;
      const at = named ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`;
      const found = canFind && Object.hasOwn(old, name) ? old[name] : undefined;
      // What an object is, is no matter of what it was.
      const past =
        before.parent === undefined && TYPE_META.has(name)
          ? { value: found, correlated: false }
          : inside(before, fields, found);
      this.walk(member, past, inner, at, inner.embeddedResource === true);
    }
  }

  private runAll(value: unknown, before: Before, schema: Schema, path: string, isRoot: boolean): void {
    const rules = compiledRules(schema, isRoot);
    const type = schema.type ?? '';
    if (this.budget <= 0) this.stop(path, type, OUT_OF_BUDGET);
    const visible = isRoot ? rootSchema(schema) : schema;
    const self = toCel(value, visible);
    const hasOld = before.value !== undefined && before.value !== null;
    const needsOld = hasOld && rules.some((rule) => rule.usesOldSelf || rule.message?.references.has('oldSelf'));
    const oldSelf = needsOld ? toCel(before.value, visible) : undefined;
    for (const rule of rules) {
      if (rule.problem !== undefined) this.errors.invalid(place(path), type, `rule compile error: ${rule.problem}`);
      else this.run(rule, { self, oldSelf }, [value, before], type, path);
    }
  }

  private run(
    compiled: CompiledRule,
    values: { self: unknown; oldSelf: unknown },
    change: readonly [unknown, Before],
    type: string,
    path: string,
  ): void {
    const { rule, expression } = compiled;
    if (!expression) return;
    const optionalOld = rule.optionalOldSelf === true;
    // A transition rule says nothing of what was not there before, unless it asks for that.
    if (compiled.usesOldSelf && values.oldSelf === undefined && !optionalOld) return;
    const old = values.oldSelf === undefined ? Optional.none : Optional.of(values.oldSelf);
    const variables = { self: values.self, oldSelf: optionalOld ? old : values.oldSelf };
    const { value, error, cost } = expression.program.evaluate(variables, PER_CALL_LIMIT);
    this.spend(cost, path, type);
    if (error) return this.failed(error, rule, path, type);
    if (value === true) return;
    // What did not change was accepted once.
    const passes = !compiled.usesOldSelf && isUnchanged(...change);
    const text = this.message(compiled, variables, passes, path, type) ?? ruleMessage(rule);
    if (!passes) this.fail(rule, place(join(path, compiled.fieldPath)), type, text);
  }

  private spend(cost: number, path: string, type: string): void {
    if (cost > this.budget) this.stop(path, type, OUT_OF_BUDGET);
    this.budget -= cost;
  }

  private stop(path: string, type: string, text: string): never {
    this.errors.invalid(place(path), type, text);
    throw new Exhausted();
  }

  private failed(error: Error, rule: Rule, path: string, type: string): void {
    const { message } = error;
    const said = ruleText(rule);
    if (error instanceof CostLimitExceeded) {
      const why = 'no further validation rules will be run due to call cost exceeds limit for rule';
      this.stop(path, type, `'${message}': ${why}: ${said}`);
    }
    const text = message.startsWith('no such overload')
      ? `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${said}`
      : `${message} evaluating rule: ${said}`;
    this.errors.invalid(place(path), type, text);
  }

  /** Undefined when there is no messageExpression or it came to nothing: then the plain message is told. */
  private message(
    { message, rule, fieldPath }: CompiledRule,
    variables: Record<string, unknown>,
    passes: boolean,
    path: string,
    type: string,
  ): string | undefined {
    if (!message) return undefined;
    const { value, error, cost } = message.program.evaluate(variables, PER_CALL_LIMIT);
    const stop = (text: string): void => {
      if (!passes) this.errors.invalid(place(join(path, fieldPath)), type, text);
      throw new Exhausted();
    };
    if (cost > this.budget) {
      stop(
        'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run',
      );
    }
    if (error instanceof CostLimitExceeded) {
      const quoted = JSON.stringify(rule.messageExpression);
      stop(`no further validation rules will be run due to call cost exceeds limit for messageExpression: ${quoted}`);
    }
    this.budget -= cost;
    if (error instanceof CelError || typeof value !== 'string') return undefined;
    const text = value.trim();
    return text === '' || text.includes('\n') || Buffer.byteLength(text) > MESSAGE_LIMIT ? undefined : text;
  }

  private fail(rule: Rule, at: string, type: string, text: string): void {
    switch (rule.reason) {
      case 'FieldValueForbidden':
        return this.errors.forbidden(at, text);
      case 'FieldValueRequired':
        return this.errors.required(at, text);
      case 'FieldValueDuplicate':
        return this.errors.duplicate(at, type);
      default:
        return this.errors.invalid(at, type, text);
    }
  }
}

const place = (path: string): string => (path === '' ? '<nil>' : path);
const join = (path: string, more: string): string =>
  more === '' ? path : path === '' || more.startsWith('[') ? path + more : `${path}.${more}`;

const ruleText = (rule: Rule): string => (rule.message ? rule.message : rule.rule).trim();
const ruleMessage = (rule: Rule): string => (rule.message ? rule.message.trim() : `failed rule: ${rule.rule.trim()}`);

/** What is known of the past of a member of `now`. */
function inside(before: Before, now: unknown, value: unknown): Before {
  const parent = before.correlated ? ([now, before.value] as const) : before.parent;
  return { value, correlated: value !== undefined, ...(parent ? { parent } : {}) };
}

function isUnchanged(value: unknown, { value: old, correlated, parent }: Before): boolean {
  if (correlated) return deepEqual(value, old);
  return parent !== undefined && deepEqual(parent[0], parent[1]);
}

const known = new WeakMap<Schema, boolean>();

/** Whether there are rules in a schema or below it. */
export function hasRules(schema: Schema): boolean {
  if (schema.ref !== undefined) return false;
  let found = known.get(schema);
  if (found === undefined) {
    const inner = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
    found = (schema.validations?.length ?? 0) > 0 || inner.some((s) => typeof s === 'object' && hasRules(s));
    known.set(schema, found);
  }
  return found;
}

/** Pushes an error for each rule that does not hold. `old` is absent on create; `isRoot` for a whole object. */
export function validateRules(
  value: unknown,
  old: unknown,
  schema: Schema,
  errors: FieldErrors,
  path = '',
  isRoot = true,
): void {
  try {
    const before: Before = { value: old, correlated: old !== undefined };
    new RuleRunner(errors).walk(value, before, schema, path, isRoot);
  } catch (error) {
    if (!(error instanceof Exhausted)) throw error;
  }
}
