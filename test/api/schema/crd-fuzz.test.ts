// Definitions, objects and rules made at random: whatever comes, the answer is a list of errors or none, in bounded
// time, and what a definition accepts its objects can be held to. FUZZ_SEED and FUZZ_ROUNDS make other and longer runs.
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../../src/api/cel/expression.ts';
import { compile } from '../../../src/api/cel/compile.ts';
import { DYN } from '../../../src/api/cel/types.ts';
import { builtinSchemas } from '../../../src/api/schema/builtin.ts';
import { validateCrdSchema } from '../../../src/api/schema/crd-schema.ts';
import { validateCustomObject, validateCustomStatus } from '../../../src/api/schema/custom-object.ts';
import { applyDefaults } from '../../../src/api/schema/defaults.ts';
import { fromCrdSchema } from '../../../src/api/schema/from-crd.ts';
import { pruneUnknown } from '../../../src/api/schema/prune.ts';
import { FieldErrors } from '../../../src/api/validation.ts';

const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 400);
let state = Number(process.env['FUZZ_SEED'] ?? 1);
/** xorshift32: the same documents for the same seed. */
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
const maybe = (one: number): boolean => random(one) === 0;

const NAMES = [
  'a',
  'b',
  'spec',
  'status',
  'metadata',
  'kind',
  '__proto__',
  'constructor',
  'x-y',
  'in',
  '0',
  'a.b',
  'é',
  '',
];
const SCALARS = [
  0,
  1,
  -1,
  1.5,
  2 ** 53,
  9007199254740993n,
  1e300,
  '',
  'a',
  'é😀',
  '2020-01-01T00:00:00Z',
  '1h',
  'AAAA',
  true,
  false,
  null,
];
const FORMATS = ['date-time', 'duration', 'byte', 'int32', 'uuid', 'nope', 'date', 'ipv4', 'uri'];
const PATTERNS = ['^a+$', '(a*)*b', '(', '[a-z]{1,1000}', '\\p{L}', '(?=x)', 'a{1001}'];
const RULES = [
  'true',
  'self',
  'self == self',
  'self == oldSelf',
  'self.a == self.b',
  'self.all(x, x == x)',
  'self.all(x, self.all(y, x == y))',
  'has(self.a) && self.a > 1',
  'size(self) < 3',
  "self.matches('(a*)*b')",
  "self.matches('(')",
  'self > 0',
  'type(self) == int',
  'self.a.b.c',
  'self ==',
  "self.startsWith('a')",
  'self.?a.orValue(1) == 1',
  'oldSelf.hasValue()',
  'self.map(x, x) == self',
  '1 / 0 == self',
  'self.transformMap(k, v, v).size() == 0',
  'quantity(self).isInteger()',
  'self.metadata.name != ""',
  "dyn(self).a[0]['b'] == 1",
];

function schema(depth: number): Record<string, unknown> {
  const type =
    depth === 0
      ? pick(['string', 'integer', 'number', 'boolean'])
      : pick(['object', 'object', 'array', 'string', 'integer', 'map']);
  const made: Record<string, unknown> = { type: type === 'map' ? 'object' : type };
  if (type === 'object')
    made['properties'] = Object.fromEntries(Array.from({ length: random(4) }, () => [pick(NAMES), schema(depth - 1)]));
  if (type === 'map') made['additionalProperties'] = maybe(5) ? true : schema(depth - 1);
  if (type === 'array') made['items'] = schema(depth - 1);
  if (maybe(4)) made['format'] = pick(FORMATS);
  if (maybe(6)) made['pattern'] = pick(PATTERNS);
  if (maybe(6)) made['default'] = value(depth);
  if (maybe(5))
    made[
      pick(['minimum', 'maximum', 'multipleOf', 'minLength', 'maxLength', 'maxItems', 'minItems', 'maxProperties'])
    ] = random(5);
  if (maybe(8)) made['enum'] = [value(0), value(0)];
  if (maybe(6)) made['nullable'] = true;
  if (maybe(5)) made['required'] = [pick(NAMES)];
  if (maybe(6)) made['x-kubernetes-list-type'] = pick(['set', 'map', 'atomic', 'x']);
  if (maybe(8)) made['x-kubernetes-list-map-keys'] = [pick(NAMES)];
  if (maybe(8)) made['x-kubernetes-preserve-unknown-fields'] = pick([true, false]);
  if (maybe(12)) made['x-kubernetes-embedded-resource'] = true;
  if (maybe(10)) delete made['type'];
  if (maybe(10)) made['x-kubernetes-int-or-string'] = true;
  if (maybe(8))
    made[pick(['anyOf', 'oneOf', 'allOf'])] = [
      depth > 0 ? schema(depth - 1) : { minimum: 1 },
      { required: [pick(NAMES)] },
    ];
  if (maybe(12)) made['not'] = { required: [pick(NAMES)] };
  if (maybe(3)) made['x-kubernetes-validations'] = Array.from({ length: 1 + random(2) }, rule);
  return made;
}
const rule = (): object => ({
  rule: pick(RULES),
  ...(maybe(4) ? { messageExpression: pick(["'x'", 'self', '1', "'a' + string(self)"]) } : {}),
  ...(maybe(5) ? { optionalOldSelf: true } : {}),
  ...(maybe(5) ? { fieldPath: pick(['.a', ".a['b']", '.', '[', 'a']) } : {}),
  ...(maybe(6) ? { reason: pick(['FieldValueInvalid', 'FieldValueForbidden', 'No']) } : {}),
});

function value(depth: number): unknown {
  if (depth === 0 || maybe(3)) return pick(SCALARS);
  if (maybe(2)) return Array.from({ length: random(4) }, () => value(depth - 1));
  return Object.fromEntries(Array.from({ length: random(4) }, () => [pick(NAMES), value(depth - 1)]));
}

/** An object that has the shape of the schema, mostly. */
function instance(of: Record<string, unknown>, depth: number): unknown {
  if (depth === 0 || maybe(8)) return value(1);
  const properties = of['properties'] as Record<string, Record<string, unknown>> | undefined;
  if (of['type'] === 'object' && properties) {
    return Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, instance(inner, depth - 1)]));
  }
  const items = of['items'] as Record<string, unknown> | undefined;
  if (of['type'] === 'array' && items) return Array.from({ length: random(4) }, () => instance(items, depth - 1));
  return value(1);
}

const asObject = (made: unknown): object =>
  made !== null && typeof made === 'object' && !Array.isArray(made) ? made : {};

describe('at random', () => {
  it('definitions and objects', () => {
    let accepted = 0;
    for (let i = 0; i < rounds; i++) {
      const given = { ...schema(3), type: 'object' };
      const errors = new FieldErrors();
      validateCrdSchema(given, 's', errors, { statusEnabled: maybe(2) });
      if (errors.empty) accepted++;
      // Stored definitions may be worse than what is accepted today; their objects are looked at all the same.
      const used = fromCrdSchema(given);
      const [before, now] = [asObject(instance(given, 4)), asObject(instance(given, 4))];
      pruneUnknown(now, used, builtinSchemas);
      if (errors.empty) applyDefaults(now, used, builtinSchemas);
      const found = new FieldErrors();
      validateCustomObject(now, used, builtinSchemas, found);
      validateCustomObject(now, used, builtinSchemas, found, before);
      validateCustomStatus(now, before, used, builtinSchemas, found);
      for (const error of [...errors.list, ...found.list]) expect(typeof error.body).toBe('string');
    }
    expect(accepted).toBeGreaterThan(rounds / 50);
  });

  it('expressions', () => {
    const parts = [
      'x',
      'self',
      '1',
      '-1',
      '2u',
      '1.5',
      "'a'",
      'b"x"',
      'true',
      'null',
      '[',
      ']',
      '{',
      '}',
      '(',
      ')',
      '.',
      ',',
      ':',
      '?',
      '+',
      '-',
      '*',
      '/',
      '%',
      '==',
      '<',
      '&&',
      '||',
      '!',
      'in',
      'has',
      'all',
      'map',
      'size',
      'matches',
      'optional.of',
      'y',
      '"\\u0000"',
      '.?a',
      '[?0]',
      ' ',
    ];
    for (let i = 0; i < rounds * 10; i++) {
      const text = Array.from({ length: 1 + random(14) }, () => pick(parts)).join(maybe(2) ? '' : ' ');
      try {
        const { program } = compile(
          text,
          new Map([
            ['x', DYN],
            ['self', DYN],
          ]),
        );
        program.evaluate({ x: 1n, self: new Map([['a', [1n, 'b']]]) }, 10_000);
      } catch (error) {
        if (!(error instanceof CompileError)) throw new Error(`${text}: ${String(error)}`, { cause: error });
      }
    }
  });
});
