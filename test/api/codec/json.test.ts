// JSON: nothing is lost, nothing is taken for a prototype, and texts and errors are Go's.
import { describe, expect, it } from 'vitest';
import { parseJson, stringifyJson, stringifySorted } from '../../../src/api/codec/json.ts';

const errorOf = (text: string): string => {
  try {
    parseJson(text);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('parseJson', () => {
  it('keeps integers that a double cannot hold', () => {
    const text = '{"a":9007199254740993,"b":-9223372036854775808,"c":1.5,"d":12}';
    expect(parseJson(text)).toEqual({ a: 9007199254740993n, b: -9223372036854775808n, c: 1.5, d: 12 });
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  it('makes a plain key of __proto__', () => {
    const value = parseJson('{"__proto__":{"x":1}}') as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(stringifyJson(value)).toBe('{"__proto__":{"x":1}}');
  });

  it('names duplicate fields by path, once', () => {
    const found: string[] = [];
    const text = '{"spec":{"ports":[{"x":0},{"x":1,"x":2,"x":3}],"a":1,"a":2}}';
    const value = parseJson(text, { onDuplicate: (m) => found.push(m) });
    expect(found).toEqual(['duplicate field "spec.ports[1].x"', 'duplicate field "spec.a"']);
    expect(value).toEqual({ spec: { ports: [{ x: 0 }, { x: 3 }], a: 2 } });
  });

  it.each([
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
    ['trux', "invalid character 'x' in literal true (expecting 'e')"],
    ['01', "invalid character '1' after top-level value"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ["'", "invalid character '\\'' looking for beginning of value"],
    ['{"a":', 'unexpected end of JSON input'],
    ['', 'unexpected end of JSON input'],
  ])('words the error of %j as Go does', (text, message) => {
    expect(errorOf(text)).toBe(message);
  });

  it('refuses nesting that would overflow a walker', () => {
    expect(errorOf('['.repeat(20_000) + ']'.repeat(20_000))).toBe('exceeded max depth');
    expect(errorOf(JSON.stringify('['.repeat(30_000)))).toBe('');
  });

  it('reads bytes, with U+FFFD for what is no UTF-8', () => {
    expect(parseJson(Buffer.from([0x22, 0x61, 0xff, 0x22]))).toBe('a\ufffd');
  });
});

describe('stringifyJson', () => {
  it("writes Go's escapes", () => {
    expect(stringifyJson({ a: '<b>&\u2028\u2029', '<': 1 })).toBe(
      '{"a":"\\u003cb\\u003e\\u0026\\u2028\\u2029","\\u003c":1}',
    );
    expect(stringifyJson('\ud800 \\ud800')).toBe('"\\ufffd \\\\ud800"');
  });
});

describe('stringifySorted', () => {
  it('sorts keys as Go sorts a map, integer-like ones too', () => {
    expect(stringifySorted({ b: 1, a: { '10': 1, '9': 2, z: [{ y: 1, x: undefined }] } })).toBe(
      '{"a":{"10":1,"9":2,"z":[{"y":1}]},"b":1}',
    );
    expect(stringifySorted({ b: [], a: {} }, 4)).toBe('{\n    "a": {},\n    "b": []\n}');
  });
});
