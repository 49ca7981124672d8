// What is looked at when an expression's types are right: literals that a function would refuse whenever it runs, and
// lists and maps of mixed types. Upstream: cel-go cel/validator.go, ext/strings.go (format may mix).
import { patternProblem } from '../schema/pattern.ts';
import type { Checked } from './checker.ts';
import type { Expr, Issue } from './expression.ts';
import { durationNanos, timestampNanos } from './library/times.ts';
import { DYN, type Type, formatType, isOptional, sameType } from './types.ts';

const MAY_MIX = 'format';

class LiteralChecker {
  readonly issues: Issue[] = [];
  private readonly types: Checked['types'];
  constructor(types: Checked['types']) {
    this.types = types;
  }

  check(expr: Expr, mayMix: boolean): void {
    switch (expr.kind) {
      case 'select':
        return this.check(expr.operand, mayMix);
      case 'call':
        return this.call(expr, mayMix || expr.name === MAY_MIX);
      case 'list':
        if (!mayMix) this.same(expr.elements, (i) => expr.optionals.has(i));
        return expr.elements.forEach((element) => this.check(element, mayMix));
      case 'map':
        return this.map(expr, mayMix);
      case 'comprehension':
        for (const part of [expr.range, expr.init, expr.condition, expr.step, expr.result]) this.check(part, mayMix);
    }
  }

  private call(expr: Expr & { kind: 'call' }, mayMix: boolean): void {
    const last = expr.args.at(-1);
    if (last?.kind === 'literal' && typeof last.value === 'string') {
      const { value, at } = last;
      const wrong =
        (expr.name === 'duration' && durationNanos(value) === undefined) ||
        (expr.name === 'timestamp' && timestampNanos(value) === undefined) ||
        (expr.name === 'matches' && patternProblem(value) !== undefined);
      if (wrong) this.issues.push({ at, message: `invalid ${expr.name} argument` });
    }
    if (expr.target) this.check(expr.target, mayMix);
    for (const arg of expr.args) this.check(arg, mayMix);
  }

  private map({ entries }: Expr & { kind: 'map' }, mayMix: boolean): void {
    if (!mayMix) {
      this.same(
        entries.map((entry) => entry.key),
        () => false,
      );
      this.same(
        entries.map((entry) => entry.value),
        (i) => entries[i]!.optional,
      );
    }
    for (const { key, value } of entries) {
      this.check(key, mayMix);
      this.check(value, mayMix);
    }
  }

  /** The first that differs from the first is told. */
  private same(exprs: readonly Expr[], isOpt: (i: number) => boolean): void {
    const typeAt = (i: number): Type => {
      const type = this.types.get(exprs[i]!.id) ?? DYN;
      return isOpt(i) && isOptional(type) ? type.params[0]! : type;
    };
    for (let i = 1; i < exprs.length; i++) {
      const [wanted, found] = [typeAt(0), typeAt(i)];
      if (sameType(wanted, found)) continue;
      const message = `expected type '${formatType(wanted)}' but found '${formatType(found)}'`;
      this.issues.push({ at: exprs[i]!.at, message });
      return;
    }
  }
}

export function literalIssues({ root, types }: Checked): Issue[] {
  const checker = new LiteralChecker(types);
  checker.check(root, false);
  return checker.issues;
}
