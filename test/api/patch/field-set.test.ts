// The algebra of field sets, held against plain lists of paths, for many sets. Upstream: structured-merge-diff
// fieldpath/set_test.go.
import { describe, expect, it } from 'vitest';
import {
  LEAF,
  compareElements,
  difference,
  intersection,
  isEmptySet,
  memberPaths,
  pathSet,
  recursiveDifference,
  setOfPaths,
  union,
  type FieldNode,
} from '../../../src/api/patch/field-set.ts';

/** Numbers that are the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}
const ELEMENTS = ['f:a', 'f:b', 'k:{"name":"x"}', 'v:1', 'v:10'];
const setOf = (paths: readonly string[][]): FieldNode => paths.map((path) => pathSet(...path)).reduce(union, LEAF);
const texts = (paths: Iterable<string>): string[] => [...new Set(paths)].sort();
const told = (set: FieldNode): string[] => texts(memberPaths(set));
const one = (path: readonly string[]): string => memberPaths(pathSet(...path))[0]!;
const isBelow = (path: string, other: string): boolean =>
  path === other || path.startsWith(`${other}.`) || path.startsWith(`${other}[`);

describe('sets of fields', () => {
  const next = numbers(7);
  const randomPaths = (): string[][] =>
    Array.from({ length: next(8) }, () => Array.from({ length: 1 + next(3) }, () => ELEMENTS[next(ELEMENTS.length)]!));
  const pairs = Array.from({ length: 300 }, () => [randomPaths(), randomPaths()] as const);

  it('are joined, cut and taken from one another as lists of paths are', () => {
    for (const [left, right] of pairs) {
      const [a, b] = [setOf(left), setOf(right)];
      const [x, y] = [texts(left.map(one)), texts(right.map(one))];
      expect(told(a)).toEqual(x);
      expect(told(union(a, b))).toEqual(texts([...x, ...y]));
      expect(told(intersection(a, b))).toEqual(x.filter((path) => y.includes(path)));
      expect(told(difference(a, b))).toEqual(x.filter((path) => !y.includes(path)));
      expect(told(recursiveDifference(a, b))).toEqual(x.filter((path) => !y.some((other) => isBelow(path, other))));
    }
  });

  it('keep the laws, and leave what they are made of alone', () => {
    for (const [left, right] of pairs) {
      const [a, b] = [setOf(left), setOf(right)];
      const before = JSON.stringify([a, b]);
      expect(told(union(difference(a, b), intersection(a, b)))).toEqual(told(a));
      expect(isEmptySet(difference(a, a))).toBe(true);
      expect(JSON.stringify(union(a, b))).toBe(JSON.stringify(union(b, a)));
      expect(union(a, a)).toBe(a);
      expect(difference(a, LEAF)).toBe(a);
      expect(JSON.stringify([a, b])).toBe(before);
    }
  });

  it('name fields by their dots', () => {
    expect(setOfPaths(['status', 'metadata.labels'])).toEqual({ 'f:metadata': { 'f:labels': {} }, 'f:status': {} });
  });
});

describe('elements', () => {
  it('stand in one order: fields, keys, values; numbers as numbers', () => {
    const ordered = [
      'f:a',
      'f:b',
      'f:b1',
      'k:{"name":"a"}',
      'k:{"name":"a b"}',
      'k:{"name":"a:10"}',
      'k:{"name":"a:9"}',
      'k:{"port":9}',
      'k:{"port":80}',
      'k:{"port":80,"protocol":"TCP"}',
      'k:{"port":443}',
      'v:-1',
      'v:2',
      'v:10',
    ];
    const mixed = [...ordered].sort((a, b) => a.length - b.length || (a < b ? 1 : -1));
    expect(mixed.sort(compareElements)).toEqual(ordered);
  });
});
