// Values as Go prints them: fmt's %v, %#v and %T, and json.Marshal of a map. jsonpath and templates print this way.
// Integers are bigint or whole numbers, as Kubernetes' own JSON decoding has it; floats are other numbers.
import { goQuote } from './fieldpath.ts';

type Map_ = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Map_ => typeof value === 'object' && value !== null && !Array.isArray(value);
const sortedKeys = (map: Map_): string[] => Object.keys(map).sort(compareBytes);

/** Go sorts keys by their UTF-8 bytes, which is the order of code points. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    const surrogate = (c: number) => c >= 0xd800 && c < 0xe000;
    if (surrogate(x) !== surrogate(y)) return surrogate(x) ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

/** %v of a float64, which is strconv's shortest 'g': an exponent from a million on. */
export function formatFloat64(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 6) return `${mantissa}e${exponentPart(exponent)}`;
  return plainDigits(mantissa, exponent);
}

const exponentPart = (exponent: number): string =>
  `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;

function plainDigits(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

const numberText = (value: number): string => (Number.isInteger(value) ? String(value) : formatFloat64(value));

/** %v */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'number') return numberText(value);
  if (Array.isArray(value)) return `[${value.map((v) => goPrint(v)).join(' ')}]`;
  if (isMap(value))
    return `map[${sortedKeys(value)
      .map((k) => `${k}:${goPrint(value[k])}`)
      .join(' ')}]`;
  return String(value);
}

/** %#v */
export function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)';
  if (typeof value === 'string') return goQuote(value);
  if (typeof value === 'number') return numberText(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map((v) => goSyntax(v)).join(', ')}}`;
  if (isMap(value)) {
    const entries = sortedKeys(value).map((k) => `${goQuote(k)}:${goSyntax(value[k])}`);
    return `map[string]interface {}{${entries.join(', ')}}`;
  }
  return String(value);
}

/** %T */
export function goTypeName(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int64';
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64';
    default:
      return 'map[string]interface {}';
  }
}

const ESCAPED: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

function jsonString(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (c) => ESCAPED[c]!);
}

/** json.Marshal, or MarshalIndent with `indent`: keys sorted, `<>&` escaped. */
export function goJson(value: unknown, indent = '', prefix = ''): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return jsonString(value);
  // JavaScript changes to an exponent where encoding/json does.
  if (typeof value === 'number') return JSON.stringify(value);
  if (typeof value !== 'object') return String(value);
  const isList = Array.isArray(value);
  const inner = prefix + indent;
  const colon = indent ? ': ' : ':';
  const items = isList
    ? value.map((v) => goJson(v, indent, inner))
    : sortedKeys(value as Map_).map((k) => `${jsonString(k)}${colon}${goJson((value as Map_)[k], indent, inner)}`);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  if (items.length === 0) return open + close;
  if (!indent) return `${open}${items.join(',')}${close}`;
  return `${open}\n${inner}${items.join(`,\n${inner}`)}\n${prefix}${close}`;
}
