// Every default of every kind and version, on an object with all structures and no values: UPDATE=1 writes them anew.
// The list was held against pkg/apis/*/v1*/defaults.go; upstream's own test of pods is TestPodDefaults.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import all from '../../../src/api/kinds/index.gen.ts';
import hpa from '../../../src/api/kinds/autoscaling/horizontalpodautoscaler.ts';
import job from '../../../src/api/kinds/batch/job.ts';
import configmap from '../../../src/api/kinds/core/configmap.ts';
import limitrange from '../../../src/api/kinds/core/limitrange.ts';
import namespace from '../../../src/api/kinds/core/namespace.ts';
import node from '../../../src/api/kinds/core/node.ts';
import controller from '../../../src/api/kinds/core/replicationcontroller.ts';
import pod from '../../../src/api/kinds/core/pod.ts';
import service from '../../../src/api/kinds/core/service.ts';
import networkpolicy from '../../../src/api/kinds/networking/networkpolicy.ts';
import rolebinding from '../../../src/api/kinds/rbac/rolebinding.ts';
import validating from '../../../src/api/kinds/admissionregistration/validatingwebhookconfiguration.ts';
import type { AnyKind } from '../../../src/api/kind.ts';
import { added, filled } from './filled.ts';
import { decode } from './lifecycle.ts';

const GOLDEN = new URL('../../golden/defaults.tsv', import.meta.url);
const TEMPLATE = /^(?:\.spec)?(?:\.jobTemplate\.spec)?\.template(\.spec\..*)$/;

interface Found {
  own: string[];
  template: string[];
}

/** Undefined for versions whose shape is not that of any schema. */
function defaultsOf(kind: AnyKind, group: string, version: string): Found | undefined {
  let before;
  try {
    before = filled(group, version, kind.kind);
  } catch {
    return undefined;
  }
  const found: Found = { own: [], template: [] };
  for (const [path, value] of added(before, decode(kind, before, group, version))) {
    const inTemplate = TEMPLATE.exec(path)?.[1];
    if (inTemplate && kind.kind !== 'PodTemplate') found.template.push(`${inTemplate}\t${value}`);
    else found.own.push(`${path}\t${value}`);
  }
  return found;
}

describe('defaults', () => {
  const versions = all.flatMap((kind) => kind.served.map(({ group, version }) => ({ kind, group, version })));

  it('are those that were held against upstream', () => {
    const lines = versions.flatMap(({ kind, group, version }) =>
      (defaultsOf(kind, group, version)?.own ?? []).map((line) => `${group}/${version} ${kind.kind}\t${line}`),
    );
    const text = `${lines.join('\n')}\n`;
    if (process.env['UPDATE']) writeFileSync(GOLDEN, text);
    expect(text).toBe(readFileSync(GOLDEN, 'utf8'));
  });

  it('of templates are the same in all workloads', () => {
    const template = all.find((kind) => kind.kind === 'PodTemplate')!;
    const expected = defaultsOf(template, '', 'v1')!.own.map((line) => line.replace('.template', ''));
    for (const { kind, group, version } of versions) {
      const found = defaultsOf(kind, group, version)?.template ?? [];
      if (found.length) expect(found, `${group}/${version} ${kind.kind}`).toEqual(expected);
    }
  });
});

type Case = [what: string, kind: AnyKind, sent: object, expected: object];
const containers = (extra: object) => ({ spec: { containers: [{ name: 'c', ...extra }] } });
const image = (name: string, imagePullPolicy: string): Case => [
  `image ${name}`,
  pod,
  containers({ image: name }),
  containers({ imagePullPolicy }),
];
const DIGEST = `sha256:${'a'.repeat(64)}`;
const template = { metadata: { labels: { foo: 'bar' } } };
const limits = (limit: object) => ({ spec: { limits: [{ type: 'Container', ...limit }] } });
const PODS = { type: 'Pods', value: 4, periodSeconds: 15 };
const PERCENT = { type: 'Percent', value: 100, periodSeconds: 15 };

it.each<Case>([
  image('nginx', 'Always'),
  image('nginx:latest', 'Always'),
  image('registry:5000/nginx', 'Always'),
  image('registry:5000/nginx:v1', 'IfNotPresent'),
  image(`nginx@${DIGEST}`, 'IfNotPresent'),
  image(`nginx:latest@${DIGEST}`, 'Always'),
  image('NGINX', 'IfNotPresent'),
  image('Registry.Example/nginx', 'Always'),
  image(' nginx', 'IfNotPresent'),
  image('', 'IfNotPresent'),
  [
    'requests from limits',
    pod,
    containers({ resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } } }),
    containers({ resources: { requests: { cpu: '500m', memory: '1Gi' } } }),
  ],
  [
    'no requests from limits in a template',
    controller,
    { spec: { template: containers({ resources: { limits: { cpu: '1' } } }) } },
    { spec: { template: { spec: { containers: [{ resources: { limits: { cpu: '1' } } }] } } } },
  ],
  [
    'fractions of a thousandth, rounded up',
    pod,
    containers({ resources: { limits: { cpu: '0.0001' } } }),
    containers({ resources: { limits: { cpu: '1m' }, requests: { cpu: '1m' } } }),
  ],
  [
    'host ports',
    pod,
    { spec: { hostNetwork: true, containers: [{ ports: [{ containerPort: 80 }] }] } },
    { spec: { containers: [{ ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] }] } },
  ],
  [
    'labels and selector',
    controller,
    { spec: { template } },
    { metadata: { labels: { foo: 'bar' } }, spec: { selector: { foo: 'bar' } } },
  ],
  [
    'labels and selector that are there',
    controller,
    { metadata: { labels: { bar: 'foo' } }, spec: { selector: { some: 'other' }, template } },
    { metadata: { labels: { bar: 'foo' } }, spec: { selector: { some: 'other' } } },
  ],
  ['no replicas', controller, { spec: { replicas: 0 } }, { spec: { replicas: 0 } }],
  [
    'target ports',
    service,
    {
      spec: {
        ports: [
          { port: 80, targetPort: '' },
          { port: 81, targetPort: 'p' },
        ],
      },
    },
    { spec: { ports: [{ targetPort: 80 }, { targetPort: 'p' }] } },
  ],
  [
    'an affinity by client',
    service,
    { spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: {} } } },
    { spec: { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } } } },
  ],
  [
    'a load balancer',
    service,
    { spec: { type: 'LoadBalancer' }, status: { loadBalancer: { ingress: [{ ip: '1.1.1.1' }, { hostname: 'h' }] } } },
    {
      spec: { allocateLoadBalancerNodePorts: true, externalTrafficPolicy: 'Cluster', internalTrafficPolicy: 'Cluster' },
      status: { loadBalancer: { ingress: [{ ip: '1.1.1.1', ipMode: 'VIP' }, { hostname: 'h' }] } },
    },
  ],
  [
    'what external addresses reach',
    service,
    { spec: { externalIPs: ['1.1.1.1'] } },
    { spec: { externalTrafficPolicy: 'Cluster' } },
  ],
  [
    'limits from the most, requests from limits and the least',
    limitrange,
    limits({ max: { cpu: '2' }, default: { memory: '1Gi' }, min: { 'ephemeral-storage': '1' } }),
    limits({
      default: { cpu: '2', memory: '1Gi' },
      defaultRequest: { cpu: '2', memory: '1Gi', 'ephemeral-storage': '1' },
    }),
  ],
  ['allocatable', node, { status: { capacity: { cpu: '1' } } }, { status: { allocatable: { cpu: '1' } } }],
  [
    'a name as label',
    namespace,
    { metadata: { name: 'n' } },
    { metadata: { labels: { 'kubernetes.io/metadata.name': 'n' } } },
  ],
  ['one completion', job, { spec: {} }, { spec: { completions: 1, parallelism: 1, backoffLimit: 6 } }],
  ['as many as there are', job, { spec: { parallelism: 3 } }, { spec: { parallelism: 3 } }],
  ['parallel completions', job, { spec: { completions: 3 } }, { spec: { completions: 3, parallelism: 1 } }],
  ['failures by index', job, { spec: { backoffLimitPerIndex: 1 } }, { spec: { backoffLimit: 2147483647 } }],
  [
    'behaviour',
    hpa,
    { spec: { behavior: { scaleUp: {} } } },
    {
      spec: {
        behavior: {
          scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [PODS, PERCENT] },
          scaleDown: { selectPolicy: 'Max', policies: [PERCENT] },
        },
      },
    },
  ],
  ['policy types', networkpolicy, { spec: { ingress: [{}] } }, { spec: { policyTypes: ['Ingress'] } }],
  [
    'groups of subjects',
    rolebinding,
    { subjects: [{ kind: 'User' }, { kind: 'Group' }, { kind: 'ServiceAccount' }] },
    {
      subjects: [
        { apiGroup: 'rbac.authorization.k8s.io' },
        { apiGroup: 'rbac.authorization.k8s.io' },
        { kind: 'ServiceAccount' },
      ],
    },
  ],
  ['nothing', configmap, {}, {}],
])('%s', (_what, kind, sent, expected) => {
  expect(decode(kind, sent)).toMatchObject(expected);
});

it('webhooks of v1beta1 have defaults of their own', () => {
  const sent = { webhooks: [{ name: 'w', clientConfig: {} }] };
  expect(decode(validating, sent, 'admissionregistration.k8s.io', 'v1beta1')).toMatchObject({
    webhooks: [
      {
        failurePolicy: 'Ignore',
        matchPolicy: 'Exact',
        timeoutSeconds: 30,
        sideEffects: 'Unknown',
        admissionReviewVersions: ['v1beta1'],
      },
    ],
  });
});

it('an affinity by nobody needs no more', () => {
  const spec = { sessionAffinity: 'None', sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } } };
  expect(decode(service, { spec })['spec']).not.toHaveProperty('sessionAffinityConfig');
});
