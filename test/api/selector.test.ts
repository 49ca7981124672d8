import { describe, expect, it } from 'vitest';
import { parseFieldSelector } from '../../src/api/field-selector.ts';
import {
  everything,
  formatLabelSelector,
  formatLabels,
  nothing,
  parseSelector,
  selectorFromObject,
  selectorFromSet,
} from '../../src/api/selector.ts';

describe('label selector strings', () => {
  it.each([
    ['a=b', { a: 'b' }, true],
    ['a=b', { a: 'c' }, false],
    ['a==b', { a: 'b' }, true],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a in (b,c)', { a: 'c' }, true],
    ['a in (b,c)', {}, false],
    ['a notin (b,c)', {}, true],
    ['a notin (b,c)', { a: 'b' }, false],
    ['a in ()', { a: '' }, true],
    ['a in (,b)', { a: '' }, true],
    ['a>5', { a: '6' }, true],
    ['a>5', { a: 'x' }, false],
    ['a<5', { a: '4' }, true],
    ['in=notin', { in: 'notin' }, true],
    ['x.io/a = b , c', { 'x.io/a': 'b', c: '1' }, true],
    ['a=,b', { a: '', b: '' }, true],
    ['__proto__=x', {}, false],
    ['constructor', {}, false],
    ['', { a: 'b' }, true],
  ])('%s on %j is %s', (text, labels, expected) => {
    if (text.startsWith('__')) return expect(() => parseSelector(text)).toThrow('name part must consist');
    expect(parseSelector(text).matches(labels as Record<string, string>)).toBe(expected);
  });

  it.each([
    ['c,a=b', 'a=b,c'],
    ['a in (z,b,z)', 'a in (b,z)'],
    ['!a,b!=c', '!a,b!=c'],
    ['x>1,y<2', 'x>1,y<2'],
  ])('%s prints as %s', (text, printed) => expect(parseSelector(text).toString()).toBe(printed));

  it.each([
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    [',a', "found ',', expected: !, identifier, or 'end of string'"],
    ['a,', "found '', expected: identifier after ','"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['a=(', "unable to parse requirement: found '(', expected: identifier"],
    [
      'a>x',
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
    [
      'a=b$',
      "unable to parse requirement: values[0][a]: Invalid value: \"b$\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
  ])('%s is refused', (text, message) => expect(() => parseSelector(text)).toThrow(message));
});

describe('label selector objects', () => {
  it('absent selects nothing, empty selects all', () => {
    expect(selectorFromObject(undefined)).toBe(nothing);
    expect(selectorFromObject({})).toBe(everything);
    expect(selectorFromSet({ a: 'b' }).matches({ a: 'b', c: 'd' })).toBe(true);
  });
  it('prints as kubectl does', () => {
    const selector = {
      matchLabels: { b: '2', a: '1' },
      matchExpressions: [{ key: 'c', operator: 'NotIn', values: ['y', 'x'] }],
    };
    expect(formatLabelSelector(selector)).toBe('a=1,b=2,c notin (x,y)');
    expect(formatLabelSelector({})).toBe('<none>');
    expect(formatLabels(undefined)).toBe('<none>');
    expect(formatLabels({ z: '1', a: '2' })).toBe('a=2,z=1');
  });
});

describe('field selectors', () => {
  const get = (field: string) => ({ 'status.phase': 'Running', 'spec.nodeName': 'a,b' })[field] ?? '';
  it.each([
    ['status.phase=Running', true],
    ['status.phase==Running', true],
    ['status.phase!=Running', false],
    ['spec.nodeName=a\\,b,status.phase=Running', true],
    ['metadata.name=', true],
    ['', true],
  ])('%s is %s', (text, expected) => expect(parseFieldSelector(text).matches(get)).toBe(expected));
  it('sorts, escapes and finds the required value', () => {
    const selector = parseFieldSelector('z=1,a!=b\\=c');
    expect(selector.toString()).toBe('a!=b\\=c,z=1');
    expect(selector.requires('z')).toBe('1');
    expect(selector.requires('a')).toBeUndefined();
  });
  it.each([
    ['abc', "invalid selector: 'abc'; can't understand 'abc'"],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
    ['a=\\x', 'invalid field selector: invalid escape sequence: \\x'],
  ])('%s is refused', (text, message) => expect(() => parseFieldSelector(text)).toThrow(message));
});
