// FieldsV1: what is a set of fields, and the one form of each element. Cases as in structured-merge-diff
// fieldpath/serialize-pe_test.go and serialize_test.go.
import { describe, expect, it } from 'vitest';
import { decodeOwners, encodeOwners, identityOf } from '../../../src/api/patch/managed-fields.ts';
import { elementText } from '../../../src/api/patch/field-set.ts';
import { readElement, readFields } from '../../../src/api/patch/fields-v1.ts';
import type { ManagedFieldsEntry } from '../../../src/api/types.ts';

describe('an element', () => {
  it.each([
    'f:',
    'f:spec',
    'f: with spaces  ',
    'f:a:b',
    'f:naïve-🚀',
    'i:0',
    'i:1234',
    'v:null',
    'v:"text"',
    'v:1234',
    'v:-1.5',
    'v:true',
    'v:{"some":"json"}',
    'k:{"name":"a"}',
    'k:{"name":"  a  "}',
    'k:{"port":"8080","protocol":"TCP"}',
    'k:{"a":null}',
    'k:{"a":{"A":1,"B":null,"E":{"F":"G"}}}',
    'k:{"a":["1","2"]}',
    'k:{"name":"你好 🚀"}',
    'k:{"a":1,"b":2,"c":3}',
  ])('%s is as it should be', (text) => {
    expect(readElement(text)).toBe(text);
  });

  it.each([
    ['k:{"b":1,"a":2}', 'k:{"a":2,"b":1}'],
    ['k:{"c":1,"b":"x","a":2}', 'k:{"a":2,"b":"x","c":1}'],
    ['k: {"name": "a"} ', 'k:{"name":"a"}'],
    ['k:{"name\\u002dx":"\\u4f60"}', 'k:{"name-x":"你"}'],
    ['k:{"n":1.0}', 'k:{"n":1}'],
    ['v: "a" ', 'v:"a"'],
    ['v:"\\u0061"', 'v:"a"'],
    ['v:"<"', 'v:"\\u003c"'],
    ['i:+3', 'i:3'],
    ['i:007', 'i:7'],
  ])('%s is %s', (text, expected) => {
    expect(readElement(text)).toBe(expected);
  });

  it.each([
    '',
    'f',
    'k',
    'no-colon',
    'i:',
    'i:1.23',
    'i: 0',
    'i:0 ',
    'i:many',
    'v:',
    'v:invalid json',
    'v:{"a":"b"',
    'v:"\\x41"',
    'v:{"a":1} {"b":2}',
    'v:1 garbage',
    'k:invalid json',
    'k:{"name":invalid}',
    'k:{"a":"b"',
    'k:{"a":"b"} garbage',
    'k:[1]',
    'k:"a"',
  ])('is not: %j', (text) => {
    expect(() => readElement(text)).toThrow();
  });

  it('of a sort that nobody knows is ignored', () => {
    expect(readElement('r:Hello')).toBeUndefined();
  });

  it.each([
    ['f:spec', '.spec'],
    ['i:3', '[3]'],
    ['v:"a"', '[="a"]'],
    ['v:1', '[=1]'],
    ['k:{"name":"a","port":80}', '[name="a",port=80]'],
  ])('%s is told as %s', (element, expected) => {
    expect(elementText(element)).toBe(expected);
  });
});

describe('a set', () => {
  it('that is in order is not built anew', () => {
    const set = { 'f:spec': { '.': {}, 'k:{"name":"a"}': { 'f:image': {} } } };
    expect(readFields(set)).toBe(set);
  });

  it('loses what nobody knows, and what is written twice becomes one', () => {
    const text =
      '{"f:l":{"k:{\\"b\\":1,\\"a\\":2}":{"f:x":{}},"k:{\\"a\\":2,\\"b\\":1}":{".":{},"f:y":{}},"r:z":{"f:q":{}}}}';
    expect(JSON.stringify(readFields(JSON.parse(text)))).toBe(
      '{"f:l":{"k:{\\"a\\":2,\\"b\\":1}":{".":{},"f:x":{},"f:y":{}}}}',
    );
  });

  it.each([[null], [[]], ['text'], [{ 'f:a': null }], [{ 'f:a': [] }], [{ 'f:a': { 'f:b': 1 } }], [{ x: {} }]])(
    'is not: %j',
    (value) => {
      expect(() => readFields(value)).toThrow();
    },
  );
});

describe('entries', () => {
  const entry: ManagedFieldsEntry = {
    manager: 'm',
    operation: 'Apply',
    apiVersion: 'v1',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:a': {} },
  };
  it.each<[string, Partial<ManagedFieldsEntry>, string]>([
    ['an operation that there is not', { operation: 'Replace' as never }, 'operation must be `Apply` or `Update`'],
    ['no version', { apiVersion: '' }, 'apiVersion must not be empty'],
    ['no type', { fieldsType: '' as never }, 'missing fieldsType in managed fields entry 0'],
    ['another type', { fieldsType: 'FieldsV2' as never }, 'invalid fieldsType "FieldsV2" in managed fields entry 0'],
    ['no set', { fieldsV1: { a: {} } }, 'error decoding set'],
  ])('are refused with %s', (_, wrong, message) => {
    expect(() => decodeOwners([{ ...entry, ...wrong }])).toThrow(message);
  });

  it('are one by manager, operation and subresource; an update’s by its version, too', () => {
    const same = (a: object, b: object): boolean =>
      identityOf({ ...entry, ...a } as never) === identityOf({ ...entry, ...b } as never);
    expect(same({}, { apiVersion: 'v2' })).toBe(true);
    expect(same({ operation: 'Update' }, { operation: 'Update', apiVersion: 'v2' })).toBe(false);
    expect(same({}, { subresource: 'scale' })).toBe(false);
    expect(same({}, { operation: 'Update' })).toBe(false);
  });

  it('stand in the order of operation, time and manager', () => {
    const at = (manager: string, operation: 'Apply' | 'Update', time?: string): ManagedFieldsEntry => ({
      ...entry,
      manager,
      operation,
      ...(time ? { time: `${time}-01-01T00:00:00Z` } : {}),
    });
    const mixed = [
      at('c', 'Update', '2001'),
      at('a', 'Apply'),
      at('g', 'Apply', '1999'),
      at('f', 'Update', '2002'),
      at('d', 'Update', '2002'),
      at('e', 'Update', '2003'),
      at('b', 'Apply'),
      at('h', 'Update'),
    ];
    const order = encodeOwners(decodeOwners(mixed))!.map(({ manager }) => manager);
    expect(order).toEqual(['a', 'b', 'g', 'h', 'c', 'd', 'f', 'e']);
  });
});
