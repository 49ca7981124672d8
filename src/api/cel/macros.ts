// What CEL's macros become: comprehensions. Upstream: cel-go parser/macro.go, cel/library.go (optMap, optFlatMap),
// ext/comprehensions.go (the macros with two variables).
import type { Expr } from './expression.ts';

export const ACCUMULATOR = '@result';
const UNUSED = '#unused';

/** Makes nodes with fresh numbers at the macro's place. */
export interface Maker {
  at: number;
  next(): number;
  fail(at: number, message: string): never;
}

export class Builder {
  private readonly maker: Maker;
  constructor(maker: Maker) {
    this.maker = maker;
  }
  private get head(): { id: number; at: number } {
    return { id: this.maker.next(), at: this.maker.at };
  }
  ident = (name: string): Expr => ({ ...this.head, kind: 'ident', name });
  accu = (): Expr => this.ident(ACCUMULATOR);
  literal = (value: boolean | bigint): Expr => ({ ...this.head, kind: 'literal', value });
  call = (name: string, ...args: Expr[]): Expr => ({ ...this.head, kind: 'call', name, args });
  member = (target: Expr, name: string, ...args: Expr[]): Expr => ({ ...this.head, kind: 'call', name, target, args });
  list = (...elements: Expr[]): Expr => ({ ...this.head, kind: 'list', elements, optionals: new Set() });
  map = (): Expr => ({ ...this.head, kind: 'map', entries: [] });
  /** Over the range; the result is the accumulator unless said otherwise. */
  fold(
    range: Expr,
    [iterVar, iterVar2]: readonly [string, string?],
    init: Expr,
    condition: Expr,
    step: Expr,
    result: Expr = this.accu(),
    accuVar: string = ACCUMULATOR,
  ): Expr {
    const parts = { range, init, condition, step, result, accuVar, iterVar };
    return { ...this.head, kind: 'comprehension', ...parts, ...(iterVar2 === undefined ? {} : { iterVar2 }) };
  }
}

type Vars = readonly [string, string?];
type Expand = (b: Builder, target: Expr, vars: Vars, rest: Expr[]) => Expr;

const all: Expand = (b, target, vars, [predicate]) =>
  b.fold(target, vars, b.literal(true), b.call('@not_strictly_false', b.accu()), b.call('_&&_', b.accu(), predicate!));
const exists: Expand = (b, target, vars, [predicate]) =>
  b.fold(
    target,
    vars,
    b.literal(false),
    b.call('@not_strictly_false', b.call('!_', b.accu())),
    b.call('_||_', b.accu(), predicate!),
  );
const existsOne: Expand = (b, target, vars, [predicate]) => {
  const step = b.call('_?_:_', predicate!, b.call('_+_', b.accu(), b.literal(1n)), b.accu());
  return b.fold(target, vars, b.literal(0n), b.literal(true), step, b.call('_==_', b.accu(), b.literal(1n)));
};
/** With a filter before the transformation or without. */
function transform(b: Builder, target: Expr, vars: Vars, rest: Expr[], init: Expr, add: (value: Expr) => Expr): Expr {
  const filter = rest.length > 1 ? rest[0] : undefined;
  const added = add(rest.at(-1)!);
  const step = filter ? b.call('_?_:_', filter, added, b.accu()) : added;
  return b.fold(target, vars, init, b.literal(true), step);
}
const mapping: Expand = (b, target, vars, rest) =>
  transform(b, target, vars, rest, b.list(), (value) => b.call('_+_', b.accu(), b.list(value)));
const filter: Expand = (b, target, vars, [predicate]) => mapping(b, target, vars, [predicate!, b.ident(vars[0])]);
const transformMap: Expand = (b, target, vars, rest) =>
  transform(b, target, vars, rest, b.map(), (value) => b.call('cel.@mapInsert', b.accu(), b.ident(vars[0]), value));
const transformMapEntry: Expand = (b, target, vars, rest) =>
  transform(b, target, vars, rest, b.map(), (entries) => b.call('cel.@mapInsert', b.accu(), entries));

/** Evaluates `inner` with the name bound to a value. */
const bind = (b: Builder, name: string, value: Expr, inner: Expr): Expr =>
  b.fold(b.list(), [UNUSED], value, b.literal(false), b.ident(name), inner, name);
const optMap: Expand = (b, target, [name], [inner]) =>
  b.call(
    '_?_:_',
    b.member(target, 'hasValue'),
    b.call('optional.of', bind(b, name, b.member(target, 'value'), inner!)),
    b.call('optional.none'),
  );
const optFlatMap: Expand = (b, target, [name], [inner]) =>
  b.call(
    '_?_:_',
    b.member(target, 'hasValue'),
    bind(b, name, b.member(target, 'value'), inner!),
    b.call('optional.none'),
  );

/** By name and number of arguments: how many variables come first, and what it becomes. */
const MACROS: Record<string, { vars: 1 | 2; expand: Expand }> = {
  'all/2': { vars: 1, expand: all },
  'exists/2': { vars: 1, expand: exists },
  'exists_one/2': { vars: 1, expand: existsOne },
  'existsOne/2': { vars: 1, expand: existsOne },
  'map/2': { vars: 1, expand: mapping },
  'map/3': { vars: 1, expand: mapping },
  'filter/2': { vars: 1, expand: filter },
  'optMap/2': { vars: 1, expand: optMap },
  'optFlatMap/2': { vars: 1, expand: optFlatMap },
  'all/3': { vars: 2, expand: all },
  'exists/3': { vars: 2, expand: exists },
  'exists_one/3': { vars: 2, expand: existsOne },
  'existsOne/3': { vars: 2, expand: existsOne },
  'transformList/3': { vars: 2, expand: mapping },
  'transformList/4': { vars: 2, expand: mapping },
  'transformMap/3': { vars: 2, expand: transformMap },
  'transformMap/4': { vars: 2, expand: transformMap },
  'transformMapEntry/3': { vars: 2, expand: transformMapEntry },
  'transformMapEntry/4': { vars: 2, expand: transformMapEntry },
};

/** The expansion of `target.name(args)`; undefined when it is no macro. */
export function expandMacro(maker: Maker, name: string, target: Expr, args: Expr[]): Expr | undefined {
  const macro = MACROS[`${name}/${args.length}`];
  if (!macro) return undefined;
  const names = args.slice(0, macro.vars).map((arg) => {
    if (arg.kind === 'ident') return arg.name;
    return maker.fail(arg.at, 'argument must be a simple name');
  });
  if (macro.vars === 2 && names[0] === names[1]) maker.fail(args[1]!.at, `duplicate variable name: ${names[1]}`);
  const taken = names.findIndex((n) => n === ACCUMULATOR || n === '__result__');
  if (taken >= 0) maker.fail(args[taken]!.at, 'iteration variable overwrites accumulator variable');
  return macro.expand(new Builder(maker), target, names as [string, string?], args.slice(macro.vars));
}
