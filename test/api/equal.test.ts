import { describe, expect, it } from 'vitest';
import { differences, semanticEqual } from '../../src/api/equal.ts';
import { isPercent, scaledValue } from '../../src/api/intstr.ts';

describe('semantic equality', () => {
  it.each<[unknown, unknown, boolean]>([
    [undefined, [], true],
    [null, {}, true],
    [{ a: undefined }, {}, true],
    [{ a: [] }, {}, true],
    [{ a: {} }, { a: null }, true],
    [{ a: 1 }, { a: 1 }, true],
    [{ a: 1 }, { a: 2 }, false],
    [{ a: false }, {}, false],
    [[1, 2], [2, 1], false],
    [[{}], [], false],
    [{ a: 'x' }, ['x'], false],
  ])('%j and %j: %s', (a, b, expected) => {
    expect(semanticEqual(a, b)).toBe(expected);
    expect(semanticEqual(b, a)).toBe(expected);
  });
  it('names what differs', () => {
    expect(differences({ a: [{ b: 1 }], c: 'x' }, { a: [{ b: 2 }], d: true }, 'spec')).toEqual([
      '- spec.a[0].b: 1',
      '+ spec.a[0].b: 2',
      '- spec.c: "x"',
      '+ spec.c: <nil>',
      '- spec.d: <nil>',
      '+ spec.d: true',
    ]);
  });
});

describe('numbers and percentages', () => {
  it.each<[number | string, number, boolean, number]>([
    [3, 10, true, 3],
    ['25%', 10, true, 3],
    ['25%', 10, false, 2],
    ['100%', 7, false, 7],
  ])('%s of %d, rounded up %s, is %d', (value, total, up, expected) =>
    expect(scaledValue(value, total, up)).toBe(expected),
  );
  it('refuses other strings', () => {
    expect(() => scaledValue('http', 1, true)).toThrow(
      'invalid value for IntOrString: invalid type: string is not a percentage',
    );
    expect([isPercent('5%'), isPercent(5), isPercent('5')]).toEqual([true, false, false]);
  });
});
