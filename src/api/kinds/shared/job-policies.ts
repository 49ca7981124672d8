// What a Job does when pods fail or enough have succeeded, and the text of index lists (`1,3-5,7`).
// Upstream: pkg/apis/batch/validation/validation.go (validatePodFailurePolicy, validateSuccessPolicy, parseIndexInterval).
import { byteLength } from '../../names.ts';
import { type FieldErrors, OMITTED } from '../../validation.ts';
import { nonNegative, qualifiedName } from './field-rules.ts';
import type { JobSpec } from './job-spec.ts';

type FailureRule = NonNullable<JobSpec['podFailurePolicy']>['rules'][number];
type SuccessRule = NonNullable<NonNullable<JobSpec['successPolicy']>['rules']>[number];

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];
const MAX_RULES = 20;
const MAX_PATTERNS = 20;
const MAX_EXIT_CODES = 255;
const MAX_INDEXES_TEXT = 64 * 1024;

/** Go's %q of a list. */
const valid = (values: readonly string[]): string => `valid values: [${values.map((v) => `"${v}"`).join(' ')}]`;

function requiredOneOf(errors: FieldErrors, field: string, value: string | undefined, values: readonly string[]): void {
  if (!value) errors.required(field, valid(values));
  else if (!values.includes(value)) errors.notSupported(field, value, values);
}

function exitCodes(
  errors: FieldErrors,
  path: string,
  rule: NonNullable<FailureRule['onExitCodes']>,
  containers: ReadonlySet<string>,
): void {
  requiredOneOf(errors, `${path}.operator`, rule.operator, OPERATORS);
  if (rule.containerName != null && !containers.has(rule.containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template';
    errors.invalid(`${path}.containerName`, rule.containerName, why);
  }
  const { values = [] } = rule;
  if (!values.length) errors.invalid(`${path}.values`, rule.values, 'at least one value is required');
  else if (values.length > MAX_EXIT_CODES) errors.tooMany(`${path}.values`, values.length, MAX_EXIT_CODES);
  const seen = new Set<number>();
  values.forEach((code, i) => {
    const field = `${path}.values[${i}]`;
    if (rule.operator === 'In' && code === 0) errors.invalid(field, code, 'must not be 0 for the In operator');
    if (seen.has(code)) errors.duplicate(field, code);
    seen.add(code);
  });
  if (values.some((code, i) => i > 0 && values[i - 1]! > code)) {
    errors.invalid(`${path}.values`, values, 'must be ordered');
  }
}

function failureRule(
  errors: FieldErrors,
  path: string,
  rule: FailureRule,
  spec: JobSpec,
  containers: ReadonlySet<string>,
): void {
  if (rule.action === 'FailIndex') {
    if (spec.backoffLimitPerIndex == null) {
      errors.invalid(`${path}.action`, rule.action, 'requires the backoffLimitPerIndex to be set');
    }
  } else requiredOneOf(errors, `${path}.action`, rule.action, ACTIONS);
  const { onExitCodes, onPodConditions = [] } = rule;
  if (onExitCodes) exitCodes(errors, `${path}.onExitCodes`, onExitCodes, containers);
  if (onPodConditions.length > MAX_PATTERNS) {
    errors.tooMany(`${path}.onPodConditions`, onPodConditions.length, MAX_PATTERNS);
  }
  onPodConditions.forEach((pattern, i) => {
    qualifiedName(errors, `${path}.onPodConditions[${i}].type`, pattern.type ?? '');
    requiredOneOf(errors, `${path}.onPodConditions[${i}].status`, pattern.status, STATUSES);
  });
  if (onExitCodes && onPodConditions.length) {
    errors.invalid(path, OMITTED, 'specifying both OnExitCodes and OnPodConditions is not supported');
  } else if (!onExitCodes && !onPodConditions.length) {
    errors.invalid(path, OMITTED, 'specifying one of OnExitCodes and OnPodConditions is required');
  }
}

export function validatePodFailurePolicy(errors: FieldErrors, path: string, spec: JobSpec): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > MAX_RULES) errors.tooMany(`${path}.rules`, rules.length, MAX_RULES);
  const { containers = [], initContainers = [] } = spec.template?.spec ?? {};
  const names = new Set([...containers, ...initContainers].map((c) => c.name));
  rules.forEach((rule, i) => failureRule(errors, `${path}.rules[${i}]`, rule, spec, names));
}

function successRule(errors: FieldErrors, path: string, rule: SuccessRule, completions: number): void {
  const { succeededIndexes, succeededCount } = rule;
  if (succeededCount == null && succeededIndexes == null) {
    errors.required(path, 'at least one of succeededCount or succeededIndexes must be specified');
  }
  let total = 0;
  if (succeededIndexes != null) {
    const field = `${path}.succeededIndexes`;
    if (byteLength(succeededIndexes) > MAX_INDEXES_TEXT) errors.tooLong(field, MAX_INDEXES_TEXT);
    const counted = countIndexes(succeededIndexes, completions);
    if (typeof counted === 'number') total = counted;
    else errors.invalid(field, succeededIndexes, `error parsing succeededIndexes: ${counted}`);
  }
  if (succeededCount == null) return;
  const field = `${path}.succeededCount`;
  nonNegative(errors, field, succeededCount);
  if (succeededCount > completions) {
    const why = `must be less than or equal to ${completions} (the number of specified completions)`;
    errors.invalid(field, succeededCount, why);
  }
  if (succeededIndexes != null && succeededCount > total) {
    const what = 'the number of indexes in the specified succeededIndexes field';
    errors.invalid(field, succeededCount, `must be less than or equal to ${total} (${what})`);
  }
}

export function validateSuccessPolicy(errors: FieldErrors, path: string, spec: JobSpec): void {
  const rules = spec.successPolicy?.rules ?? [];
  const field = `${path}.rules`;
  if (!rules.length) errors.required(field, 'at least one rules must be specified when the successPolicy is specified');
  if (rules.length > MAX_RULES) errors.tooMany(field, rules.length, MAX_RULES);
  rules.forEach((rule, i) => successRule(errors, `${field}[${i}]`, rule, spec.completions ?? 0));
}

const INTEGER = /^[+-]?\d+$/;

function index(text: string, completions: number): number | string {
  if (!INTEGER.test(text)) return `cannot convert string to integer for index: ${JSON.stringify(text)}`;
  return Number(text) >= completions ? `too large index: ${JSON.stringify(text)}` : Number(text);
}

/** First and last index of `3` or `3-5`, or what is wrong with it. */
export function indexInterval(text: string, completions: number): readonly [number, number] | string {
  const ends = text.split('-');
  if (ends.length > 2) {
    const rule = "an index interval can have at most two parts separated by '-'";
    return `the fragment ${JSON.stringify(text)} violates the requirement that ${rule}`;
  }
  const first = index(ends[0]!, completions);
  if (typeof first === 'string') return first;
  if (ends.length === 1) return [first, first];
  const last = index(ends[1]!, completions);
  if (typeof last === 'string') return last;
  return first >= last ? `non-increasing order, previous: ${first}, current: ${last}` : [first, last];
}

/** How many indexes a list names, or what is wrong with it. */
export function countIndexes(text: string, completions: number): number | string {
  if (text === '') return 0;
  let [total, last] = [0, -1];
  for (const part of text.split(',')) {
    const interval = indexInterval(part, completions);
    if (typeof interval === 'string') return interval;
    if (last >= interval[0]) return `non-increasing order, previous: ${last}, current: ${interval[0]}`;
    total += interval[1] - interval[0] + 1;
    last = interval[1];
  }
  return total;
}
