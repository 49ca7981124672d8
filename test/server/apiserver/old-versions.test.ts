// Versions that upstream removed, as manifests of their time use them: accepted, stored as today's version with the
// defaults of theirs, shown in both, and answered with upstream's warning on every verb.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnyKind } from '../../../src/api/kind.ts';
import kinds from '../../../src/api/kinds/index.gen.ts';
import { apiVersionOf } from '../../../src/api/types.ts';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface Lifecycle {
  apiVersion: string;
  kind: string;
  deprecated: string;
  removed: string;
}
const lifecycle: Lifecycle[] = readFileSync(join(import.meta.dirname, '../../golden/surface/lifecycle.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [apiVersion = '', kind = '', deprecated = '', removed = ''] = line.split('\t');
    return { apiVersion, kind, deprecated, removed };
  });
const minor = (release: string): number => Number(release.split('.')[1]);

/** Kinds that are nowhere any more, options and messages that are no resources, and alphas that no manifest had. */
const GONE = new Set([
  'AdmissionReview',
  'APIGroupDiscovery',
  'ClusterCIDR',
  'ClusterTrustBundle',
  'DeploymentRollback',
  'Eviction',
  'JobTemplate',
  'PodSecurityPolicy',
  'Scale',
  'StorageVersionMigration',
]);
const NEVER_ON =
  /^(networking|resource|admissionregistration|authentication)\.k8s\.io\/v1alpha|^storage\.k8s\.io\/v1alpha1 VolumeAttributesClass/;

describe('warnings', () => {
  const served = new Map(
    (kinds as readonly AnyKind[]).flatMap((kind) =>
      kind.served.map((version) => [`${apiVersionOf(version)} ${kind.kind}`, version] as const),
    ),
  );
  it.each(lifecycle.map((row) => [`${row.apiVersion} ${row.kind}`, row] as const))('%s', (name, row) => {
    if (minor(row.deprecated) > 34 || GONE.has(row.kind) || NEVER_ON.test(name)) return;
    const { deprecated, removed } = row;
    expect(served.get(name)?.deprecated?.message).toMatch(
      `${name} is deprecated in v${deprecated}+, unavailable in v${removed}+`,
    );
  });
});

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'nginx:1.7.9' }] } };

interface Case {
  /** The collection's path in the old version, without the API root. */
  path: string;
  kind: string;
  body: object;
  /** Today's path and what stands there. */
  now: [path: string, expected: object];
  /** What the old version shows again. */
  then: object;
}
const rule = (backend: object) => ({ host: 'h.example', http: { paths: [{ path: '/', ...backend }] } });
const oldBackend = { serviceName: 's', servicePort: 80 };
const backend = { service: { name: 's', port: { number: 80 } } };

const CASES: Case[] = [
  {
    path: 'extensions/v1beta1/namespaces/default/deployments',
    kind: 'Deployment',
    body: { spec: { template, rollbackTo: { revision: 3 } } },
    now: [
      'apps/v1/namespaces/default/deployments',
      {
        metadata: { labels: { app: 'a' } },
        spec: {
          selector: { matchLabels: { app: 'a' } },
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
          progressDeadlineSeconds: 2147483647,
          revisionHistoryLimit: 2147483647,
        },
      },
    ],
    then: { spec: { replicas: 1, selector: { matchLabels: { app: 'a' } } } },
  },
  {
    path: 'apps/v1beta1/namespaces/default/deployments',
    kind: 'Deployment',
    body: { spec: { template } },
    now: [
      'apps/v1/namespaces/default/deployments',
      { spec: { revisionHistoryLimit: 2, strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } } } },
    ],
    then: { spec: { revisionHistoryLimit: 2 } },
  },
  {
    path: 'apps/v1beta1/namespaces/default/statefulsets',
    kind: 'StatefulSet',
    body: { spec: { serviceName: 's', template } },
    now: [
      'apps/v1/namespaces/default/statefulsets',
      { spec: { updateStrategy: { type: 'OnDelete' }, podManagementPolicy: 'OrderedReady' } },
    ],
    then: { spec: { serviceName: 's' } },
  },
  {
    path: 'extensions/v1beta1/namespaces/default/daemonsets',
    kind: 'DaemonSet',
    body: { spec: { template } },
    now: ['apps/v1/namespaces/default/daemonsets', { spec: { updateStrategy: { type: 'OnDelete' } } }],
    then: { spec: { selector: { matchLabels: { app: 'a' } } } },
  },
  {
    path: 'extensions/v1beta1/namespaces/default/replicasets',
    kind: 'ReplicaSet',
    body: { spec: { template } },
    now: ['apps/v1/namespaces/default/replicasets', { spec: { selector: { matchLabels: { app: 'a' } } } }],
    then: { spec: { replicas: 1 } },
  },
  ...['extensions/v1beta1', 'networking.k8s.io/v1beta1'].map((version) => ({
    path: `${version}/namespaces/default/ingresses`,
    kind: 'Ingress',
    body: { spec: { backend: oldBackend, rules: [rule({ backend: oldBackend })] } },
    now: [
      'networking.k8s.io/v1/namespaces/default/ingresses',
      { spec: { defaultBackend: backend, rules: [rule({ backend, pathType: 'ImplementationSpecific' })] } },
    ] as [string, object],
    then: { spec: { backend: oldBackend, rules: [rule({ backend: oldBackend })] } },
  })),
  {
    path: 'extensions/v1beta1/namespaces/default/networkpolicies',
    kind: 'NetworkPolicy',
    body: { spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] } },
    now: ['networking.k8s.io/v1/namespaces/default/networkpolicies', { spec: { policyTypes: ['Ingress'] } }],
    then: { spec: { podSelector: {} } },
  },
  ...['batch/v1beta1', 'batch/v2alpha1'].map((version) => ({
    path: `${version}/namespaces/default/cronjobs`,
    kind: 'CronJob',
    body: {
      spec: {
        schedule: '*/5 * * * *',
        jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } },
      },
    },
    now: ['batch/v1/namespaces/default/cronjobs', { spec: { concurrencyPolicy: 'Allow' } }] as [string, object],
    then: { spec: { schedule: '*/5 * * * *', suspend: false } },
  })),
  {
    path: 'autoscaling/v2beta1/namespaces/default/horizontalpodautoscalers',
    kind: 'HorizontalPodAutoscaler',
    body: {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
        maxReplicas: 3,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 50 } }],
      },
    },
    now: [
      'autoscaling/v2/namespaces/default/horizontalpodautoscalers',
      {
        spec: {
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
          ],
        },
      },
    ],
    then: { spec: { metrics: [{ type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 50 } }] } },
  },
  {
    path: 'policy/v1beta1/namespaces/default/poddisruptionbudgets',
    kind: 'PodDisruptionBudget',
    body: { spec: { minAvailable: 1, selector: { matchLabels: { app: 'a' } } } },
    now: ['policy/v1/namespaces/default/poddisruptionbudgets', { spec: { minAvailable: 1 } }],
    then: { spec: { minAvailable: 1 } },
  },
  {
    path: 'rbac.authorization.k8s.io/v1alpha1/clusterrolebindings',
    kind: 'ClusterRoleBinding',
    body: {
      roleRef: { kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', name: '*' }],
    },
    now: [
      'rbac.authorization.k8s.io/v1/clusterrolebindings',
      {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:authenticated' }],
      },
    ],
    then: { roleRef: { kind: 'ClusterRole', name: 'view' } },
  },
  {
    path: 'rbac.authorization.k8s.io/v1beta1/namespaces/default/roles',
    kind: 'Role',
    body: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
    now: ['rbac.authorization.k8s.io/v1/namespaces/default/roles', { rules: [{ resources: ['pods'] }] }],
    then: { rules: [{ resources: ['pods'] }] },
  },
  {
    path: 'storage.k8s.io/v1beta1/csidrivers',
    kind: 'CSIDriver',
    body: { spec: { attachRequired: false } },
    now: ['storage.k8s.io/v1/csidrivers', { spec: { attachRequired: false, volumeLifecycleModes: ['Persistent'] } }],
    then: { spec: { attachRequired: false } },
  },
  {
    path: 'storage.k8s.io/v1beta1/storageclasses',
    kind: 'StorageClass',
    body: { provisioner: 'kubernetes.io/aws-ebs' },
    now: ['storage.k8s.io/v1/storageclasses', { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }],
    then: { provisioner: 'kubernetes.io/aws-ebs' },
  },
  {
    path: 'scheduling.k8s.io/v1alpha1/priorityclasses',
    kind: 'PriorityClass',
    body: { value: 10 },
    now: ['scheduling.k8s.io/v1/priorityclasses', { value: 10, preemptionPolicy: 'PreemptLowerPriority' }],
    then: { value: 10 },
  },
  {
    path: 'coordination.k8s.io/v1beta1/namespaces/default/leases',
    kind: 'Lease',
    body: { spec: { holderIdentity: 'me', leaseDurationSeconds: 5 } },
    now: ['coordination.k8s.io/v1/namespaces/default/leases', { spec: { holderIdentity: 'me' } }],
    then: { spec: { leaseDurationSeconds: 5 } },
  },
  {
    path: 'discovery.k8s.io/v1beta1/namespaces/default/endpointslices',
    kind: 'EndpointSlice',
    body: {
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.1'], topology: { 'kubernetes.io/hostname': 'n', 'a.example/b': 'c' } }],
    },
    now: [
      'discovery.k8s.io/v1/namespaces/default/endpointslices',
      { endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'n', deprecatedTopology: { 'a.example/b': 'c' } }] },
    ],
    then: { endpoints: [{ topology: { 'kubernetes.io/hostname': 'n', 'a.example/b': 'c' } }] },
  },
  {
    path: 'events.k8s.io/v1beta1/namespaces/default/events',
    kind: 'Event',
    body: {
      regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
      note: 'hello',
      reason: 'Test',
      type: 'Normal',
    },
    now: ['/api/v1/namespaces/default/events', { involvedObject: { name: 'p' }, message: 'hello' }],
    then: { regarding: { name: 'p' }, note: 'hello' },
  },
  {
    path: 'flowcontrol.apiserver.k8s.io/v1beta2/prioritylevelconfigurations',
    kind: 'PriorityLevelConfiguration',
    body: { spec: { type: 'Limited', limited: { assuredConcurrencyShares: 7, limitResponse: { type: 'Reject' } } } },
    now: [
      'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
      { spec: { limited: { nominalConcurrencyShares: 7 } } },
    ],
    then: { spec: { limited: { assuredConcurrencyShares: 7 } } },
  },
  {
    path: 'admissionregistration.k8s.io/v1beta1/validatingwebhookconfigurations',
    kind: 'ValidatingWebhookConfiguration',
    body: { webhooks: [{ name: 'a.b.example', clientConfig: { url: 'https://h.example' } }] },
    now: [
      'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
      { webhooks: [{ failurePolicy: 'Ignore', matchPolicy: 'Exact', timeoutSeconds: 30 }] },
    ],
    then: { webhooks: [{ name: 'a.b.example' }] },
  },
  {
    path: 'node.k8s.io/v1beta1/runtimeclasses',
    kind: 'RuntimeClass',
    body: { handler: 'gvisor' },
    now: ['node.k8s.io/v1/runtimeclasses', { handler: 'gvisor' }],
    then: { handler: 'gvisor' },
  },
];

const root = (path: string): string => (path.startsWith('/') ? path : `/apis/${path}`);
const warningOf = (headers: Record<string, unknown>): string => String(headers['warning'] ?? '');

describe.each(CASES.map((c) => [c.path, c] as const))('%s', (path, { kind, body, now, then }) => {
  const apiVersion = path.split('/').slice(0, 2).join('/');
  const name = `old-${apiVersion.replaceAll(/[^a-z0-9]/g, '-')}`;
  const manifest = { apiVersion, kind, metadata: { name }, ...body };
  const one = `${root(path)}/${name}`;

  it('is taken, stored as today’s, and shown in both', async () => {
    const created = await raw(server, 'POST', root(path), { body: manifest });
    const managedFields = [{ operation: 'Update', apiVersion }];
    expect(created.json).toMatchObject({ apiVersion, kind, ...then, metadata: { name, managedFields } });
    expect(created.status).toBe(201);
    const today = await raw(server, 'GET', `${root(now[0])}/${name}`);
    expect(today.json).toMatchObject({ kind, ...now[1] });
    expect(warningOf(today.headers)).toBe('');
    expect((await raw(server, 'GET', one)).json).toMatchObject({ apiVersion, kind, ...then });
    // What the old version shows can be sent back as it is, and changes nothing.
    const shown = (await raw(server, 'GET', one)).json as { metadata: { resourceVersion: string } };
    const put = await raw(server, 'PUT', one, { body: shown });
    expect(put.status, put.text).toBe(200);
    expect((put.json as typeof shown).metadata.resourceVersion).toBe(shown.metadata.resourceVersion);
  });

  it('warns on every verb', async () => {
    const text = `${apiVersion} ${kind} is deprecated in v1.`;
    const dryRun = `${one}?dryRun=All`;
    const type = (contentType: string) => ({ 'content-type': contentType });
    const answers = [
      await raw(server, 'GET', one),
      await raw(server, 'GET', root(path)),
      await raw(server, 'PATCH', dryRun, { body: '{}', headers: type('application/merge-patch+json') }),
      await raw(server, 'PATCH', `${dryRun}&fieldManager=t&force=true`, {
        body: manifest,
        headers: type('application/apply-patch+yaml'),
      }),
      await raw(server, 'DELETE', dryRun),
      await raw(server, 'DELETE', root(path) + '?dryRun=All'),
    ];
    for (const { status, headers, text: answered } of answers) {
      expect(status, answered).toBe(200);
      expect(warningOf(headers)).toContain(text);
      expect(warningOf(headers)).toContain('; use ');
    }
  });
});

describe('ownership of fields', () => {
  it('is kept by version: what was applied through an old one can be applied through today’s', async () => {
    const apply = (version: string, body: object) =>
      raw(server, 'PATCH', `/apis/${version}/namespaces/default/ingresses/owned?fieldManager=me`, {
        body: { apiVersion: version, kind: 'Ingress', metadata: { name: 'owned' }, spec: body },
        headers: { 'content-type': 'application/apply-patch+yaml' },
      });
    const first = await apply('networking.k8s.io/v1beta1', { backend: oldBackend });
    expect(first.status, first.text).toBe(201);
    const path = '/apis/networking.k8s.io/v1/namespaces/default/ingresses/owned';
    const managers = async () => {
      const { json } = await raw(server, 'GET', path);
      return (json as { metadata: { managedFields: object[] } }).metadata.managedFields;
    };
    expect(await managers()).toMatchObject([
      { manager: 'me', operation: 'Apply', apiVersion: 'networking.k8s.io/v1beta1' },
    ]);
    const second = await apply('networking.k8s.io/v1', {
      defaultBackend: { service: { name: 't', port: { number: 1 } } },
    });
    expect(second.status, second.text).toBe(200);
    expect(second.json).toMatchObject({ spec: { defaultBackend: { service: { name: 't', port: { number: 1 } } } } });
    expect(await managers()).toMatchObject([{ manager: 'me', operation: 'Apply', apiVersion: 'networking.k8s.io/v1' }]);
    expect(await managers()).toHaveLength(1);
  });

  it('of a status applied through an old version leaves the rest of it', async () => {
    const path = '/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets';
    const type = { apiVersion: 'policy/v1beta1', kind: 'PodDisruptionBudget', metadata: { name: 'counted' } };
    await raw(server, 'POST', path, { body: { ...type, spec: { selector: { matchLabels: { a: 'b' } } } } });
    const applied = await raw(server, 'PATCH', `${path}/counted/status?fieldManager=counter&force=true`, {
      body: { ...type, status: { currentHealthy: 5 } },
      headers: { 'content-type': 'application/apply-patch+yaml' },
    });
    expect(applied.status, applied.text).toBe(200);
    expect(applied.json).toMatchObject({ status: { currentHealthy: 5, expectedPods: 0, disruptionsAllowed: 0 } });
    const { managedFields } = (applied.json as { metadata: { managedFields: { manager: string }[] } }).metadata;
    expect(managedFields.map(({ manager }) => manager)).toContain('counter');
    expect(managedFields).toHaveLength(2);
  });

  it('is defended across versions', async () => {
    const apply = (version: string, manager: string, replicas: number) =>
      raw(server, 'PATCH', `/apis/${version}/namespaces/default/deployments/shared?fieldManager=${manager}`, {
        body: {
          apiVersion: version,
          kind: 'Deployment',
          metadata: { name: 'shared' },
          spec: { replicas, selector: { matchLabels: { app: 'a' } }, template },
        },
        headers: { 'content-type': 'application/apply-patch+yaml' },
      });
    expect((await apply('apps/v1beta2', 'first', 1)).status).toBe(201);
    const other = await apply('apps/v1', 'second', 2);
    expect(other).toMatchObject({ status: 409, json: { reason: 'Conflict' } });
    expect(other.text).toContain('conflict with \\"first\\": .spec.replicas');
  });
});
