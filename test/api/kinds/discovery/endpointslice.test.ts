// EndpointSlices: addresses of one family, hints, ports.
import { expect, it } from 'vitest';
import slice from '../../../../src/api/kinds/discovery/endpointslice.ts';
import { create } from '../lifecycle.ts';

const make = (addressType: string, endpoints: object[] = [], ports: object[] = []) => ({
  metadata: { name: 'x' },
  addressType,
  endpoints,
  ports,
});
const LOOPBACK = 'may not be in the loopback range (127.0.0.0/8, ::1/128)';

it.each<[string, object, string[]]>([
  ['is good', make('IPv4', [{ addresses: ['10.0.0.1'], hints: { forZones: [{ name: 'a' }] } }], [{ port: 80 }]), []],
  ['is good with names', make('FQDN', [{ addresses: ['a.b.'] }]), []],
  [
    'has addresses of its family',
    make('IPv6', [{ addresses: ['10.0.0.1', 'x', 'fd00::1'] }, { addresses: [] }]),
    [
      'endpoints[0].addresses[0]: Invalid value: "10.0.0.1": must be an IPv6 address',
      'endpoints[0].addresses[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'endpoints[1].addresses: Required value: must contain at least 1 address',
    ],
  ],
  [
    'does not loop back',
    make('IPv4', [{ addresses: ['127.0.0.1'] }]),
    [`endpoints[0].addresses[0]: Invalid value: "127.0.0.1": ${LOOPBACK}`],
  ],
  [
    'has whole names',
    make('FQDN', [{ addresses: ['a', '', `${'x'.repeat(64)}.b`] }]),
    [
      'endpoints[0].addresses[0]: Invalid value: "a": should be a domain with at least two segments separated by dots',
      'endpoints[0].addresses[1]: Required value',
      `endpoints[0].addresses[2]: Invalid value: "${'x'.repeat(64)}": must be no more than 63 characters`,
    ],
  ],
  [
    'has few hints, each once',
    make('IPv4', [
      {
        addresses: ['10.0.0.1'],
        hints: {
          forZones: [{ name: 'a' }, { name: 'a' }, { name: '-' }],
          forNodes: Array.from({ length: 9 }, (_, i) => ({ name: `${i}` })),
        },
      },
    ]),
    [
      'endpoints[0].hints.forZones[1].name: Duplicate value: "a"',
      expect.stringMatching(
        /^endpoints\[0\].hints.forZones\[2\].name: Invalid value: "-": a valid label must be/,
      ) as never,
      'endpoints[0].hints.forNodes: Too many: 9: must have at most 8 items',
    ],
  ],
  [
    'has ports with names of their own',
    make('IPv4', [], [{}, { protocol: 'ICMP' }]),
    [
      'ports[1].name: Duplicate value: ""',
      'ports[1].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
    ],
  ],
])('%s', (_, document, expected) => {
  expect(create(slice, document).errors).toEqual(expected);
});

it('warns of addresses that are written oddly', () => {
  expect(slice.warnings?.(make('IPv6', [{ addresses: ['FD00::1'] }]) as never, undefined)).toEqual([
    'endpoints[0].addresses[0]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
  ]);
});
