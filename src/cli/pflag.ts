// Flags with the grammar and error texts of spf13/pflag: `-n x`, `-nx`, `-n=x`, `--flag=value`, `--flag value`,
// `--bool=false`, flags with an optional value (`--dry-run`), slices, counts, `--`. The last of repeated flags wins;
// flags and arguments may be mixed. No help here (help.ts), no meaning.
import { formatDuration, parseDuration } from '../api/duration.ts';
import { FlagError } from './errors.ts';

export type FlagKind =
  'bool' | 'string' | 'int' | 'int32' | 'duration' | 'slice' | 'array' | 'map' | 'count' | 'ip' | 'uint16';

export interface FlagSpec<V> {
  kind: FlagKind;
  help: string;
  default: V;
  short?: string;
  /** The value of the flag without one (pflag's NoOptDefVal). */
  noOpt?: string;
  hidden?: boolean;
  /** Printed on stderr when the flag is used: `Flag --x has been deprecated, <text>`. */
  deprecated?: string;
  /** How help shows the default where it is not pflag's way. */
  shownDefault?: string;
  /** What is said of a pair without `=`, where it is not pflag's text. */
  malformed?: string;
  /** kubectl has no such flag: help lists it apart. */
  own?: boolean;
}
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type FlagTable = Record<string, FlagSpec<any>>;
export type FlagValues<T extends FlagTable> = { [K in keyof T]: T[K] extends FlagSpec<infer V> ? V : never };

type Options<V> = Partial<Omit<FlagSpec<V>, 'kind' | 'help'>>;
const make =
  <V>(kind: FlagKind, zero: V) =>
  (help: string, options: Options<V> = {}): FlagSpec<V> => ({ kind, help, default: zero, ...options });

/** Constructors: `flag.bool('help', { short: 'w' })`. Durations are milliseconds. */
export const flag = {
  bool: make<boolean>('bool', false),
  string: make<string>('string', ''),
  int: make<number>('int', 0),
  int32: make<number>('int32', 0),
  uint16: make<number>('uint16', 0),
  duration: make<number>('duration', 0),
  slice: make<string[]>('slice', []),
  array: make<string[]>('array', []),
  /** `a=b,c=d` */
  map: make<Record<string, string>>('map', {}),
  count: make<number>('count', 0),
};

export interface ParsedFlags {
  values: Record<string, unknown>;
  /** Names that were given. */
  changed: Set<string>;
  args: string[];
  /** Every value of a text that was given more than once, the last one included. */
  repeated: Map<string, string[]>;
  /** How many args stand before `--`; -1 without one. */
  dashAt: number;
  /** Every flag in order, as `--name=value`. */
  given: string[];
}

/** True when `--name` takes no separate argument. */
const optional = (spec: FlagSpec<unknown>): boolean =>
  spec.kind === 'bool' || spec.kind === 'count' || spec.noOpt !== undefined;

export function parseFlags(table: FlagTable, argv: readonly string[]): ParsedFlags {
  const parser = new Parser(table);
  parser.parse(argv);
  return parser.result;
}

class Parser {
  readonly result: ParsedFlags = {
    values: {},
    changed: new Set(),
    args: [],
    repeated: new Map(),
    dashAt: -1,
    given: [],
  };
  private readonly table: FlagTable;
  private readonly shorts = new Map<string, string>();

  constructor(table: FlagTable) {
    this.table = table;
    for (const [name, spec] of Object.entries(table)) {
      this.result.values[name] = Array.isArray(spec.default) ? [...(spec.default as string[])] : spec.default;
      if (spec.short) this.shorts.set(spec.short, name);
    }
  }

  parse(argv: readonly string[]): void {
    const rest = [...argv];
    while (rest.length > 0) {
      const arg = rest.shift()!;
      if (arg === '--') {
        this.result.dashAt = this.result.args.length;
        this.result.args.push(...rest);
        return;
      }
      if (arg.startsWith('--')) this.long(arg, rest);
      else if (arg.startsWith('-') && arg !== '-') this.short(arg, rest);
      else this.result.args.push(arg);
    }
  }

  private long(arg: string, rest: string[]): void {
    const body = arg.slice(2);
    if (body === '' || body[0] === '-' || body[0] === '=') throw new FlagError(`bad flag syntax: ${arg}`);
    const equals = body.indexOf('=');
    const name = (equals < 0 ? body : body.slice(0, equals)).replaceAll('_', '-');
    if (name === 'help') throw new HelpRequested();
    const spec = this.table[name];
    if (!spec) throw new FlagError(`unknown flag: --${name}`);
    if (equals >= 0) this.set(name, spec, body.slice(equals + 1));
    else if (optional(spec)) this.set(name, spec, noOptValue(spec));
    else if (rest.length > 0) this.set(name, spec, rest.shift()!);
    else throw new FlagError(`flag needs an argument: ${arg}`);
  }

  private short(arg: string, rest: string[]): void {
    let letters = arg.slice(1);
    while (letters !== '') {
      const letter = letters[0]!;
      const name = this.shorts.get(letter);
      if (name === undefined) {
        if (letter === 'h') throw new HelpRequested();
        throw new FlagError(`unknown shorthand flag: '${letter}' in -${letters}`);
      }
      const spec = this.table[name]!;
      if (letters.length > 2 && letters[1] === '=') {
        this.set(name, spec, letters.slice(2));
        return;
      }
      if (optional(spec)) {
        this.set(name, spec, noOptValue(spec));
        letters = letters.slice(1);
      } else if (letters.length > 1) {
        this.set(name, spec, letters.slice(1));
        return;
      } else if (rest.length > 0) {
        this.set(name, spec, rest.shift()!);
        return;
      } else throw new FlagError(`flag needs an argument: '${letter}' in -${letters}`);
    }
  }

  private set(name: string, spec: FlagSpec<unknown>, text: string): void {
    const { values, changed, repeated } = this.result;
    const fail = (why: string): never => {
      const shown = spec.short ? `-${spec.short}, --${name}` : `--${name}`;
      throw new FlagError(`invalid argument ${JSON.stringify(text)} for "${shown}" flag: ${why}`);
    };
    if (spec.kind === 'slice' || spec.kind === 'array') {
      const items = spec.kind === 'array' ? [text] : splitCsv(text);
      values[name] = changed.has(name) ? [...(values[name] as string[]), ...items] : items;
    } else if (spec.kind === 'map') {
      const pairs = splitCsv(text).map((pair) => {
        const at = pair.indexOf('=');
        return at < 0
          ? fail(spec.malformed ?? `${pair} must be formatted as key=value`)
          : [pair.slice(0, at), pair.slice(at + 1)];
      });
      values[name] = { ...(changed.has(name) ? (values[name] as object) : {}), ...Object.fromEntries(pairs) };
    } else if (spec.kind === 'count') {
      values[name] = text === '+1' ? (values[name] as number) + 1 : parseInteger(text, 64, fail);
    } else {
      if (changed.has(name)) repeated.set(name, [...(repeated.get(name) ?? [String(values[name])]), text]);
      values[name] = scalar(spec.kind, text, fail);
    }
    changed.add(name);
    this.result.given.push(`--${name}=${text}`);
  }
}

/** Thrown when -h or --help is met; the base command prints the help. */
export class HelpRequested extends Error {}

const noOptValue = (spec: FlagSpec<unknown>): string =>
  spec.noOpt ?? (spec.kind === 'count' ? '+1' : spec.kind === 'bool' ? 'true' : '');

function scalar(kind: FlagKind, text: string, fail: (why: string) => never): unknown {
  switch (kind) {
    case 'bool':
      if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
      if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
      return fail(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
    case 'int':
      return parseInteger(text, 64, fail);
    case 'int32':
      return parseInteger(text, 32, fail);
    case 'uint16':
      return parseInteger(text, 16, fail);
    case 'duration':
      try {
        return parseDuration(text);
      } catch (error) {
        return fail((error as Error).message);
      }
    default:
      return text;
  }
}

/** strconv.ParseInt(text, 0, bits). */
function parseInteger(text: string, bits: number, fail: (why: string) => never): number {
  const match = /^([-+]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9]\d*)$/.exec(text);
  const parse = `strconv.Parse${bits === 16 ? 'Uint' : 'Int'}: parsing ${JSON.stringify(text)}`;
  if (!match || match[2] === '') return fail(`${parse}: invalid syntax`);
  const digits = /^0[0-7]+$/.test(match[2]!) ? `0o${match[2]!.slice(1)}` : match[2]!;
  const value = Number(digits) * (match[1] === '-' ? -1 : 1);
  const [low, high] = bits === 16 ? [0, 65_535] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  return value < low || value > high ? fail(`${parse}: value out of range`) : value;
}

/** One CSV record: `a,"b,c"` is two items. An empty text is no item. */
export function splitCsv(text: string): string[] {
  if (text === '') return [];
  if (!text.includes('"')) return text.split(',');
  const items: string[] = [];
  for (const match of text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    items.push(match[1] !== undefined ? match[1].replaceAll('""', '"') : (match[2] ?? ''));
  }
  return items;
}

/** A default as help shows it: `''`, `[]`, `false`, `0s`. */
export function formatDefault(spec: FlagSpec<unknown>): string {
  if (spec.kind === 'string' || spec.kind === 'ip') return `'${String(spec.default)}'`;
  if (spec.kind === 'slice' || spec.kind === 'array') return `[${(spec.default as string[]).join(',')}]`;
  if (spec.kind === 'map') return spec.shownDefault ?? '[]';
  if (spec.kind === 'duration') return formatDuration(spec.default as number);
  return String(spec.default);
}
