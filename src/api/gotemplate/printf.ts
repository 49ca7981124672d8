// fmt.Sprintf and fmt.Sprint for the values of templates. Upstream: Go's fmt/print.go.
import { goQuote } from '../fieldpath.ts';
import { formatFloat64, goSyntax } from '../go-format.ts';
import { Float, show, typeName } from './values.ts';

const VERB = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(.)?/gsu;

const pad = (text: string, width: number, left: boolean, zero: boolean): string => {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (left) return text + ' '.repeat(missing);
  if (!zero) return ' '.repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
};

function exponential(value: number, precision: number): string {
  const [mantissa, exponent] = value.toExponential(precision).split('e') as [string, string];
  const n = Number(exponent);
  return `${mantissa}e${n < 0 ? '-' : '+'}${String(Math.abs(n)).padStart(2, '0')}`;
}

function formatInt(value: bigint, verb: string, flags: string): string | undefined {
  const plus = flags.includes('+') && value >= 0n ? '+' : '';
  switch (verb) {
    case 'd':
    case 'v':
      return plus + value.toString();
    case 'b':
      return plus + value.toString(2);
    case 'o':
      return plus + (flags.includes('#') ? '0' : '') + value.toString(8);
    case 'x':
      return plus + (flags.includes('#') ? '0x' : '') + value.toString(16);
    case 'X':
      return plus + (flags.includes('#') ? '0X' : '') + value.toString(16).toUpperCase();
    case 'c':
      return String.fromCodePoint(Number(value));
    case 'q':
      return `'${String.fromCodePoint(Number(value))}'`;
    case 'U':
      return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
    default:
      return undefined;
  }
}

function formatNumber(value: number, verb: string, flags: string, precision: number | undefined): string | undefined {
  const plus = flags.includes('+') && value >= 0 ? '+' : '';
  switch (verb) {
    case 'v':
    case 'g':
    case 'G':
      return (
        plus +
        (precision === undefined ? formatFloat64(value) : formatFloat64(Number(value.toPrecision(precision || 1))))
      );
    case 'f':
    case 'F':
      return plus + value.toFixed(precision ?? 6);
    case 'e':
    case 'E':
      return (
        plus + (verb === 'E' ? exponential(value, precision ?? 6).toUpperCase() : exponential(value, precision ?? 6))
      );
    default:
      return undefined;
  }
}

function formatString(value: string, verb: string, flags: string, precision: number | undefined): string | undefined {
  const cut = precision === undefined ? value : [...value].slice(0, precision).join('');
  switch (verb) {
    case 's':
    case 'v':
      return flags.includes('#') && verb === 'v' ? goQuote(value) : cut;
    case 'q':
      return flags.includes('#') && !value.includes('`') ? `\`${cut}\`` : goQuote(cut);
    case 'x':
    case 'X': {
      const hex = Buffer.from(cut).toString('hex');
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
    default:
      return undefined;
  }
}

const bad = (verb: string, value: unknown): string =>
  value === null || value === undefined ? `%!${verb}(<nil>)` : `%!${verb}(${typeName(value)}=${show(value)})`;

function formatOne(value: unknown, verb: string, flags: string, precision: number | undefined): string {
  if (verb === 'T') return typeName(value);
  let text: string | undefined;
  if (typeof value === 'bigint') text = formatInt(value, verb, flags);
  else if (typeof value === 'number' && Number.isInteger(value)) text = formatInt(BigInt(value), verb, flags);
  else if (typeof value === 'number') text = formatNumber(value, verb, flags, precision);
  else if (value instanceof Float) text = formatNumber(value.value, verb, flags, precision);
  else if (typeof value === 'string') text = formatString(value, verb, flags, precision);
  else if (typeof value === 'boolean') text = verb === 't' || verb === 'v' ? String(value) : undefined;
  else if (verb === 'v') text = flags.includes('#') ? goSyntax(value) : show(value);
  else if (Array.isArray(value)) {
    text = `[${value.map((v) => formatOne(v, verb, flags, precision)).join(' ')}]`;
  } else if (typeof value === 'object' && value !== null) {
    const map = value as Record<string, unknown>;
    const entries = Object.keys(map)
      .sort()
      .map((k) => `${formatOne(k, verb, flags, precision)}:${formatOne(map[k], verb, flags, precision)}`);
    text = `map[${entries.join(' ')}]`;
  }
  return text ?? bad(verb, value);
}

export function sprintf(format: string, args: readonly unknown[]): string {
  let used = 0;
  const out = format.replace(
    VERB,
    (_all, flags: string, width: string | undefined, precision: string | undefined, verb: string | undefined) => {
      if (verb === undefined) return '%!(NOVERB)';
      if (verb === '%') return '%';
      const star = (text: string | undefined): number | undefined =>
        text === '*' ? Number(args[used++] ?? 0) : text === undefined ? undefined : Number(text);
      const wide = star(width) ?? 0;
      const exact = precision === undefined && !_all.includes('.') ? undefined : (star(precision) ?? 0);
      if (used >= args.length) return `%!${verb}(BADINDEX)`.replace('BADINDEX', 'MISSING');
      const text = formatOne(args[used++], verb, flags, exact);
      return pad(text, Math.abs(wide), flags.includes('-') || wide < 0, flags.includes('0') && !flags.includes('-'));
    },
  );
  if (used >= args.length) return out;
  const extra = args.slice(used).map((a) => (a == null ? '<nil>' : `${typeName(a)}=${show(a)}`));
  return `${out}%!(EXTRA ${extra.join(', ')})`;
}

/** fmt.Sprint: spaces between operands of which neither is a string. */
export function sprint(args: readonly unknown[]): string {
  let out = '';
  args.forEach((arg, i) => {
    if (i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string') out += ' ';
    out += show(arg);
  });
  return out;
}
