// Devices: what claims ask for, and what slices offer.
import { describe, expect, it } from 'vitest';
import claim from '../../../../src/api/kinds/resource/resourceclaim.ts';
import deviceclass from '../../../../src/api/kinds/resource/deviceclass.ts';
import slice from '../../../../src/api/kinds/resource/resourceslice.ts';
import { cIdentifierErrors, dns1123LabelErrors, dns1123SubdomainErrors } from '../../../../src/api/names.ts';
import type { AnyKind } from '../../../../src/api/kind.ts';
import type { Unstructured } from '../../../../src/api/types.ts';
import { create, update, updateOf } from '../lifecycle.ts';

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
      `${at}[1].firstAvailable[0].name: Invalid value: "": ${dns1123LabelErrors('')[0]!}`,
      `${at}[1].firstAvailable[0].deviceClassName: Required value`,
      `${at}[1]: Invalid value: null: ${ONE}, but multiple fields are set`,
      `${at}[2].exactly.deviceClassName: Required value`,
      `${at}[2].exactly.selectors[0].cel: Required value`,
      `${at}[2].exactly.count: Invalid value: 1: must not be specified when allocationMode is 'All'`,
      `${at}[3].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"`,
      `${at}[1].name: Duplicate value: "a"`,
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
      `spec.devices[0].name: Invalid value: "": ${dns1123LabelErrors('')[0]!}`,
      'spec.devices[2].name: Duplicate value: "a"',
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
    `${at}[0]: Required value: ${ONE}`,
  ]);
});

it('names of attributes have a domain, and what drivers are told is small', () => {
  const spec = (constraints: object[], parameters?: object) => ({
    devices: {
      requests: [{ name: 'a', exactly }],
      constraints,
      config: [{ opaque: { driver: 'a.b', parameters: parameters ?? {} } }],
    },
  });
  const of32 = 'x'.repeat(33);
  const { errors } = create(
    claim,
    of(spec(['', 'a', '/a', 'a.b/', `a.b/${of32}`, 'a.b/c'].map((matchAttribute) => ({ matchAttribute })))),
  );
  const field = (i: number) => `spec.devices.constraints[${i}].matchAttribute`;
  expect(errors).toEqual([
    `${field(0)}: Required value: name required`,
    `${field(1)}: Invalid value: "a": must include a domain`,
    `${field(2)}: Required value: the domain must not be empty`,
    `${field(3)}: Required value: the name must not be empty`,
    `${field(4)}: Too long: may not be more than 32 bytes`,
  ]);
  const large = of(spec([], { str: 'x'.repeat(10 * 1024 - 9) }));
  expect(create(claim, large).errors).toEqual([
    'spec.devices.config[0].opaque.parameters: Too long: may not be more than 10240 bytes',
  ]);
  expect(update(claim, create(claim, large).object, large).errors).toEqual([]);
});

it('devices have properties of one value each, with names of their own', () => {
  const device = (attributes: object, capacity: object = {}) =>
    create(slice, offer({ devices: [{ name: 'a', attributes, capacity }] })).errors;
  const field = (key: string) => `spec.devices[0].attributes[${key}]`;
  expect(
    device({ model: { string: 'x' }, 'a.b/version': { version: '1.2.3-rc.1+5' } }, { memory: { value: '1Gi' } }),
  ).toEqual([]);
  const [identifier] = cIdentifierErrors('.');
  expect(
    device({
      '.': {},
      '/': { int: 1 },
      both: { string: 'x', version: '1.2.3' },
      long: { string: 'x'.repeat(65) },
      v: { version: 'x'.repeat(65) },
    }),
  ).toEqual([
    `${field('.')}: Invalid value: ".": ${identifier}`,
    `${field('.')}: Required value: exactly one value must be specified`,
    `${field('/')}: Required value: the domain must not be empty`,
    `${field('/')}: Required value: the name must not be empty`,
    `${field('both')}: Invalid value: {"IntValue":null,"BoolValue":null,"StringValue":"x","VersionValue":"1.2.3"}: exactly one value must be specified`,
    `${field('long')}.string: Too long: may not be more than 64 bytes`,
    `${field('v')}.version: Invalid value: "${'x'.repeat(65)}": must be a string compatible with semver.org spec 2.0.0`,
    `${field('v')}.version: Too long: may not be more than 64 bytes`,
  ]);
  const many = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`a${i}`, { int: i }]));
  expect(device(many)).toEqual([]);
  expect(device(many, { one: { value: '1' } })).toEqual([
    'spec.devices[0]: Invalid value: 33: the total number of attributes and capacities must not exceed 32',
  ]);
  const key = `${'x'.repeat(64)}/${'y'.repeat(33)}`;
  const shown = field(`${'x'.repeat(47)}...${'x'.repeat(12)}/${'y'.repeat(33)}`);
  expect(device({ [key]: { int: 1 } })).toEqual([
    `${shown}: Too long: may not be more than 63 bytes`,
    `${shown}: Too long: may not be more than 32 bytes`,
  ]);
});

it('a slice is for the nodes of one term', () => {
  const nodes = (nodeSelector: object) =>
    create(slice, of({ driver: 'a.b', pool: { name: 'p', resourceSliceCount: 1 }, nodeSelector })).errors;
  const terms = 'spec.nodeSelector.nodeSelectorTerms';
  expect(nodes({})).toEqual([
    `${terms}: Required value: must have at least one node selector term`,
    `${terms}: Invalid value: null: must have exactly one node selector term`,
  ]);
  expect(nodes({ nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['-1'] }] }] })).toEqual([
    expect.stringMatching(
      /^spec.nodeSelector.nodeSelectorTerms\[0\].matchExpressions\[0\].values\[0\]: Invalid value: "-1"/,
    ),
  ]);
});

describe('the status of a claim', () => {
  const device = { driver: 'd', pool: 'p', device: 'x' };
  const allocated = (more: object = {}, results: object[] = [{ request: 'a', ...device }]) => ({
    allocation: { devices: { results, ...more } },
  });
  const user = { resource: 'pods', name: 'p', uid: '1' };
  const opaque = { driver: 'a.b', parameters: {} };
  const ID = '{"Driver":{},"Pool":{},"Device":{},"ShareID":{}}';
  const results = 'status.allocation.devices.results[0]';
  const config = 'status.allocation.devices.config';
  it.each<[string, object, object, string[]]>([
    ['may be empty', {}, { allocation: {} }, []],
    ['has devices and users', {}, { ...allocated(), reservedFor: [user] }, []],
    [
      'has requests of the claim',
      {},
      allocated({}, [{ request: 'b', ...device }]),
      [`${results}.request: Invalid value: "b": ${REFERENCE}`],
    ],
    [
      'names its devices',
      {},
      allocated({}, [{ request: 'a' }]),
      [
        `${results}.driver: Required value`,
        `${results}.driver: Invalid value: "": ${dns1123SubdomainErrors('')[0]!}`,
        `${results}.pool: Required value`,
        `${results}.device: Invalid value: "": ${dns1123LabelErrors('')[0]!}`,
      ],
    ],
    [
      'keeps its devices',
      allocated(),
      allocated({}, []),
      [expect.stringMatching(/^status.allocation: .*: field is immutable$/) as string],
    ],
    [
      'says where its configuration is from',
      {},
      allocated({
        config: [{ source: 'FromClaim', opaque }, { opaque }, { source: 'x', opaque }, { source: 'FromClass' }],
      }),
      [
        `${config}[1].source: Required value`,
        `${config}[2].source: Unsupported value: "x": supported values: "FromClaim", "FromClass"`,
        `${config}[3].opaque: Required value`,
      ],
    ],
    [
      'has users only with devices',
      {},
      { reservedFor: [user, user, {}] },
      [
        'status.reservedFor[2].resource: Required value',
        'status.reservedFor[2].name: Required value',
        'status.reservedFor[2].uid: Required value',
        'status.reservedFor[1].uid: Duplicate value: "1"',
        'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
      ],
    ],
    [
      'has no end of users',
      allocated(),
      { ...allocated(), reservedFor: Array.from({ length: 257 }, (_, i) => ({ ...user, uid: String(i) })) },
      ['status.reservedFor: Too many: 257: must have at most 256 items'],
    ],
    [
      'has reports on its own devices',
      allocated(),
      { ...allocated(), devices: [device, device, { ...device, device: 'y' }] },
      [
        `status.devices[2]: Invalid value: ${ID}: must be an allocated device in the claim`,
        `status.devices[1].deviceID: Duplicate value: ${ID}`,
      ],
    ],
    [
      'has addresses as they are written',
      allocated(),
      {
        ...allocated(),
        devices: [
          { ...device, networkData: { ips: ['10.9.8.1/24', '10.9.8.1/24', '300.9.8.0/24', '010.009.008.000/24'] } },
        ],
      },
      [
        'status.devices[0].networkData.ips[2]: Invalid value: "300.9.8.0/24": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
        'status.devices[0].networkData.ips[3]: Invalid value: "010.009.008.000/24": must be in canonical form ("10.9.8.0/24")',
        'status.devices[0].networkData.ips[1]: Duplicate value: "10.9.8.1/24"',
      ],
    ],
  ])('%s', (_, before, now, expected) => {
    const stored = create(claim, requests({ name: 'a', exactly })).object;
    expect(
      updateOf(claim, 'status', { ...stored, status: before } as Unstructured, { ...stored, status: now }),
    ).toEqual(expected);
  });

  it('has no new users once it is deleted', () => {
    const stored = create(claim, requests({ name: 'a', exactly })).object;
    const deleted = { ...stored, metadata: { ...stored.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    const write = (...reservedFor: object[]) =>
      updateOf(claim, 'status', { ...deleted, status: { ...allocated(), reservedFor: [user] } } as Unstructured, {
        ...deleted,
        status: { ...allocated(), reservedFor },
      });
    expect(write(user)).toEqual([]);
    expect(write(user, { ...user, uid: '2' })).toEqual([
      'status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
    ]);
  });
});
