// Go's text/template: runs a tree over data. Upstream: Go's text/template/exec.go, with its error texts.
import { compareBytes } from '../go-format.ts';
import { functions, isTrue } from './functions.ts';
import { TemplateError } from './lexer.ts';
import type { Branch, Command, Operand, Pipeline, TemplateNode, Templates } from './parser.ts';
import { type Value, isMap, show, typeName } from './values.ts';

const MAX_DEPTH = 10_000;
class Signal extends Error {
  constructor(readonly kind: 'break' | 'continue') {
    super(kind);
  }
}

interface Place {
  at: number;
  text: string;
}

export interface Run {
  templates: Templates;
  /** The text of the template, for the lines of errors. */
  input: string;
  /** The name of the outermost template. */
  name: string;
  /** missingkey=error */
  missingKeyIsError: boolean;
}

class State {
  private readonly variables: { name: string; value: Value }[];
  private place: Place = { at: 0, text: '' };
  constructor(
    private readonly run: Run,
    private readonly template: string,
    data: Value,
    private readonly out: string[],
    private readonly depth: number,
  ) {
    this.variables = [{ name: '$', value: data }];
  }

  private fail(message: string): never {
    const { input, name } = this.run;
    const before = input.slice(0, this.place.at);
    const line = before.split('\n').length;
    const column = new TextEncoder().encode(before.slice(before.lastIndexOf('\n') + 1)).length;
    throw new TemplateError(
      `template: ${name}:${line}:${column}: executing ${JSON.stringify(this.template)} at <${this.place.text}>: ${message}`,
    );
  }

  walk(dot: Value, nodes: readonly TemplateNode[]): void {
    for (const node of nodes) {
      switch (node.type) {
        case 'text':
          this.out.push(node.text);
          break;
        case 'action': {
          const value = this.pipeline(dot, node.pipe);
          if (node.pipe.declare.length === 0) this.out.push(this.printed(value));
          break;
        }
        case 'template':
          this.call(dot, node);
          break;
        case 'break':
        case 'continue':
          throw new Signal(node.type);
        default:
          this.branch(dot, node);
      }
    }
  }

  private printed(value: Value): string {
    return value === undefined || value === null ? '<no value>' : show(value);
  }

  private call(dot: Value, node: Extract<TemplateNode, { type: 'template' }>): void {
    const nodes = this.run.templates.get(node.name);
    this.place = {
      at: node.at,
      text: `{{template ${JSON.stringify(node.name)}${node.pipe ? ` ${node.pipe.text}` : ''}}}`,
    };
    if (!nodes) this.fail(`template ${JSON.stringify(node.name)} not defined`);
    if (this.depth === MAX_DEPTH) this.fail(`exceeded maximum template depth (${MAX_DEPTH})`);
    const data = node.pipe ? this.pipeline(dot, node.pipe) : undefined;
    new State(this.run, node.name, data, this.out, this.depth + 1).walk(data, nodes);
  }

  private branch(dot: Value, node: Branch): void {
    const mark = this.variables.length;
    try {
      if (node.type === 'range') return this.range(dot, node);
      const value = this.pipeline(dot, node.pipe);
      if (isTrue(value)) this.walk(node.type === 'with' ? value : dot, node.body);
      else this.walk(dot, node.otherwise);
    } finally {
      this.variables.length = mark;
    }
  }

  private range(dot: Value, node: Branch): void {
    const value = this.pipeline(dot, node.pipe, false);
    const entries = this.entries(value);
    if (entries.length === 0) return this.walk(dot, node.otherwise);
    const mark = this.variables.length;
    try {
      for (const [key, item] of entries) {
        this.variables.length = mark;
        this.bind(node.pipe, key, item);
        try {
          this.walk(item, node.body);
        } catch (signal) {
          if (!(signal instanceof Signal)) throw signal;
          if (signal.kind === 'break') return;
        }
      }
    } finally {
      this.variables.length = mark;
    }
  }

  private bind({ declare, isAssign }: Pipeline, key: Value, item: Value): void {
    const values = declare.length > 1 ? [key, item] : [item];
    declare.forEach((name, i) => {
      if (isAssign) this.assign(name, values[i]);
      else this.variables.push({ name, value: values[i] });
    });
  }

  private entries(value: Value): (readonly [Value, Value])[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value.map((item, i) => [BigInt(i), item] as const);
    if (isMap(value))
      return Object.keys(value)
        .sort(compareBytes)
        .map((key) => [key, value[key]] as const);
    return this.fail(`range can't iterate over ${show(value)}`);
  }

  private assign(name: string, value: Value): void {
    for (let i = this.variables.length - 1; i >= 0; i--) {
      if (this.variables[i]!.name !== name) continue;
      this.variables[i]!.value = value;
      return;
    }
    this.fail(`undefined variable: ${name}`);
  }

  /** A range binds its variables itself, once per item. */
  private pipeline(dot: Value, pipe: Pipeline, binds = true): Value {
    this.place = pipe;
    let value: Value;
    pipe.commands.forEach((command, i) => {
      value = this.command(dot, command, i > 0 ? [value] : []);
    });
    if (binds && pipe.declare.length === 1) {
      if (pipe.isAssign) this.assign(pipe.declare[0]!, value);
      else this.variables.push({ name: pipe.declare[0]!, value });
    }
    return value;
  }

  /** `piped` holds the value of the stage before, if there is one. */
  private command(dot: Value, command: Command, piped: readonly Value[]): Value {
    const [first, ...args] = command.operands as [Operand, ...Operand[]];
    if (first.type === 'function')
      return this.functionCall(dot, first, args, piped, { at: first.at, text: command.text });
    const hasArguments = args.length + piped.length > 0;
    if (first.type === 'field' || first.type === 'chain' || (first.type === 'variable' && first.path.length > 0)) {
      return this.fieldOf(dot, first, hasArguments);
    }
    if (hasArguments && first.type !== 'variable') {
      this.place = first;
      this.fail(`can't give argument to non-function ${first.text}`);
    }
    if (first.type === 'nil') {
      this.place = first;
      this.fail('nil is not a command');
    }
    return this.operand(dot, first);
  }

  private operand(dot: Value, operand: Operand): Value {
    this.place = operand;
    switch (operand.type) {
      case 'literal':
        return operand.value;
      case 'nil':
        return undefined;
      case 'dot':
        return dot;
      case 'pipe':
        return this.pipeline(dot, operand.pipe);
      case 'function':
        return this.functionCall(dot, operand, [], [], operand);
      case 'variable':
        return operand.path.length ? this.fieldOf(dot, operand, false) : this.variable(operand.name);
      default:
        return this.fieldOf(dot, operand, false);
    }
  }

  private variable(name: string): Value {
    for (let i = this.variables.length - 1; i >= 0; i--) {
      if (this.variables[i]!.name === name) return this.variables[i]!.value;
    }
    return this.fail(`undefined variable: ${name}`);
  }

  private fieldOf(
    dot: Value,
    operand: Extract<Operand, { type: 'field' | 'chain' | 'variable' }>,
    hasArguments: boolean,
  ): Value {
    const start =
      operand.type === 'field'
        ? dot
        : operand.type === 'variable'
          ? this.variable(operand.name)
          : this.pipeline(dot, operand.of);
    this.place = operand;
    let value = start;
    operand.path.forEach((name, i) => {
      value = this.field(value, name, hasArguments && i === operand.path.length - 1);
    });
    return value;
  }

  private field(value: Value, name: string, hasArguments: boolean): Value {
    if (value === undefined) {
      if (this.run.missingKeyIsError) this.fail(`nil data; no entry for key ${JSON.stringify(name)}`);
      return undefined;
    }
    if (value === null) this.fail(`nil pointer evaluating interface {}.${name}`);
    if (!isMap(value)) this.fail(`can't evaluate field ${name} in type interface {}`);
    if (hasArguments) this.fail(`${name} is not a method but has arguments`);
    if (Object.hasOwn(value, name)) return value[name];
    if (this.run.missingKeyIsError) this.fail(`map has no entry for key ${JSON.stringify(name)}`);
    return undefined;
  }

  private functionCall(
    dot: Value,
    fn: Extract<Operand, { type: 'function' }>,
    args: readonly Operand[],
    piped: readonly Value[],
    whole: Place,
  ): Value {
    this.place = fn;
    const { name } = fn;
    const definition = functions[name]!;
    const count = args.length + piped.length;
    if (count < definition.min || count > (definition.max ?? Infinity)) {
      const want = definition.max === definition.min ? String(definition.min) : `at least ${definition.min}`;
      this.fail(`wrong number of args for ${name}: want ${want} got ${count}`);
    }
    if (name === 'and' || name === 'or') return this.logic(dot, name, args, piped);
    const values = [...args.map((arg) => this.operand(dot, arg)), ...piped];
    for (let i = 0; i < (definition.strings ?? 0); i++) this.mustBeString(args[i] ?? fn, values[i]);
    try {
      if (definition.call) return definition.call(values);
      const target = args[0]?.text ?? show(values[0]);
      throw new Error(values[0] == null ? 'call of nil' : `non-function ${target} of type ${typeName(values[0])}`);
    } catch (error) {
      this.place = whole;
      this.fail(`error calling ${name}: ${(error as Error).message}`);
    }
  }

  private logic(dot: Value, name: 'and' | 'or', args: readonly Operand[], piped: readonly Value[]): Value {
    let value: Value;
    for (const arg of args) {
      value = this.operand(dot, arg);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped.length ? piped[0] : value;
  }

  private mustBeString(operand: Operand, value: Value): void {
    if (typeof value === 'string') return;
    this.place = operand;
    if (operand.type === 'literal') this.fail(`expected string; found ${operand.text}`);
    if (value === undefined) this.fail('invalid value; expected string');
    this.fail(`wrong type for value; expected string; got ${typeName(value)}`);
  }
}

export function execute(run: Run, data: Value): string {
  const out: string[] = [];
  const nodes = run.templates.get(run.name)!;
  try {
    new State(run, run.name, data, out, 0).walk(data, nodes);
  } catch (error) {
    throw Object.assign(error as Error, { printed: out.join('') });
  }
  return out.join('');
}
