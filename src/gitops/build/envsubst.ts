// Shell-like variables in text: ${name}, ${name:-default}, ${name:=default}, ${#name}, ${name^^}, ${name:1:3},
// ${name/old/new}, ${name#prefix}, ${name%suffix}; defaults may hold variables. `$$` before a brace keeps the brace.
// Upstream: fluxcd/pkg/envsubst. Unset variables are empty. Pure.

/** What is wrong with a substitution. */
export class SubstitutionError extends Error {}

export function envsubst(text: string, variables: ReadonlyMap<string, string>): string {
  return new Reader(text, variables).all();
}

class Reader {
  private at = 0;
  private readonly text: string;
  private readonly variables: ReadonlyMap<string, string>;
  constructor(text: string, variables: ReadonlyMap<string, string>) {
    this.text = text;
    this.variables = variables;
  }

  all(): string {
    const parts: string[] = [];
    while (this.at < this.text.length) {
      const open = this.text.indexOf('${', this.at);
      if (open < 0) break;
      const escaped = this.text[open - 1] === '$' && open - 1 >= this.at;
      if (escaped) {
        parts.push(this.text.slice(this.at, open - 1), '${');
        this.at = open + 2;
        continue;
      }
      parts.push(this.text.slice(this.at, open));
      this.at = open + 2;
      parts.push(this.expression());
    }
    parts.push(this.text.slice(this.at));
    return parts.join('');
  }

  /** After `${`. */
  private expression(): string {
    if (this.text[this.at] === '#') {
      this.at++;
      const value = this.valueOf(this.name());
      this.close();
      return String(Buffer.byteLength(value));
    }
    const name = this.name();
    const value = this.valueOf(name);
    const operator = this.operator();
    if (operator === undefined) {
      this.close();
      return value;
    }
    return this.operate(operator, value);
  }

  private operate(operator: string, value: string): string {
    switch (operator[0]) {
      case '^':
      case ',':
        this.close();
        return changeCase(operator, value);
      case '#':
      case '%':
        return trim(operator, value, this.argument(''));
      case '/': {
        const old = this.argument('/');
        return replace(operator, value, old, this.argument(''));
      }
      case ':':
        if (operator.length === 1) return this.substring(value);
    }
    const fallback = this.argument('');
    return value === '' ? fallback : value;
  }

  private substring(value: string): string {
    const from = this.argument(':');
    const more = this.text[this.at - 1] === ':';
    return substring(value, from, more ? this.argument('') : undefined);
  }

  private valueOf(name: string): string {
    return this.variables.get(name) ?? '';
  }

  private name(): string {
    const match = /^[A-Za-z_][A-Za-z0-9_]*/.exec(this.text.slice(this.at, this.at + 256));
    if (!match) throw new SubstitutionError('unable to parse variable name');
    this.at += match[0].length;
    return match[0];
  }

  private operator(): string | undefined {
    const match = /^(?::[-=?+]|:|=|\^\^?|,,?|##?|%%?|\/[/#%]?)/.exec(this.text.slice(this.at, this.at + 2));
    if (!match) return undefined;
    this.at += match[0].length;
    return match[0];
  }

  private close(): void {
    if (this.text[this.at] !== '}') throw new SubstitutionError('missing closing brace');
    this.at++;
  }

  /** Up to the closing brace or `end`, which is taken too; variables inside are put in. */
  private argument(end: string): string {
    let result = '';
    for (;;) {
      const c = this.text[this.at];
      if (c === undefined) throw new SubstitutionError('missing closing brace');
      if (c === '\\' && (this.text[this.at + 1] === '/' || this.text[this.at + 1] === '\\')) {
        result += this.text[this.at + 1];
        this.at += 2;
      } else if (c === '$' && this.text[this.at + 1] === '{') {
        this.at += 2;
        result += this.expression();
      } else {
        this.at++;
        if (c === '}') {
          if (end === '/') throw new SubstitutionError('bad substitution');
          return result;
        }
        if (c === end) return result;
        result += c;
      }
    }
  }
}

function changeCase(operator: string, value: string): string {
  const change = (s: string) => (operator[0] === '^' ? s.toUpperCase() : s.toLowerCase());
  return operator.length === 2 ? change(value) : change(value.slice(0, 1)) + value.slice(1);
}

function substring(value: string, from: string, length: string | undefined): string {
  const integer = /^-?\d+$/;
  if (!integer.test(from)) return value;
  const start = Number(from) < 0 ? Math.max(value.length + Number(from), 0) : Number(from);
  if (length === undefined) return value.slice(start);
  if (!integer.test(length)) return value;
  return value.slice(start, start + Math.max(Number(length), 0));
}

function replace(operator: string, value: string, old: string, next: string): string {
  if (operator === '//') return old === '' ? value : value.split(old).join(next);
  if (operator === '/#') return value.startsWith(old) ? next + value.slice(old.length) : value;
  if (operator === '/%') return value.endsWith(old) ? value.slice(0, value.length - old.length) + next : value;
  const at = value.indexOf(old);
  return at < 0 ? value : value.slice(0, at) + next + value.slice(at + old.length);
}

/** Cuts what a glob matches off one end: the shortest for `#` and `%`, the longest for `##` and `%%`. */
function trim(operator: string, value: string, pattern: string): string {
  const matches = glob(pattern);
  const lengths = Array.from({ length: value.length + 1 }, (_, i) => i);
  if (operator.length === 2) lengths.reverse();
  for (const length of lengths) {
    const part = operator[0] === '#' ? value.slice(0, length) : value.slice(value.length - length);
    if (!matches(part)) continue;
    return operator[0] === '#' ? value.slice(length) : value.slice(0, value.length - length);
  }
  return value;
}

/** `*` and `?`, without backtracking that a pattern could make slow. */
function glob(pattern: string): (text: string) => boolean {
  return (text) => {
    let [p, t, star, mark] = [0, 0, -1, 0];
    while (t < text.length) {
      if (p < pattern.length && pattern[p] === '*') {
        star = p++;
        mark = t;
      } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
        p++;
        t++;
      } else if (star >= 0) {
        p = star + 1;
        t = ++mark;
      } else return false;
    }
    while (pattern[p] === '*') p++;
    return p === pattern.length;
  };
}
