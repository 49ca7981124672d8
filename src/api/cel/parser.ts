// From a text to an expression. Upstream: cel-go parser/parser.go and gen/CEL.g4.
//
//   expr = or ['?' or ':' expr]; or = and {'||' and}; and = relation {'&&' relation}; relation = sum {op sum};
//   sum = product {('+'|'-') product}; product = unary {('*'|'/'|'%') unary}; unary = {'!'}|{'-'} member
import { CompileError, type Expr, type Literal } from './expression.ts';
import { type Token, tokenize } from './lexer.ts';
import { expandMacro } from './macros.ts';

const CODE_POINT_LIMIT = 100_000;
/** How deep brackets, calls and chains of operators may be nested. */
const DEPTH_LIMIT = 250;
const RELATIONS = new Set(['<', '<=', '>=', '>', '==', '!=', 'in']);
const NAMED: Record<string, string> = { in: '@in' };
/** Of these words the language has made its own; no field is called so without quotes. */
const LITERALS = new Set(['true', 'false', 'null', 'in']);
const RESERVED = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);
const STARTS =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

class Parser {
  private readonly tokens: Token[];
  private readonly text: string;
  private index = 0;
  private count = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
    this.tokens = tokenize(text);
  }

  whole(): Expr {
    const expr = this.expression();
    const rest = this.peek();
    if (rest.kind !== 'end') this.unexpected(rest, '<EOF>');
    return expr;
  }

  private peek = (): Token => this.tokens[this.index]!;
  private isNext = (text: string): boolean => this.peek().text === text && this.peek().kind !== 'literal';
  private take = (): Token => this.tokens[this.index++]!;
  private accept(text: string): Token | undefined {
    return this.isNext(text) ? this.take() : undefined;
  }
  private expect(text: string): Token {
    return this.accept(text) ?? this.unexpected(this.peek(), `'${text}'`);
  }
  private next = (): number => ++this.count;

  private fail = (at: number, message: string): never => {
    throw new CompileError(this.text, [{ at, message }]);
  };
  private unexpected(token: Token, wanted: string): never {
    const kind = wanted === '<EOF>' ? 'extraneous' : 'mismatched';
    return this.fail(token.at, `Syntax error: ${kind} input '${token.text}' expecting ${wanted}`);
  }

  private nested<T>(read: () => T): T {
    if (++this.depth > DEPTH_LIMIT) this.fail(0, `expression recursion limit exceeded: ${DEPTH_LIMIT}`);
    const result = read();
    this.depth--;
    return result;
  }

  private call(at: number, name: string, ...args: Expr[]): Expr {
    return { id: this.next(), at, kind: 'call', name, args };
  }

  private expression(): Expr {
    return this.nested(() => {
      const condition = this.logical('||');
      const mark = this.accept('?');
      if (!mark) return condition;
      const yes = this.logical('||');
      this.expect(':');
      return this.call(mark.at, '_?_:_', condition, yes, this.expression());
    });
  }

  /** Chains of && and || become balanced trees, as upstream's: a long one is not deep. */
  private logical(operator: '||' | '&&'): Expr {
    const read = (): Expr => (operator === '||' ? this.logical('&&') : this.relation());
    const terms = [read()];
    const places: number[] = [];
    for (let token = this.accept(operator); token; token = this.accept(operator)) {
      places.push(token.at);
      terms.push(read());
    }
    return this.balance(`_${operator}_`, terms, places, 0, terms.length - 1);
  }

  private balance(name: string, terms: Expr[], places: number[], low: number, high: number): Expr {
    if (low === high) return terms[low]!;
    const middle = (low + high) >> 1;
    const left = this.balance(name, terms, places, low, middle);
    return this.call(places[middle]!, name, left, this.balance(name, terms, places, middle + 1, high));
  }

  private chain(read: () => Expr, isOperator: (text: string) => boolean): Expr {
    let left = read();
    const outer = this.depth;
    while (this.peek().kind !== 'literal' && isOperator(this.peek().text)) {
      const { at, text } = this.take();
      if (++this.depth > DEPTH_LIMIT) this.fail(0, `expression recursion limit exceeded: ${DEPTH_LIMIT}`);
      left = this.call(at, NAMED[text] ?? `_${text}_`, left, read());
    }
    this.depth = outer;
    return left;
  }

  private relation = (): Expr => this.chain(this.sum, (text) => RELATIONS.has(text));
  private sum = (): Expr => this.chain(this.product, (text) => text === '+' || text === '-');
  private product = (): Expr => this.chain(this.unary, (text) => text === '*' || text === '/' || text === '%');

  private unary = (): Expr => {
    const signs: Token[] = [];
    for (let token = this.accept('!'); token; token = this.accept('!')) signs.push(token);
    const negation = signs.length > 0;
    if (!negation) for (let token = this.accept('-'); token; token = this.accept('-')) signs.push(token);
    const literal = this.peek();
    // A minus before a number is part of it.
    if (!negation && signs.length > 0 && (typeof literal.value === 'bigint' || typeof literal.value === 'number')) {
      const sign = signs.pop()!;
      literal.value = -literal.value;
      literal.at = sign.at;
    }
    const inner = this.member();
    // Two of a kind cancel out.
    return signs.length % 2 === 0 ? inner : this.call(signs[0]!.at, negation ? '!_' : '-_', inner);
  };

  private member(): Expr {
    let expr = this.primary();
    const outer = this.depth;
    for (;;) {
      const token = this.peek();
      if (token.kind !== 'operator' || (token.text !== '.' && token.text !== '[')) break;
      if (++this.depth > DEPTH_LIMIT) this.fail(0, `expression recursion limit exceeded: ${DEPTH_LIMIT}`);
      this.take();
      expr = token.text === '.' ? this.afterDot(expr, token.at) : this.afterBracket(expr, token.at);
    }
    this.depth = outer;
    return expr;
  }

  private afterDot(operand: Expr, at: number): Expr {
    const optional = this.accept('?');
    const name = this.take();
    if (name.kind !== 'ident') this.unexpected(name, 'IDENTIFIER');
    if (LITERALS.has(name.text)) return this.unexpected(name, 'IDENTIFIER');
    const field = name.text.replaceAll('`', '');
    if (optional) {
      const literal: Expr = { id: this.next(), at: name.at, kind: 'literal', value: field };
      return this.call(at, '_?._', operand, literal);
    }
    const open = this.accept('(');
    if (!open) return { id: this.next(), at, kind: 'select', operand, field };
    const args = this.elements(')');
    return this.memberCall(operand, field, args, open.at);
  }

  private memberCall(target: Expr, name: string, args: Expr[], at: number): Expr {
    const macro = expandMacro({ at, next: this.next, fail: this.fail }, name, target, args);
    if (macro) return macro;
    return { id: this.next(), at, kind: 'call', name, target, args };
  }

  private afterBracket(operand: Expr, at: number): Expr {
    const optional = this.accept('?');
    const index = this.expression();
    this.expect(']');
    return this.call(at, optional ? '_[?_]' : '_[_]', operand, index);
  }

  /** Expressions up to the closing bracket; a comma may follow the last in lists and maps. */
  private elements(close: string): Expr[] {
    const found: Expr[] = [];
    while (!this.accept(close)) {
      found.push(this.expression());
      if (!this.accept(',')) {
        this.expect(close);
        break;
      }
    }
    return found;
  }

  private primary(): Expr {
    const token = this.take();
    if (token.kind === 'literal') return this.literal(token.at, this.checked(token));
    if (token.kind === 'ident') return this.identifier(token, '');
    switch (token.text) {
      case '.':
        return this.identifier(this.take(), '.');
      case '(': {
        const inner = this.expression();
        this.expect(')');
        return inner;
      }
      case '[':
        return this.list(token.at);
      case '{':
        return this.map(token.at);
    }
    this.index--;
    return this.unexpected(token, STARTS);
  }

  private checked({ value, at }: Token): Literal {
    return typeof value === 'bigint' && value >= 2n ** 63n ? this.fail(at, 'invalid int literal') : value!;
  }

  private literal = (at: number, value: Literal): Expr => ({ id: this.next(), at, kind: 'literal', value });

  private identifier({ kind, text, at }: Token, dot: '' | '.'): Expr {
    if (kind !== 'ident') return this.unexpected(this.tokens[this.index - 1]!, 'IDENTIFIER');
    if (text === 'true' || text === 'false') return this.literal(at, text === 'true');
    if (text === 'null') return this.literal(at, null);
    if (text === 'in') return this.unexpected(this.tokens[this.index - 1]!, STARTS);
    if (RESERVED.has(text)) this.fail(at, `reserved identifier: ${text}`);
    const open = this.accept('(');
    if (!open) return { id: this.next(), at, kind: 'ident', name: dot + text };
    const args = this.elements(')');
    if (text === 'has' && args.length === 1) {
      const [field] = args;
      if (field?.kind !== 'select') return this.fail(field!.at, 'invalid argument to has() macro');
      return { ...field, id: this.next(), at: open.at, testOnly: true };
    }
    return this.call(open.at, dot + text, ...args);
  }

  private list(at: number): Expr {
    const elements: Expr[] = [];
    const optionals = new Set<number>();
    while (!this.accept(']')) {
      if (this.accept('?')) optionals.add(elements.length);
      elements.push(this.expression());
      if (!this.accept(',')) {
        this.expect(']');
        break;
      }
    }
    return { id: this.next(), at, kind: 'list', elements, optionals };
  }

  private map(at: number): Expr {
    const entries: { key: Expr; value: Expr; optional: boolean }[] = [];
    while (!this.accept('}')) {
      const optional = this.accept('?') !== undefined;
      const key = this.expression();
      this.expect(':');
      entries.push({ key, value: this.expression(), optional });
      if (!this.accept(',')) {
        this.expect('}');
        break;
      }
    }
    return { id: this.next(), at, kind: 'map', entries };
  }
}

/** Throws CompileError. */
export function parse(text: string): Expr {
  const size = [...text].length;
  if (size > CODE_POINT_LIMIT) {
    const message = `expression code point size exceeds limit: size: ${size}, limit ${CODE_POINT_LIMIT}`;
    throw new CompileError('', [{ at: 0, message }]);
  }
  return new Parser(text).whole();
}
