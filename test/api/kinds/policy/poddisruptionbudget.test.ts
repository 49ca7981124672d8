// Budgets: one bound, in pods or percent, and conditions of the common form.
import { describe, expect, it } from 'vitest';
import pdb from '../../../../src/api/kinds/policy/poddisruptionbudget.ts';
import type { Unstructured } from '../../../../src/api/types.ts';
import { FieldErrors } from '../../../../src/api/validation.ts';
import { create, decode, status } from '../lifecycle.ts';

it.each<[object, string[]]>([
  [{ minAvailable: '50%', selector: {} }, []],
  [
    { minAvailable: 1, maxUnavailable: '101%' },
    [
      'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":"101%","UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
      'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
    ],
  ],
  [{ minAvailable: -1 }, ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0']],
  [
    { unhealthyPodEvictionPolicy: 'Never' },
    ['spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"'],
  ],
])('a budget of %j', (spec, expected) => {
  expect(create(pdb, { metadata: { name: 'x' }, spec }).errors).toEqual(expected);
});

it('has counters and conditions that make sense', () => {
  const good = { type: 'A', status: 'True', reason: 'B', lastTransitionTime: '2024-01-01T00:00:00Z' };
  expect(status(pdb, {}, { conditions: [good] })).toEqual([]);
  const bad = { type: 'A', status: 'Yes', reason: '1', observedGeneration: -1 };
  expect(status(pdb, {}, { disruptionsAllowed: -1, conditions: [good, bad] })).toEqual([
    'status.conditions[1].type: Duplicate value: "A"',
    'status.conditions[1].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"',
    'status.conditions[1].observedGeneration: Invalid value: -1: must be greater than or equal to zero',
    'status.conditions[1].lastTransitionTime: Required value',
    expect.stringMatching(/^status.conditions\[1\].reason: Invalid value: "1": a condition reason must start with/),
    'status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0',
  ]);
});

describe('an empty selector', () => {
  const key = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match';
  const marked = (operator: string) => ({ matchExpressions: [{ key, operator }] });
  const other = { matchLabels: { foo: 'bar' } };
  const mixed = {
    matchExpressions: [
      { key, operator: 'Exists' },
      { key: 'a', operator: 'Exists' },
    ],
  };
  const { convert } = pdb.served.find((s) => s.version === 'v1beta1')!;
  const stored = (version: string, selector?: object) =>
    (decode(pdb, { spec: selector && { selector } }, 'policy', version)['spec'] as { selector?: object }).selector;
  const shown = (selector?: object) => {
    const draft = { metadata: {}, spec: { selector: structuredClone(selector) } } as unknown as Unstructured;
    convert!.fromStorage(draft);
    return (draft['spec'] as { selector?: object }).selector;
  };

  it.each<[string, object | undefined, object | undefined]>([
    ['nothing in v1beta1', {}, marked('Exists')],
    ['everything, as v1beta1 says it', marked('DoesNotExist'), {}],
    ['what others select', other, other],
    ['what it would without the mark', mixed, { matchExpressions: [{ key: 'a', operator: 'Exists' }] }],
    ['nothing where there is none', undefined, undefined],
  ])('selects %s', (_what, sent, expected) => {
    expect(stored('v1beta1', sent)).toEqual(expected);
  });

  it.each<[string, object | undefined, object | undefined]>([
    ['everything', {}, {}],
    ['nothing, by the mark', marked('Exists'), marked('Exists')],
    ['everything, by a mark of no meaning here', marked('DoesNotExist'), {}],
    ['what others select', { ...other, ...marked('Exists') }, other],
  ])('selects in v1 %s', (_what, sent, expected) => {
    expect(stored('v1', sent)).toEqual(expected);
  });

  it.each<[object | undefined, object | undefined]>([
    [{}, marked('DoesNotExist')],
    [marked('Exists'), {}],
    [other, other],
    [undefined, undefined],
  ])('%j is told to clients of v1beta1', (selector, expected) => {
    expect(shown(selector)).toEqual(expected);
  });
});

it('counters are not looked at in v1beta1', () => {
  const { validateStatus } = pdb.served.find((s) => s.version === 'v1beta1')!;
  const errors = new FieldErrors();
  const conditions = [{ type: 'A', status: 'Yes', reason: 'B', lastTransitionTime: '2024-01-01T00:00:00Z' }];
  const object = { metadata: {}, status: { disruptionsAllowed: -1, conditions } } as unknown as Unstructured;
  validateStatus!(object, object, errors);
  expect(errors.list.map((e) => e.field)).toEqual(['status.conditions[0].status']);
});
