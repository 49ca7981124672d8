// Ingresses, their classes, network policies, and the addresses of services.
import { describe, expect, it } from 'vitest';
import ingress from '../../../../src/api/kinds/networking/ingress.ts';
import ingressclass from '../../../../src/api/kinds/networking/ingressclass.ts';
import ipaddress from '../../../../src/api/kinds/networking/ipaddress.ts';
import networkpolicy from '../../../../src/api/kinds/networking/networkpolicy.ts';
import servicecidr from '../../../../src/api/kinds/networking/servicecidr.ts';
import {
  addressWarnings,
  networkWarnings,
  strictAddressErrors,
  strictNetworkErrors,
} from '../../../../src/api/kinds/shared/addresses.ts';
import type { AnyKind } from '../../../../src/api/kind.ts';
import { tableFor } from '../../../../src/api/table.ts';
import { create, status, update } from '../lifecycle.ts';

const metadata = { name: 'x', namespace: 'default' };
const service = { service: { name: 'web', port: { number: 80 } } };
const path = (more: object) => ({ path: '/', pathType: 'Prefix', backend: service, ...more });
const rules = (paths: object[], host?: string) => ({ rules: [{ ...(host ? { host } : {}), http: { paths } }] });
const from = (ipBlock: object, more: object = {}) => ({ podSelector: {}, ingress: [{ from: [{ ipBlock, ...more }] }] });
const ports = (port: object) => ({ podSelector: {}, egress: [{ ports: [port] }] });

describe('a new object', () => {
  const at = 'spec.rules[0].http.paths[0]';
  it.each<[AnyKind, object, string[]]>([
    [ingress, rules([path({})], '*.example.com'), []],
    [
      ingress,
      rules([path({ pathType: undefined, backend: {} })]),
      [`${at}.pathType: Required value: pathType must be specified`],
    ],
    [
      ingress,
      rules([path({ pathType: 'Near', backend: {} })]),
      [
        `${at}.pathType: Unsupported value: "Near": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
        `${at}.backend: Invalid value: "": resource or service backend is required`,
      ],
    ],
    [
      ingress,
      rules([path({ path: 'a//b/..' })], '10.0.0.1'),
      [
        'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
        `${at}.path: Invalid value: "a//b/..": must be an absolute path`,
        `${at}.path: Invalid value: "a//b/..": must not contain '//'`,
        `${at}.path: Invalid value: "a//b/..": cannot end with '/..'`,
      ],
    ],
    [
      ingress,
      { defaultBackend: { resource: { apiGroup: 'A', kind: 'a/b' } } },
      [
        expect.stringMatching(
          /^spec.defaultBackend.resource.apiGroup: Invalid value: "A": a lowercase RFC 1123/,
        ) as never,
        `spec.defaultBackend.resource.kind: Invalid value: "a/b": may not contain '/'`,
        'spec.defaultBackend.resource.name: Required value: name is required',
      ],
    ],
    [
      ingressclass,
      { controller: 'x', parameters: { kind: 'K', name: 'n', namespace: 'a' } },
      [
        'spec.controller: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")',
        "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'",
      ],
    ],
    [
      ingressclass,
      { controller: 'x.y/z', parameters: { kind: 'K', name: 'n', scope: 'Namespace' } },
      ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    ],
    [networkpolicy, from({ cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] }), []],
    [
      networkpolicy,
      from({ cidr: '10.0.0.0/8', except: ['10.0.0.0/8', '11.0.0.0/16', 'a'] }, { podSelector: {} }),
      [
        'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
        'spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
        'spec.ingress[0].from[0].ipBlock.except[2]: Invalid value: "a": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        'spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer',
      ],
    ],
    [
      networkpolicy,
      ports({ port: 5, endPort: 4, protocol: 'ICMP' }),
      [
        'spec.egress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"',
        'spec.egress[0].ports[0].endPort: Invalid value: 5: must be greater than or equal to `port`',
      ],
    ],
    [
      networkpolicy,
      ports({ port: 'http', endPort: 4 }),
      ['spec.egress[0].ports[0].endPort: Invalid value: 4: may not be specified when `port` is non-numeric'],
    ],
    [
      ipaddress,
      { parentRef: { group: 'A', resource: 'a/b', namespace: '..' } },
      [
        expect.stringMatching(/^spec.parentRef.group: Invalid value: "A"/) as never,
        `spec.parentRef.resource: Invalid value: "a/b": may not contain '/'`,
        'spec.parentRef.name: Required value',
        `spec.parentRef.namespace: Invalid value: "..": may not be '..'`,
      ],
    ],
    [servicecidr, { cidrs: ['10.0.0.0/16', 'fd00::/108'] }, []],
    [servicecidr, {}, ['spec.cidrs: Required value: at least one CIDR required']],
    [
      servicecidr,
      { cidrs: ['10.0.0.0/16', '10.1.0.0/16'] },
      [
        'spec.cidrs: Invalid value: ["10.0.0.0/16","10.1.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ],
    ],
    [
      servicecidr,
      { cidrs: ['10.0.0.1/16'] },
      ['spec.cidrs[0]: Invalid value: "10.0.0.1/16": must not have bits set beyond the prefix length'],
    ],
  ])('$kind %#', (kind, spec, expected) => {
    expect(create(kind, { metadata, spec }).errors).toEqual(expected);
  });
});

const FOUR = '192.168.0.0/24';
const SIX = 'fd00:1234::/64';
it.each<[string[], string[], string[]]>([
  [[FOUR], [FOUR], []],
  [[FOUR], [FOUR, SIX], []],
  [[SIX], [SIX, FOUR], []],
  [[FOUR], ['10.0.0.0/16', SIX], ['spec.cidrs[0]: Invalid value: "10.0.0.0/16": field is immutable']],
  [
    [FOUR],
    [FOUR, 'x'],
    ['spec.cidrs[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ],
  [
    [FOUR],
    [FOUR, '10.0.0.0/16'],
    [expect.stringContaining('may specify no more than one IP for each IP family') as never],
  ],
  [[FOUR, SIX], [FOUR], [`spec.cidrs: Invalid value: ["${FOUR}"]: field is immutable`]],
  [[FOUR], [], ['spec.cidrs: Invalid value: []: field is immutable']],
  [
    [FOUR, SIX],
    [SIX, FOUR],
    [
      `spec.cidrs[0]: Invalid value: "${SIX}": field is immutable`,
      `spec.cidrs[1]: Invalid value: "${FOUR}": field is immutable`,
    ],
  ],
])('a range of services gains a family, and changes in nothing else: %j to %j', (before, now, expected) => {
  const old = create(servicecidr, { metadata, spec: { cidrs: before } }).object;
  expect(update(servicecidr, old, { metadata, spec: { cidrs: now } }).errors).toEqual(expected);
});

it('an ingress that was wrong may stay so, a class says where it is to be said', () => {
  const wild = { metadata, spec: { ...rules([], '*.a.b'), tls: [{ secretName: 'A' }] } };
  expect(create(ingress, wild).errors).toHaveLength(2);
  expect(update(ingress, create(ingress, wild).object, wild).errors).toEqual([]);
  const annotations = { 'kubernetes.io/ingress.class': 'a' };
  const both = { metadata: { ...metadata, annotations }, spec: { ...rules([path({})]), ingressClassName: 'b' } };
  const why =
    'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified';
  expect(create(ingress, both).errors).toEqual([why]);
  expect(update(ingress, create(ingress, both).object, both).errors).toEqual([]);
});

it('the hosts of an ingress are counted by its rules', () => {
  const hosts = (...list: string[]) =>
    tableFor(ingress as AnyKind, [{ metadata, spec: { rules: list.map((host) => ({ host })) } } as never], { nowMs: 0 })
      .rows[0]!.cells[2];
  expect(hosts('a', '', 'b')).toBe('a,b');
  expect(hosts('a', 'b', 'c', '')).toBe('a,b,c + 1 more...');
  expect(hosts('')).toBe('*');
});

it('an ingress is reached by addresses and names', () => {
  const now = { loadBalancer: { ingress: [{ ip: 'x' }, { hostname: '1.2.3.4' }] } };
  expect(status(ingress, {}, now)).toEqual([
    'status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    'status.loadBalancer.ingress[1].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
  ]);
});

describe('addresses', () => {
  it.each([
    ['10.0.0.1', []],
    ['2001:db8::1', []],
    ['::', []],
    ['10.0.0.01', ['must not have leading 0s']],
    ['::ffff:1.2.3.4', ['must not be an IPv4-mapped IPv6 address']],
    ['2001:DB8:0:0::1', ['must be in canonical form ("2001:db8::1")']],
    ['1:0:0:2:0:0:0:3', ['must be in canonical form ("1:0:0:2::3")']],
    ['1.2.3', ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    ['1::2::3', ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
  ])('%s', (text, expected) => expect(strictAddressErrors(text)).toEqual(expected));

  it.each([
    ['10.0.0.0/8', []],
    ['fd00::/108', []],
    ['10.0.0.0/08', ['must not have leading 0s in IP or prefix length']],
    ['FD00::/108', ['must be in canonical form ("fd00::/108")']],
    ['10.0.0.0/33', ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
  ])('%s', (text, expected) => expect(strictNetworkErrors(text)).toEqual(expected));

  it('are warned of when they are written oddly', () => {
    expect(addressWarnings('f', '010.0.0.1')).toEqual([
      'f: non-standard IP address "010.0.0.1" will be considered invalid in a future Kubernetes release: use "10.0.0.1"',
    ]);
    expect(addressWarnings('f', '2001:DB8::1')).toEqual([
      'f: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
    ]);
    expect(networkWarnings('f', '10.0.0.1/8')).toEqual([
      'f: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
    ]);
  });
});
