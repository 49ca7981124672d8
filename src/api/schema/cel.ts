// CEL expressions of CRDs: one environment with the functions that Kubernetes adds, patterns on RE2, and a bound on the
// work that an expression may do, because the engine has none. Which rules run where is cel-rules.ts's matter.
// Upstream: apiserver pkg/cel/library (lists, regex, urls, quantity).
import { Environment, type ASTNode } from '@marcbachmann/cel-js';
import { isIP } from 'node:net';
import { RE2JS } from 're2js';
import { compareQuantities, quantityError } from '../quantity.ts';
import { compilePattern } from './pattern.ts';
import { isIntOrString, resolve } from './resolve.ts';
import type { Schema, SchemaSource } from './schema.ts';

/** Steps that one evaluation may take, by estimate: macros multiply by the size of the value that they run over. */
const BUDGET = 20_000_000;
const MACROS = new Set(['all', 'exists', 'exists_one', 'map', 'filter', 'existsOne']);

type Comparable = number | bigint | string | boolean;
const less = (a: unknown, b: unknown): boolean => (a as Comparable) < (b as Comparable);

function extreme(list: unknown[], better: (a: unknown, b: unknown) => boolean, name: string): unknown {
  if (list.length === 0) throw new Error(`${name} called on empty list`);
  return list.reduce((best, item) => (better(item, best) ? item : best));
}

function sum(list: unknown[]): unknown {
  return list.reduce((total, item) =>
    typeof total === 'bigint' && typeof item === 'bigint' ? total + item : Number(total) + Number(item),
  );
}

/** A new environment with Kubernetes' functions; each variable is dynamic. */
export function celEnvironment(variables: readonly string[]): Environment {
  const env = new Environment({
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
    limits: { maxAstNodes: 2_000, maxDepth: 100 },
  });
  for (const variable of variables) env.registerVariable(variable, 'dyn');
  env.registerFunction('string.re2Matches(string): bool', (s: string, p: string) => compilePattern(p)(s));
  env.registerFunction('string.find(string): string', (s: string, p: string) => {
    const found = RE2JS.compile(p).matcher(s);
    return found.find() ? (found.group() ?? '') : '';
  });
  env.registerFunction('string.findAll(string): list<dyn>', (s: string, p: string) => {
    const found = RE2JS.compile(p).matcher(s);
    const all: string[] = [];
    while (found.find()) all.push(found.group() ?? '');
    return all;
  });
  env.registerFunction('string.replace(string, string): string', (s: string, a: string, b: string) =>
    s.replaceAll(a, () => b),
  );
  env.registerFunction('string.charAt(int): string', (s: string, i: bigint) => [...s][Number(i)] ?? '');
  registerLists(env);
  env.registerFunction('isURL(string): bool', (s: string) => URL.canParse(s));
  env.registerFunction('isIP(string): bool', (s: string) => isIP(s) > 0);
  env.registerFunction('isQuantity(string): bool', (s: string) => quantityError(s) === undefined);
  env.registerFunction('quantityCompare(string, string): int', (a: string, b: string) =>
    BigInt(compareQuantities(a, b)),
  );
  return env;
}

function registerLists(env: Environment): void {
  env.registerFunction('list<dyn>.isSorted(): bool', (l: unknown[]) =>
    l.every((v, i) => i === 0 || !less(v, l[i - 1])),
  );
  env.registerFunction('list<dyn>.sum(): dyn', (l: unknown[]) => (l.length === 0 ? 0n : sum(l)));
  env.registerFunction('list<dyn>.min(): dyn', (l: unknown[]) => extreme(l, less, 'min'));
  env.registerFunction('list<dyn>.max(): dyn', (l: unknown[]) => extreme(l, (a, b) => less(b, a), 'max'));
  env.registerFunction('list<dyn>.indexOf(dyn): int', (l: unknown[], v: unknown) => BigInt(l.indexOf(v)));
  env.registerFunction('list<dyn>.lastIndexOf(dyn): int', (l: unknown[], v: unknown) => BigInt(l.lastIndexOf(v)));
}

let shared: Environment | undefined;

export interface Expression<Values = { self: unknown; oldSelf?: unknown }> {
  /** True when the value of an update before it is asked for: a transition rule. */
  usesOldSelf: boolean;
  /** Throws on an evaluation error, and BudgetExceeded. */
  evaluate(values: Values, size: number): unknown;
}

export class BudgetExceeded extends Error {}

/** String literals stay; a call of `matches` outside them goes to RE2. */
const literalOrMatches = /[rR]?("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|\.\s*matches\s*\(/g;
const rewrite = (text: string): string =>
  text.replaceAll(literalOrMatches, (found, literal) => (literal === undefined ? '.re2Matches(' : found));

/** How deep macros are nested, and whether `oldSelf` is read. */
function survey(node: unknown, depth: number, found: { depth: number; old: boolean }): void {
  if (Array.isArray(node)) {
    for (const part of node) survey(part, depth, found);
    return;
  }
  if (node === null || typeof node !== 'object' || !('op' in node)) return;
  const { op, args } = node as ASTNode;
  if (op === 'id' && args === 'oldSelf') found.old = true;
  const isMacro = op === 'rcall' && Array.isArray(args) && MACROS.has(args[0] as string);
  const inner = isMacro ? depth + 1 : depth;
  found.depth = Math.max(found.depth, inner);
  survey(args, inner, found);
}

/** Throws with the compiler's message when the text is no expression. */
export function compileExpression(text: string): Expression {
  return compileIn((shared ??= celEnvironment(['self', 'oldSelf'])), text);
}

/** The same for other variables than a rule's; with `type`, what is surely of another type is refused, too. */
export function compileIn(env: Environment, text: string, type?: string): Expression<Record<string, unknown>> {
  const program = env.parse(rewrite(text));
  if (type !== undefined) {
    const { valid, error, type: found } = program.check();
    if (!valid && error) throw error;
    if (found !== undefined && found !== type && found !== 'dyn') throw new Error(`must evaluate to ${type}`);
  }
  const found = { depth: 0, old: false };
  survey(program.ast, 0, found);
  return {
    usesOldSelf: found.old,
    evaluate(values, size) {
      if (Math.max(1, size) ** found.depth * text.length > BUDGET * 10) throw new BudgetExceeded();
      return program(values) as unknown;
    },
  };
}

const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return void while var'.split(
    ' ',
  ),
);

/** How a property is written in an expression. Upstream: apiserver/schema/cel/model/escaping.go. */
export function escapeProperty(name: string): string {
  if (reserved.has(name)) return `__${name}__`;
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}

/** A JSON value as the engine wants it: integers are bigint where the schema says so. Counts what it visits. */
export function toCel(value: unknown, referrer: Schema, source: SchemaSource, count: { size: number }): unknown {
  count.size++;
  const schema = resolve(referrer, source);
  if (typeof value === 'number') {
    const whole = schema.type === 'integer' || isIntOrString(schema) || schema.type === undefined;
    return whole && Number.isInteger(value) ? BigInt(value) : value;
  }
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => toCel(item, schema.items ?? {}, source, count));
  const out: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of Object.entries(value)) {
    const property = schema.properties?.[name];
    const inner = property ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {});
    // Go's decoder leaves null out where the schema is not nullable.
    if (member === null && property && !resolve(property, source).nullable) continue;
    out[property ? escapeProperty(name) : name] = toCel(member, inner, source, count);
  }
  return out;
}
