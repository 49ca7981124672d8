// Services: what is refused on create and update, what a status may say, the warnings.
import { describe, expect, it } from 'vitest';
import service from '../../../../src/api/kinds/core/service.ts';
import type { Unstructured } from '../../../../src/api/types.ts';
import { create, update, updateOf, warningsOf } from '../lifecycle.ts';

const port = { port: 80 };
const document = (spec: object, metadata: object = {}) => ({
  metadata: { name: 's', namespace: 'n', ...metadata },
  spec,
});
const refusals = (spec: object, metadata: object = {}) =>
  create(service, document({ ports: [port], ...spec }, metadata)).errors;
const IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const BALANCED = "may only be used when `type` is 'LoadBalancer'";
const RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';

describe('create', () => {
  it.each<[object, string[]]>([
    [{}, []],
    [{ ports: [] }, ['spec.ports: Required value']],
    [{ ports: [], clusterIP: 'None' }, []],
    [
      { type: 'x' },
      ['spec.type: Unsupported value: "x": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
    ],
    [
      { type: 'NodePort', clusterIP: 'None' },
      [`spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`],
    ],
    [{ type: 'ExternalName' }, ['spec.externalName: Required value']],
    [{ type: 'ExternalName', externalName: 'a.b.', ports: [] }, []],
    [
      {
        type: 'ExternalName',
        externalName: 'a',
        clusterIP: '10.96.0.9',
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
      },
      [
        'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
        'spec.ipFamilies: Forbidden: may not be set for ExternalName services',
        'spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services',
      ],
    ],
    [
      { ports: [{ port: 0 }] },
      [
        'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      { ports: [{ port: 1, protocol: 'x' }] },
      ['spec.ports[0].protocol: Unsupported value: "x": supported values: "SCTP", "TCP", "UDP"'],
    ],
    [
      { ports: [{ port: 1, targetPort: 'a--b' }] },
      ['spec.ports[0].targetPort: Invalid value: "a--b": must not contain consecutive hyphens'],
    ],
    [{ ports: [port, { port: 81 }] }, ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value']],
    [
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'a', port: 81 },
        ],
      },
      ['spec.ports[1].name: Duplicate value: "a"'],
    ],
    [
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      },
      [
        'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
      ],
    ],
    [
      { ports: [{ port: 80, nodePort: 30000 }] },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      {
        type: 'NodePort',
        ports: [
          { name: 'a', port: 80, nodePort: 30000 },
          { name: 'b', port: 81, nodePort: 30000 },
        ],
      },
      ['spec.ports[1].nodePort: Duplicate value: 30000'],
    ],
    [{ sessionAffinity: 'x' }, ['spec.sessionAffinity: Unsupported value: "x": supported values: "ClientIP", "None"']],
    [
      { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } } },
      [
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400',
      ],
    ],
    [{ clusterIP: 'x' }, [`spec.clusterIPs[0]: Invalid value: "x": ${IP}`]],
    [
      { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.8'] },
      ['spec.clusterIPs: Invalid value: ["10.96.0.8"]: first value must match `clusterIP`'],
    ],
    [
      { clusterIPs: ['None', '10.96.0.8'] },
      [`spec.clusterIPs: Invalid value: ["None","10.96.0.8"]: 'None' must be the first and only value`],
    ],
    [
      { clusterIPs: ['10.96.0.8', '10.96.0.9'] },
      ['spec.clusterIPs: Invalid value: ["10.96.0.8","10.96.0.9"]: may specify no more than one IP for each IP family'],
    ],
    [
      { clusterIPs: ['10.96.0.8', '::1'] },
      [
        "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified",
        'spec.clusterIPs[1]: Invalid value: ["10.96.0.8","::1"]: IPv6 is not configured on this cluster',
      ],
    ],
    [{ clusterIP: '::1' }, ['spec.clusterIPs[0]: Invalid value: ["::1"]: IPv6 is not configured on this cluster']],
    [
      { clusterIP: '::1', ipFamilies: ['IPv4'] },
      ['spec.clusterIPs[0]: Invalid value: "::1": expected an IPv4 value as indicated by `ipFamilies[0]`'],
    ],
    [
      { ipFamilyPolicy: 'RequireDualStack' },
      [
        'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
      ],
    ],
    [{ ipFamilyPolicy: 'PreferDualStack' }, []],
    [
      { ipFamilyPolicy: 'x' },
      [
        'spec.ipFamilyPolicy: Unsupported value: "x": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"',
      ],
    ],
    [{ ipFamilies: ['IPv6'] }, ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster']],
    [
      { ipFamilies: ['IPv5', 'IPv5'] },
      [
        'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"',
        'spec.ipFamilies[1]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"',
        'spec.ipFamilies[1]: Duplicate value: "IPv5"',
      ],
    ],
    [
      { ipFamilies: ['IPv4', 'IPv6'] },
      [
        "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
      ],
    ],
    [{ clusterIP: 'None', ipFamilies: ['IPv6'] }, []],
    [
      { externalIPs: ['x', '127.0.0.1', '0.0.0.0', '169.254.1.1', '224.0.0.1'] },
      [
        `spec.externalIPs[0]: Invalid value: "x": ${IP}`,
        'spec.externalIPs[1]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
        'spec.externalIPs[2]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
        'spec.externalIPs[3]: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
        'spec.externalIPs[4]: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
      ],
    ],
    [{ loadBalancerSourceRanges: ['10.0.0.0/8'] }, [`spec.LoadBalancerSourceRanges: Forbidden: ${BALANCED}`]],
    [
      { type: 'LoadBalancer', loadBalancerSourceRanges: [' 10.0.0.0/8 ', 'x'] },
      [
        'spec.LoadBalancerSourceRanges[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      ],
    ],
    [
      { allocateLoadBalancerNodePorts: true, loadBalancerClass: 'a' },
      [`spec.allocateLoadBalancerNodePorts: Forbidden: ${BALANCED}`, `spec.loadBalancerClass: Forbidden: ${BALANCED}`],
    ],
    [
      { externalTrafficPolicy: 'Local' },
      ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
    ],
    [
      { type: 'NodePort', externalTrafficPolicy: 'x' },
      ['spec.externalTrafficPolicy: Unsupported value: "x": supported values: "Cluster", "Local"'],
    ],
    [
      { healthCheckNodePort: 30000 },
      [
        "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ],
    ],
    [
      { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 70000 },
      ['spec.healthCheckNodePort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    ],
    [
      { internalTrafficPolicy: 'x' },
      ['spec.internalTrafficPolicy: Unsupported value: "x": supported values: "Cluster", "Local"'],
    ],
    [
      { trafficDistribution: 'x' },
      [
        'spec.trafficDistribution: Unsupported value: "x": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"',
      ],
    ],
  ])('%j', (spec, expected) => expect(refusals(spec)).toEqual(expected));

  it('reads the annotations of old', () => {
    const annotations = {
      'service.kubernetes.io/topology-aware-hints': 'Auto',
      'service.kubernetes.io/topology-mode': 'Off',
    };
    expect(refusals({}, { annotations })).toEqual([
      'metadata.annotations[service.kubernetes.io/topology-mode]: Invalid value: "Off": must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified',
    ]);
    expect(refusals({}, { annotations: { [RANGES]: 'x' } })).toEqual([
      `metadata.annotations[${RANGES}]: Forbidden: ${BALANCED}`,
      `metadata.annotations[${RANGES}]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
    ]);
  });

  it.each<[object, object]>([
    [{}, { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] }],
    [{ clusterIP: 'None' }, { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'], clusterIPs: ['None'] }],
    [
      { clusterIP: 'None', selector: { a: 'b' } },
      { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] },
    ],
    [
      { clusterIP: 'None', ipFamilyPolicy: 'SingleStack' },
      { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] },
    ],
    [{ ipFamilyPolicy: 'PreferDualStack' }, { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4'] }],
  ])('families of %j are %j', (spec, expected) => {
    expect(create(service, document({ ports: [port], ...spec })).object['spec']).toMatchObject(expected);
  });
});

describe('update', () => {
  const made = (spec: object): Unstructured => create(service, document({ ports: [port], ...spec })).object;
  const changed = (before: object, after: object): string[] =>
    update(service, made(before), document({ ports: [port], ...after })).errors;
  it.each<[object, object, string[]]>([
    [{ clusterIP: '10.96.0.9' }, { clusterIP: '10.96.0.9' }, []],
    [{ clusterIP: '10.96.0.9' }, {}, []],
    // A client that replaces the object knows nothing of the list.
    [{ clusterIP: '10.96.0.9' }, { clusterIP: '10.96.0.8' }, ['spec.clusterIPs: Required value']],
    [
      { clusterIP: '10.96.0.9' },
      { clusterIP: '10.96.0.8', clusterIPs: ['10.96.0.9'] },
      ['spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set'],
    ],
    [
      { clusterIP: '10.96.0.9' },
      { clusterIP: 'None', clusterIPs: ['10.96.0.9'] },
      ['spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set'],
    ],
    [{ clusterIP: '10.96.0.9' }, { type: 'ExternalName', externalName: 'a' }, []],
    [{ type: 'ExternalName', externalName: 'a' }, { clusterIP: '10.96.0.9' }, []],
    [
      { type: 'LoadBalancer', loadBalancerClass: 'a' },
      { type: 'LoadBalancer', loadBalancerClass: 'b' },
      ['spec.loadBalancerClass: Invalid value: "b": may not change once set'],
    ],
    [
      { type: 'LoadBalancer', loadBalancerClass: 'a' },
      { type: 'LoadBalancer' },
      ['spec.loadBalancerClass: Invalid value: null: may not change once set'],
    ],
    [
      { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30001 },
      { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30002 },
      ['spec.healthCheckNodePort: Forbidden: field is immutable'],
    ],
    [{ clusterIP: 'None' }, { clusterIP: 'None', ipFamilyPolicy: 'SingleStack' }, []],
  ])('from %j to %j', (before, after, expected) => expect(changed(before, after)).toEqual(expected));

  it('to one family lets the second go', () => {
    const before = made({ clusterIP: 'None' });
    const spec = { ports: [port], clusterIP: 'None', ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4', 'IPv6'] };
    expect(update(service, before, document(spec)).object['spec']).toMatchObject({ ipFamilies: ['IPv4'] });
  });
});

describe('status', () => {
  const L = 'status.loadBalancer.ingress';
  it.each<[string, object[], string[]]>([
    ['LoadBalancer', [{ ip: '1.1.1.1', ipMode: 'VIP' }, { hostname: 'a.b' }], []],
    ['ClusterIP', [{ ip: '1.1.1.1' }], [`${L}: Forbidden: may only be used when \`spec.type\` is 'LoadBalancer'`]],
    [
      'LoadBalancer',
      [{ ip: 'x' }],
      [`${L}[0].ip: Invalid value: "x": ${IP}`, `${L}[0].ipMode: Required value: must be specified when \`ip\` is set`],
    ],
    [
      'LoadBalancer',
      [{ hostname: '1.1.1.1', ipMode: 'VIP' }],
      [
        `${L}[0].ipMode: Forbidden: may not be specified when \`ip\` is not set`,
        `${L}[0].hostname: Invalid value: "1.1.1.1": must be a DNS name, not an IP address`,
      ],
    ],
    [
      'LoadBalancer',
      [{ ip: '1.1.1.1', ipMode: 'x' }],
      [`${L}[0].ipMode: Unsupported value: "x": supported values: "Proxy", "VIP"`],
    ],
  ])('of %s %j', (type, ingress, expected) => {
    const object = { ...document({ type }), status: { loadBalancer: { ingress } } };
    expect(updateOf(service, 'status', object, object)).toEqual(expected);
  });
});

describe('warnings', () => {
  it.each<[object, string[]]>([
    [
      { clusterIP: 'None', loadBalancerIP: '1.1.1.1', externalIPs: ['1.1.1.1'], sessionAffinity: 'ClientIP' },
      [
        'spec.loadBalancerIP is ignored for headless services',
        'spec.externalIPs is ignored for headless services',
        'spec.SessionAffinity is ignored for headless services',
      ],
    ],
    [{ externalName: 'a' }, ['spec.externalName is ignored when spec.type is not "ExternalName"']],
    [
      { type: 'ExternalName', externalName: 'a', externalIPs: ['1.1.1.1'] },
      ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
    ],
  ])('%j', (spec, expected) => expect(warningsOf(service, document({ ports: [port], ...spec }))).toEqual(expected));
});
