// Field selectors: `status.phase=Running,spec.nodeName!=`. Which fields a kind has is the kind's business; this is
// the grammar and the matcher. Upstream: apimachinery/pkg/fields/selector.go.

export interface FieldTerm {
  field: string;
  value: string;
  equal: boolean;
}

export interface FieldSelector {
  readonly terms: readonly FieldTerm[];
  readonly empty: boolean;
  /** `get` answers a field's value; an unknown field is ''. */
  matches(get: (field: string) => string): boolean;
  /** The value that a field must have, when one equality says so. */
  requires(field: string): string | undefined;
  toString(): string;
}

class Terms implements FieldSelector {
  constructor(readonly terms: readonly FieldTerm[]) {}
  get empty(): boolean {
    return this.terms.length === 0;
  }
  matches(get: (field: string) => string): boolean {
    for (const term of this.terms) if ((get(term.field) === term.value) !== term.equal) return false;
    return true;
  }
  requires(field: string): string | undefined {
    return this.terms.find((t) => t.equal && t.field === field)?.value;
  }
  toString(): string {
    return this.terms.map((t) => `${t.field}${t.equal ? '=' : '!='}${escapeFieldValue(t.value)}`).join(',');
  }
}

export const everyField: FieldSelector = new Terms([]);

export const escapeFieldValue = (value: string): string => value.replaceAll(/[\\,=]/g, (c) => `\\${c}`);

function unescape(value: string): string {
  let out = '';
  for (let i = 0; i < value.length; i++) {
    const c = value[i]!;
    if (c === '\\') {
      const next = [...value.slice(i + 1)][0] ?? '';
      if (next === '' || !'\\,='.includes(next)) {
        throw new Error(`invalid field selector: invalid escape sequence: \\${next}`);
      }
      out += next;
      i++;
    } else if (c === ',' || c === '=') {
      // Upstream prints the rune as a number (%v of an int32).
      throw new Error(`invalid field selector: unescaped character in value: ${c.charCodeAt(0)}`);
    } else out += c;
  }
  return out;
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === ',') {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms.sort();
}

const OPERATOR = /!=|==|=/;

/** Throws an Error with upstream's text. Empty terms are skipped, terms are sorted. */
export function parseFieldSelector(text: string): FieldSelector {
  if (text === '') return everyField;
  const terms: FieldTerm[] = [];
  for (const part of splitTerms(text)) {
    if (part === '') continue;
    const operator = OPERATOR.exec(part);
    if (!operator) throw new Error(`invalid selector: '${text}'; can't understand '${part}'`);
    const value = unescape(part.slice(operator.index + operator[0].length));
    const field = part.slice(0, operator.index);
    // Upstream drops a term without field and value (Transform).
    if (field !== '' || value !== '') terms.push({ field, value, equal: operator[0] !== '!=' });
  }
  return terms.length ? new Terms(terms) : everyField;
}
