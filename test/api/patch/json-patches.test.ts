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

  const missing = 'missing value';
  const noIndex = (i: number | string) => `Unable to access invalid index: ${i}: invalid index referenced`;
  it.each<[object, string]>([
    [
      { op: 'remove', path: '/a/zz' },
      "error in remove for path: '/a/zz': Unable to remove nonexistent key: zz: missing value",
    ],
    [{ op: 'remove', path: '/q/r' }, `remove operation does not apply: doc is missing path: "/q/r": ${missing}`],
    [{ op: 'remove', path: '' }, `remove operation does not apply: doc is missing path: "": ${missing}`],
    [{ op: 'remove', path: '/a/b/3' }, `error in remove for path: '/a/b/3': ${noIndex(3)}`],
    [{ op: 'remove', path: '/a/b/-4' }, `error in remove for path: '/a/b/-4': ${noIndex(-4)}`],
    [{ op: 'remove', path: '/a/b/-' }, `error in remove for path: '/a/b/-': strconv.Atoi: parsing "-": invalid syntax`],
    [{ op: 'add', path: '/q/r', value: 1 }, `add operation does not apply: doc is missing path: "/q/r": ${missing}`],
    [{ op: 'add', path: 'c', value: 1 }, `add operation does not apply: doc is missing path: "c": ${missing}`],
    [{ op: 'add', path: '', value: {} }, `add operation does not apply: doc is missing path: "": ${missing}`],
    [{ op: 'add', path: '/a/b/4', value: 1 }, `error in add for path: '/a/b/4': ${noIndex(4)}`],
    [
      { op: 'add', path: '/a/b/x', value: 1 },
      `error in add for path: '/a/b/x': value was not a proper array index: 'x': strconv.Atoi: parsing "x": invalid syntax`,
    ],
    [
      { op: 'replace', path: '/q/r', value: 1 },
      `replace operation does not apply: doc is missing path: /q/r: ${missing}`,
    ],
    [
      { op: 'replace', path: '/a/b/3', value: 1 },
      `replace operation does not apply: doc is missing key: /a/b/3: ${missing}`,
    ],
    [{ op: 'replace', path: '', value: 1 }, 'replace operation value must be object or array: %!w(<nil>)'],
    [
      { op: 'move', from: '/a/zz', path: '/c/d' },
      "error in move for path: 'zz': Unable to remove nonexistent key: zz: missing value",
    ],
    [{ op: 'move', from: '/a/b/9', path: '/c/d' }, `error in move for path: '9': ${noIndex(9)}`],
    [
      { op: 'move', from: '/q/r', path: '/c/d' },
      `move operation does not apply: doc is missing from path: /q/r: ${missing}`,
    ],
    [
      { op: 'move', from: '/a/b', path: '/q/r' },
      `move operation does not apply: doc is missing destination path: /q/r: ${missing}`,
    ],
    [{ op: 'move', from: '/a/b/0', path: '/a/b/3' }, `error in move for path: '/a/b/3': ${noIndex(3)}`],
    [
      { op: 'copy', from: '/q/r', path: '/c/d' },
      `copy operation does not apply: doc is missing from path: /q/r: ${missing}`,
    ],
    [{ op: 'copy', from: '/a/b/7', path: '/c/d' }, `error in copy for from: '/a/b/7': ${noIndex(7)}`],
    [
      { op: 'copy', from: '/a/b', path: '/q/r' },
      `copy operation does not apply: doc is missing destination path: /q/r: ${missing}`,
    ],
    [{ op: 'copy', from: '/a/b/0', path: '/a/b/9' }, `error while adding value during copy: ${noIndex(9)}`],
    [{ op: 'test', path: '/a/b/0', value: 7 }, 'testing value /a/b/0 failed: test failed'],
    [{ op: 'test', path: '/a/zz', value: 7 }, 'testing value /a/zz failed: test failed'],
    [{ op: 'test', path: '/a/b', value: null }, 'testing value /a/b failed: test failed'],
    [{ op: 'test', path: '/a/b' }, 'testing value /a/b failed: test failed'],
    [{ op: 'test', path: '/q/r', value: 7 }, `test operation does not apply: is missing path: /q/r: ${missing}`],
    [{ op: 'test', path: '/a/b/5', value: 7 }, `error in test for path: '/a/b/5': ${noIndex(5)}`],
    [{ op: 'test', path: '', value: {} }, 'testing value  failed: test failed'],
    [{ op: 'add', value: 1 }, `add operation failed to decode path: ${missing}`],
    [
      { op: 'replace', path: null },
      `replace operation failed to decode path: operation missing path field: ${missing}`,
    ],
    [{ op: 'copy', path: '/d' }, `copy operation failed to decode from: operation, missing from field: ${missing}`],
    [
      { op: 'move', from: null, path: '/d' },
      `move operation failed to decode from: operation, missing from field: ${missing}`,
    ],
    [{ op: null, path: '/d' }, 'Unexpected kind: unknown'],
    [{ op: 'shuffle', path: '/d' }, 'Unexpected kind: shuffle'],
  ])('says why an operation does not apply: %j', (operation, message) => expect(causeOf([operation])).toBe(message));

  it.each<[object, object, object]>([
    // A key need not be there to be replaced, tested for null or copied as null.
    [{}, { op: 'replace', path: '/q', value: 1 }, { q: 1 }],
    [{ a: 1 }, { op: 'test', path: '/q', value: null }, { a: 1 }],
    [{ a: null }, { op: 'test', path: '/a' }, { a: null }],
    [{ a: 1 }, { op: 'copy', from: '/q', path: '/b' }, { a: 1, b: null }],
    [{ a: 1 }, { op: 'test', path: '', value: { a: 1 } }, { a: 1 }],
    [{ a: 1 }, { op: 'replace', path: '', value: { b: 1 } }, { b: 1 }],
    [{ a: [1] }, { op: 'add', path: '/a/-1', value: 2 }, { a: [1, 2] }],
    [{ a: [1, 2] }, { op: 'add', path: '/a/-3', value: 0 }, { a: [0, 1, 2] }],
    [{ a: [1, 2] }, { op: 'remove', path: '/a/-1' }, { a: [1] }],
    [{ a: [1, 2] }, { op: 'replace', path: '/a/-1', value: 3 }, { a: [1, 3] }],
    [{ a: [1, 2] }, { op: 'move', from: '/a/0', path: '/a/-' }, { a: [2, 1] }],
    [{ a: ['b'] }, { op: 'copy', from: '/a', path: '/a/0' }, { a: [['b'], 'b'] }],
    [{ 'a/b': 1, '~': 2 }, { op: 'move', from: '/a~1b', path: '/~0' }, { '~': 1 }],
    [{ '~1': 1 }, { op: 'remove', path: '/~01' }, {}],
    [{ '': 1 }, { op: 'replace', path: '/', value: 2 }, { '': 2 }],
    [{ a: 1 }, { op: 'add', path: '/a' }, { a: null }],
  ])('%j with %j', (before, operation, after) => expect(jsonPatch(before, [operation])).toEqual(after));

  it('takes a list of operations alone, of a bounded number, that copy a bounded amount', () => {
    expect(() => jsonPatch(document, {})).toThrow('cannot unmarshal object');
    expect(jsonPatch(document, null)).toBe(document);
    const test = { op: 'test', path: '/c/x~1y', value: 1 };
    expect(jsonPatch(document, Array(10_000).fill(test))).toEqual(document);
    expect(() => jsonPatch(document, Array(10_001).fill(test))).toThrow(
      'The allowed maximum operations in a JSON patch is 10000, got 10001',
    );
    const large = { text: 'x'.repeat(1024 * 1024), list: [] };
    const copy = { op: 'copy', from: '/text', path: '/list/-' };
    expect(jsonPatch(large, [copy, copy])).toMatchObject({ list: [large.text, large.text] });
    expect(() => jsonPatch(large, [copy, copy, copy])).toThrow();
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
