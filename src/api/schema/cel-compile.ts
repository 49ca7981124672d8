// The rules of one place in a schema, compiled: what they read, what they may cost, and what is wrong with them.
// Upstream: apiextensions-apiserver pkg/apiserver/schema/cel/compilation.go.
import { type Compiled, compile } from '../cel/compile.ts';
import { CompileError } from '../cel/expression.ts';
import { type Type, optional } from '../cel/types.ts';
import { MAX_REQUEST_BYTES, declaredType, sizeAt } from './cel-types.ts';
import { type FoundPath, findFieldPath } from './field-paths.ts';
import type { Schema } from './schema.ts';

export type Rule = NonNullable<Schema['validations']>[number];

export interface CompiledRule {
  rule: Rule;
  /** What is wrong with it: then there is nothing to run. */
  problem?: string;
  expression?: Compiled;
  usesOldSelf: boolean;
  message?: Compiled;
  messageProblem?: string;
  /** Estimated at most. */
  maxCost: number;
  maxMessageCost: number;
  /** How often the place may be there in the largest request, when nothing above it says. */
  maxCardinality: number;
  /** `fieldPath` as errors write it. */
  fieldPath: string;
}

const cache = new WeakMap<Schema, readonly CompiledRule[]>();

/** Compiled once for each schema; `isRoot` for the whole object and for embedded ones. */
export function compiledRules(schema: Schema, isRoot: boolean): readonly CompiledRule[] {
  let rules = cache.get(schema);
  if (!rules) cache.set(schema, (rules = (schema.validations ?? []).map((rule) => compileRule(rule, schema, isRoot))));
  return rules;
}

function compileRule(rule: Rule, schema: Schema, isRoot: boolean): CompiledRule {
  const none: CompiledRule = {
    rule,
    usesOldSelf: false,
    maxCost: 0,
    maxMessageCost: 0,
    maxCardinality: 0,
    fieldPath: '',
  };
  if (typeof rule.rule !== 'string' || rule.rule.trim() === '') return none;
  const declared = declaredType(schema, isRoot);
  if (!declared) return { ...none, problem: 'failed to convert to declType for CEL validation rules' };
  const old: Type = rule.optionalOldSelf === true ? optional(declared.type) : declared.type;
  const variables = new Map<string, Type>([
    ['self', declared.type],
    ['oldSelf', old],
  ]);
  const expression = attempt(rule.rule, variables);
  if (typeof expression === 'string') return { ...none, problem: `compilation failed: ${expression}` };
  if (expression.type.kind !== 'bool') return { ...none, problem: 'cel expression must evaluate to a bool' };
  const sizeOf = (path: readonly string[]): ReturnType<typeof sizeAt> => sizeAt(declared, path);
  const found: FoundPath | string = rule.fieldPath ? findFieldPath(rule.fieldPath, schema) : '';
  const done: CompiledRule = {
    ...none,
    expression,
    usesOldSelf: expression.references.has('oldSelf'),
    maxCost: expression.maxCost(sizeOf),
    maxCardinality: Math.floor(MAX_REQUEST_BYTES / (declared.minSize + 1)),
    fieldPath: typeof found === 'string' ? '' : found.path,
  };
  if (!rule.messageExpression) return done;
  const message = attempt(rule.messageExpression, variables);
  if (typeof message === 'string')
    return { ...done, messageProblem: `messageExpression compilation failed: ${message}` };
  if (message.type.kind !== 'string') return { ...done, messageProblem: 'messageExpression must evaluate to a string' };
  return { ...done, message, maxMessageCost: message.maxCost(sizeOf) };
}

function attempt(text: string, variables: ReadonlyMap<string, Type>): Compiled | string {
  try {
    return compile(text, variables);
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    // A tree too deep for the engine's stack; the parser's limit should come first.
    if (error instanceof RangeError) return 'expression recursion limit exceeded: 250';
    throw error;
  }
}
