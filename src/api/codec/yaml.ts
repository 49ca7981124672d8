// YAML as kubectl reads and prints it: YAML 1.1 scalars, JSON's data model, one document at a time, go-yaml's errors.
// Built on the `yaml` package's parser; what scalars mean is yaml-scalars.ts, printing is yaml-print.ts.
import { Composer, Lexer, Parser, isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { CST, Document, Node, YAMLMap } from 'yaml';
import type { Json } from '../types.ts';
import { setOwn } from './json.ts';
import { parsePlainYaml } from './plain-yaml.ts';
import { yamlErrorText } from './yaml-errors.ts';
import { resolvePlain, type Scalar } from './yaml-scalars.ts';

export { stringifyYaml } from './yaml-print.ts';

/** `message` is go-yaml's: `yaml: line 3: mapping values are not allowed in this context`. */
export class YamlError extends Error {}

/** How kubectl words it. */
export const yamlConversionError = (error: YamlError): string => `error converting YAML to JSON: ${error.message}`;

export interface YamlOptions {
  /** Called for each duplicate key with go-yaml's words: `line 3: key "a" already set in map`. */
  onDuplicate?(message: string): void;
  /** What a plain scalar means; the default is YAML 1.1 as kubectl reads manifests. */
  resolve?(plain: string): Scalar;
  /** More of them are refused; default: none are. */
  maxTokens?: number;
}

/** Aliases may repeat this many nodes in all: a few lines of YAML can otherwise mean billions. */
const MAX_ALIASED = 1_000_000;
/** Each level is some frames of the call stack. */
const MAX_DEPTH = 1_000;

/** Lines that begin with %. YAML has two of them. */
const MAX_DIRECTIVES = 100;

/** What aliases repeat may be this many characters: a few lines of YAML can otherwise print as gigabytes. */
const MAX_ALIASED_CHARACTERS = 16 * 1024 * 1024;

/** The line of an offset. Counts on from the last one that was asked for. */
function lineCounter(text: string): (offset: number) => number {
  let line = 1;
  let next = text.indexOf('\n');
  let last = 0;
  return (offset) => {
    if (offset < last) [line, next] = [1, text.indexOf('\n')];
    last = offset;
    for (; next >= 0 && next < offset; next = text.indexOf('\n', next + 1)) line++;
    return line;
  };
}

class Converter {
  private readonly options: YamlOptions;
  private readonly lineOf: (offset: number) => number;
  private visited = 0;
  /** How many aliases are being followed. */
  private aliases = 0;
  private repeated = 0;
  private readonly open = new Set<Node>();
  /** Anchors met so far: a name may be given again, and an alias means the last one before it. */
  private readonly anchors = new Map<string, Node>();

  constructor(text: string, options: YamlOptions) {
    this.options = options;
    this.lineOf = lineCounter(text);
  }

  convert(node: unknown, depth = 0): Json {
    if (++this.visited > MAX_ALIASED) throw new YamlError('yaml: document contains excessive aliasing');
    if (depth > MAX_DEPTH) throw new YamlError('yaml: exceeded max depth');
    if (isAlias(node)) return this.alias(node.source, this.anchors.get(node.source), depth);
    const anchor = (node as { anchor?: string } | null)?.anchor;
    if (anchor) this.anchors.set(anchor, node as Node);
    if (isScalar(node)) {
      const value = scalarValue(node, this.options.resolve ?? resolvePlain) as Json;
      if (this.aliases > 0 && typeof value === 'string') this.countRepeated(value.length);
      return value;
    }
    if (isMap(node)) return this.map(node, depth);
    if (isSeq(node)) return node.items.map((item) => this.convert(item, depth + 1));
    return null;
  }

  private alias(name: string, target: Node | undefined, depth: number): Json {
    if (!target) throw new YamlError(`yaml: unknown anchor '${name}' referenced`);
    if (this.open.has(target)) throw new YamlError(`yaml: anchor '${name}' value contains itself`);
    this.open.add(target);
    this.aliases++;
    const value = this.convert(target, depth + 1);
    this.aliases--;
    this.open.delete(target);
    return value;
  }

  private countRepeated(characters: number): void {
    this.repeated += characters;
    if (this.repeated > MAX_ALIASED_CHARACTERS) throw new YamlError('yaml: document contains excessive aliasing');
  }

  private map(node: YAMLMap, depth: number): Json {
    const result: Record<string, Json> = {};
    const merges: unknown[] = [];
    this.open.add(node);
    for (const pair of node.items) {
      if (isMergeKey(pair.key)) {
        merges.push(pair.value);
        continue;
      }
      const value = this.convert(pair.value, depth + 1);
      const key = this.key(pair.key, value);
      if (this.options.onDuplicate && Object.hasOwn(result, key)) {
        const line = this.lineOf((pair.key as Node).range?.[0] ?? 0);
        this.options.onDuplicate(`line ${line}: key ${JSON.stringify(key)} already set in map`);
      }
      setOwn(result, key, value);
    }
    this.open.delete(node);
    for (const merge of merges) this.merge(result, merge, depth);
    return result;
  }

  /** `<<`: what the map says itself wins, and of several sources the first. */
  private merge(result: Record<string, Json>, source: unknown, depth: number): void {
    const value = this.convert(source, depth + 1);
    for (const part of Array.isArray(value) ? value : [value]) {
      if (part === null || typeof part !== 'object' || Array.isArray(part)) {
        throw new YamlError('yaml: map merge requires map or sequence of maps as the value');
      }
      for (const [key, inner] of Object.entries(part)) if (!Object.hasOwn(result, key)) setOwn(result, key, inner);
    }
  }

  /** JSON's keys are strings; Go prints other scalars the way they were read. */
  private key(node: unknown, value: Json): string {
    const key = this.convert(node);
    if (typeof key === 'string') return key;
    if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') return String(key);
    const type = key === null ? '%!s(<nil>)' : Array.isArray(key) ? 'slice' : 'map';
    const shown = key === null ? '<nil>' : JSON.stringify(key);
    throw new YamlError(`unsupported map key of type: ${type}, key: ${shown}, value: ${JSON.stringify(value)}`);
  }
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.value === '<<';
}

function scalarValue(
  node: { value: unknown; type?: string; tag?: string; source?: string },
  resolve: (plain: string) => Scalar,
): Scalar {
  const text = String(node.value ?? '');
  switch (node.tag) {
    case undefined:
      break;
    case 'tag:yaml.org,2002:str':
    case '!':
      return text;
    case 'tag:yaml.org,2002:binary':
      return Buffer.from(text, 'base64').toString('utf8');
    case 'tag:yaml.org,2002:float':
      return Number(text);
    case 'tag:yaml.org,2002:int':
    case 'tag:yaml.org,2002:bool':
    case 'tag:yaml.org,2002:null':
      return resolvePlain(text);
    default:
      return text;
  }
  return node.type === 'PLAIN' || node.type === undefined ? resolve(text) : text;
}

/** Each token costs some microseconds, of which three million characters can have as many. */
function* tokensOf(source: string, max: number): Generator<CST.Token> {
  const parser = new Parser();
  let count = 0;
  let directives = 0;
  for (const lexeme of new Lexer().lex(source)) {
    if (++count > max) throw new YamlError(`yaml: document has more than ${max} tokens`);
    for (const token of parser.next(lexeme)) {
      if (token.type === 'directive' && ++directives > MAX_DIRECTIVES) throw new YamlError('yaml: too many directives');
      yield token;
    }
  }
  yield* parser.end();
}

function firstDocument(source: string, maxTokens: number): Document.Parsed {
  // All scalars stay text here; what they mean is decided above, by the rules of YAML 1.1 as go-yaml has them.
  const composer = new Composer({
    version: '1.1',
    schema: 'failsafe',
    merge: false,
    uniqueKeys: false,
    strict: false,
    stringKeys: false,
    logLevel: 'silent',
    prettyErrors: false,
    resolveKnownTags: false,
  });
  for (const document of composer.compose(tokensOf(source, maxTokens), true, source.length)) {
    return document as Document.Parsed;
  }
  throw new YamlError('yaml: no document');
}

/** The first document of a text; null when there is none. Throws YamlError. */
export function parseYaml(text: string, options: YamlOptions = {}): Json {
  const source = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  if (!options.resolve && options.maxTokens === undefined) {
    const plain = parsePlainYaml(source);
    if (plain !== undefined) return plain;
  }
  const document = firstDocument(source, options.maxTokens ?? Infinity);
  const error = document.errors.find((e) => e.code !== 'MULTIPLE_DOCS' && e.code !== 'TAG_RESOLVE_FAILED');
  if (error) throw new YamlError(`yaml: ${yamlErrorText(error, source)}`);
  return new Converter(source, options).convert(document.contents);
}

/**
 * The parts between lines of `---`, as kubectl's reader cuts them, with the line that each starts at (from 0). Empty
 * parts and parts of comments only are left out.
 */
export function splitYamlDocuments(text: string): { text: string; line: number }[] {
  const parts: { text: string; line: number }[] = [];
  let current: string[] = [];
  let start = 0;
  const end = (next: number): void => {
    if (current.some((l) => l.trim() !== '' && !l.trimStart().startsWith('#'))) {
      parts.push({ text: current.join(''), line: start });
    }
    current = [];
    start = next;
  };
  const lines = text.split(/(?<=\n)/);
  lines.forEach((line, i) => {
    if (line.startsWith('---') && /^(#|$)/.test(line.slice(3).trimStart())) end(i + 1);
    else current.push(line);
  });
  end(lines.length);
  return parts;
}
