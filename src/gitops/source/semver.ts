// Semantic versions and ranges of them as Flux takes them in `ref.semver`: `1.2.x`, `>=1.0.0 <2.0.0`, `~1.2`, `^1`,
// `1.0 - 2.0`, `||`. Upstream: Masterminds/semver v3. A pre-release is in a range only when the range names one. Pure.

export interface Version {
  numbers: [number, number, number];
  pre: string[];
}

const VERSION = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

/** Undefined: not a version. */
export function parseVersion(text: string): Version | undefined {
  const match = VERSION.exec(text);
  if (!match) return undefined;
  const [, major = '0', minor = '0', patch = '0', pre] = match;
  return { numbers: [Number(major), Number(minor), Number(patch)], pre: pre?.split('.') ?? [] };
}

export function compareVersions(a: Version, b: Version): number {
  for (let i = 0; i < 3; i++) if (a.numbers[i] !== b.numbers[i]) return a.numbers[i]! - b.numbers[i]!;
  // A version comes after its pre-releases.
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (let i = 0; i < Math.max(a.pre.length, b.pre.length); i++) {
    const order = comparePart(a.pre[i], b.pre[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function comparePart(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  const [x, y] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (x && y) return Number(a) - Number(b);
  if (x !== y) return x ? -1 : 1;
  return a < b ? -1 : 1;
}

type Test = (version: Version) => boolean;

const OPERATOR = '(?:=|==|!=|>|<|>=|=>|<=|=<|~|~>|\\^)?';
const PARTIAL =
  'v?(?:\\d+|[xX*])(?:\\.(?:\\d+|[xX*]))?(?:\\.(?:\\d+|[xX*]))?(?:-[0-9A-Za-z.-]+)?(?:\\+[0-9A-Za-z.-]+)?';
const ONE = new RegExp(`^(${OPERATOR})\\s*(${PARTIAL})$`);
const EACH = new RegExp(`${OPERATOR}\\s*${PARTIAL}`, 'g');
const HYPHEN = new RegExp(`(${PARTIAL})\\s+-\\s+(${PARTIAL})`, 'g');

/** Throws with upstream's words when it is no range. */
export function parseRange(text: string): Test {
  const alternatives = text.split('||').map((part) => {
    const plain = part.replaceAll(HYPHEN, (_, from: string, to: string) => `>=${from} <=${to}`).trim();
    const pieces = plain.match(EACH) ?? [];
    const rest = plain.replaceAll(EACH, '').replaceAll(/[\s,]/g, '');
    if (pieces.length === 0 || rest !== '') throw new Error(`improper constraint: ${text}`);
    const tests = pieces.map((piece) => oneTest(piece.trim(), text));
    return (version: Version) => tests.every((test) => test(version));
  });
  return (version) => alternatives.some((test) => test(version));
}

/** A version of which some numbers may be open: `1.2.x`, `1`. */
interface Partial {
  version: Version;
  /** How many numbers are given. */
  given: number;
}

function oneTest(piece: string, range: string): Test {
  const match = ONE.exec(piece);
  if (!match) throw new Error(`improper constraint: ${range}`);
  const [, operator = '', written = ''] = match;
  const partial = parsePartial(written);
  const test = tests[operator]!(partial);
  return (version) => (version.pre.length > 0 && partial.version.pre.length === 0 ? false : test(version));
}

function parsePartial(text: string): Partial {
  const [, numbers = '', pre] = /^v?([^-+]*)(?:-([^+]*))?/.exec(text)!;
  const parts = numbers.split('.');
  const open = parts.findIndex((part) => /^[xX*]$/.test(part));
  const given = open < 0 ? parts.length : open;
  const number = (i: number) => (i < given ? Number(parts[i]) : 0);
  return { version: { numbers: [number(0), number(1), number(2)], pre: pre ? pre.split('.') : [] }, given };
}

/** The first version that is no longer within the first `keep` numbers. */
function after({ version: { numbers } }: Partial, keep: number): Version {
  const next = numbers.map((n, i) => (i < keep - 1 ? n : i === keep - 1 ? n + 1 : 0)) as Version['numbers'];
  return { numbers: next, pre: [] };
}

const within =
  (partial: Partial, keep: number): Test =>
  (v) =>
    compareVersions(v, partial.version) >= 0 && (keep === 0 || compareVersions(v, after(partial, keep)) < 0);

const equal = (partial: Partial): Test =>
  partial.given < 3 ? within(partial, partial.given) : (v) => compareVersions(v, partial.version) === 0;

const greater = (partial: Partial): Test =>
  partial.given < 3
    ? (v) => partial.given > 0 && compareVersions(v, after(partial, partial.given)) >= 0
    : (v) => compareVersions(v, partial.version) > 0;

const atMost = (partial: Partial): Test =>
  partial.given < 3
    ? (v) => partial.given === 0 || compareVersions(v, after(partial, partial.given)) < 0
    : (v) => compareVersions(v, partial.version) <= 0;

const atLeast =
  ({ version }: Partial): Test =>
  (v) =>
    compareVersions(v, version) >= 0;
const tilde = (partial: Partial): Test => within(partial, Math.min(partial.given, 2));

/** Up to the next change of the first number that is not zero. */
function caret(partial: Partial): Test {
  const { given, version } = partial;
  const first = version.numbers.findIndex((n) => n !== 0);
  const keep = first < 0 || first >= given ? given : first + 1;
  return within(partial, Math.min(keep, given));
}

const tests: Record<string, (partial: Partial) => Test> = {
  '': equal,
  '=': equal,
  '==': equal,
  '!=': (partial) => {
    const same = equal(partial);
    return (v) => !same(v);
  },
  '>': greater,
  '>=': atLeast,
  '=>': atLeast,
  '<':
    ({ version }) =>
    (v) =>
      compareVersions(v, version) < 0,
  '<=': atMost,
  '=<': atMost,
  '~': tilde,
  '~>': tilde,
  '^': caret,
};

/** The newest tag in a range; of equal versions the last one. */
export function newestTag(tags: readonly string[], range: string): string | undefined {
  const inRange = parseRange(range);
  let best: { tag: string; version: Version } | undefined;
  for (const tag of tags) {
    const version = parseVersion(tag);
    if (version && inRange(version) && (!best || compareVersions(version, best.version) >= 0)) best = { tag, version };
  }
  return best?.tag;
}
