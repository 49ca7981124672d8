// Label selectors: the string grammar, the LabelSelector object, and formatting; matchers are compiled once and
// run on every object. Field selectors are in field-selector.ts. Upstream: apimachinery/pkg/labels/selector.go.
import { labelValueErrors, qualifiedNameErrors } from './names.ts';

export type Operator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

export interface Requirement {
  key: string;
  operator: Operator;
  /** Sorted, without repeats. */
  values: readonly string[];
}

type Labels = Readonly<Record<string, string>> | undefined;

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** A compiled selector. */
export interface Selector {
  readonly requirements: readonly Requirement[];
  /** True: selects everything. */
  readonly empty: boolean;
  matches(labels: Labels): boolean;
  /** Upstream's String(): requirements sorted by key. */
  toString(): string;
}

const own = Object.prototype.hasOwnProperty;
const INTEGER = /^[+-]?\d+$/;

function lookup(labels: Labels, key: string): string | undefined {
  return labels !== undefined && own.call(labels, key) ? labels[key] : undefined;
}

function requirementMatches(r: Requirement, labels: Labels): boolean {
  const value = lookup(labels, r.key);
  switch (r.operator) {
    case '=':
    case '==':
      return value === r.values[0];
    case 'in':
      return value !== undefined && r.values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !r.values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    default: {
      if (value === undefined || !INTEGER.test(value)) return false;
      const [have, want] = [BigInt(value.replace(/^\+/, '')), BigInt((r.values[0] ?? '').replace(/^\+/, ''))];
      return r.operator === 'gt' ? have > want : have < want;
    }
  }
}

export function formatRequirement(r: Requirement): string {
  const list = r.values.join(',');
  switch (r.operator) {
    case 'exists':
      return r.key;
    case '!':
      return `!${r.key}`;
    case 'in':
    case 'notin':
      return `${r.key} ${r.operator} (${list})`;
    case 'gt':
      return `${r.key}>${list}`;
    case 'lt':
      return `${r.key}<${list}`;
    default:
      return `${r.key}${r.operator}${list}`;
  }
}

class Compiled implements Selector {
  readonly requirements: readonly Requirement[];
  constructor(requirements: Requirement[]) {
    this.requirements = requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }
  get empty(): boolean {
    return this.requirements.length === 0;
  }
  matches(labels: Labels): boolean {
    for (const r of this.requirements) if (!requirementMatches(r, labels)) return false;
    return true;
  }
  toString(): string {
    return this.requirements.map(formatRequirement).join(',');
  }
}

export const everything: Selector = new Compiled([]);
export const nothing: Selector = { requirements: [], empty: false, matches: () => false, toString: () => '' };

/** Upstream's NewRequirement; throws an Error with upstream's aggregate text. */
export function newRequirement(key: string, operator: Operator, values: readonly string[]): Requirement {
  const errors: string[] = [];
  const keyErrors = qualifiedNameErrors(key);
  if (keyErrors.length) errors.push(`key: Invalid value: ${JSON.stringify(key)}: ${keyErrors.join('; ')}`);
  const bad = (why: string) => errors.push(`values: Invalid value: ${JSON.stringify(values)}: ${why}`);
  if (operator === 'in' || operator === 'notin') {
    if (values.length === 0) bad("for 'in', 'notin' operators, values set can't be empty");
  } else if (operator === 'gt' || operator === 'lt') {
    if (values.length !== 1) bad("for 'Gt', 'Lt' operators, exactly one value is required");
    values.forEach((v, i) => {
      if (!INTEGER.test(v)) {
        const why = "for 'Gt', 'Lt' operators, the value must be an integer";
        errors.push(`values[${i}]: Invalid value: ${JSON.stringify(v)}: ${why}`);
      }
    });
  }
  values.forEach((v, i) => {
    const list = labelValueErrors(v);
    if (list.length) errors.push(`values[${i}][${key}]: Invalid value: ${JSON.stringify(v)}: ${list.join('; ')}`);
  });
  if (errors.length) throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`);
  return { key, operator, values: [...new Set(values)].sort() };
}

type Token = 'error' | 'end' | ')' | ',' | '!' | '==' | '=' | '>' | 'id' | 'in' | '<' | '!=' | 'notin' | '(';
interface Item {
  token: Token;
  literal: string;
}
const SYMBOLS: ReadonlySet<string> = new Set([')', ',', '!', '==', '=', '>', '<', '!=', '(']);
const SPECIAL = '=!(),><';
const SPACE = ' \t\r\n';

function scan(text: string): Item[] {
  const items: Item[] = [];
  let i = 0;
  for (;;) {
    while (i < text.length && SPACE.includes(text[i]!)) i++;
    if (i >= text.length) break;
    const start = i;
    if (SPECIAL.includes(text[i]!)) {
      let end = start;
      while (i < text.length && SPECIAL.includes(text[i]!)) {
        i++;
        if (SYMBOLS.has(text.slice(start, i))) end = i;
        else if (end > start) break;
      }
      i = end > start ? end : i;
      const literal = text.slice(start, i);
      items.push(end > start ? { token: literal as Token, literal } : { token: 'error', literal });
    } else {
      while (i < text.length && !SPECIAL.includes(text[i]!) && !SPACE.includes(text[i]!)) i++;
      const literal = text.slice(start, i);
      items.push({ token: literal === 'in' || literal === 'notin' ? literal : 'id', literal });
    }
  }
  items.push({ token: 'end', literal: '' });
  return items;
}

/** Upstream's Parser, over the tokens of one selector. `in` and `notin` are words where a key or value stands. */
class Parser {
  private position = 0;
  constructor(private readonly items: Item[]) {}
  private item(asOperator: boolean): Item {
    const item = this.items[Math.min(this.position, this.items.length - 1)]!;
    const word = !asOperator && (item.token === 'in' || item.token === 'notin');
    return word ? { token: 'id', literal: item.literal } : item;
  }
  private next(asOperator = false): Item {
    const item = this.item(asOperator);
    this.position++;
    return item;
  }
  private peek(): Item {
    return this.item(false);
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    for (;;) {
      const { token, literal } = this.peek();
      if (token === 'end') return requirements;
      if (token !== 'id' && token !== '!') {
        throw new Error(`found '${literal}', expected: !, identifier, or 'end of string'`);
      }
      try {
        requirements.push(this.requirement());
      } catch (error) {
        throw new Error(`unable to parse requirement: ${(error as Error).message}`, { cause: error });
      }
      const after = this.next();
      if (after.token === 'end') return requirements;
      if (after.token !== ',') throw new Error(`found '${after.literal}', expected: ',' or 'end of string'`);
      const then = this.peek();
      if (then.token !== 'id' && then.token !== '!') {
        throw new Error(`found '${then.literal}', expected: identifier after ','`);
      }
    }
  }

  private requirement(): Requirement {
    let { token, literal: key } = this.next();
    const absent = token === '!';
    if (absent) ({ token, literal: key } = this.next());
    if (token !== 'id') throw new Error(`found '${key}', expected: identifier`);
    const keyErrors = qualifiedNameErrors(key);
    if (keyErrors.length) {
      throw new Error(`<nil>: Invalid value: ${JSON.stringify(key)}: ${keyErrors.join('; ')}`);
    }
    if (absent) return newRequirement(key, '!', []);
    const after = this.peek().token;
    if (after === 'end' || after === ',') return newRequirement(key, 'exists', []);
    const operator = this.operator();
    const values = operator === 'in' || operator === 'notin' ? this.values() : this.exactValue();
    return newRequirement(key, operator, values);
  }

  private operator(): Operator {
    const { token, literal } = this.next(true);
    if (token === '>') return 'gt';
    if (token === '<') return 'lt';
    if (token === 'in' || token === 'notin' || token === '=' || token === '==' || token === '!=') return token;
    throw new Error(`found '${literal}', expected: in, notin, =, ==, !=, gt, lt`);
  }

  private values(): string[] {
    const open = this.next();
    if (open.token !== '(') throw new Error(`found '${open.literal}' expected: '('`);
    const first = this.peek();
    if (first.token === ')') {
      this.next();
      return [''];
    }
    if (first.token !== 'id' && first.token !== ',') {
      throw new Error(`found '${first.literal}', expected: ',', ')' or identifier`);
    }
    const values = this.identifiers();
    if (this.next().token !== ')') throw new Error(`found '${first.literal}', expected: ')'`);
    return values;
  }

  private identifiers(): string[] {
    const values: string[] = [];
    for (;;) {
      const { token, literal } = this.next();
      if (token === 'id') {
        values.push(literal);
        const after = this.peek();
        if (after.token === ',') continue;
        if (after.token === ')') return values;
        throw new Error(`found '${after.literal}', expected: ',' or ')'`);
      }
      if (token !== ',') throw new Error(`found '${literal}', expected: ',', or identifier`);
      if (values.length === 0) values.push('');
      const after = this.peek().token;
      if (after === ')' || after === ',') values.push('');
      if (after === ')') return values;
    }
  }

  private exactValue(): string[] {
    const after = this.peek().token;
    if (after === 'end' || after === ',') return [''];
    const { token, literal } = this.next();
    if (token === 'id') return [literal];
    throw new Error(`found '${literal}', expected: identifier`);
  }
}

/** Parses `a=b,c in (d,e),!f`. Throws an Error with upstream's text. */
export function parseSelector(text: string): Selector {
  if (text === '') return everything;
  const requirements = new Parser(scan(text)).parse();
  return requirements.length ? new Compiled(requirements) : everything;
}

/** Equality with every label of a set (ReplicationController, Service). */
export function selectorFromSet(labels: Labels): Selector {
  if (!labels) return everything;
  return new Compiled(Object.keys(labels).map((key) => ({ key, operator: '=', values: [labels[key] ?? ''] })));
}

const OBJECT_OPERATORS: Readonly<Record<string, Operator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

/** Upstream's LabelSelectorAsSelector: undefined selects nothing, an empty object everything. Throws when invalid. */
export function selectorFromObject(selector: LabelSelector | null | undefined): Selector {
  if (!selector) return nothing;
  const requirements: Requirement[] = [];
  for (const key in selector.matchLabels) {
    requirements.push(newRequirement(key, '=', [selector.matchLabels[key] ?? '']));
  }
  for (const e of selector.matchExpressions ?? []) {
    const operator = OBJECT_OPERATORS[e.operator];
    if (!operator) throw new Error(`"${e.operator}" is not a valid label selector operator`);
    requirements.push(newRequirement(e.key, operator, e.values ?? []));
  }
  return requirements.length ? new Compiled(requirements) : everything;
}

/** Upstream's metav1.FormatLabelSelector: what tables and `describe` print. */
export function formatLabelSelector(selector: LabelSelector | null | undefined): string {
  let text: string;
  try {
    text = selectorFromObject(selector).toString();
  } catch (error) {
    return `<error: ${(error as Error).message}>`;
  }
  return text === '' ? '<none>' : text;
}

/** Upstream's labels.FormatLabels / Set.String(): `a=b,c=d` in key order, `<none>` when empty. */
export function formatLabels(labels: Labels): string {
  const keys = labels ? Object.keys(labels).sort() : [];
  return keys.length === 0 ? '<none>' : keys.map((key) => `${key}=${labels![key]}`).join(',');
}
