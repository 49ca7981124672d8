import { describe, expect, it } from 'vitest';
import type { AnyKind } from '../../../src/api/kind.ts';
import deployment from '../../../src/api/kinds/apps/deployment.ts';
import replicaset from '../../../src/api/kinds/apps/replicaset.ts';
import crd from '../../../src/api/kinds/apiextensions/customresourcedefinition.ts';
import csr from '../../../src/api/kinds/certificates/certificatesigningrequest.ts';
import configmap from '../../../src/api/kinds/core/configmap.ts';
import event from '../../../src/api/kinds/core/event.ts';
import namespace from '../../../src/api/kinds/core/namespace.ts';
import secret from '../../../src/api/kinds/core/secret.ts';
import service from '../../../src/api/kinds/core/service.ts';
import slice from '../../../src/api/kinds/discovery/endpointslice.ts';
import lease from '../../../src/api/kinds/coordination/lease.ts';
import clusterrolebinding from '../../../src/api/kinds/rbac/clusterrolebinding.ts';
import rolebinding from '../../../src/api/kinds/rbac/rolebinding.ts';
import role from '../../../src/api/kinds/rbac/role.ts';
import { create, decode, update } from './lifecycle.ts';

const meta = { name: 'x', namespace: 'default' };
const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'nginx:1' }] } };
const deploymentOf = (spec: object = {}) => ({
  metadata: meta,
  spec: { selector: { matchLabels: { app: 'x' } }, template, ...spec },
});
const serviceOf = (spec: object = {}) => ({ metadata: meta, spec: { ports: [{ port: 80 }], ...spec } });

describe('deployments', () => {
  it('get their defaults', () => {
    expect(create(deployment, deploymentOf()).object).toMatchObject({
      spec: {
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        template: { spec: { containers: [{ imagePullPolicy: 'IfNotPresent' }], restartPolicy: 'Always' } },
      },
      status: {},
    });
    expect(create(deployment, deploymentOf()).object['spec']).not.toHaveProperty('template.spec.enableServiceLinks');
  });
  it.each<[string, object, string[]]>([
    [
      'selector of others',
      { selector: { matchLabels: { app: 'y' } } },
      ['spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`'],
    ],
    [
      'no selector',
      { selector: undefined },
      [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`',
      ],
    ],
    [
      'empty selector',
      { selector: {} },
      ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ],
    ['replicas', { replicas: -1 }, ['spec.replicas: Invalid value: -1: must be greater than or equal to 0']],
    [
      'restart',
      { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } },
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      'both zero',
      { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
    ],
    [
      'recreate',
      { strategy: { type: 'Recreate', rollingUpdate: {} } },
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
  ])('refuse %s', (_, spec, errors) => expect(create(deployment, deploymentOf(spec)).errors).toEqual(errors));
  it('keep their selector', () => {
    const old = create(deployment, deploymentOf()).object;
    const labels = { app: 'x', tier: 'y' };
    const now = deploymentOf({
      selector: { matchLabels: { tier: 'y' } },
      template: { ...template, metadata: { labels } },
    });
    expect(update(deployment, old, now).errors).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"tier":"y"}}: field is immutable',
    ]);
  });
  it('of old versions need no selector and have their own defaults', () => {
    const old = decode(
      deployment,
      { metadata: { name: 'x' }, spec: { template, rollbackTo: { revision: 1 } } },
      'extensions',
      'v1beta1',
    );
    expect(old).toMatchObject({
      metadata: { labels: { app: 'x' }, annotations: { 'deprecated.deployment.rollback.to': '1' } },
      spec: {
        selector: { matchLabels: { app: 'x' } },
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
        progressDeadlineSeconds: 2147483647,
      },
    });
    expect(old['spec']).not.toHaveProperty('rollbackTo');
    expect(deployment.served.find((s) => s.group === 'extensions')!.deprecated!.message).toBe(
      'extensions/v1beta1 Deployment is deprecated in v1.8+, unavailable in v1.16+; use apps/v1 Deployment',
    );
  });
  it('and replica sets count', () =>
    expect(create(replicaset, deploymentOf()).object['status']).toEqual({ replicas: 0 }));
});

describe('services', () => {
  it('get their defaults', () => {
    expect(create(service, serviceOf()).object).toMatchObject({
      spec: {
        type: 'ClusterIP',
        sessionAffinity: 'None',
        internalTrafficPolicy: 'Cluster',
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
      },
      status: { loadBalancer: {} },
    });
  });
  it.each<[string, object, string[]]>([
    ['no ports', { ports: [] }, ['spec.ports: Required value']],
    [
      'port names',
      { ports: [{ port: 80 }, { port: 81 }] },
      ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value'],
    ],
    [
      'node port of a cluster IP',
      { ports: [{ port: 80, nodePort: 30000 }] },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    ['external name', { type: 'ExternalName', ports: [] }, ['spec.externalName: Required value']],
    [
      'type',
      { type: 'X' },
      ['spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
    ],
    [
      'headless node port',
      { type: 'NodePort', clusterIP: 'None' },
      ['spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services'],
    ],
  ])('refuse %s', (_, spec, errors) => expect(create(service, serviceOf(spec)).errors).toEqual(errors));

  const stored = create(
    service,
    serviceOf({ type: 'NodePort', clusterIP: '10.96.0.7', ports: [{ port: 80, nodePort: 30080 }] }),
  ).object;
  it('keep what was allocated', () => {
    const { object, errors } = update(service, stored, serviceOf({ type: 'NodePort' }));
    expect(errors).toEqual([]);
    expect(object['spec']).toMatchObject({
      clusterIP: '10.96.0.7',
      clusterIPs: ['10.96.0.7'],
      ports: [{ nodePort: 30080 }],
    });
  });
  it('may not move to another address', () => {
    expect(
      update(service, stored, serviceOf({ type: 'NodePort', clusterIP: '10.96.0.8', clusterIPs: ['10.96.0.8'] }))
        .errors,
    ).toEqual(['spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set']);
  });
  it('drop what their new type does not have', () => {
    const { object, errors } = update(service, stored, {
      ...stored,
      spec: { ...(stored['spec'] as object), type: 'ClusterIP' },
    });
    expect(errors).toEqual([]);
    expect(object['spec']).toMatchObject({ clusterIP: '10.96.0.7', ports: [{ port: 80 }] });
    expect(object['spec']).not.toHaveProperty('ports.0.nodePort');
    expect(object['spec']).not.toHaveProperty('externalTrafficPolicy');
  });
  it('without selector and address have both families', () => {
    expect(create(service, serviceOf({ clusterIP: 'None' })).object['spec']).toMatchObject({
      clusterIPs: ['None'],
      ipFamilyPolicy: 'RequireDualStack',
      ipFamilies: ['IPv4', 'IPv6'],
    });
  });
});

describe('secrets and config maps', () => {
  it('turn stringData into data', () => {
    const { object } = create(secret, { metadata: meta, stringData: { a: 'ü' }, data: { a: 'eA==', b: 'eQ==' } });
    expect(object).toMatchObject({ type: 'Opaque', data: { a: 'w7w=', b: 'eQ==' } });
    expect(object).not.toHaveProperty('stringData');
  });
  it.each<[AnyKind, object, string[]]>([
    [secret, { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } }, ['data[tls.key]: Required value']],
    [
      secret,
      { data: { 'a b': '' } },
      [
        "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    ],
    [
      secret,
      { type: 'kubernetes.io/service-account-token' },
      ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    ],
    [
      configmap,
      { data: { a: '1' }, binaryData: { a: 'eA==' } },
      ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
    ],
    [configmap, { data: { a: 'x'.repeat(1048577) } }, ['[]: Too long: may not be more than 1048576 bytes']],
  ])('refuse %#', (kind, fields, errors) => expect(create(kind, { metadata: meta, ...fields }).errors).toEqual(errors));
  it('stay as they are when immutable', () => {
    const old = { metadata: meta, immutable: true, data: { a: '1' } };
    expect(update(configmap, old, { ...old, immutable: false, data: { a: '2' } }).errors).toEqual([
      'immutable: Forbidden: field is immutable when `immutable` is set',
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
    expect(
      update(secret, { metadata: meta, type: 'a', data: {} } as never, { metadata: meta, type: 'b' }).errors,
    ).toEqual(['type: Invalid value: "b": field is immutable']);
  });
});

describe('roles', () => {
  it.each<[AnyKind, object, string[]]>([
    [
      role,
      { rules: [{ apiGroups: [''], resources: ['pods'] }] },
      ['rules[0].verbs: Required value: verbs must contain at least one value'],
    ],
    [
      role,
      { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] },
      ['rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs'],
    ],
    [
      clusterrolebinding,
      { roleRef: { kind: 'ClusterRole', name: 'r' }, subjects: [{ kind: 'ServiceAccount', name: 's' }] },
      ['subjects[0].namespace: Required value'],
    ],
    [
      // Upstream asks for it in cluster-wide bindings only.
      rolebinding,
      { roleRef: { kind: 'Role', name: 'r' }, subjects: [{ kind: 'ServiceAccount', name: 's' }] },
      [],
    ],
    [
      rolebinding,
      { roleRef: { kind: 'X', name: 'r' } },
      ['roleRef.kind: Unsupported value: "X": supported values: "Role", "ClusterRole"'],
    ],
  ])('refuse %#', (kind, fields, errors) => expect(create(kind, { metadata: meta, ...fields }).errors).toEqual(errors));
  it('stay bound to what they were', () => {
    const old = create(rolebinding, { metadata: meta, roleRef: { kind: 'Role', name: 'a' } }).object;
    expect(update(rolebinding, old, { metadata: meta, roleRef: { kind: 'Role', name: 'b' } }).errors[0]).toMatch(
      /^roleRef: .*cannot change roleRef$/,
    );
  });
  it('of v1alpha1 bind everybody by a star', () => {
    const draft = decode(
      rolebinding,
      {
        metadata: meta,
        roleRef: { kind: 'Role', name: 'a' },
        subjects: [{ kind: 'User', name: '*', apiVersion: 'x' }],
      },
      rolebinding.group,
      'v1alpha1',
    );
    expect(draft['subjects']).toEqual([
      { kind: 'Group', name: 'system:authenticated', apiGroup: 'rbac.authorization.k8s.io' },
    ]);
  });
});

describe('other kinds', () => {
  it('a namespace is labelled, active, and has a finalizer', () => {
    expect(create(namespace, { metadata: { name: 'n' } }).object).toEqual({
      metadata: { name: 'n', labels: { 'kubernetes.io/metadata.name': 'n' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });
  it('an event is one object under two groups', () => {
    const draft = decode(
      event,
      {
        metadata: meta,
        note: 'n',
        regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
        reportingController: 'c',
      },
      'events.k8s.io',
      'v1',
    );
    expect(draft).toMatchObject({ message: 'n', involvedObject: { name: 'p' }, reportingComponent: 'c' });
    const back = structuredClone(draft);
    event.served[1]!.convert!.fromStorage(back);
    expect(back).toMatchObject({ note: 'n', regarding: { name: 'p' }, reportingController: 'c' });
    expect(back).not.toHaveProperty('message');
  });
  it('an endpoint slice keeps its address type', () => {
    const old = {
      metadata: meta,
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.1'] }],
      ports: [{ port: 80 }],
    };
    expect(create(slice, old).errors).toEqual([]);
    expect(update(slice, old as never, { ...old, addressType: 'IPv6' }).errors).toEqual([
      'endpoints[0].addresses[0]: Invalid value: "10.0.0.1": must be an IPv6 address',
      'addressType: Invalid value: "IPv6": field is immutable',
    ]);
  });
  it('a lease lasts', () => {
    expect(create(lease, { metadata: meta, spec: { leaseDurationSeconds: 0 } }).errors).toEqual([
      'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    ]);
  });
  it('a signing request is checked', () => {
    const request = Buffer.from(
      '-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n',
    ).toString('base64');
    expect(
      create(csr, { metadata: { name: 'x' }, spec: { request, signerName: 'example.com/a', usages: ['client auth'] } })
        .errors,
    ).toEqual([]);
    expect(
      create(csr, { metadata: { name: 'x' }, spec: { request: 'eA==', signerName: 'a', usages: ['x'] } }).errors.map(
        (e) => e.split(':')[0],
      ),
    ).toEqual(['spec.request', 'spec.usages[0]', 'spec.signerName']);
  });
  it('a definition is named after what it defines', () => {
    const spec = {
      group: 'example.com',
      names: { plural: 'widgets', kind: 'Widget' },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    };
    const { object, errors } = create(crd, { metadata: { name: 'widgets.example.com' }, spec });
    expect(errors).toEqual([]);
    expect(object).toMatchObject({
      spec: { names: { singular: 'widget', listKind: 'WidgetList' }, conversion: { strategy: 'None' } },
      status: { storedVersions: ['v1'] },
    });
    expect(create(crd, { metadata: { name: 'x' }, spec }).errors).toEqual([
      'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group',
    ]);
  });
  it('a definition of v1beta1 becomes one of v1', () => {
    const draft = decode(
      crd,
      {
        metadata: { name: 'w.e.io' },
        spec: {
          group: 'e.io',
          version: 'v1',
          names: { plural: 'w', kind: 'W' },
          additionalPrinterColumns: [{ name: 'A', type: 'string', JSONPath: '.a' }],
        },
      },
      crd.group,
      'v1beta1',
    );
    expect(draft['spec']).toMatchObject({
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          storage: true,
          additionalPrinterColumns: [{ jsonPath: '.a' }],
          schema: { openAPIV3Schema: { 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    });
  });
});
