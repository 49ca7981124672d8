// Devices: what claims ask for, and what slices offer.
import { expect, it } from 'vitest';
import claim from '../../../../src/api/kinds/resource/resourceclaim.ts';
import deviceclass from '../../../../src/api/kinds/resource/deviceclass.ts';
import slice from '../../../../src/api/kinds/resource/resourceslice.ts';
import { dns1123SubdomainErrors } from '../../../../src/api/names.ts';
import type { AnyKind } from '../../../../src/api/kind.ts';
import { create, update } from '../lifecycle.ts';

const of = (spec: object) => ({ metadata: { name: 'x' }, spec });
const exactly = { deviceClassName: 'gpu' };
const requests = (...list: object[]) => of({ devices: { requests: list } });
const offer = (more: object) =>
  of({ driver: 'a.b', pool: { name: 'p', resourceSliceCount: 1 }, allNodes: true, ...more });
const at = 'spec.devices.requests';
const ONE = 'exactly one of `exactly` or `firstAvailable` is required';
const REFERENCE =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

it.each<[AnyKind, object, string[]]>([
  [claim, requests({ name: 'a', exactly }, { name: 'b', firstAvailable: [{ name: 'c', ...exactly }] }), []],
  [
    claim,
    requests(
      { name: 'a' },
      { name: 'a', exactly, firstAvailable: [{}] },
      { name: 'b', exactly: { allocationMode: 'All', count: 1, selectors: [{}] } },
      { name: 'c', exactly: { ...exactly, allocationMode: 'Some' } },
    ),
    [
      `${at}[0]: Required value: ${ONE}`,
      `${at}[1]: Invalid value: null: ${ONE}, but multiple fields are set`,
      `${at}[1]: Duplicate value: "a"`,
      `${at}[2].exactly.deviceClassName: Required value`,
      `${at}[2].exactly.selectors[0].cel: Required value`,
      `${at}[2].exactly.count: Invalid value: 1: must not be specified when allocationMode is 'All'`,
      `${at}[3].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"`,
    ],
  ],
  [
    claim,
    of({
      devices: {
        requests: [{ name: 'a', firstAvailable: [{ name: 'b', ...exactly }] }],
        constraints: [{ requests: ['a', 'a/b', 'a/c', 'a'] }],
        config: [{ requests: ['x'] }, { opaque: { parameters: 'x' } }],
      },
    }),
    [
      `spec.devices.constraints[0].requests[2]: Invalid value: "a/c": ${REFERENCE}`,
      'spec.devices.constraints[0].requests[3]: Duplicate value: "a"',
      'spec.devices.constraints[0].matchAttribute: Required value',
      `spec.devices.config[0].requests[0]: Invalid value: "x": ${REFERENCE}`,
      'spec.devices.config[0].opaque: Required value',
      'spec.devices.config[1].opaque.driver: Required value',
      `spec.devices.config[1].opaque.driver: Invalid value: "": ${dns1123SubdomainErrors('')[0]!}`,
      'spec.devices.config[1].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
    ],
  ],
  [
    deviceclass,
    of({ selectors: [{}], config: [{}] }),
    ['spec.selectors[0].cel: Required value', 'spec.config[0].opaque: Required value'],
  ],
  [slice, offer({ devices: [{ name: 'a' }] }), []],
  [
    slice,
    of({ pool: { generation: -1 }, nodeName: '', allNodes: false, devices: [{}, { name: 'a' }, { name: 'a' }] }),
    [
      'spec.driver: Required value',
      `spec.driver: Invalid value: "": ${dns1123SubdomainErrors('')[0]!}`,
      'spec.pool.name: Required value',
      'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
      'spec.pool.generation: Invalid value: -1: must be greater than or equal to zero',
      'spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string',
      'spec.allNodes: Invalid value: false: must be either unset or set to true',
      'spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required',
      'spec.devices[0].name: Required value',
      'spec.devices[2]: Duplicate value: "a"',
    ],
  ],
  [
    slice,
    offer({ nodeName: 'n' }),
    [
      'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
    ],
  ],
])('$kind %#', (kind, document, expected) => {
  expect(create(kind, document).errors).toEqual(expected);
});

it('a claim stays what it is', () => {
  const old = create(claim, requests({ name: 'a', exactly })).object;
  expect(update(claim, old, requests({ name: 'b' })).errors).toEqual([
    expect.stringMatching(/^spec: Invalid value: .*: field is immutable$/),
  ]);
});
