// How much an expression may cost at most, from the sizes that its variables may have.
// Upstream: cel-go checker/cost.go; the size of a variable's parts is the caller's to say (SizeOf).
import type { Checked } from './checker.ts';
import type { Expr } from './expression.ts';
import { type Argument, type Overload, type Range, UNKNOWN_SIZE, fixed, plus, times, union } from './functions.ts';
import { ACCUMULATOR } from './macros.ts';
import { DYN, type Type, isOptional } from './types.ts';
import { textLength } from './values.ts';

/** The size of what stands at a path (`self`, `spec`, `@items`): its longest value. Undefined when nothing is known. */
export type SizeOf = (path: readonly string[]) => Range | undefined;

interface EntrySize {
  list: boolean;
  key: Range;
  value: Range;
}
interface Local {
  path: readonly string[];
  size: Range | undefined;
  entry: EntrySize | undefined;
}

const NONE = fixed(0);
const ONE = fixed(1);
const SCALARS = new Set(['bool', 'double', 'duration', 'int', 'timestamp', 'uint']);
const isScalar = (type: Type): boolean => SCALARS.has(type.kind) || (isOptional(type) && isScalar(type.params[0]!));

class Estimator {
  private readonly checked: Checked;
  private readonly sizeOfPath: SizeOf;
  private readonly paths = new Map<number, readonly string[]>();
  private readonly sizes = new Map<number, Range>();
  private readonly entries = new Map<number, EntrySize>();
  private readonly locals = new Map<string, Local[]>();

  constructor(checked: Checked, sizeOfPath: SizeOf) {
    this.checked = checked;
    this.sizeOfPath = sizeOfPath;
  }

  cost(expr: Expr): Range {
    switch (expr.kind) {
      case 'literal':
        return NONE;
      case 'ident':
        this.paths.set(expr.id, this.local(expr.name)?.path ?? [expr.name]);
        return ONE;
      case 'select':
        return this.select(expr);
      case 'call':
        return this.call(expr);
      case 'list':
        return this.list(expr);
      case 'map':
        return this.map(expr);
      case 'comprehension':
        return expr.accuVar === ACCUMULATOR ? this.comprehension(expr) : this.bind(expr);
    }
  }

  private typeOf = (expr: Expr): Type => this.checked.types.get(expr.id) ?? DYN;
  private local = (name: string): Local | undefined => this.locals.get(name)?.at(-1);
  private pathOf(expr: Expr): readonly string[] {
    const local = expr.kind === 'ident' ? this.local(expr.name) : undefined;
    return local?.path ?? this.paths.get(expr.id) ?? [];
  }

  private select(expr: Expr & { kind: 'select' }): Range {
    const operand = this.cost(expr.operand);
    if (expr.testOnly) return operand;
    const { kind } = this.typeOf(expr.operand);
    this.paths.set(expr.id, [...this.pathOf(expr.operand), expr.field]);
    return kind === 'map' || kind === 'object' || kind === 'param' ? plus(operand, ONE) : operand;
  }

  private list(expr: Expr & { kind: 'list' }): Range {
    let sum = fixed(10);
    for (const element of expr.elements) sum = plus(sum, this.cost(element));
    const value = this.unionOf(expr.elements);
    this.entries.set(expr.id, { list: true, key: ONE, value });
    return sum;
  }

  private map(expr: Expr & { kind: 'map' }): Range {
    let sum = fixed(30);
    for (const { key, value } of expr.entries) sum = plus(plus(sum, this.cost(key)), this.cost(value));
    const key = this.unionOf(expr.entries.map((entry) => entry.key));
    const value = this.unionOf(expr.entries.map((entry) => entry.value));
    this.entries.set(expr.id, { list: false, key, value });
    return sum;
  }

  private unionOf(exprs: Expr[]): Range {
    if (exprs.length === 0) return NONE;
    return exprs.map((expr) => this.sizeOrUnknown(expr)).reduce(union);
  }

  private call(expr: Expr & { kind: 'call' }): Range {
    const all = expr.target ? [expr.target, ...expr.args] : expr.args;
    const costs = all.map((arg) => this.cost(arg));
    if (expr.name === 'dyn') {
      this.copySizes(expr, all[0]!);
      return plus(ONE, costs[0]!);
    }
    if (expr.name === '_?._') {
      this.paths.set(expr.id, [...this.pathOf(all[0]!), (all[1] as { value: string }).value]);
      return plus(ONE, costs[0]!);
    }
    const sum = costs.reduce(plus, NONE);
    let cost: Range | undefined;
    let size: Range | undefined;
    for (const overload of this.checked.overloads.get(expr.id) ?? []) {
      const found = this.overload(expr, overload, all, costs, sum);
      cost = cost ? union(cost, found.cost) : found.cost;
      if (found.size) size = size ? union(size, found.size) : found.size;
      size = this.indexed(expr, overload, all) ?? size ?? this.sizeOf(expr);
    }
    if (size) this.sizes.set(expr.id, size);
    return cost ?? NONE;
  }

  private indexed(expr: Expr, { id }: Overload, [container]: Expr[]): Range | undefined {
    if (id !== 'index_list' && id !== 'index_map') return undefined;
    this.paths.set(expr.id, [...this.pathOf(container!), id === 'index_list' ? '@items' : '@values']);
    return this.entryOf(container!)?.value;
  }

  private overload(
    expr: Expr & { kind: 'call' },
    overload: Overload,
    all: Expr[],
    costs: Range[],
    sum: Range,
  ): { cost: Range; size?: Range } {
    switch (overload.id) {
      case 'logical_and':
      case 'logical_or':
        return { cost: { min: costs[0]!.min, max: sum.max } };
      case 'conditional': {
        const [yes, no] = [this.entryOf(all[1]!), this.entryOf(all[2]!)];
        if (yes && no) this.entries.set(expr.id, unionEntries(yes, no));
        const size = union(this.sizeOrUnknown(all[1]!), this.sizeOrUnknown(all[2]!));
        return { cost: plus(costs[0]!, union(costs[1]!, costs[2]!)), size };
      }
      case 'add_list': {
        const [a, b] = [this.entryOf(all[0]!), this.entryOf(all[1]!)];
        if (a && b) this.entries.set(expr.id, unionEntries(a, b));
      }
    }
    if (!overload.cost) return { cost: plus(ONE, sum) };
    const { cost, size } = overload.cost.estimate(all.map((arg) => this.argument(arg)));
    return { cost: plus(cost, sum), ...(size ? { size } : {}) };
  }

  private argument(expr: Expr): Argument {
    const type = this.typeOf(expr);
    const path = this.pathOf(expr);
    return {
      type,
      size: () => this.sizeOrUnknown(expr),
      elementSize: () => {
        if (type.kind !== 'list') return undefined;
        const own = path.length > 0 && path[0] !== ACCUMULATOR ? this.sizeOfPath([...path, '@items']) : undefined;
        return own ?? UNKNOWN_SIZE;
      },
      ...(expr.kind === 'literal' ? { literal: expr.value } : {}),
    };
  }

  private push(name: string, local: Local): void {
    const stack = this.locals.get(name);
    if (stack) stack.push(local);
    else this.locals.set(name, [local]);
  }
  private pop = (name: string): void => void this.locals.get(name)!.pop();

  private pushAccu({ accuVar, init }: Expr & { kind: 'comprehension' }): void {
    this.push(accuVar, { path: this.pathOf(init), size: this.sizeOf(init), entry: this.entryOf(init) });
  }

  private pushIteration({ range, iterVar, iterVar2 }: Expr & { kind: 'comprehension' }): void {
    const entry = this.entryOf(range);
    const isList = entry ? entry.list : this.typeOf(range).kind === 'list';
    const path = this.pathOf(range);
    const value: Local = { path: [...path, isList ? '@items' : '@values'], size: entry?.value, entry: undefined };
    const key: Local = { path: [...path, isList ? '@indices' : '@keys'], size: entry?.key, entry: undefined };
    if (iterVar2 === undefined) return this.push(iterVar, isList ? value : key);
    this.push(iterVar, key);
    this.push(iterVar2, value);
  }

  private comprehension(expr: Expr & { kind: 'comprehension' }): Range {
    let sum = plus(this.cost(expr.range), this.cost(expr.init));
    this.pushAccu(expr);
    this.pushIteration(expr);
    const loop = plus(this.cost(expr.condition), this.cost(expr.step));
    this.pop(expr.iterVar);
    if (expr.iterVar2 !== undefined) this.pop(expr.iterVar2);
    sum = plus(sum, this.cost(expr.result));
    this.pop(expr.accuVar);
    const count = this.sizeOrUnknown(expr.range);
    if (expr.init.kind === 'list' || expr.init.kind === 'map') {
      this.sizes.set(expr.id, count);
      const entry = this.entryOf(expr.step);
      if (entry) this.entries.set(expr.id, entry);
    } else this.sizes.set(expr.id, ONE);
    return plus(sum, times(count, loop));
  }

  private bind(expr: Expr & { kind: 'comprehension' }): Range {
    const sum = plus(this.cost(expr.range), this.cost(expr.init));
    this.pushAccu(expr);
    const result = this.cost(expr.result);
    this.pop(expr.accuVar);
    this.copySizes(expr, expr.result);
    return plus(sum, result);
  }

  private copySizes(to: Expr, from: Expr): void {
    const size = this.sizeOf(from);
    if (size) this.sizes.set(to.id, size);
    const entry = this.entryOf(from);
    if (entry) this.entries.set(to.id, entry);
  }

  private sizeOrUnknown = (expr: Expr): Range => this.sizeOf(expr) ?? UNKNOWN_SIZE;

  private sizeOf(expr: Expr): Range | undefined {
    const known = this.sizes.get(expr.id) ?? literalSize(expr);
    if (known) return known;
    const path = this.pathOf(expr);
    const own = path.length > 0 ? this.sizeOfPath(path) : undefined;
    if (own) return own;
    if (isScalar(this.typeOf(expr))) return ONE;
    return expr.kind === 'ident' ? this.local(expr.name)?.size : undefined;
  }

  private entryOf(expr: Expr): EntrySize | undefined {
    return this.entries.get(expr.id) ?? (expr.kind === 'ident' ? this.local(expr.name)?.entry : undefined);
  }
}

const unionEntries = (a: EntrySize, b: EntrySize): EntrySize => ({
  list: a.list,
  key: union(a.key, b.key),
  value: union(a.value, b.value),
});

function literalSize(expr: Expr): Range | undefined {
  switch (expr.kind) {
    case 'literal': {
      const { value } = expr;
      if (typeof value === 'string') return fixed(textLength(value));
      return fixed(value instanceof Uint8Array ? value.length : 1);
    }
    case 'list':
      return fixed(expr.elements.length);
    case 'map':
      return fixed(expr.entries.length);
  }
  return undefined;
}

export function estimateCost(checked: Checked, sizeOfPath: SizeOf): Range {
  return new Estimator(checked, sizeOfPath).cost(checked.root);
}
