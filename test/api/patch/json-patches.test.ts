// JSON patch and JSON merge patch: results, sharing, and the words of what cannot be done.
import { describe, expect, it } from 'vitest';
import { jsonPatch } from '../../../src/api/patch/json-patch.ts';
import { createThreeWayJsonMergePatch, mergePatch } from '../../../src/api/patch/merge-patch.ts';
import type { StatusError } from '../../../src/api/status.ts';

const document = Object.freeze({ a: Object.freeze({ b: Object.freeze([1, 2, 3]) }), c: Object.freeze({ 'x/y': 1 }) });

const causeOf = (patch: unknown): string | undefined => {
  try {
    jsonPatch(document, patch);
  } catch (error) {
    return (error as StatusError).status.details?.causes?.[0]?.message;
  }
  return undefined;
};

describe('jsonPatch', () => {
  it('does every operation', () => {
    const patch = [
      { op: 'test', path: '/a/b/0', value: 1 },
      { op: 'add', path: '/a/b/1', value: 9 },
      { op: 'add', path: '/a/b/-', value: 4 },
      { op: 'remove', path: '/a/b/0' },
      { op: 'replace', path: '/c/x~1y', value: { z: 1 } },
      { op: 'copy', from: '/c/x~1y', path: '/d' },
      { op: 'move', from: '/a/b', path: '/e' },
    ];
    expect(jsonPatch(document, patch)).toEqual({ a: {}, c: { 'x/y': { z: 1 } }, d: { z: 1 }, e: [9, 2, 3, 4] });
  });

  it('shares what it does not touch', () => {
    const result = jsonPatch(document, [{ op: 'add', path: '/a/z', value: 1 }]) as typeof document;
    expect(result.c).toBe(document.c);
    expect(result.a.b).toBe(document.a.b);
  });

  it('says why an operation does not apply', () => {
    expect(causeOf([{ op: 'remove', path: '/a/zz' }])).toBe(
      "error in remove for path: '/a/zz': Unable to remove nonexistent key: zz: missing value",
    );
    expect(causeOf([{ op: 'replace', path: '/q', value: 1 }])).toBe(
      'replace operation does not apply: doc is missing key: /q: missing value',
    );
    expect(causeOf([{ op: 'add', path: '/q/r', value: 1 }])).toBe(
      'add operation does not apply: doc is missing path: "/q/r": missing value',
    );
    expect(causeOf([{ op: 'test', path: '/a/b/0', value: 7 }])).toBe('testing value /a/b/0 failed: test failed');
    expect(() => jsonPatch(document, {})).toThrow('cannot unmarshal object');
  });

  it('treats __proto__ as a plain key', () => {
    const result = jsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]) as object;
    expect(Object.keys(result)).toEqual(['__proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('mergePatch', () => {
  it('follows RFC 7386', () => {
    const original = Object.freeze({ a: 'b', c: Object.freeze({ d: 'e', f: 'g' }), l: [1] });
    expect(mergePatch(original, { a: 'z', c: { f: null }, l: [2], n: { x: null, y: 1 } })).toEqual({
      a: 'z',
      c: { d: 'e' },
      l: [2],
      n: { y: 1 },
    });
    expect(mergePatch({ a: 1 }, 'text')).toBe('text');
  });

  it('makes what kubectl apply sends for custom resources', () => {
    const original = { spec: { a: 1, b: 1, list: [1] } };
    const modified = { spec: { a: 2, list: [1, 2] } };
    const current = { spec: { a: 1, b: 1, list: [1], theirs: true } };
    expect(createThreeWayJsonMergePatch(original, modified, current)).toEqual({
      spec: { a: 2, b: null, list: [1, 2] },
    });
  });
});
