// The YAML that most people and programs write: block maps and lists, one-line scalars, nothing clever. A kubeconfig is
// read at the start of every command, manifests by the hundred, and the whole of YAML costs ten times as much. What is
// not plain is left to the real parser.
import type { Json } from '../types.ts';
import { resolvePlain } from './yaml-scalars.ts';

interface Line {
  indent: number;
  text: string;
}

const KEY = /^([A-Za-z][\w./-]*):(?: +(.*))?$/;
const NO_KEY = /^(?:y|n|yes|no|on|off|true|false|null)$/i;
/** Starts like a word, a number or a path; no `: `, no comment, no sign that means something in YAML. */
const PLAIN = /^(?:[\w/.+]|-(?=[\w-]))[^#"'{}[\]&*!|>%@`,\\]*$/;

/** Deeper ones would take the call stack. */
const MAX_INDENT = 400;

class NotPlain extends Error {}

/** Undefined: the text is more than this reader knows. */
export function parsePlainYaml(text: string): Json | undefined {
  if (/[\t\r]|[^\n\x20-\x7e]/.test(text)) return undefined;
  const lines: Line[] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trimStart();
    if (trimmed !== '' && !trimmed.startsWith('#')) {
      lines.push({ indent: line.length - trimmed.length, text: trimmed.trimEnd() });
    }
  }
  try {
    const reader = new Reader(lines);
    const value = reader.block(0);
    return reader.atEnd ? value : undefined;
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

class Reader {
  private at = 0;
  constructor(private readonly lines: Line[]) {}

  get atEnd(): boolean {
    return this.at >= this.lines.length;
  }

  /** The map or list whose lines have exactly this indentation. */
  block(indent: number): Json {
    const first = this.lines[this.at];
    if (first?.indent !== indent || indent > MAX_INDENT) throw new NotPlain();
    return isItem(first) ? this.list(indent) : this.map(indent);
  }

  private list(indent: number): Json[] {
    const items: Json[] = [];
    for (let line = this.lines[this.at]; line?.indent === indent && isItem(line); line = this.lines[this.at]) {
      const rest = line.text.slice(1).trimStart();
      const inner = indent + line.text.length - rest.length;
      if (rest === '') throw new NotPlain();
      if (rest.startsWith('- ') || KEY.test(rest)) {
        this.lines[this.at] = { indent: inner, text: rest };
        items.push(this.block(inner));
      } else {
        this.at++;
        items.push(scalar(rest));
      }
      this.refuseDeeper(indent);
    }
    return items;
  }

  private map(indent: number): Record<string, Json> {
    const map: Record<string, Json> = {};
    for (let line = this.lines[this.at]; line?.indent === indent && !isItem(line); line = this.lines[this.at]) {
      const [, key = '', value = ''] = KEY.exec(line.text) ?? [];
      if (key === '' || NO_KEY.test(key) || Object.hasOwn(map, key) || key === '__proto__') throw new NotPlain();
      this.at++;
      map[key] = value === '' ? this.below(indent) : scalar(value);
      this.refuseDeeper(indent);
    }
    return map;
  }

  /** What a key without a value on its line holds. A list may stand at the key's own column. */
  private below(indent: number): Json {
    const next = this.lines[this.at];
    if (!next || next.indent < indent) return null;
    if (next.indent > indent) return this.block(next.indent);
    return isItem(next) ? this.list(indent) : null;
  }

  /** A deeper line here goes on with the scalar above it. */
  private refuseDeeper(indent: number): void {
    const next = this.lines[this.at];
    if (next && next.indent > indent) throw new NotPlain();
  }
}

const isItem = ({ text }: Line): boolean => text === '-' || text.startsWith('- ');

function scalar(text: string): Json {
  if (text === '{}') return {};
  if (text === '[]') return [];
  const quoted = /^"([^"\\]*)"$|^'([^']*)'$/.exec(text);
  if (quoted) return quoted[1] ?? quoted[2]!;
  if (!PLAIN.test(text) || / #|: |:$/.test(text) || text === '---' || text === '...') throw new NotPlain();
  const value = resolvePlain(text);
  // NaN and the infinities are the real parser's to refuse.
  if (typeof value === 'number' && !Number.isFinite(value)) throw new NotPlain();
  return value;
}
