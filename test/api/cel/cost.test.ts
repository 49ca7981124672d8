// What rules cost, estimated and counted, in upstream's figures: a rule that one accepts the other must, too.
// Upstream: apiextensions-apiserver pkg/apiserver/schema/cel/{compilation,celcoststability}_test.go.
import { describe, expect, it } from 'vitest';
import { compiledRules } from '../../../src/api/schema/cel-compile.ts';
import { toCel } from '../../../src/api/schema/cel-values.ts';
import { declaredType } from '../../../src/api/schema/cel-types.ts';
import { compile } from '../../../src/api/cel/compile.ts';
import type { Schema } from '../../../src/api/schema/schema.ts';

const number: Schema = { type: 'number' };
const string: Schema = { type: 'string' };
const boolean: Schema = { type: 'boolean' };
const integer: Schema = { type: 'integer' };
const list = (items: Schema, maxItems?: number): Schema => ({
  type: 'array',
  items,
  ...(maxItems === undefined ? {} : { maxItems }),
});
const map = (values: Schema, maxProperties?: number): Schema => ({
  type: 'object',
  additionalProperties: values,
  ...(maxProperties === undefined ? {} : { maxProperties }),
});
const text = (maxLength?: number): Schema => ({ type: 'string', ...(maxLength === undefined ? {} : { maxLength }) });

const vals = (...schemas: Schema[]): Schema => ({
  type: 'object',
  properties: Object.fromEntries(schemas.map((schema, i) => [`val${i + 1}`, schema])),
});

function estimated(schema: Schema, rule: string): number {
  const [compiled] = compiledRules({ ...schema, validations: [{ rule }] }, false);
  if (compiled!.problem !== undefined) throw new Error(compiled!.problem);
  return compiled!.maxCost;
}

describe('estimated cost', () => {
  it.each<[Schema, string, number]>([
    [list(number), 'self.all(x, true)', 4718591],
    [list(number, 10), 'self.all(x, true)', 32],
    [list(string), 'self.all(x, true)', 3145727],
    [list(string, 20), 'self.all(x, true)', 62],
    [list(boolean), 'self.all(x, true)', 1887437],
    [list(list(number)), 'self.all(x, true)', 3145727],
    [map(number), 'self.all(x, true)', 1348169],
    [map(number, 10), 'self.all(x, true)', 32],
    [map(string), 'self.all(x, true)', 1179647],
    [map(boolean), 'self.all(x, true)', 943718],
    [text(), "self.contains('test')", 314574],
    [text(10), "self.contains('test')", 5],
    [text(), "self.startsWith('test')", 2],
    [text(), 'size(self + "hello") > size("hello")', 314578],
    [text(4), 'size(self + "hello") > size("hello")', 7],
    [list(number), 'self[1] == 0.0', 2],
    [list(string), 'self[1] == self[1]', 314577],
    [list(number, 10), 'self.all(x, self.all(y, true))', 352],
    [list(number, 10), 'self.all(x, self.all(y, self.all(z, true)))', 3552],
    [text(), 'self.matches("x")', 314574],
    [text(50), 'self.matches("x")', 22],
    [text(), '"".matches("(((((((((())))))))))[0-9]")', 7],
    [text(), 'self.matches("")', 1],
    [map(number), 'self["x"] == 0.0', 2],
    [text(), 'self == "x"', 2],
    [text(0), 'self == "x"', 1],
    [text(), "ip('192.168.0.1') == ip('192.168.0.1')", 5],
    [text(), "cidr('2001:db8::/32') == cidr('2001:db8::/32')", 5],
    [text(48), 'cidr(self) == cidr(self).masked()', 44],
    [text(), 'quantity("200M") == quantity("200M")', 3],
    [text(), "url('https:://kubernetes.io/') == url('https:://kubernetes.io/')", 9],
    [text(), 'format.named("dns1123Label").value() == format.named("dns1123Label").value()', 11],
  ])('%j: %s', (schema, rule, cost) => {
    expect(estimated(schema, rule)).toBe(cost);
  });

  it('has no bound for loops in loops', () => {
    expect(estimated(list(number), 'self.all(x, self.all(y, true))')).toBeGreaterThan(100_000_000);
  });
});

describe('estimated cost on fields', () => {
  const texts = vals(string, string);
  it.each<[Schema, string, number]>([
    [vals(integer, integer), 'self.val1 == self.val2', 4],
    [vals(integer, integer), 'type(self.val1) == int', 4],
    [vals(integer, number), 'double(self.val1) < self.val2', 6],
    [vals(integer, number), 'self.val2 == 1.0', 2],
    [texts, "self.val1.startsWith('Rook')", 3],
    [texts, "self.val1.matches('^[^0-9]*$')", 943721],
    [texts, "!self.val1.matches('^[0-9]*$')", 629149],
    [texts, 'size(self.val1) == 12', 4],
    [texts, "self.val1.charAt(3) == 'k'", 4],
    [texts, "self.val1.indexOf('o') == 1", 314576],
    [texts, "self.val1.replace(' ', 'x') == 'Rookxtakesx👑'", 629150],
    [texts, "self.val1.split(' ') == ['Rook', 'takes', '👑']", 629159],
    [texts, "self.val1.substring(0, 4) == 'Rook'", 314576],
    [texts, "self.val1.substring(4, 10).trim() == 'takes'", 629149],
    [texts, "self.val1.upperAscii() == 'ROOK TAKES 👑'", 314577],
    [texts, 'self.val1.lowerAscii() == self.val1.lowerAscii()', 943723],
    [vals({ type: 'string', format: 'byte' }, { type: 'string', format: 'byte' }), 'self.val1 == self.val2', 314577],
    [vals({ type: 'string', format: 'duration' }), "self.val1 == duration('1h2m') + duration('3s4ms')", 6],
    [vals({ type: 'string', format: 'date-time' }), "self.val1.getDate('01:00') == 18", 4],
    [vals({ ...string, enum: ['Pending', 'Available'] }), "self.val1 in ['Pending', 'Available']", 14],
    [vals(integer, string), 'string(self.val1) == self.val2', 314578],
    [vals({ type: 'string', format: 'byte' }, string), 'string(self.val1) == self.val2', 629150],
    [vals({ type: 'string', format: 'byte' }, string), 'bytes(self.val2) == self.val1', 629150],
    [vals(number), "string(self.val1) == '10.5'", 4],
  ])('%j: %s', (schema, rule, cost) => {
    expect(estimated(schema, rule)).toBe(cost);
  });
});

function counted(schema: Schema, self: unknown, rule: string): [unknown, number] {
  const declared = declaredType(schema, false)!;
  const { program } = compile(rule, new Map([['self', declared.type]]));
  const { value, error, cost } = program.evaluate({ self: toCel(self, schema) }, 1_000_000);
  return [error ?? value, cost];
}

const fields = (...values: unknown[]): object => Object.fromEntries(values.map((value, i) => [`val${i + 1}`, value]));

describe('counted cost', () => {
  const set: Schema = { ...list(string), listType: 'set' };
  const cases: [Schema, unknown, Record<string, number>][] = [
    [vals(integer, integer), fields(5, 5), { 'self.val1 == self.val2': 5, 'type(self.val1) == int': 4 }],
    [
      vals(string),
      fields(''),
      {
        'format.datetime().validate("2021-01-01T00:00:00Z") == optional.none()': 57,
        'format.date().validate("2021-01-01") == optional.none()': 39,
        'format.uri().validate("http://example.com") == optional.none()': 555,
        'format.byte().validate("aGVsbG8=") == optional.none()': 24,
        'format.uuid().validate("123e4567-e89b-12d3-a456-426614174000") == optional.none()': 75,
      },
    ],
    [
      vals(integer, number),
      fields(5, 10.5),
      { 'double(self.val1) < self.val2': 6, 'self.val1 < int(self.val2)': 6, 'double(5) < 10.0': 1 },
    ],
    [
      vals(string, string),
      fields('Rook takes 👑', 'Rook takes 👑'),
      {
        "self.val1.startsWith('Rook')": 4,
        "!self.val1.startsWith('knight')": 5,
        "self.val1.matches('^[^0-9]*$')": 8,
        'size(self.val1) == 12': 4,
        "self.val1.charAt(3) == 'k'": 4,
        "self.val1.indexOf('o') == 1": 4,
        "self.val1.indexOf('o', 2) == 2": 4,
        "self.val1.replace(' ', 'x') == 'Rookxtakesx👑'": 7,
        "self.val1.replace(' ', 'x', 1) == 'Rookxtakes 👑'": 7,
        "self.val1.split(' ') == ['Rook', 'takes', '👑']": 6,
        "self.val1.split(' ', 2) == ['Rook', 'takes 👑']": 6,
        "self.val1.substring(5) == 'takes 👑'": 5,
        "self.val1.substring(4, 10).trim() == 'takes'": 6,
        "self.val1.upperAscii() == 'ROOK TAKES 👑'": 6,
        'self.val1.lowerAscii() == self.val1.lowerAscii()': 10,
        "'%d %s %f %s %s'.format([1, 'abc', 1.0, duration('1m'), timestamp('2000-01-01T00:00:00.000Z')]) == '1 abc 1.000000 60s 2000-01-01T00:00:00Z'": 6,
        "'%e'.format([3.14]) == '3.140000×10⁰⁰'": 3,
        "'%o %o %o'.format([7, 8, 9]) == '7 10 11'": 2,
        "'%b %b %b'.format([7, 8, 9]) == '111 1000 1001'": 3,
      },
    ],
    [
      vals({ type: 'string', format: 'byte' }),
      fields('QUI='),
      { "self.val1 == b'AB'": 3, 'type(self.val1) == bytes': 4, 'size(self.val1) == 2': 4 },
    ],
    [
      vals({ type: 'string', format: 'duration' }, { type: 'string', format: 'date-time' }),
      fields('1h2m3s4ms', '2011-08-18T19:03:37.010000000+01:00'),
      {
        "self.val1 == duration('1h2m') + duration('3s4ms')": 4,
        'self.val1.getHours() == 1': 4,
        'type(self.val1) == google.protobuf.Duration': 4,
        "self.val2 == timestamp('2011-08-18T00:00:00.000+01:00') + duration('19h3m37s10ms')": 4,
        "self.val2.getDate('01:00') == 18": 4,
        'type(self.val2) == google.protobuf.Timestamp': 4,
      },
    ],
    [
      vals({ ...string, enum: ['Pending', 'Available'] }),
      fields('Pending'),
      { "self.val1 in ['Pending', 'Available']": 2 },
    ],
    [
      vals(list(integer), list(integer)),
      fields([1, 2, 3], [1, 2, 3]),
      {
        '1 in self.val1': 5,
        'self.val2[0] in self.val1': 8,
        '!(0 in self.val1)': 6,
        'self.val1 + self.val2 == [1, 2, 3, 1, 2, 3]': 6,
        'self.val1 + [4, 5] == [1, 2, 3, 4, 5]': 4,
        'has(self.val1) && has(self.val2)': 2,
      },
    ],
    [
      vals(set, set, { ...list(integer), listType: 'set' }),
      fields(
        ['a', 'b', 'c'],
        ['a', 'c', 'b'],
        Array.from({ length: 1000 }, (_, i) => i),
      ),
      {
        "self.val1 == ['c', 'b', 'a']": 3,
        'self.val1 == self.val2': 5,
        "self.val1 + self.val2 == ['a', 'b', 'c']": 6,
        "self.val1 + ['c', 'd'] == ['a', 'b', 'c', 'd']": 4,
        "sets.contains(self.val1, ['a'])": 6,
        "sets.equivalent(self.val1, ['a', 'b', 'c'])": 21,
        "sets.intersects(self.val1, ['a'])": 6,
        'sets.contains(self.val3, [1])': 1003,
        '!sets.equivalent(self.val3, [1, 2, 3])': 6004,
      },
    ],
    [
      vals(map(integer)),
      fields({ b: 1, d: 2 }),
      {
        "!('a' in self.val1)": 4,
        '!has(self.val1.a)': 3,
        'self.val1.all(k, self.val1[k] > 0)': 17,
        '!self.val1.exists(k, self.val1[k] == 3)': 20,
        'self.val1.exists_one(k, self.val1[k] == 2)': 14,
        '!self.val1.exists_one(k, self.val1[k] > 0)': 17,
        'size(self.val1.filter(k, self.val1[k] > 1)) == 1': 26,
        'self.val1.all(k, v, v > 0)': 13,
        '!self.val1.exists(k, v, v == 3)': 16,
        'self.val1.existsOne(k, v, v == 2)': 10,
        'self.val1.transformMap(k, v, v > 1, v + 1).size() == 1': 14,
        'self.val1.transformMap(k, v, v + 1).size() == 2': 15,
        "self.val1.transformMapEntry(k, v, v > 1, {k + '2': v + 1}).size() == 1": 45,
        "self.val1.transformMapEntry(k, v, {k + '2': v + 1}).size() == 2": 77,
      },
    ],
  ];
  for (const [schema, self, costs] of cases) {
    it.each(Object.entries(costs))('%s costs %d', (rule, cost) => {
      expect(counted(schema, self, rule)).toEqual([true, cost]);
    });
  }

  it('stops where the limit is', () => {
    const { program } = compile('[1, 2, 3].all(x, [1, 2, 3].all(y, [1, 2, 3].all(z, x + y + z > 0)))', new Map());
    const { error, cost } = program.evaluate({}, 50);
    expect(error?.message).toBe('operation cancelled: actual cost limit exceeded');
    expect(cost).toBeLessThan(100);
  });
});
