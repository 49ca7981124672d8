// What a plain YAML scalar means to kubectl: YAML 1.1 as go-yaml v2 reads it. Pure tables and tests.
// Upstream: sigs.k8s.io/yaml goyaml.v2/resolve.go. `0644` is 420, `on` and `y` are true, `1:20` and dates are text.

export type Scalar = null | boolean | number | bigint | string;

const words = new Map<string, Scalar>([
  ['', null],
  ['~', null],
  ['null', null],
  ['Null', null],
  ['NULL', null],
  ['.nan', NaN],
  ['.NaN', NaN],
  ['.NAN', NaN],
]);
const casings = (word: string): string[] => [word, word.charAt(0).toUpperCase() + word.slice(1), word.toUpperCase()];
for (const word of ['y', 'yes', 'true', 'on']) for (const casing of casings(word)) words.set(casing, true);
for (const word of ['n', 'no', 'false', 'off']) for (const casing of casings(word)) words.set(casing, false);
for (const inf of ['.inf', '.Inf', '.INF']) {
  words.set(inf, Infinity);
  words.set(`+${inf}`, Infinity);
  words.set(`-${inf}`, -Infinity);
}

const mayBeNumber = /^[-+.0-9]/;
const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const integer = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]+|0|[1-9][0-9]*)$/;
/** Go takes an underscore only between digits, or after a base's prefix. */
const underscores = /^[-+]?(?:0[xXbBoO]_?)?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*$/;

function toInteger(text: string): number | bigint | undefined {
  const match = integer.exec(text);
  if (!match) return undefined;
  const [, sign, digits = ''] = match;
  const octal = /^0[0-7]+$/.test(digits);
  const exact = BigInt(octal ? `0o${digits.slice(1)}` : digits.toLowerCase());
  const value = sign === '-' ? -exact : exact;
  // Go's int64 and uint64; what is larger is a float.
  if (value < -(2n ** 63n) || value >= 2n ** 64n) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The value of an unquoted scalar without a tag. */
export function resolvePlain(text: string): Scalar {
  const word = words.get(text);
  if (word !== undefined) return word;
  if (!mayBeNumber.test(text)) return text;
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  if (plain === text || underscores.test(text)) {
    const whole = toInteger(plain);
    if (whole !== undefined) return whole;
  }
  return float.test(plain) ? Number(plain) : text;
}

const base60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const date =
  /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[tT]|[ \t]+)\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d{1,2}(?::?\d{2})?))?)?$/i;

/** True when a string may stand without quotes: no reader of YAML 1.1 takes it for something else. */
export function isPlainString(text: string): boolean {
  return typeof resolvePlain(text) === 'string' && !base60.test(text) && !date.test(text);
}

/** The same of a text that begins with a letter: no number or date does. */
export const isPlainWord = (text: string): boolean => !words.has(text);
