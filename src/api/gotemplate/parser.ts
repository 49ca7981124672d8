// Go's text/template: from tokens to a tree. Upstream: Go's text/template/parse/parse.go, with its error texts.
import { unquote } from '../jsonpath-parser.ts';
import { type Token, type TokenType, TemplateError, lex } from './lexer.ts';
import { Float } from './values.ts';

interface Placed {
  /** Where errors say that it stands; for a chain of fields, its second one, as Go has it. */
  at: number;
  text: string;
}
export type Operand = Placed &
  (
    | { type: 'literal'; value: string | bigint | Float | boolean }
    | { type: 'nil' }
    | { type: 'dot' }
    | { type: 'field'; path: string[] }
    | { type: 'variable'; name: string; path: string[] }
    | { type: 'function'; name: string }
    | { type: 'chain'; of: Pipeline; path: string[] }
    | { type: 'pipe'; pipe: Pipeline }
  );
export interface Command {
  operands: Operand[];
  text: string;
}
export interface Pipeline {
  declare: string[];
  isAssign: boolean;
  commands: Command[];
  at: number;
  text: string;
}
export type Branch = { type: 'if' | 'with' | 'range'; pipe: Pipeline; body: TemplateNode[]; otherwise: TemplateNode[] };
export type TemplateNode =
  | { type: 'text'; text: string }
  | { type: 'action'; pipe: Pipeline }
  | Branch
  | { type: 'template'; name: string; pipe: Pipeline | undefined; at: number }
  | { type: 'break' | 'continue' };

export type Templates = Map<string, TemplateNode[]>;

interface Block {
  nodes: TemplateNode[];
  /** `end`, `else`, or '' at the end of the text. */
  closed: string;
}

class Parser {
  private position = 0;
  private readonly tokens: Token[];
  private variables: string[] = ['$'];
  private rangeDepth = 0;
  constructor(
    private readonly name: string,
    private readonly input: string,
    private readonly templates: Templates,
    private readonly isFunction: (name: string) => boolean,
  ) {
    this.tokens = lex(name, input);
  }

  private peek(): Token {
    return this.tokens[this.position]!;
  }
  private next(): Token {
    const token = this.tokens[this.position]!;
    if (token.type !== 'end') this.position++;
    return token;
  }
  private skipSpace(): Token {
    while (this.peek().type === 'space') this.position++;
    return this.peek();
  }
  private nextNonSpace(): Token {
    this.skipSpace();
    return this.next();
  }
  private fail(message: string, token = this.peek()): never {
    throw new TemplateError(`template: ${this.name}:${token.line}: ${message}`);
  }
  private unexpected(token: Token, context: string): never {
    const shown = token.type === 'keyword' ? `<${token.text}>` : JSON.stringify(token.text);
    if (token.type === 'end') this.fail('unexpected EOF', token);
    this.fail(`unexpected ${shown} in ${context}`, token);
  }

  parse(): TemplateNode[] {
    const block = this.block();
    if (block.closed) this.fail(`unexpected {{${block.closed}}}`, this.tokens[this.position - 1] ?? this.peek());
    return block.nodes;
  }

  private block(): Block {
    const nodes: TemplateNode[] = [];
    for (;;) {
      const token = this.next();
      if (token.type === 'end') return { nodes, closed: '' };
      if (token.type === 'text') {
        nodes.push({ type: 'text', text: token.text });
        continue;
      }
      const first = this.skipSpace();
      if (first.type !== 'keyword') {
        nodes.push({ type: 'action', pipe: this.pipeline('command', 'right') });
        continue;
      }
      this.next();
      const node = this.keyword(first);
      if (typeof node === 'string') return { nodes, closed: node };
      if (node) nodes.push(node);
    }
  }

  /** A node, nothing for a definition, or the word that closes this block. */
  private keyword(token: Token): TemplateNode | string | undefined {
    switch (token.text) {
      case 'end':
        this.close('end');
        return 'end';
      case 'else':
        return this.otherwise();
      case 'if':
      case 'with':
      case 'range':
        return this.branch(token.text);
      case 'define':
        return this.define();
      case 'block':
        return this.inlineBlock();
      case 'template':
        return this.call();
      default: {
        if (this.rangeDepth === 0) this.fail(`{{${token.text}}} outside {{range}}`, token);
        this.close(`{{${token.text}}}`);
        return { type: token.text as 'break' };
      }
    }
  }

  private close(context: string): void {
    const token = this.nextNonSpace();
    if (token.type !== 'right') this.unexpected(token, context);
  }

  private otherwise(): string {
    const token = this.skipSpace();
    // `{{else if x}}` is an else with an if in it that share one end.
    if (token.type === 'keyword' && (token.text === 'if' || token.text === 'with')) return `else ${token.text}`;
    this.close('else');
    return 'else';
  }

  private branch(type: 'if' | 'with' | 'range'): Branch {
    const scope = this.variables.length;
    const pipe = this.pipeline(type, 'right');
    if (type === 'range') this.rangeDepth++;
    const body = this.block();
    if (type === 'range') this.rangeDepth--;
    let otherwise: TemplateNode[] = [];
    if (body.closed === '') this.fail('unexpected EOF');
    if (body.closed.startsWith('else ')) {
      this.nextNonSpace();
      otherwise = [this.branch(body.closed.slice(5) as 'if')];
    } else if (body.closed === 'else') {
      const rest = this.block();
      if (rest.closed === '') this.fail('unexpected EOF');
      if (rest.closed !== 'end') this.fail(`expected end; found {{${rest.closed}}}`);
      otherwise = rest.nodes;
    }
    this.variables.length = scope;
    return { type, pipe, body: body.nodes, otherwise };
  }

  private string(context: string): string {
    const token = this.nextNonSpace();
    if (token.type !== 'string') this.unexpected(token, context);
    return this.unquoted(token);
  }

  private unquoted(token: Token): string {
    if (token.text.startsWith('`')) return token.text.slice(1, -1);
    const text = unquote(token.text.slice(1, -1), token.text[0]!);
    if (text === undefined) this.fail('invalid syntax', token);
    return text;
  }

  private definition(name: string): undefined {
    const outer = this.variables;
    this.variables = ['$'];
    const body = this.block();
    if (body.closed !== 'end') this.fail(body.closed ? `unexpected {{${body.closed}}}` : 'unexpected EOF');
    this.variables = outer;
    this.templates.set(name, body.nodes);
    return undefined;
  }

  private define(): undefined {
    const name = this.string('define clause');
    this.close('define clause');
    return this.definition(name);
  }

  private inlineBlock(): TemplateNode {
    const { at } = this.skipSpace();
    const name = this.string('block clause');
    const pipe = this.pipeline('block clause', 'right');
    this.definition(name);
    return { type: 'template', name, pipe, at };
  }

  private call(): TemplateNode {
    const { at } = this.skipSpace();
    const name = this.string('template clause');
    if (this.skipSpace().type === 'right') {
      this.next();
      return { type: 'template', name, pipe: undefined, at };
    }
    return { type: 'template', name, pipe: this.pipeline('template clause', 'right'), at };
  }

  private pipeline(context: string, end: TokenType): Pipeline {
    const first = this.skipSpace();
    const pipe: Pipeline = { declare: [], isAssign: false, commands: [], at: first.at, text: '' };
    this.declarations(pipe, context);
    for (;;) {
      const token = this.skipSpace();
      if (token.type === end) {
        const declared = pipe.declare.length ? `${pipe.declare.join(', ')} ${pipe.isAssign ? '=' : ':='} ` : '';
        pipe.text = declared + pipe.commands.map((c) => c.text).join(' | ');
        this.next();
        if (pipe.commands.length === 0) this.fail(`missing value for ${context}`, token);
        this.checkPipeline(pipe, token);
        return pipe;
      }
      if (['pipe', 'right', ')', 'end', 'keyword', 'comma', 'declare', 'assign', 'punctuation'].includes(token.type)) {
        if (token.type === 'end') this.fail('unclosed action', token);
        this.unexpected(token, context);
      }
      pipe.commands.push(this.command());
    }
  }

  private checkPipeline(pipe: Pipeline, token: Token): void {
    pipe.commands.slice(1).forEach((command, i) => {
      const type = command.operands[0]!.type;
      if (type === 'literal' || type === 'nil' || type === 'dot') {
        this.fail(`non executable command in pipeline stage ${i + 2}`, token);
      }
    });
  }

  private declarations(pipe: Pipeline, context: string): void {
    const start = this.position;
    const names: string[] = [];
    for (;;) {
      const token = this.skipSpace();
      if (token.type !== 'variable') break;
      this.next();
      names.push(token.text);
      const after = this.skipSpace();
      if (after.type === 'declare' || after.type === 'assign') {
        this.next();
        pipe.declare = names;
        pipe.isAssign = after.type === 'assign';
        if (names.length > 1 && context !== 'range') this.fail(`too many declarations in ${context}`, after);
        if (!pipe.isAssign) this.variables.push(...names);
        return;
      }
      if (after.type !== 'comma') break;
      if (names.length > 1 || context !== 'range') this.fail(`too many declarations in ${context}`, after);
      this.next();
    }
    this.position = start;
  }

  private command(): Command {
    this.skipSpace();
    const operands: Operand[] = [];
    for (;;) {
      const operand = this.operand();
      if (operand) operands.push(operand);
      const token = this.peek();
      if (token.type === 'space') {
        this.next();
        continue;
      }
      if (token.type === 'right' || token.type === ')') return this.finish(operands, token);
      if (token.type === 'pipe') {
        const command = this.finish(operands, token);
        this.next();
        return command;
      }
      this.unexpected(token, 'operand');
    }
  }

  private finish(operands: Operand[], end: Token): Command {
    if (operands.length === 0) this.fail('empty command', end);
    return { operands, text: operands.map((o) => o.text).join(' ') };
  }

  private fieldsAfter(): string[] {
    const path: string[] = [];
    while (this.peek().type === 'field') path.push(this.next().text.slice(1));
    return path;
  }

  private operand(): Operand | undefined {
    const term = this.term();
    if (!term || this.peek().type !== 'field') return term;
    const second = this.peek();
    const path = this.fieldsAfter();
    const text = term.text + path.map((p) => `.${p}`).join('');
    if (term.type === 'field' || term.type === 'variable') {
      return { ...term, path: [...term.path, ...path], at: second.at, text };
    }
    if (term.type === 'pipe') return { type: 'chain', of: term.pipe, path, at: second.at, text };
    this.fail(`unexpected . after term ${JSON.stringify(term.text)}`, second);
  }

  private term(): Operand | undefined {
    const token = this.peek();
    const { at, text } = token;
    switch (token.type) {
      case 'identifier':
        if (!this.isFunction(text)) this.fail(`function ${JSON.stringify(text)} not defined`, token);
        this.next();
        return { type: 'function', name: text, at, text };
      case 'dot':
      case 'nil':
        this.next();
        return { type: token.type, at, text };
      case 'variable':
        if (!this.variables.includes(text)) this.fail(`undefined variable ${JSON.stringify(text)}`, token);
        this.next();
        return { type: 'variable', name: text, path: [], at, text };
      case 'field':
        this.next();
        return { type: 'field', path: [text.slice(1)], at, text };
      case 'bool':
        this.next();
        return { type: 'literal', value: text === 'true', at, text };
      case 'char':
      case 'number':
        this.next();
        return { type: 'literal', value: this.number(token), at, text };
      case 'string':
        this.next();
        return { type: 'literal', value: this.unquoted(token), at, text };
      case '(': {
        this.next();
        const pipe = this.pipeline('parenthesized pipeline', ')');
        return { type: 'pipe', pipe, at, text: `(${pipe.text})` };
      }
      default:
        return undefined;
    }
  }

  private number(token: Token): bigint | Float {
    if (token.type === 'char') return BigInt(unquote(token.text.slice(1, -1), "'")?.codePointAt(0) ?? 0);
    const text = token.text.replaceAll('_', '');
    const sign = text.startsWith('-') ? -1n : 1n;
    const digits = text.replace(/^[+-]/, '');
    if (/^0\d+$/.test(digits)) return sign * BigInt(`0o${digits.slice(1)}`);
    if (/^\d+$/.test(digits) || /^0[xXoObB][0-9a-fA-F]+$/.test(digits)) return sign * BigInt(digits);
    const value = Number(text);
    if (Number.isNaN(value)) this.fail(`illegal number syntax: ${JSON.stringify(token.text)}`, token);
    return new Float(value);
  }
}

/** The templates of a text by name; the text itself is `name`. Throws TemplateError with Go's text. */
export function parseTemplates(name: string, input: string, isFunction: (name: string) => boolean): Templates {
  const templates: Templates = new Map();
  const nodes = new Parser(name, input, templates, isFunction).parse();
  templates.set(name, nodes);
  return templates;
}
