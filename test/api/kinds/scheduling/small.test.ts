// Kinds with few rules: priorities, leases, runtimes.
import { expect, it } from 'vitest';
import lease from '../../../../src/api/kinds/coordination/lease.ts';
import runtimeclass from '../../../../src/api/kinds/node/runtimeclass.ts';
import priority from '../../../../src/api/kinds/scheduling/priorityclass.ts';
import type { AnyKind } from '../../../../src/api/kind.ts';
import { create, update } from '../lifecycle.ts';

const named = (name: string, more: object) => ({ metadata: { name }, ...more });
const RESERVED =
  "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error:";

it.each<[AnyKind, object, string[]]>([
  [priority, named('x', { value: 1e9 }), []],
  [
    priority,
    named('x', { value: 1e9 + 1 }),
    ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
  ],
  [priority, named('system-node-critical', { value: 2_000_001_000 }), []],
  [priority, named('system-x', { value: 1 }), [`${RESERVED} system-x is not a known system priority class`]],
  [
    priority,
    named('system-node-critical', { value: 1 }),
    [`${RESERVED} value of system-node-critical PriorityClass must be 2000001000`],
  ],
  [
    priority,
    named('system-cluster-critical', { value: 2e9, globalDefault: true }),
    [`${RESERVED} globalDefault of system-cluster-critical PriorityClass must be false`],
  ],
  [lease, named('x', { spec: { strategy: 'OldestEmulationVersion', preferredHolder: 'a' } }), []],
  [
    lease,
    named('x', { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } }),
    [
      'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
      'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
    ],
  ],
  [
    runtimeclass,
    named('x', {
      handler: 'a.b',
      overhead: { podFixed: { cpu: '-1' } },
      scheduling: { nodeSelector: { '-': 'a' }, tolerations: [{ operator: 'Exists' }, { operator: 'Exists' }] },
    }),
    [
      'handler: Invalid value: "a.b": must not contain dots',
      'overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      expect.stringMatching(/^scheduling.nodeSelector: Invalid value: "-"/) as never,
      'scheduling.tolerations[1]: Duplicate value: {"Key":"","Operator":"Exists","Value":"","Effect":"","TolerationSeconds":null}',
    ],
  ],
])('$kind %#', (kind, document, expected) => {
  expect(create(kind, document).errors).toEqual(expected);
});

it('keeps no strategy of leases, whose feature is off', () => {
  const spec = { holderIdentity: 'a', strategy: 'OldestEmulationVersion', preferredHolder: 'b' };
  expect(create(lease, named('x', { spec })).object['spec']).toEqual({ holderIdentity: 'a' });
});

it('priorities stay what they are', () => {
  const old = create(priority, named('x', { value: 1 })).object;
  expect(update(priority, old, named('x', { value: 2, preemptionPolicy: 'Never' })).errors).toEqual([
    'value: Forbidden: may not be changed in an update.',
    'preemptionPolicy: Invalid value: "Never": field is immutable',
  ]);
});
