// kubectl's jsonpath: finds values in an object and prints them. Upstream: client-go/util/jsonpath/jsonpath.go. Where Go
// walks a map in random order, this walks its keys sorted.
import { compareBytes, goJson, goPrint, goTypeName } from './go-format.ts';
import { type Node, type Param, parseTemplate } from './jsonpath-parser.ts';

export interface JsonPathOptions {
  /** A field that is not there is nothing instead of an error (kubectl's default). */
  allowMissingKeys?: boolean;
  /** `-o jsonpath-as-json`: each result list as an indented JSON array. */
  outputJson?: boolean;
}

export interface JsonPath {
  /** What each part of the template found, in order. Throws an Error with upstream's text. */
  find(data: unknown): unknown[][];
  /** The output. */
  execute(data: unknown): string;
}

type List = readonly unknown[];
type Map_ = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Map_ => typeof value === 'object' && value !== null && !Array.isArray(value);
const values = (map: Map_): unknown[] =>
  Object.keys(map)
    .sort(compareBytes)
    .map((key) => map[key]);

/** Upstream's children of a value: of strings the bytes. */
function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (isMap(value)) return values(value);
  return typeof value === 'string' ? [...new TextEncoder().encode(value)] : [];
}

type Kind = 'bool' | 'int' | 'float' | 'string';
function basicKind(value: unknown): Kind {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  throw new Error('invalid type for comparison');
}

function isEqual(a: unknown, b: unknown): boolean {
  if (basicKind(a) !== basicKind(b)) throw new Error('incompatible types for comparison');
  // A bigint and a number may be the same integer.
  // eslint-disable-next-line eqeqeq
  return a == b;
}
function isLess(a: unknown, b: unknown): boolean {
  const kind = basicKind(a);
  if (kind !== basicKind(b)) throw new Error('incompatible types for comparison');
  if (kind === 'bool') throw new Error('invalid type for comparison');
  return kind === 'string' ? compareBytes(a as string, b as string) < 0 : (a as number) < (b as number);
}

const COMPARE: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  '<': isLess,
  '>': (a, b) => !isLess(a, b) && !isEqual(a, b),
  '==': isEqual,
  '!=': (a, b) => !isEqual(a, b),
  '<=': (a, b) => isLess(a, b) || isEqual(a, b),
  '>=': (a, b) => !isLess(a, b),
};

function slice(list: List, [start, end, step]: readonly Param[]): unknown[] {
  const length = list.length;
  let from = start!.known ? start!.value : 0;
  if (from < 0) from += length;
  let to = end!.known ? end!.value : length;
  if (to < 0 || (to === 0 && end!.derived)) to += length;
  if (from === to) return [];
  if (from >= length || from < 0) throw new Error(`array index out of bounds: index ${from}, length ${length}`);
  if (to > length || to < 0) throw new Error(`array index out of bounds: index ${to - 1}, length ${length}`);
  if (from > to) throw new Error(`starting index ${from} is greater than ending index ${to}`);
  if (step!.known && step!.value <= 0) throw new Error('step must be > 0');
  const by = step!.known ? step!.value : 1;
  return list.slice(from, to).filter((_, i) => i % by === 0);
}

/** One evaluation. Ranges count where upstream counts, since `{range}` and `{end}` need not stand apart. */
class Evaluation {
  private beginRange = 0;
  private inRange = 0;
  private endRange = 0;
  private lastEnd: Node | undefined;
  constructor(private readonly allowMissingKeys: boolean) {}

  find(nodes: readonly Node[], data: unknown): unknown[][] {
    const all: unknown[][] = [];
    for (let i = 0; i < nodes.length; i++) {
      const results = this.walk([data], nodes[i]!);
      if (this.endRange > 0 && this.endRange <= this.inRange) {
        this.endRange--;
        this.lastEnd = nodes[i];
        break;
      }
      if (this.beginRange === 0) {
        all.push(results);
        continue;
      }
      this.beginRange--;
      this.inRange++;
      const rest = nodes.slice(i + 1);
      // An empty range is walked once without data, so that its end is found.
      if (results.length === 0) this.find(rest, undefined);
      for (const value of results) all.push(...this.find(rest, value));
      this.inRange--;
      const end = this.lastEnd === undefined ? -1 : nodes.indexOf(this.lastEnd, i + 1);
      if (end >= 0) i = end;
    }
    return all;
  }

  private list(input: unknown[], nodes: readonly Node[]): unknown[] {
    let current = input;
    for (const node of nodes) current = this.walk(current, node);
    return current;
  }

  private walk(input: unknown[], node: Node): unknown[] {
    switch (node.type) {
      case 'list':
        return this.list(input, node.nodes);
      case 'text':
        return [node.text];
      case 'field':
        return this.field(input, node.name);
      case 'array':
        return this.array(input, node.params);
      case 'filter':
        return this.filter(input, node);
      case 'number':
      case 'float':
      case 'bool':
        return input.map(() => node.value);
      case 'wildcard':
        return input.flatMap(children);
      case 'recursive':
        return this.recursive(input);
      case 'union':
        return node.nodes.flatMap((part) => this.list(input, part));
      default:
        return this.identifier(input, node.name);
    }
  }

  private identifier(input: unknown[], name: string): unknown[] {
    if (name === 'range') {
      this.beginRange++;
      return input;
    }
    if (name !== 'end') throw new Error(`unrecognized identifier ${name}`);
    if (this.inRange === 0) throw new Error('not in range, nothing to end');
    this.endRange++;
    return [];
  }

  private field(input: unknown[], name: string): unknown[] {
    if (input.length === 0) return [];
    const found: unknown[] = [];
    let present = false;
    for (const value of input) {
      if (value === null || value === undefined || !isMap(value) || !Object.hasOwn(value, name)) continue;
      present = true;
      found.push(value[name]);
    }
    if (!present && !this.allowMissingKeys) throw new Error(`${name} is not found`);
    return found;
  }

  private array(input: unknown[], params: readonly Param[]): unknown[] {
    const found: unknown[] = [];
    for (const value of input) {
      if (value === null || value === undefined) continue;
      if (!Array.isArray(value)) throw new Error(`${goTypeName(value)} is not array or slice`);
      const part = slice(value, params);
      // Upstream stops at the first list of which nothing is asked.
      if (part.length === 0) return found;
      found.push(...part);
    }
    return found;
  }

  private recursive(input: unknown[]): unknown[] {
    const found: unknown[] = [];
    for (const value of input) {
      const below = children(value);
      if (below.length) found.push(value, ...this.recursive(below));
    }
    return found;
  }

  private filter(input: unknown[], node: Extract<Node, { type: 'filter' }>): unknown[] {
    const found: unknown[] = [];
    for (const value of input) {
      if (!Array.isArray(value))
        throw new Error(
          `${value === undefined ? '<invalid reflect.Value>' : goPrint(value)} is not array or slice and cannot be filtered`,
        );
      for (const item of value) if (this.passes(item, node)) found.push(item);
    }
    return found;
  }

  private passes(item: unknown, node: Extract<Node, { type: 'filter' }>): boolean {
    if (node.operator === 'exists') {
      try {
        return this.list([item], node.left).length > 0;
      } catch {
        return false;
      }
    }
    const [lefts, rights] = [this.list([item], node.left), this.list([item], node.right)];
    if (lefts.length === 0) return false;
    if (lefts.length > 1) throw new Error('can only compare one element at a time');
    if (rights.length === 0) return false;
    if (rights.length > 1) throw new Error('can only compare one element at a time');
    const compare = COMPARE[node.operator];
    if (!compare) throw new Error(`unrecognized filter operator ${node.operator}`);
    return compare(lefts[0], rights[0]);
  }
}

function text(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return typeof value === 'object' ? goJson(value) : goPrint(value);
}

/** Throws an Error with upstream's text when the template is bad. */
export function parseJsonPath(template: string, options: JsonPathOptions = {}): JsonPath {
  const nodes = parseTemplate(template);
  const find = (data: unknown): unknown[][] => new Evaluation(options.allowMissingKeys ?? false).find(nodes, data);
  const print = (results: unknown[]): string =>
    options.outputJson ? `${goJson(results, '    ')}\n` : results.map(text).join(' ');
  return { find, execute: (data) => find(data).map(print).join('') };
}

const RELAXED = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/;

/** `.metadata.name`, `metadata.name` or `{metadata.name}` as a template: custom columns and --sort-by. */
export function relaxedJsonPath(expression: string): string {
  if (expression === '') return expression;
  const m = RELAXED.exec(expression);
  if (!m) {
    throw new Error(
      `unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`,
    );
  }
  return `{.${m[1] ?? m[2]}}`;
}
