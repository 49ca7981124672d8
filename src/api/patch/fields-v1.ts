// FieldsV1 as it comes from clients and from the store: checked, and with each element in the one form in which elements are
// compared. What is written by this server is in that form already, and is not built anew.
// Upstream: structured-merge-diff fieldpath/serialize.go, serialize-pe.go.
import { parseJson, stringifyJson } from '../codec/json.ts';
import { compareElements, union, type FieldNode } from './field-set.ts';

const SIMPLE = String.raw`(?:"[\w ./:*@+-]*"|0|-?[1-9]\d{0,14}|true|false|null)`;
const KEY = String.raw`"([\w./-]+)":${SIMPLE}`;
const ONE_KEY = new RegExp(`^k:\\{${KEY}\\}$`);
const TWO_KEYS = new RegExp(`^k:\\{${KEY},${KEY}\\}$`);
const VALUE = new RegExp(`^v:${SIMPLE}$`);

const isMap = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** Undefined: of a sort that is not known, which is ignored. Throws when it is of none. */
export function readElement(text: string): string | undefined {
  if (text.charAt(1) !== ':') throw new Error(`missing colon: ${text}`);
  switch (text.charAt(0)) {
    case 'f':
      return text;
    case 'i':
      if (!/^i:[+-]?\d+$/.test(text)) throw new Error(`invalid index: ${text}`);
      return `i:${Number(text.slice(2))}`;
    case 'v':
      return VALUE.test(text) ? text : `v:${stringifyJson(parseJson(text.slice(2)))}`;
    case 'k':
      return readKeys(text);
  }
  return undefined;
}

function readKeys(text: string): string {
  if (ONE_KEY.test(text)) return text;
  const two = TWO_KEYS.exec(text);
  if (two && two[1]! < two[2]!) return text;
  const keys: unknown = parseJson(text.slice(2));
  if (!isMap(keys)) throw new Error(`keys of an item are no object: ${text}`);
  const sorted = Object.keys(keys).sort();
  return `k:${stringifyJson(Object.fromEntries(sorted.map((name) => [name, keys[name]])))}`;
}

/** The set that a `fieldsV1` says. Throws when it is none. */
export function readFields(value: unknown): FieldNode {
  if (!isMap(value)) throw new Error('not an object');
  let same = true;
  const entries: [string, FieldNode][] = [];
  for (const text of Object.keys(value)) {
    const element = text === '.' ? text : readElement(text);
    const node = readFields(value[text]);
    if (element !== text || node !== value[text]) same = false;
    if (element !== undefined) entries.push([element, node]);
  }
  if (same) return value as FieldNode;
  // Two ways to write one element are one element.
  const one = entries.map(([element, node]): FieldNode => ({ [element]: node })).reduce(union, {});
  const sorted = Object.entries(one).sort(([a], [b]) => compareElements(a, b));
  const isMember = entries.some(([element]) => element === '.');
  return Object.fromEntries(isMember ? [['.', {}], ...sorted] : sorted);
}
