// Expressions and what they come to: the language, upstream's libraries, the compiler's messages.
// Upstream: apiserver pkg/cel/library/*_test.go, apiextensions-apiserver pkg/apiserver/schema/cel/validation_test.go.
import { describe, expect, it } from 'vitest';
import { compile } from '../../../src/api/cel/compile.ts';
import { DYN, INT, STRING, type Type } from '../../../src/api/cel/types.ts';

const variables = new Map<string, Type>([
  ['n', INT],
  ['s', STRING],
  ['d', DYN],
]);
const values = { n: 5n, s: 'text', d: new Map<unknown, unknown>([['a', 1n]]) };

function run(text: string): unknown {
  const { value, error } = compile(text, variables).program.evaluate(values, 1_000_000);
  return error ? error.message : value;
}

describe('holds', () => {
  it.each([
    'n + 2 * 3 - 1 == 10',
    '-7 / 2 == -3 && -7 % 2 == -1',
    '7.0 / 2.0 == 3.5 && 1 < 1.5 && 2u > 1.5',
    '9223372036854775807 > 0 && -9223372036854775808 < 0 && 0x10 == 16',
    "'a' + \"b\" == r'ab' && b'ab' == bytes('ab') && '\\u00e9' == 'é'",
    'n > 3 ? s == "text" : false',
    '(1 / 0 > 1) || true',
    '!((1 / 0 > 1) && false)',
    "'a' in ['a', 'b'] && !('c' in {'a': 1})",
    '[1, 2, 3].all(x, x > 0) && [1, 2].exists(x, x == 2) && [1, 2, 2].exists_one(x, x == 1)',
    '[1, 2, 3].filter(x, x > 1).map(x, x * x) == [4, 9] && [1, 2].map(x, x > 1, x) == [2]',
    '[1, 2].exists(x, x / 0 == 1 || x == 2)',
    "{'a': 1, 'b': 2}.all(k, v, v > 0) && [7, 8].exists(i, v, i == 1 && v == 8)",
    "{'a': 1}.transformMap(k, v, v + 1) == {'a': 2} && [1, 2].transformList(i, v, v * i) == [0, 2]",
    "{'a': 'x'}.transformMapEntry(k, v, {v: k}) == {'x': 'a'}",
    'has(d.a) && !has(d.b) && d.a == 1 && d["a"] == 1',
    'd.?b.orValue(3) == 3 && d[?"a"].value() == 1 && optional.of(1).hasValue() && !optional.none().hasValue()',
    "optional.of('x').optMap(v, v + 'y').value() == 'xy' && [1, ?optional.of(2)] == [1, 2] && {?'k': d.?a} == {'k': 1}",
    "optional.of(1).or(optional.of(2)).value() == 1 && optional.ofNonZeroValue('') == optional.none()",
    '[].first() == optional.none() && [1, 2].last().value() == 2 && optional.unwrap([optional.of(1), optional.none()]) == [1]',
    "int('5') == 5 && uint(5) == 5u && double('1.5') == 1.5 && string(1.5) == '1.5' && bool('true') && int(2.9) == 2",
    'type(n) == int && type(s) == string && type([]) == list && type(null) == null_type && type(int) == type',
    "timestamp('2023-01-02T03:04:05Z').getFullYear() == 2023 && timestamp('2023-01-02T03:04:05Z').getDayOfWeek() == 1",
    "timestamp('2023-01-02T03:04:05Z').getHours('America/New_York') == 22",
    "timestamp('2023-01-02T00:00:00Z') - timestamp('2023-01-01T00:00:00Z') == duration('24h')",
    "duration('1h30m').getMinutes() == 90 && string(duration('90s')) == '90s' && duration('1s') < duration('1m')",
    "'hello world'.split(' ') == ['hello', 'world'] && ['a', 'b'].join('-') == 'a-b' && ' x '.trim() == 'x'",
    "'hello'.charAt(1) == 'e' && 'hello'.indexOf('l') == 2 && 'hello'.lastIndexOf('l') == 3 && 'hello'.substring(1, 3) == 'el'",
    "'aXb'.lowerAscii() == 'axb' && 'a.b.c'.replace('.', '-', 1) == 'a-b.c' && 'ab'.replace('', '-') == '-a-b-'",
    "'%s %d %.2f %x %b'.format(['a', 5, 1.5, 255, 5]) == 'a 5 1.50 ff 101' && strings.quote('a\"b') == '\"a\\\\\"b\"'",
    "'abc123'.matches('^[a-z]+[0-9]+$') && 'abc 123'.find('[0-9]+') == '123' && 'a1b2'.findAll('[0-9]') == ['1', '2']",
    "'a1b2'.findAll('[0-9]', 1) == ['1']",
    '[1, 2, 3].isSorted() && [1, 2].sum() == 3 && [2, 1].min() == 1 && [2, 1].max() == 2 && [1, 2, 1].lastIndexOf(1) == 2',
    'sets.contains([1, 2], [1]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])',
    "url('https://u@ex.com:80/a b?q=1&q=2').getHost() == 'ex.com:80' && isURL('/a') && !isURL('a b')",
    "url('https://[::1]:80/').getHostname() == '::1' && url('https://a/?q=1&q=2').getQuery() == {'q': ['1', '2']}",
    "quantity('1.5Gi').isGreaterThan(quantity('1Gi')) && quantity('2').add(3) == quantity('5') && quantity('50k').asInteger() == 50000",
    "isQuantity('1Mi') && !isQuantity('1x') && quantity('-1').sign() == -1 && quantity('1').sub(quantity('1')).compareTo(quantity('0')) == 0",
    "isIP('::1') && ip('10.0.0.1').family() == 4 && ip('127.0.0.1').isLoopback() && ip.isCanonical('::1') && !ip.isCanonical('::0:1')",
    "cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')",
    "cidr('fd00::/8').prefixLength() == 8 && !isCIDR('10.0.0.0/33') && string(ip('::1')) == '::1'",
    "!format.dns1123Label().validate('ok').hasValue() && format.dns1123Label().validate('Not_Ok').hasValue()",
    "format.named('uuid').value() == format.uuid() && format.named('nope') == optional.none()",
    "semver('1.2.3').isLessThan(semver('1.10.0')) && isSemver('1.0.0-rc.1') && !isSemver('v1') && semver('v1.2', true).minor() == 2",
    "'a' < 'b' && b'a' < b'b' && false < true && '\\uFFFD' < '😀'",
    'size(s) == 4 && s.size() == 4 && size([1]) == 1 && size({}) == 0 && size("😀") == 1',
  ])('%s', (text) => {
    expect(run(text)).toBe(true);
  });
});

describe('fails with', () => {
  it.each([
    ['1 / 0', 'division by zero'],
    ['1 % 0', 'modulus by zero'],
    ['9223372036854775807 + 1', 'integer overflow'],
    ['1u - 2u', 'unsigned integer overflow'],
    ['[1][2]', 'index out of bounds: 2'],
    ['d.b', 'no such key: b'],
    ['d + 1 == 2', 'no such overload'],
    ["int('x')", "type conversion error from 'string' to 'int'"],
    ['optional.none().value()', 'optional.none() dereference'],
    ['[].min() == 1', 'min called on empty list'],
    ["'abc'.substring(5)", 'index out of range: 5'],
  ])('%s', (text, message) => {
    expect(run(text)).toBe(message);
  });
});

describe('is refused', () => {
  it.each([
    ['x', "ERROR: <input>:1:1: undeclared reference to 'x' (in container '')\n | x\n | ^"],
    ['n.a', "ERROR: <input>:1:2: type 'int' does not support field selection\n | n.a\n | .^"],
    ['n + s', "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | n + s\n | ..^"],
    ['n == 1.0', "found no matching overload for '_==_' applied to '(int, double)'"],
    ['s.startsWith(1)', "found no matching overload for 'startsWith' applied to 'string.(int)'"],
    ['foo(n)', "undeclared reference to 'foo' (in container '')"],
    ["[1, 'a']", "expected type 'int' but found 'string'"],
    ['n.all(x, true)', "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"],
    ["s.matches('(')", 'invalid matches argument'],
    ["duration('x') > duration('1s')", 'invalid duration argument'],
    ["timestamp('x') == timestamp('x')", 'invalid timestamp argument'],
    ['n ==', "Syntax error: mismatched input '<EOF>' expecting"],
    ['(n', "Syntax error: mismatched input '<EOF>' expecting ')'"],
    ['n n', "Syntax error: extraneous input 'n' expecting <EOF>"],
    ['if', 'reserved identifier: if'],
    ['has(n)', 'invalid argument to has() macro'],
    ['[1].all(1, true)', 'argument must be a simple name'],
    ['n # 1', "Syntax error: token recognition error at: '#'"],
    ['9223372036854775808', 'invalid int literal'],
    ['n > 0 &&\n  m > 0', "ERROR: <input>:2:3: undeclared reference to 'm' (in container '')\n |   m > 0\n | ..^"],
    [`${'('.repeat(300)}1${')'.repeat(300)}`, 'expression recursion limit exceeded: 250'],
    [`'${'x'.repeat(100_001)}'`, 'expression code point size exceeds limit: size: 100003, limit 100000'],
  ])('%s', (text, message) => {
    expect(() => compile(text, variables)).toThrow(message);
  });
});

describe('a hostile expression', () => {
  it.each([
    [
      'has no time for loops in loops',
      '[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].all(e, [1,2,3,4,5,6,7,8,9].all(f, [1,2,3,4,5,6,7,8,9].all(g, a+b+c+e+f+g > 0))))))',
    ],
    [
      'has no time for long patterns on long texts',
      `[1,2,3,4,5,6,7,8,9].all(a, '${'a'.repeat(40_000)}'.matches('(a*)*b(a*)*b(a*)*b(a*)*b(a*)*b(a*)*b(a*)*b(a*)*b(a*)*b(a*)*b(a*)*b(a*)*b'))`,
    ],
  ])('%s', (_, text) => {
    expect(String(run(text))).toMatch(/cost limit exceeded|^false$/);
  });
  it('is not slow for being one long chain', () => {
    expect(run(Array.from({ length: 20_000 }, () => 'n>0').join('||'))).toBe(true);
  });
});
