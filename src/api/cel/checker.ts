// Gives each part of an expression its type and each call its overloads, or says what is wrong.
// Upstream: cel-go checker/checker.go.
import { CompileError, type Expr, type Issue } from './expression.ts';
import type { FunctionTable, Overload } from './functions.ts';
import {
  BOOL,
  BYTES,
  type Bindings,
  DOUBLE,
  DYN,
  ERROR,
  INT,
  NULL,
  STRING,
  type Type,
  UINT,
  formatType,
  isDynOrError,
  isOptional,
  list,
  map,
  optional,
  param,
  sameType,
  substitute,
  typeOf,
  unify,
} from './types.ts';
import { typeOfValue } from './values.ts';

export interface Checked {
  root: Expr;
  types: Map<number, Type>;
  overloads: Map<number, readonly Overload[]>;
  /** The names of variables that are read and not made by a macro. */
  references: Set<string>;
  /** Names that are types: `int` in `type(x) == int`. */
  typeNames: Map<number, string>;
}

const TYPE_NAMES = new Map<string, Type>([
  ['bool', BOOL],
  ['int', INT],
  ['uint', UINT],
  ['double', DOUBLE],
  ['string', STRING],
  ['bytes', BYTES],
  ['null_type', NULL],
  ['list', list(DYN)],
  ['map', map(DYN, DYN)],
  ['type', typeOf(DYN)],
  ...['google.protobuf.Duration', 'google.protobuf.Timestamp', 'optional_type', 'net.IP', 'net.CIDR'].map(
    (name): [string, Type] => [name, { kind: 'opaque', name, params: [] }],
  ),
]);

class Checker {
  readonly types = new Map<number, Type>();
  readonly overloads = new Map<number, readonly Overload[]>();
  readonly references = new Set<string>();
  readonly typeNames = new Map<number, string>();
  readonly issues: Issue[] = [];
  private bindings: Bindings = new Map();
  private fresh = 0;
  private readonly scopes: Map<string, Type>[] = [];
  private readonly functions: FunctionTable;
  private readonly variables: ReadonlyMap<string, Type>;

  constructor(functions: FunctionTable, variables: ReadonlyMap<string, Type>) {
    this.functions = functions;
    this.variables = variables;
  }

  private fail(expr: Expr, message: string): Type {
    this.issues.push({ at: expr.at, message });
    return ERROR;
  }

  private variable = (): Type => param(`_var${this.fresh++}`);
  private format = (type: Type): string => formatType(substitute(this.bindings, type, true));

  private fits(from: Type, to: Type): boolean {
    const bound = unify(this.bindings, [from], [to]);
    if (bound) this.bindings = bound;
    return bound !== undefined;
  }

  check(expr: Expr): Type {
    const type = this.infer(expr);
    this.types.set(expr.id, type);
    return type;
  }

  private infer(expr: Expr): Type {
    switch (expr.kind) {
      case 'literal':
        return typeOfValue(expr.value);
      case 'ident':
        return this.identifier(expr, expr.name);
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

  private lookUp(expr: Expr, name: string): Type | undefined {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const local = this.scopes[i]!.get(name);
      if (local) return local;
    }
    const plain = name.replace(/^\./, '');
    const type = this.variables.get(plain);
    if (type) {
      this.references.add(plain);
      return type;
    }
    const named = TYPE_NAMES.get(plain);
    if (!named) return undefined;
    this.typeNames.set(expr.id, plain);
    return typeOf(named);
  }

  private identifier(expr: Expr, name: string): Type {
    return this.lookUp(expr, name) ?? this.fail(expr, `undeclared reference to '${name}' (in container '')`);
  }

  private select(expr: Expr & { kind: 'select' }): Type {
    const qualified = qualifiedName(expr);
    if (qualified !== undefined && !expr.testOnly) {
      const named = TYPE_NAMES.get(qualified);
      if (named) {
        this.typeNames.set(expr.id, qualified);
        return typeOf(named);
      }
    }
    const operand = substitute(this.bindings, this.check(expr.operand), false);
    const field = this.field(expr, operand, expr.field, false);
    return expr.testOnly ? BOOL : substitute(this.bindings, field, false);
  }

  /** The type of a field; of an optional's field, optional. */
  private field(expr: Expr, operand: Type, name: string, asOptional: boolean): Type {
    const inner = isOptional(operand) ? operand.params[0]! : operand;
    const wrap = asOptional || isOptional(operand);
    const found = this.plainField(expr, substitute(this.bindings, inner, false), name);
    return wrap && found.kind !== 'error' ? optional(found) : found;
  }

  private plainField(expr: Expr, target: Type, name: string): Type {
    switch (target.kind) {
      case 'map':
        return target.params[1]!;
      case 'object':
        return target.field?.(name) ?? this.fail(expr, `undefined field '${name}'`);
      case 'param':
        this.fits(target, DYN);
        return DYN;
      case 'dyn':
      case 'error':
        return DYN;
      default:
        return this.fail(expr, `type '${this.format(target)}' does not support field selection`);
    }
  }

  private call(expr: Expr & { kind: 'call' }): Type {
    if (expr.name === '_?._') return this.optionalSelect(expr);
    if (expr.target) {
      const prefix = qualifiedName(expr.target);
      const name = prefix === undefined ? '' : `${prefix}.${expr.name}`.replace(/^\./, '');
      // `optional.of(x)` is a function with a dot in its name, unless a variable has that name.
      if (this.functions.has(name) && !this.isLocal(prefix!)) {
        delete expr.target;
        expr.name = name;
      }
    }
    const name = expr.name.replace(/^\./, '');
    const candidates = this.functions.get(name);
    const all = expr.target ? [expr.target, ...expr.args] : expr.args;
    const types = all.map((arg) => this.check(arg));
    if (!candidates) return this.fail(expr, `undeclared reference to '${name}' (in container '')`);
    return this.resolve(expr, name, candidates, types);
  }

  private isLocal = (name: string): boolean => this.scopes.some((scope) => scope.has(name)) || this.variables.has(name);

  private resolve(expr: Expr & { kind: 'call' }, name: string, candidates: readonly Overload[], types: Type[]): Type {
    const found: Overload[] = [];
    let result: Type | undefined;
    const member = expr.target !== undefined;
    let bindings = this.bindings;
    for (const overload of candidates) {
      if (overload.member !== member || overload.params.length !== types.length) continue;
      const [params, returns] = this.instance(overload);
      const bound = unify(this.bindings, types, params);
      if (!bound) continue;
      found.push(overload);
      const type = substitute(bound, returns, false);
      // What several overloads agree on stands; otherwise only the value will tell.
      if (!result) [result, bindings] = [type, bound];
      else if (!sameType(result, type)) result = DYN;
    }
    this.bindings = bindings;
    if (!result) {
      const signature = this.signature(types, member);
      return this.fail(expr, `found no matching overload for '${name}' applied to '${signature}'`);
    }
    this.overloads.set(expr.id, found);
    return result;
  }

  private signature(types: Type[], member: boolean): string {
    const shown = types.map(this.format);
    return member ? `${shown[0]}.(${shown.slice(1).join(', ')})` : `(${shown.join(', ')})`;
  }

  /** An overload's types with parameters that nothing else uses. */
  private instance({ params, result }: Overload): [Type[], Type] {
    const bindings: Bindings = new Map();
    const rename = (type: Type): Type => {
      if (type.kind === 'param') {
        let renamed = bindings.get(type.name);
        if (!renamed) bindings.set(type.name, (renamed = this.variable()));
        return renamed;
      }
      return type.params.length === 0 ? type : { ...type, params: type.params.map(rename) };
    };
    return [params.map(rename), rename(result)];
  }

  private optionalSelect(expr: Expr & { kind: 'call' }): Type {
    const [operand, name] = expr.args;
    const type = substitute(this.bindings, this.check(operand!), false);
    this.check(name!);
    return this.field(expr, type, (name as { value: string }).value, true);
  }

  /** One type for all members, or dyn; whether that is allowed is literals.ts's matter. */
  private joined(types: readonly Type[]): Type {
    let common: Type | undefined;
    for (const type of types) {
      if (common === undefined || this.fits(common, type)) common = common && !isDynOrError(type) ? common : type;
      else common = DYN;
    }
    return common ?? this.variable();
  }

  private list(expr: Expr & { kind: 'list' }): Type {
    const types = expr.elements.map((element, i) => {
      const type = this.check(element);
      return expr.optionals.has(i) ? this.unwrapped(element, type) : type;
    });
    return list(this.joined(types));
  }

  private map(expr: Expr & { kind: 'map' }): Type {
    const keys = expr.entries.map(({ key }) => this.check(key));
    const values = expr.entries.map(({ value, optional: isOpt }) => {
      const type = this.check(value);
      return isOpt ? this.unwrapped(value, type) : type;
    });
    return map(this.joined(keys), this.joined(values));
  }

  private unwrapped(expr: Expr, type: Type): Type {
    const found = substitute(this.bindings, type, false);
    if (isOptional(found)) return found.params[0]!;
    if (isDynOrError(found)) return DYN;
    return this.fail(expr, `expected type 'optional_type(${this.format(found)})' but found '${this.format(found)}'`);
  }

  private comprehension(expr: Expr & { kind: 'comprehension' }): Type {
    const range = substitute(this.bindings, this.check(expr.range), false);
    const accu = this.check(expr.init);
    const [key, value] = this.iteration(expr, range);
    this.scopes.push(new Map([[expr.accuVar, accu]]));
    const inner = new Map<string, Type>(
      expr.iterVar2 === undefined ? [[expr.iterVar, range.kind === 'list' ? value : key]] : [],
    );
    if (expr.iterVar2 !== undefined) inner.set(expr.iterVar, key).set(expr.iterVar2, value);
    this.scopes.push(inner);
    this.expect(expr.condition, BOOL);
    this.expect(expr.step, accu);
    this.scopes.pop();
    const result = this.check(expr.result);
    this.scopes.pop();
    return substitute(this.bindings, result, false);
  }

  /** The types of what a macro's variables may stand for. */
  private iteration(expr: Expr & { kind: 'comprehension' }, range: Type): [Type, Type] {
    switch (range.kind) {
      case 'list':
        return [INT, range.params[0]!];
      case 'map':
        return [range.params[0]!, range.params[1]!];
      case 'param':
        this.fits(range, DYN);
        return [DYN, DYN];
      case 'dyn':
      case 'error':
        return [DYN, DYN];
    }
    const shown = this.format(range);
    this.fail(
      expr.range,
      `expression of type '${shown}' cannot be range of a comprehension (must be list, map, or dynamic)`,
    );
    return [ERROR, ERROR];
  }

  private expect(expr: Expr, wanted: Type): void {
    const type = this.check(expr);
    if (this.fits(type, wanted)) return;
    this.fail(expr, `expected type '${this.format(wanted)}' but found '${this.format(type)}'`);
  }

  finish(root: Expr): Checked {
    for (const [id, type] of this.types) this.types.set(id, substitute(this.bindings, type, true));
    const { types, overloads, references, typeNames } = this;
    return { root, types, overloads, references, typeNames };
  }
}

/** `a.b.c` when that is all an expression is. */
function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name;
  if (expr.kind !== 'select' || expr.testOnly) return undefined;
  const before = qualifiedName(expr.operand);
  return before === undefined ? undefined : `${before}.${expr.field}`;
}

/** Throws CompileError with every problem. Rewrites calls of functions whose names have dots. */
export function check(
  text: string,
  root: Expr,
  functions: FunctionTable,
  variables: ReadonlyMap<string, Type>,
): Checked {
  const checker = new Checker(functions, variables);
  checker.check(root);
  if (checker.issues.length > 0) throw new CompileError(text, checker.issues);
  return checker.finish(root);
}
