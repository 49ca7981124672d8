// Makes a checked expression into closures, and runs them with their costs counted.
// Upstream: cel-go interpreter (planner.go, interpretable.go, runtimecost.go).
import type { Checked } from './checker.ts';
import { type Expr, Uint } from './expression.ts';
import type { Overload } from './functions.ts';
import { ACCUMULATOR } from './macros.ts';
import { byKey, entriesOf } from './library/standard.ts';
import { CelError, Optional, TypeValue, fits, grow, isFields, lookUp, mapKey, settle } from './values.ts';

/** Where values are kept while an expression is evaluated. */
interface Frame {
  slots: unknown[];
  cost: number;
  limit: number;
}
type Run = (frame: Frame) => unknown;

export class CostLimitExceeded extends CelError {
  constructor() {
    super('operation cancelled: actual cost limit exceeded');
  }
}

export interface Program {
  /** What it came to and cost; `error` instead when it failed. */
  evaluate(
    variables: Readonly<Record<string, unknown>>,
    limit: number,
  ): { value?: unknown; error?: Error; cost: number };
}

function charge(frame: Frame, cost: number): void {
  frame.cost += cost;
  if (frame.cost > frame.limit) throw new CostLimitExceeded();
}

class Planner {
  private readonly checked: Checked;
  private readonly slots = new Map<string, number>();
  count: number;
  constructor(checked: Checked, names: readonly string[]) {
    this.checked = checked;
    names.forEach((name, i) => this.slots.set(name, i));
    this.count = names.length;
  }

  plan(expr: Expr): Run {
    switch (expr.kind) {
      case 'literal': {
        const { value } = expr;
        return () => value;
      }
      case 'ident':
        return this.ident(expr);
      case 'select':
        return this.select(expr);
      case 'call':
        return this.call(expr);
      case 'list':
        return this.list(expr);
      case 'map':
        return this.map(expr);
      case 'comprehension':
        return this.comprehension(expr);
    }
  }

  private ident(expr: Expr & { kind: 'ident' }): Run {
    const slot = this.slots.get(expr.name.replace(/^\./, ''));
    if (slot === undefined) return this.typeName(expr);
    return (frame) => {
      charge(frame, 1);
      const value = frame.slots[slot];
      if (value === undefined) throw new CelError(`no such attribute(s): ${expr.name}`);
      if (value instanceof CelError) throw value;
      return value;
    };
  }

  private typeName(expr: Expr): Run {
    const value = new TypeValue(this.checked.typeNames.get(expr.id) ?? '');
    return () => value;
  }

  private select(expr: Expr & { kind: 'select' }): Run {
    if (this.checked.typeNames.has(expr.id)) return this.typeName(expr);
    const operand = this.plan(expr.operand);
    const { field } = expr;
    if (expr.testOnly) return (frame) => has(operand(frame), field);
    const cost = isAttribute(expr.operand) ? 1 : 2;
    return (frame) => {
      const target = operand(frame);
      charge(frame, cost);
      return fieldOf(target, field);
    };
  }

  private call(expr: Expr & { kind: 'call' }): Run {
    // What is looked up by, and what a condition chooses between, does not count as a look-up of its own.
    const inner = expr.name === '_[_]' || expr.name === '_?_:_';
    const args = (expr.target ? [expr.target, ...expr.args] : expr.args).map((arg, i) =>
      inner && i > 0 ? this.unobserved(arg) : this.plan(arg),
    );
    switch (expr.name) {
      case '_&&_':
        return logical(args[0]!, args[1]!, false);
      case '_||_':
        return logical(args[0]!, args[1]!, true);
      case '_?_:_':
        return conditional(args[0]!, args[1]!, args[2]!);
      case '@not_strictly_false':
        return notStrictlyFalse(args[0]!);
      case '_?._':
        return (frame) => {
          const target = args[0]!(frame);
          charge(frame, 1);
          return optionalField(target, args[1]!(frame) as string);
        };
    }
    return this.overloaded(expr, args);
  }

  private unobserved(expr: Expr): Run {
    const run = this.plan(expr);
    if (!isAttribute(expr)) return run;
    return (frame) => {
      const value = run(frame);
      frame.cost--;
      return value;
    };
  }

  private overloaded(expr: Expr & { kind: 'call' }, args: Run[]): Run {
    const folded = this.folded(expr, args);
    if (folded) return folded;
    const candidates = this.checked.overloads.get(expr.id) ?? [];
    // Types are known, values are not: a text may be null, and what did not change may be of a type of before.
    const choose = (values: unknown[]): Overload => {
      const found = candidates.find(({ params }) => params.every((type, i) => fits(values[i], type)));
      if (!found) throw new CelError('no such overload');
      return found;
    };
    return (frame) => {
      const values = args.map((arg) => arg(frame));
      const overload = choose(values);
      const { cost } = overload;
      if (cost?.before) charge(frame, cost.actual(values, undefined));
      const result = overload.run(...(values as never[]));
      if (!cost?.before) charge(frame, cost ? cost.actual(values, result) : 1);
      return result;
    };
  }

  /** What upstream's optimizer works out beforehand costs nothing: conversions of literals, `in` a list of literals. */
  private folded(expr: Expr & { kind: 'call' }, args: Run[]): Run | undefined {
    const [overload, ...more] = this.checked.overloads.get(expr.id) ?? [];
    if (!overload || more.length > 0 || expr.target) return undefined;
    const [first] = expr.args;
    if (CONVERSIONS.has(expr.name) && expr.args.length === 1 && first?.kind === 'literal') {
      return constant(() => overload.run(first.value as never));
    }
    const [item, within] = args;
    if (overload.id !== 'in_list' || expr.args[1]!.kind !== 'list' || !isConstant(expr.args[1]!)) return undefined;
    return (frame) => overload.run(item!(frame) as never, within!(frame) as never);
  }

  private list(expr: Expr & { kind: 'list' }): Run {
    const { elements, optionals } = expr;
    if (isConstant(expr)) {
      const made = elements.map((element) => this.plan(element)(NO_FRAME));
      return () => made;
    }
    const runs = elements.map((element) => this.plan(element));
    return (frame) => {
      const out: unknown[] = [];
      runs.forEach((run, i) => {
        const value = run(frame);
        if (!optionals.has(i)) out.push(value);
        else if (asOptional(value).has) out.push(asOptional(value).value);
      });
      charge(frame, 10);
      return out;
    };
  }

  private map(expr: Expr & { kind: 'map' }): Run {
    const runs = expr.entries.map(({ key, value, optional }) => ({
      key: this.plan(key),
      value: this.plan(value),
      optional,
    }));
    const free = isConstant(expr);
    return (frame) => {
      const out = new Map<unknown, unknown>();
      for (const entry of runs) {
        const key = keyOf(entry.key(frame));
        const value = entry.value(frame);
        if (out.has(key)) throw new CelError(`insert failed: key ${String(key)} already exists`);
        if (!entry.optional) out.set(key, value);
        else if (asOptional(value).has) out.set(key, asOptional(value).value);
      }
      charge(frame, free ? 0 : 30);
      return out;
    };
  }

  /** Runs `read` with the names bound to new places. */
  private scoped<T>(names: readonly (string | undefined)[], read: (slots: number[]) => T): T {
    const before = names.map((name) => (name === undefined ? undefined : this.slots.get(name)));
    const slots = names.map((name) => {
      const slot = this.count++;
      if (name !== undefined) this.slots.set(name, slot);
      return slot;
    });
    const result = read(slots);
    names.forEach((name, i) => {
      if (name === undefined) return;
      if (before[i] === undefined) this.slots.delete(name);
      else this.slots.set(name, before[i]);
    });
    return result;
  }

  private comprehension(expr: Expr & { kind: 'comprehension' }): Run {
    const range = this.plan(expr.range);
    const init = this.plan(expr.init);
    return this.scoped([expr.accuVar], ([accu = 0]) => {
      const loop = this.scoped([expr.iterVar, expr.iterVar2], ([first = 0, second = 0]) => {
        const [condition, step] = [this.plan(expr.condition), this.plan(expr.step)];
        const two = expr.iterVar2 !== undefined;
        return (frame: Frame, over: unknown): void => {
          const keys = !two && !Array.isArray(over);
          for (const [key, value] of entriesOf(over)) {
            frame.slots[first] = two || keys ? key : value;
            if (two) frame.slots[second] = value;
            if (condition(frame) === false) return;
            frame.slots[accu] = caught(step, frame);
          }
        };
      });
      const result = this.plan(expr.result);
      const isFold = expr.accuVar === ACCUMULATOR;
      return (frame) => {
        const over = range(frame);
        const start = init(frame);
        // An empty list or map is a constant, so each fold starts with one of its own.
        const container = isFold
          ? Array.isArray(start)
            ? grow<unknown[]>([])
            : start instanceof Map
              ? grow(new Map())
              : undefined
          : undefined;
        frame.slots[accu] = container ?? start;
        loop(frame, over);
        if (container) settle(container);
        return result(frame);
      };
    });
  }
}

/** Upstream's attributes: a variable and a chain of fields and indexes. */
function isAttribute(expr: Expr): boolean {
  if (expr.kind === 'ident') return true;
  if (expr.kind === 'select') return !expr.testOnly && isAttribute(expr.operand);
  return expr.kind === 'call' && expr.name === '_[_]' && isAttribute(expr.args[0]!);
}

const CONVERSIONS = new Set('bool bytes double duration dyn int string timestamp type uint'.split(' '));
const NO_FRAME: Frame = { slots: [], cost: 0, limit: Infinity };

function isConstant(expr: Expr): boolean {
  switch (expr.kind) {
    case 'literal':
      return true;
    case 'list':
      return expr.optionals.size === 0 && expr.elements.every(isConstant);
    case 'map':
      return expr.entries.every(({ key, value, optional }) => !optional && isConstant(key) && isConstant(value));
    case 'call':
      return CONVERSIONS.has(expr.name) && !expr.target && expr.args.length === 1 && expr.args[0]!.kind === 'literal';
    default:
      return false;
  }
}

function constant(run: () => unknown): Run {
  try {
    const value = run();
    return () => value;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return () => {
      throw new CelError(error.message);
    };
  }
}

/** An accumulator may hold an error for a while: a later element may settle `all` or `exists` all the same. */
function caught(step: Run, frame: Frame): unknown {
  try {
    return step(frame);
  } catch (error) {
    if (error instanceof CelError && !(error instanceof CostLimitExceeded)) return error;
    throw error;
  }
}

function settled(run: Run, frame: Frame): unknown {
  const value = caught(run, frame);
  return typeof value === 'boolean' || value instanceof CelError ? value : new CelError('no such overload');
}

/** `absorbing` is the operand that decides alone: false for &&, true for ||. An error counts only when neither does. */
function logical(left: Run, right: Run, absorbing: boolean): Run {
  return (frame) => {
    const a = settled(left, frame);
    if (a === absorbing) return absorbing;
    const b = settled(right, frame);
    if (b === absorbing) return absorbing;
    if (a instanceof CelError) throw a;
    if (b instanceof CelError) throw b;
    return !absorbing;
  };
}

function conditional(condition: Run, yes: Run, no: Run): Run {
  return (frame) => {
    const decided = condition(frame);
    if (typeof decided !== 'boolean') throw new CelError('no such overload');
    return decided ? yes(frame) : no(frame);
  };
}

function notStrictlyFalse(arg: Run): Run {
  return (frame) => {
    const value = caught(arg, frame);
    charge(frame, 1);
    return value !== false;
  };
}

function asOptional(value: unknown): Optional {
  if (value instanceof Optional) return value;
  throw new CelError(`cannot initialize optional entry from non-optional value`);
}

function keyOf(value: unknown): unknown {
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean' || value instanceof Uint) {
    return mapKey(value);
  }
  throw new CelError('unsupported key type');
}

function container(value: unknown): Map<unknown, unknown> | undefined {
  return value instanceof Map ? value : isFields(value) ? (value as unknown as Map<unknown, unknown>) : undefined;
}

function fieldOf(target: unknown, field: string): unknown {
  if (target instanceof Optional) return optionalField(target, field);
  const map = container(target);
  if (!map) throw new CelError('no such overload');
  return byKey(map, field);
}

function has(target: unknown, field: string): boolean {
  if (target instanceof Optional) return target.has && has(target.value, field);
  const map = container(target);
  if (!map) throw new CelError('no such overload');
  return lookUp(map, field) !== undefined;
}

function optionalField(target: unknown, field: string): Optional {
  if (target instanceof Optional) return target.has ? optionalField(target.value, field) : Optional.none;
  const map = container(target);
  if (!map) throw new CelError('no such overload');
  const found = lookUp(map, field);
  return found === undefined ? Optional.none : Optional.of(found);
}

/** `names` are the variables that it may read. */
export function plan(checked: Checked, names: readonly string[]): Program {
  const planner = new Planner(checked, names);
  const run = planner.plan(checked.root);
  return {
    evaluate(variables, limit) {
      const slots = Array<unknown>(planner.count);
      names.forEach((name, i) => (slots[i] = variables[name]));
      const frame: Frame = { slots, cost: 0, limit };
      try {
        return { value: run(frame), cost: frame.cost };
      } catch (error) {
        if (error instanceof CelError) return { error, cost: frame.cost };
        // A list may hold what its first item did not show.
        if (error instanceof TypeError) return { error: new CelError('no such overload'), cost: frame.cost };
        // An expression that is deep in itself, or makes a text beyond what the engine holds, is its author's error.
        if (error instanceof RangeError) return { error: new CelError(error.message), cost: frame.limit + 1 };
        throw error;
      }
    },
  };
}
