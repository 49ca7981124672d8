// Where an object's metadata stands in its bytes, so that tables and metadata lists of many objects copy it instead of
// parsing and printing it; and the object without managedFields, which is half of many objects and in no column.
//
//   {"kind":"Pod","apiVersion":"v1","metadata":{"name":"a",…,"managedFields":[…]},"spec":…
//                                   start ^                  ^ managed   ends ^^ end
import { parseJson } from '../../../api/codec/json.ts';
import type { ObjectMeta, Unstructured } from '../../../api/types.ts';

export interface MetadataRange {
  /** Of the opening brace. */
  start: number;
  /** After the closing brace. */
  end: number;
  /** The comma before managedFields, and the end of its value; equal when there is none. */
  managedStart: number;
  managedEnd: number;
}

const KEY = Buffer.from('"metadata":{');
const MANAGED = Buffer.from('"managedFields"');
const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Undefined for bytes that this server did not write: their metadata may stand anywhere. */
export function metadataRange(bytes: Buffer): MetadataRange | undefined {
  const key = bytes.indexOf(KEY);
  if (key < 0 || !isTypePrefix(bytes.toString('latin1', 0, key))) return undefined;
  const start = key + KEY.length - 1;
  const range: MetadataRange = { start, end: 0, managedStart: 0, managedEnd: 0 };
  let depth = 0;
  for (let i = start; i < bytes.length; i++) {
    const c = bytes[i]!;
    if (c === QUOTE) {
      const close = endOfString(bytes, i);
      if (depth === 1 && bytes[close + 1] === COLON && isManagedKey(bytes, i, close)) range.managedStart = i - 1;
      i = close;
    } else if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
    else if (c === COMMA) {
      if (depth === 1) closeManaged(range, i);
    } else if ((c === CLOSE_BRACE || c === CLOSE_BRACKET) && --depth === 0) {
      closeManaged(range, i);
      range.end = i + 1;
      return range;
    }
  }
  return undefined;
}

function closeManaged(range: MetadataRange, at: number): void {
  if (range.managedStart > 0 && range.managedEnd === 0 && at > range.managedStart) range.managedEnd = at;
}

function endOfString(bytes: Buffer, open: number): number {
  let i = open + 1;
  while (bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i;
}

const isManagedKey = (bytes: Buffer, open: number, close: number): boolean =>
  close - open + 1 === MANAGED.length &&
  bytes.compare(MANAGED, 0, MANAGED.length, open, close + 1) === 0 &&
  bytes[open - 1] === COMMA;

const TYPE_PREFIX = /^\{"kind":"[\w.-]*","apiVersion":"[\w./-]*",$/;
/** Prefixes are as many as kinds. */
const known = new Set<string>();

function isTypePrefix(text: string): boolean {
  if (known.has(text)) return true;
  if (text.length > 500 || !TYPE_PREFIX.test(text)) return false;
  known.add(text);
  return true;
}

/** The metadata alone, without its managedFields. */
export function parseMetadata(bytes: Buffer, { start, end, managedStart, managedEnd }: MetadataRange): ObjectMeta {
  const text =
    managedEnd > managedStart
      ? bytes.toString('utf8', start, managedStart) + bytes.toString('utf8', managedEnd, end)
      : bytes.toString('utf8', start, end);
  return parseJson(text) as ObjectMeta;
}

/** The managedFields alone; undefined: there are none. */
export function parseManaged(bytes: Buffer, { managedStart, managedEnd }: MetadataRange): ObjectMeta['managedFields'] {
  if (managedEnd <= managedStart) return undefined;
  // After the comma, the key and the colon.
  const from = managedStart + 1 + MANAGED.length + 1;
  return parseJson(bytes.toString('utf8', from, managedEnd)) as ObjectMeta['managedFields'];
}

/** The object without its managedFields. */
export function parseWithoutManaged(bytes: Buffer, range: MetadataRange): Unstructured {
  const { managedStart, managedEnd } = range;
  const text =
    managedEnd > managedStart
      ? bytes.toString('utf8', 0, managedStart) + bytes.toString('utf8', managedEnd)
      : bytes.toString('utf8');
  return parseJson(text) as Unstructured;
}
