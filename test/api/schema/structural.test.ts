// Which CRD schemas are refused, in upstream's words.
import { describe, expect, it } from 'vitest';
import { validateCrdSchema } from '../../../src/api/schema/crd-schema.ts';
import { FieldErrors } from '../../../src/api/validation.ts';

function problems(schema: object): string[] {
  const errors = new FieldErrors();
  validateCrdSchema(schema, 's', errors);
  return errors.list.map((e) => `${e.field}: ${e.body}`);
}
const withField = (field: object): object => ({ type: 'object', properties: { a: field } });

describe('validateCrdSchema', () => {
  it('accepts what is structural', () => {
    expect(
      problems({
        type: 'object',
        properties: {
          metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 10 } } },
          spec: {
            type: 'object',
            required: ['n'],
            properties: {
              n: { type: 'integer', default: 3 },
              port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
              open: { 'x-kubernetes-preserve-unknown-fields': true },
              items: {
                type: 'array',
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['name'],
                items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
              },
            },
            oneOf: [{ required: ['n'] }, { properties: { n: { minimum: 1 } } }],
            'x-kubernetes-validations': [{ rule: 'self.n > 0 && self.n == oldSelf.n' }],
          },
        },
      }),
    ).toEqual([]);
  });

  it.each([
    [{}, 's.type: Required value: must not be empty at the root'],
    [{ type: 'array', items: {} }, 's.type: Invalid value: "array": must be object at the root'],
    [withField({}), 's.properties[a].type: Required value: must not be empty for specified object fields'],
    [withField({ type: 'array' }), 's.properties[a].items: Required value: must be specified'],
    [
      withField({ type: 'int' }),
      's.properties[a].type: Unsupported value: "int": supported values: "array", "boolean"',
    ],
    [withField({ type: 'string', $ref: '#/x' }), 's.properties[a].$ref: Forbidden: $ref is not supported'],
    [withField({ type: 'string', pattern: '(' }), "must be a valid regular expression, but isn't"],
    [withField({ type: 'integer', default: 'x' }), 's.properties[a].default: Invalid value: "string"'],
    [
      withField({ type: 'object', properties: { b: { type: 'string' } }, default: { c: 1 } }),
      's.properties[a].default: Invalid value: {"c":1}: must not have unknown fields',
    ],
    [
      { type: 'object', anyOf: [{ properties: { b: { minimum: 1 } } }] },
      's.properties[b]: Required value: because it is defined in s.anyOf[0].properties[b]',
    ],
    [
      withField({ type: 'string', oneOf: [{ type: 'string' }] }),
      's.properties[a].oneOf[0].type: Forbidden: must be empty to be structural',
    ],
    [
      withField({ type: 'string', 'x-kubernetes-validations': [{ rule: 'self >' }] }),
      's.properties[a].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self \\u003e","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:7: Syntax error: mismatched input',
    ],
    [
      withField({ type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' }),
      's.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map',
    ],
    [
      { type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } },
      's.properties[metadata]: Forbidden: must not specify anything other than name and generateName',
    ],
  ])('refuses %j', (schema, message) => {
    expect(problems(schema).join('\n')).toContain(message);
  });
});
