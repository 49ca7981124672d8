// The rules of limit ranges, quotas, nodes, namespaces, events and endpoints.
import { describe, expect, it } from 'vitest';
import type { AnyKind } from '../../../../src/api/kind.ts';
import endpoints from '../../../../src/api/kinds/core/endpoints.ts';
import event from '../../../../src/api/kinds/core/event.ts';
import limitrange from '../../../../src/api/kinds/core/limitrange.ts';
import namespace from '../../../../src/api/kinds/core/namespace.ts';
import node from '../../../../src/api/kinds/core/node.ts';
import quota from '../../../../src/api/kinds/core/resourcequota.ts';
import type { Unstructured } from '../../../../src/api/types.ts';
import { FieldErrors } from '../../../../src/api/validation.ts';
import { create, update, updateOf, warningsOf } from '../lifecycle.ts';

const document = (extra: object, metadata: object = {}) => ({
  metadata: { name: 'x', namespace: 'n', ...metadata },
  ...extra,
});
const refused = (kind: AnyKind, extra: object, metadata: object = {}): string[] =>
  create(kind, document(extra, metadata)).errors;
const changed = (kind: AnyKind, before: object, after: object): string[] =>
  update(kind, create(kind, document(before)).object, document(after)).errors;

describe('limit ranges', () => {
  const L = 'spec.limits[0]';
  it.each<[object, string[]]>([
    [{ type: 'Container', max: { cpu: '1' }, min: { cpu: '100m' } }, []],
    [{ type: 'x' }, ['type: Invalid value: "x": must be a standard limit type or fully qualified']],
    [{ type: 'a.b/x', max: { storage: '1' } }, []],
    [
      { type: 'Container', max: { storage: '1' } },
      ['max', 'default', 'defaultRequest'].map(
        (f) => `${f}[storage]: Invalid value: "storage": must be a standard resource for containers`,
      ),
    ],
    [
      { type: 'Pod', default: { cpu: '1' }, defaultRequest: { cpu: '1' } },
      [
        "default: Forbidden: may not be specified when `type` is 'Pod'",
        "defaultRequest: Forbidden: may not be specified when `type` is 'Pod'",
      ],
    ],
    [
      { type: 'PersistentVolumeClaim', max: { cpu: '1' } },
      ['limits: Required value: either minimum or maximum storage value is required, but neither was provided'],
    ],
    [
      { type: 'Pod', min: { cpu: '2' }, max: { cpu: '1' } },
      ['min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
    ],
    [
      { type: 'Container', min: { cpu: '2' }, defaultRequest: { cpu: '1' }, default: { cpu: '3' } },
      ['defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1'],
    ],
    [
      { type: 'Container', max: { cpu: '1' }, default: { cpu: '2' }, defaultRequest: { cpu: '1' } },
      ['default[cpu]: Invalid value: "1": default value 2 is greater than max value 1'],
    ],
    [
      { type: 'Container', min: { cpu: '2' }, default: { cpu: '1' }, defaultRequest: { cpu: '2' } },
      [
        'defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1',
        'default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
      ],
    ],
    [
      { type: 'Pod', maxLimitRequestRatio: { cpu: '500m' } },
      ['maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1'],
    ],
    [
      { type: 'Pod', min: { cpu: '1' }, max: { cpu: '4' }, maxLimitRequestRatio: { cpu: '5' } },
      ['maxLimitRequestRatio[cpu]: Invalid value: "5": ratio 5 is greater than max/min = 4.000000'],
    ],
    [
      { type: 'Container', default: { 'a/b': '2' }, defaultRequest: { 'a/b': '1' } },
      ['defaultRequest[a/b]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in a/b'],
    ],
  ])('%j', (item, expected) => {
    expect(refused(limitrange, { spec: { limits: [item] } })).toEqual(expected.map((e) => `${L}.${e}`));
  });
});

describe('quotas', () => {
  const S = 'spec.scopeSelector.matchExpressions';
  const select = (e: object, hard: object = {}) => ({ hard, scopeSelector: { matchExpressions: [e] } });
  const EXISTS =
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
  it.each<[object, string[]]>([
    [{ hard: { pods: '1', 'count/deployments.apps': '2', 'requests.nvidia.com/gpu': '4', 'limits.cpu': '1' } }, []],
    [
      { hard: { disk: '1' } },
      [
        'spec.hard[disk]: Invalid value: "disk": must be a standard resource type or fully qualified',
        'spec.hard[disk]: Invalid value: "disk": must be a standard resource for quota',
      ],
    ],
    [
      { hard: { storage: '1' } },
      ['spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota'],
    ],
    [{ hard: { pods: '1500m' } }, ['spec.hard[pods]: Invalid value: "1500m": must be an integer']],
    [{ hard: { cpu: '-1' } }, ['spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0']],
    [{ scopes: ['x'] }, ['spec.scopes: Invalid value: ["x"]: unsupported scope']],
    [
      { scopes: ['BestEffort'], hard: { cpu: '1', pods: '1' } },
      ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
    ],
    [
      { scopes: ['BestEffort', 'NotBestEffort'] },
      ['spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes'],
    ],
    [select({ scopeName: 'PriorityClass', operator: 'In', values: ['a'] }), []],
    [
      select({ scopeName: 'PriorityClass', operator: 'In' }),
      [
        `${S}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
      ],
    ],
    [
      select({ scopeName: 'PriorityClass', operator: 'Exists', values: ['a'] }),
      [
        `${S}.values: Invalid value: ["a"]: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' for scope selector`,
      ],
    ],
    [
      select({ scopeName: 'Terminating', operator: 'In', values: ['a'] }),
      [`${S}.operator: Invalid value: "In": ${EXISTS}`],
    ],
    [
      select({ scopeName: 'PriorityClass', operator: 'x' }),
      [`${S}.operator: Invalid value: "x": not a valid selector operator`],
    ],
    [
      select(
        { scopeName: 'VolumeAttributesClass', operator: 'Exists' },
        { 'requests.storage': '1', persistentvolumeclaims: '1' },
      ),
      [],
    ],
    [
      select({ scopeName: 'VolumeAttributesClass', operator: 'Exists' }, { pods: '1' }),
      [
        `${S}: Invalid value: {"MatchExpressions":[{"ScopeName":"VolumeAttributesClass","Operator":"Exists","Values":null}]}: unsupported scope applied to resource`,
      ],
    ],
  ])('%j', (spec, expected) => expect(refused(quota, { spec })).toEqual(expected));

  it('keep their scopes', () => {
    expect(changed(quota, { spec: { scopes: ['Terminating'] } }, { spec: { scopes: [] } })).toEqual([
      'spec.scopes: Invalid value: []: field is immutable',
    ]);
  });
});

describe('nodes', () => {
  it.each<[object, string[]]>([
    [
      {
        taints: [
          { key: 'a', effect: 'NoSchedule' },
          { key: 'a', effect: 'NoExecute' },
        ],
      },
      [],
    ],
    [{ taints: [{ key: 'a' }] }, ['metadata.taints[0].effect: Required value']],
    [
      { taints: [{ key: 'a', effect: 'x' }] },
      [
        'metadata.taints[0].effect: Unsupported value: "x": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    ],
    [
      {
        taints: [
          { key: 'a', effect: 'NoSchedule' },
          { key: 'a', value: 'b', effect: 'NoSchedule' },
        ],
      },
      [
        'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"b","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair',
      ],
    ],
    [{ podCIDRs: ['10.0.0.0/24', 'fd00::/64'] }, []],
    [
      { podCIDRs: ['10.0.0.0/24', '10.0.0.0/24'] },
      [
        'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.0.0/24"]: may specify no more than one CIDR for each IP family',
        'spec.podCIDRs[1]: Duplicate value: "10.0.0.0/24"',
      ],
    ],
    [
      { podCIDRs: ['x'] },
      ['spec.podCIDRs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    ],
  ])('%j', (spec, expected) => expect(refused(node, { spec })).toEqual(expected));

  it('keep what was given to them once', () => {
    expect(changed(node, { spec: {} }, { spec: { podCIDR: '10.0.0.0/24', providerID: 'a' } })).toEqual([]);
    expect(
      changed(
        node,
        { spec: { podCIDR: '10.0.0.0/24', providerID: 'a' } },
        { spec: { podCIDR: '10.0.1.0/24', providerID: 'b' } },
      ),
    ).toEqual([
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ]);
    expect(changed(node, { spec: {} }, { spec: { externalID: 'a' } })).toEqual([
      'spec.externalID: Forbidden: may not be updated',
    ]);
    const configured = document({ spec: { configSource: {} } }) as unknown as Unstructured;
    expect(update(node, configured, configured).errors).toEqual([
      'spec.configSource: Invalid value: {"ConfigMap":null}: exactly one reference subfield must be non-nil',
    ]);
  });

  it('have each address and no negative amounts in their status', () => {
    const address = { type: 'InternalIP', address: '1.1.1.1' };
    const object = {
      ...document({}),
      status: { addresses: [address, address], capacity: { cpu: '-1' } },
    } as unknown as Unstructured;
    expect(updateOf(node, 'status', object, object)).toEqual([
      'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
      'status.addresses[1]: Duplicate value: {"Type":"InternalIP","Address":"1.1.1.1"}',
    ]);
    expect(warningsOf(node, document({ spec: { externalID: 'a' } }))).toEqual([
      'spec.externalID: this field is deprecated, and is unused by Kubernetes',
    ]);
  });
});

describe('namespaces', () => {
  it('finalizers are qualified or known', () => {
    expect(refused(namespace, { spec: { finalizers: ['a/b', 'orphan'] } })).toEqual([]);
    expect(refused(namespace, { spec: { finalizers: ['x'] } })).toEqual([
      'spec.finalizers: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified',
    ]);
    const object = document({ spec: { finalizers: ['x'] } }) as unknown as Unstructured;
    expect(updateOf(namespace, 'finalize', object, object)).toEqual([
      'spec.finalizers[0]: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });
  it.each<[object, object, string[]]>([
    [
      {},
      { phase: 'Terminating' },
      ['status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty'],
    ],
    [
      { deletionTimestamp: '2020-01-01T00:00:00Z' },
      { phase: 'Active' },
      ['status.Phase: Invalid value: "Active": may only be \'Terminating\' if `deletionTimestamp` is not empty'],
    ],
  ])('phase of %j %j', (metadata, status, expected) => {
    const object = document({ status }, metadata) as unknown as Unstructured;
    expect(updateOf(namespace, 'status', object, object)).toEqual(expected);
  });
});

describe('events', () => {
  const about = { kind: 'Pod', namespace: 'n', name: 'p' };
  const now = '2020-01-01T00:00:00.000000Z';
  const modern = {
    eventTime: now,
    involvedObject: about,
    reportingComponent: 'a/b',
    reportingInstance: 'i',
    action: 'Do',
    reason: 'Why',
    type: 'Normal',
  };
  it.each<[object, object, string[]]>([
    [{ involvedObject: about }, {}, []],
    [
      { involvedObject: { ...about, namespace: 'm' } },
      {},
      ['involvedObject.namespace: Invalid value: "m": does not match event.namespace'],
    ],
    [{ involvedObject: {} }, { namespace: 'default' }, []],
    [{ involvedObject: {} }, {}, ['involvedObject.namespace: Invalid value: "": does not match event.namespace']],
    [modern, {}, []],
    [
      { eventTime: now, involvedObject: about, reportingComponent: 'a' },
      {},
      ['reportingInstance: Required value', 'action: Required value', 'reason: Required value'],
    ],
    [
      { ...modern, reason: 'r'.repeat(129), message: 'm'.repeat(1025) },
      {},
      [
        'reason: Invalid value: "": can have at most 128 characters',
        'message: Invalid value: "": can have at most 1024 characters',
      ],
    ],
  ])('%j %j', (extra, metadata, expected) => expect(refused(event, extra, metadata)).toEqual(expected));

  const strict = event.served.find((s) => s.group === 'events.k8s.io' && s.version === 'v1')!;
  const strictly = (now_: object, old?: object): string[] => {
    const errors = new FieldErrors();
    strict.validate!(
      document(now_) as unknown as Unstructured,
      old && (document(old) as unknown as Unstructured),
      errors,
    );
    return errors.list.map((e) => `${e.field}: ${e.body}`);
  };
  it('are strict under their own group', () => {
    expect(strictly(modern)).toEqual([]);
    expect(
      strictly({
        ...modern,
        eventTime: undefined,
        type: 'x',
        count: 1,
        firstTimestamp: now,
        source: { host: 'h' },
        series: { count: 1 },
      }),
    ).toEqual([
      'series.count: Invalid value: "": should be at least 2',
      'series.lastObservedTime: Required value',
      'eventTime: Required value',
      'type: Invalid value: "": has invalid value: x',
      'firstTimestamp: Invalid value: "": needs to be unset',
      'count: Invalid value: "": needs to be unset',
      'source: Invalid value: "": needs to be unset',
    ]);
    expect(strictly({ ...modern, series: { count: 2, lastObservedTime: now } }, modern)).toEqual([]);
    expect(strictly({ ...modern, reason: 'Other' }, modern)).toEqual([
      'reason: Invalid value: "Other": field is immutable',
    ]);
  });
});

describe('endpoints', () => {
  it.each<[object, string[]]>([
    [{ addresses: [{ ip: '1.1.1.1' }], ports: [{ port: 1 }] }, []],
    [{}, ['subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`']],
    [
      { addresses: [{ ip: 'x', hostname: 'a.b', nodeName: 'A' }] },
      [
        expect.stringContaining('addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g.'),
        expect.stringContaining('addresses[0].hostname: Invalid'),
        expect.stringContaining('addresses[0].nodeName: Invalid'),
        'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address',
      ] as string[],
    ],
    [
      { notReadyAddresses: [{ ip: '::1' }] },
      [
        'subsets[0].notReadyAddresses[0].ip: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ],
    ],
    [
      { addresses: [{ ip: '1.1.1.1' }], ports: [{ port: 1 }, { port: 0, name: 'a', protocol: 'x' }] },
      [
        'subsets[0].ports[0].name: Required value',
        'subsets[0].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'subsets[0].ports[1].protocol: Unsupported value: "x": supported values: "SCTP", "TCP", "UDP"',
      ],
    ],
  ])('%j', (subset, expected) => expect(refused(endpoints, { subsets: [subset] })).toEqual(expected));
});
