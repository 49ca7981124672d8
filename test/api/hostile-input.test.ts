// Input made to cost much: what is here ended, if at all, after minutes or with an empty heap.
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/api/codec/json.ts';
import { YamlError, parseYaml, splitYamlDocuments } from '../../src/api/codec/yaml.ts';
import { jsonPatch } from '../../src/api/patch/json-patch.ts';
import { parseQuantity, quantityError } from '../../src/api/quantity.ts';

describe('quantities', () => {
  it('of many digits are refused at once', () => {
    expect(quantityError('1'.repeat(100_000) + 'x')).toContain('quantities must match');
    expect(quantityError('1' + '0'.repeat(2_000_000))).toContain('quantities must match');
    expect(quantityError('1'.repeat(900) + 'x')).toContain('quantities must match');
    expect(quantityError('1.5eE')).toBe("unable to parse quantity's suffix");
    expect(quantityError('15.5e+')).toBe("unable to parse quantity's suffix");
    expect(parseQuantity('1' + '0'.repeat(30)).nanos).toBe(10n ** 39n);
  });
});

describe('YAML', () => {
  it('with a key a hundred thousand times says each line', () => {
    const messages: string[] = [];
    parseYaml('a: 1\n'.repeat(100_000), { onDuplicate: (message) => messages.push(message) });
    expect(messages).toHaveLength(99_999);
    expect(messages.at(-1)).toBe('line 100000: key "a" already set in map');
  });

  it('repeats by aliases no gigabytes of text', () => {
    const repeated = `a: &a "${'x'.repeat(1_000_000)}"\nb: [${'*a, '.repeat(600)}]\n`;
    expect(() => parseYaml(repeated)).toThrow(YamlError);
    expect(parseYaml('a: &a xyz\nb: [*a, *a]\n')).toEqual({ a: 'xyz', b: ['xyz', 'xyz'] });
  });

  it('is cut at lines of dashes, however long they are', () => {
    expect(splitYamlDocuments(`a: 1\n---${' '.repeat(500_000)}x\n`)).toHaveLength(1);
    expect(splitYamlDocuments('a: 1\n---   # b\nc: 1\n--- \t\nd: 1\n--- e\n').map((p) => p.line)).toEqual([0, 2, 4]);
  });
});

describe('JSON', () => {
  it('tells of a hundred duplicates, of deep ones too', () => {
    const messages: string[] = [];
    const many = Array.from({ length: 100_000 }, (_, i) => `"k${i}":1,"k${i}":1`).join(',');
    const deep = `${'{"aaaaaaaa":'.repeat(5_000)}{${many}}${'}'.repeat(5_000)}`;
    parseJson(deep, { onDuplicate: (message) => messages.push(message) });
    expect(messages).toHaveLength(100);
  });
});

describe('JSON patches', () => {
  const doubling = (times: number) =>
    Array.from({ length: times }, (_, i) => ({ op: 'copy', from: '/a', path: `/a/k${i}` }));

  it('copy no more than a body may have', () => {
    expect(() => jsonPatch({ a: { text: 'x'.repeat(100) } }, doubling(60))).toThrow(
      'the server rejected our request due to an error in our request',
    );
    expect(Object.keys((jsonPatch({ a: {} }, doubling(8)) as { a: object }).a)).toHaveLength(8);
  });

  it('copy what later operations do not change', () => {
    const patch = [
      { op: 'add', path: '/a/x', value: 1 },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/a/y', value: 2 },
    ];
    expect(jsonPatch({ a: {} }, patch)).toEqual({ a: { x: 1, y: 2 }, b: { x: 1 } });
  });
});
