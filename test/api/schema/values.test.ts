// Values of custom resources: every rule with upstream's message, list keys, CEL with transition rules, bounds.
import { describe, expect, it } from 'vitest';
import { builtinSchemas as source } from '../../../src/api/schema/builtin.ts';
import { fromCrdSchema } from '../../../src/api/schema/from-crd.ts';
import { validateCustomObject } from '../../../src/api/schema/custom-object.ts';
import { FieldErrors } from '../../../src/api/validation.ts';

function problems(properties: object, spec: object, old?: object, rules: object[] = []): string[] {
  const schema = fromCrdSchema({
    type: 'object',
    properties: { spec: { type: 'object', properties, 'x-kubernetes-validations': rules } },
  });
  const errors = new FieldErrors();
  validateCustomObject({ spec }, schema, source, errors, old && { spec: old });
  return errors.list.map((e) => `${e.field}: ${e.body}`);
}

describe('validateCustomObject', () => {
  it.each([
    [{ type: 'string' }, 1, 'spec.a: Invalid value: "integer": spec.a in body must be of type string: "integer"'],
    [{ type: 'integer' }, 1.5, 'spec.a: Invalid value: "number": spec.a in body must be of type integer: "number"'],
    [{ type: 'string' }, null, 'spec.a: Invalid value: "null": spec.a in body must be of type string: "null"'],
    [{ type: 'string', enum: ['x', 'y'] }, 'z', 'spec.a: Unsupported value: "z": supported values: "x", "y"'],
    [{ type: 'string', pattern: '^\\d+$' }, 'q', `spec.a: Invalid value: "q": spec.a in body should match '^\\d+$'`],
    [
      { type: 'string', minLength: 2 },
      'é',
      'spec.a: Invalid value: "é": spec.a in body should be at least 2 chars long',
    ],
    [{ type: 'string', maxLength: 1 }, 'ab', 'spec.a: Too long: may not be more than 1 byte'],
    [
      { type: 'integer', minimum: 1 },
      0,
      'spec.a: Invalid value: 0: spec.a in body should be greater than or equal to 1',
    ],
    [
      { type: 'integer', maximum: 5, exclusiveMaximum: true },
      5,
      'spec.a: Invalid value: 5: spec.a in body should be less than 5',
    ],
    [
      { type: 'number', multipleOf: 0.01 },
      0.015,
      'spec.a: Invalid value: 0.015: spec.a in body should be a multiple of 0.01',
    ],
    [
      { type: 'array', items: { type: 'string' }, maxItems: 1 },
      ['a', 'b'],
      'spec.a: Too many: 2: must have at most 1 item',
    ],
    [{ type: 'object', required: ['b'] }, {}, 'spec.a.b: Required value'],
    [
      { type: 'string', format: 'date-time' },
      'now',
      'spec.a: Invalid value: "now": spec.a in body must be of type date-time: "now"',
    ],
    [
      { 'x-kubernetes-int-or-string': true },
      true,
      'spec.a: Invalid value: "boolean": spec.a in body must be of type integer,string: "boolean"',
    ],
    [
      { type: 'integer', oneOf: [{ minimum: 1 }, { maximum: 9 }] },
      5,
      '<nil>: Invalid value: "": "spec.a" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
    [
      { type: 'integer', anyOf: [{ minimum: 9 }, { maximum: 1 }] },
      5,
      '<nil>: Invalid value: "": "spec.a" must validate at least one schema (anyOf)',
    ],
    [
      { type: 'integer', not: { minimum: 3 } },
      5,
      '<nil>: Invalid value: "": "spec.a" must not validate the schema (not)',
    ],
    [
      { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
      ['x', 'x'],
      'spec.a[1]: Duplicate value: "x"',
    ],
    [
      {
        type: 'array',
        items: { type: 'object', properties: { k: { type: 'string' } } },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
      },
      [{ k: 'x' }, { k: 'x' }],
      'spec.a[1]: Duplicate value: {"k":"x"}',
    ],
  ])('with %j refuses %j', (schema, value, message) => {
    expect(problems({ a: schema }, { a: value })[0]).toBe(message);
  });

  it('tells of alternatives that all fail the one that looks at most of the value', () => {
    const [a, b] = [{ a: { maximum: 1 } }, { a: { maximum: 2 }, b: { maximum: 3 } }];
    const schema = { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } } };
    const told = (words: object) => problems({ a: { ...schema, ...words } }, { a: { a: 9, b: 9 } }).slice(1);
    const second = [
      expect.stringContaining('spec.a.a in body should be less than or equal to 2'),
      expect.stringContaining('spec.a.b in body should be less than or equal to 3'),
    ];
    const alternatives = [{ properties: a }, { properties: b }];
    expect(told({ anyOf: alternatives })).toEqual(second);
    expect(told({ oneOf: alternatives })).toEqual(second);
    expect(told({ anyOf: [{ properties: a }, { properties: { a: { maximum: 2 } } }] })).toEqual([
      expect.stringContaining('spec.a.a in body should be less than or equal to 1'),
    ]);
  });

  it('accepts what fits', () => {
    const properties = {
      a: { type: 'string', nullable: true },
      b: { 'x-kubernetes-int-or-string': true },
      c: { type: 'number' },
      d: { type: 'string', format: 'ipv4' },
      e: { type: 'string', format: 'unheard-of' },
    };
    expect(problems(properties, { a: null, b: '1', c: 2, d: '10.0.0.1', e: 'x' })).toEqual([]);
  });
});

describe('validation rules', () => {
  const n = { n: { type: 'integer' }, s: { type: 'string' }, list: { type: 'array', items: { type: 'integer' } } };

  it('fail with their message, or with the rule', () => {
    expect(problems(n, { n: 5 }, undefined, [{ rule: 'self.n < 5' }])).toEqual([
      'spec: Invalid value: "object": failed rule: self.n < 5',
    ]);
    expect(
      problems(n, { n: 5 }, undefined, [
        {
          rule: 'self.n < 5',
          messageExpression: '"n is " + string(self.n)',
          fieldPath: '.n',
          reason: 'FieldValueForbidden',
        },
      ]),
    ).toEqual(['spec.n: Forbidden: n is 5']);
  });

  it('compare with the old value only when there is one', () => {
    const rules = [{ rule: 'self.n >= oldSelf.n', message: 'may not shrink' }];
    expect(problems(n, { n: 1 }, undefined, rules)).toEqual([]);
    expect(problems(n, { n: 1 }, { n: 2 }, rules)).toEqual(['spec: Invalid value: "object": may not shrink']);
  });

  it('know what Kubernetes adds, and match by RE2', () => {
    const rules = [
      { rule: 'self.list.sum() == 6 && self.list.isSorted() && self.list.max() == 3' },
      { rule: 'self.s.matches("^a+$") && self.s.find("a") == "a"' },
      { rule: '!has(self.missing)' },
    ];
    const properties = { ...n, missing: { type: 'string' } };
    expect(problems(properties, { list: [1, 2, 3], s: 'aaa', n: 1 }, undefined, rules)).toEqual([]);
    // A pattern that would keep a backtracking engine busy for ages.
    const slow = [{ rule: 'self.s.matches("^(a+)+$")' }];
    expect(problems(n, { s: `${'a'.repeat(50)}!` }, undefined, slow)).toHaveLength(1);
  });

  it('are bounded', () => {
    const rule = 'self.list.all(a, self.list.all(b, self.list.all(c, a + b + c >= 0)))';
    const list = Array.from({ length: 3000 }, (_, i) => i);
    expect(problems(n, { list }, undefined, [{ rule }])).toEqual([
      `spec: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${rule}`,
    ]);
  });

  it('are not run on values that are wrong anyway', () => {
    expect(problems(n, { n: 'x' }, undefined, [{ rule: 'self.n < 5' }])[1]).toContain(
      'some validation rules were not checked because the object was invalid',
    );
  });

  it('reach into lists by key and into maps', () => {
    const item = { type: 'object', properties: { k: { type: 'string' }, v: { type: 'integer' } } };
    const rules = { 'x-kubernetes-validations': [{ rule: 'self.v == oldSelf.v', message: 'immutable' }] };
    const list = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: { ...item, ...rules },
    };
    const found = problems(
      { list },
      {
        list: [
          { k: 'b', v: 2 },
          { k: 'a', v: 9 },
        ],
      },
      { list: [{ k: 'a', v: 1 }] },
    );
    expect(found).toEqual(['spec.list[1]: Invalid value: "object": immutable']);
  });
});
