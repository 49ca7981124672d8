// The x-kubernetes-validations of a CustomResourceDefinition: that each says something, compiles, and that none of them
// nor all together may cost too much. Upstream: apiextensions-apiserver pkg/apis/apiextensions/validation.
import { UNBOUNDED } from '../cel/functions.ts';
import { stringifyJson } from '../codec/json.ts';
import type { FieldErrors } from '../validation.ts';
import { type CompiledRule, type Rule, compiledRules } from './cel-compile.ts';
import { findFieldPath } from './field-paths.ts';
import { type JsonSchemaProps, isProps, listOf, textOf } from './json-schema.ts';
import type { Schema } from './schema.ts';

const EXPRESSION_LIMIT = 10_000_000;
const DEFINITION_LIMIT = 100_000_000;
const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const VALIDATIONS = 'x-kubernetes-validations';
const hasBreaks = (text: string): boolean => /[\n\r]/.test(text);

/** What can be said of the rules of one place without compiling them. */
export function checkRuleTexts(
  props: JsonSchemaProps,
  schema: Schema | undefined,
  path: string,
  errors: FieldErrors,
): void {
  listOf<unknown>(props[VALIDATIONS]).forEach((given, i) => {
    const rule = isProps(given) ? given : {};
    const at = `${path}.${VALIDATIONS}[${i}]`;
    const [text, message] = [textOf(rule['rule']).trim(), textOf(rule['message'])];
    if (text === '') errors.required(`${at}.rule`, 'rule is not specified');
    else if (message !== '' && message.trim() === '') {
      errors.invalid(`${at}.message`, message, 'must be non-empty if specified');
    } else if (hasBreaks(message.trim())) errors.invalid(`${at}.message`, message, 'must not contain line breaks');
    else if (hasBreaks(text) && message === '') {
      errors.required(`${at}.message`, 'message must be specified if rule contains line breaks');
    }
    const expression = textOf(rule['messageExpression']);
    if (expression !== '' && expression.trim() === '') {
      errors.required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified');
    }
    const { reason } = rule;
    if (reason !== undefined && !REASONS.includes(reason as string)) {
      errors.notSupported(`${at}.reason`, reason, REASONS);
    }
    checkFieldPath(textOf(rule['fieldPath']), schema, `${at}.fieldPath`, errors);
  });
}

function checkFieldPath(fieldPath: string, schema: Schema | undefined, at: string, errors: FieldErrors): void {
  if (fieldPath === '') return;
  if (fieldPath.trim() === '') errors.invalid(at, fieldPath, 'must be non-empty if specified');
  if (hasBreaks(fieldPath)) errors.invalid(at, fieldPath, 'must not contain line breaks');
  if (schema && typeof findFieldPath(fieldPath, schema) === 'string') {
    errors.invalid(at, fieldPath, 'must be a valid path');
  }
}

/** Compiles the rules of a schema's places one after the other and adds up what they may cost. */
export class RuleCosts {
  private readonly errors: FieldErrors;
  private readonly unchanged: boolean;
  private total = 0;
  private expensive: { at: string; cost: number }[] = [];

  constructor(errors: FieldErrors, unchanged: boolean) {
    this.errors = errors;
    this.unchanged = unchanged;
  }

  check(
    schema: Schema,
    isRoot: boolean,
    path: string,
    cardinality: number | undefined,
    uncorrelatable: string | undefined,
  ): void {
    if (!schema.validations?.length) return;
    compiledRules(schema, isRoot).forEach((rule, i) => {
      const at = `${path}.${VALIDATIONS}[${i}]`;
      this.checkRule(rule, at, cardinality ?? rule.maxCardinality);
      this.checkOldSelf(rule, at, uncorrelatable);
    });
  }

  private checkRule(rule: CompiledRule, at: string, cardinality: number): void {
    const { errors } = this;
    this.observe(`${at}.rule`, 'estimated rule cost', times(rule.maxCost, cardinality));
    if (rule.problem !== undefined) invalidStruct(errors, `${at}.rule`, goRule(rule.rule), rule.problem);
    if (rule.messageProblem !== undefined) {
      invalidStruct(errors, `${at}.messageExpression`, goRule(rule.rule), rule.messageProblem);
    } else if (rule.message) {
      this.observe(`${at}.messageExpression`, 'estimated messageExpression cost', rule.maxMessageCost);
    }
  }

  private observe(at: string, name: string, cost: number): void {
    if (!this.unchanged && cost > EXPRESSION_LIMIT)
      this.errors.forbidden(at, tooExpensive(name, cost, EXPRESSION_LIMIT));
    this.total = Math.min(this.total + cost, UNBOUNDED);
    if (cost < DEFINITION_LIMIT / 100) return;
    this.expensive = [...this.expensive, { at, cost }].sort((a, b) => b.cost - a.cost).slice(0, 4);
  }

  private checkOldSelf(rule: CompiledRule, at: string, uncorrelatable: string | undefined): void {
    const { errors } = this;
    if (rule.usesOldSelf) {
      const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
      if (uncorrelatable !== undefined) errors.invalid(`${at}.rule`, rule.rule.rule, why);
    } else if (rule.rule.optionalOldSelf !== undefined) {
      const why = 'may not be set if oldSelf is not used in rule';
      errors.invalid(`${at}.optionalOldSelf`, rule.rule.optionalOldSelf, why);
    }
  }

  checkTotal(path: string): void {
    if (this.total <= DEFINITION_LIMIT) return;
    const why = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    for (const { at } of this.expensive) this.errors.forbidden(at, why);
    const name = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    this.errors.forbidden(path, tooExpensive(name, this.total, DEFINITION_LIMIT));
  }
}

/** An Invalid error whose value is one of Go's structs: its fields stand in their own order, not sorted. */
export function invalidStruct(errors: FieldErrors, field: string, value: object, detail: string): void {
  const shown = stringifyJson(value);
  errors.list.push({ type: 'FieldValueInvalid', field, body: `Invalid value: ${shown}: ${detail}` });
}

/** As upstream prints a rule: its own type's fields. */
const goRule = (rule: Rule): object => ({
  Rule: rule.rule,
  Message: rule.message ?? '',
  MessageExpression: rule.messageExpression ?? '',
  Reason: rule.reason ?? null,
  FieldPath: rule.fieldPath ?? '',
  OptionalOldSelf: rule.optionalOldSelf ?? null,
});

const times = (cost: number, count: number): number => (cost === 0 ? 0 : Math.min(cost * count, UNBOUNDED));

/** Upstream: getCostErrorMessage. */
function tooExpensive(name: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const shown = factor > 100 ? 'more than 100x' : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`;
  return `${name} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
