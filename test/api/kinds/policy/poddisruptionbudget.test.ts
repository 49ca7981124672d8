// Budgets: one bound, in pods or percent, and conditions of the common form.
import { expect, it } from 'vitest';
import pdb from '../../../../src/api/kinds/policy/poddisruptionbudget.ts';
import { create, status } from '../lifecycle.ts';

it.each<[object, string[]]>([
  [{ minAvailable: '50%', selector: {} }, []],
  [
    { minAvailable: 1, maxUnavailable: '101%' },
    [
      'spec: Invalid value: {"maxUnavailable":"101%","minAvailable":1}: minAvailable and maxUnavailable cannot be both set',
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
