// What single kinds do at the API beside their fields' rules: what the server writes, warns of and keeps.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

type Answer = Record<string, never> & { message?: string; metadata: { annotations?: Record<string, string> } };
async function ask(method: string, path: string, body?: object) {
  const headers: Record<string, string> = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {};
  const { status, json, headers: answered } = await raw(server, method, path, { ...(body ? { body } : {}), headers });
  return { code: status, json: json as Answer, warnings: String(answered['warning'] ?? '') };
}

const template = (image: string) => ({
  metadata: { labels: { a: 'b' } },
  spec: { containers: [{ name: 'c', image }] },
});
const selector = { matchLabels: { a: 'b' } };

it('a daemon set counts the generations of its template in an annotation', async () => {
  const path = '/apis/apps/v1/namespaces/default/daemonsets';
  const set = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'd' } };
  const counted = ({ json }: { json: Answer }) =>
    json.metadata.annotations?.['deprecated.daemonset.template.generation'];
  expect(counted(await ask('POST', path, { ...set, spec: { selector, template: template('i:1') } }))).toBe('1');
  expect(counted(await ask('PATCH', `${path}/d`, { metadata: { annotations: null } }))).toBe('1');
  expect(counted(await ask('PATCH', `${path}/d`, { spec: { template: template('i:2') } }))).toBe('2');
  expect(counted(await ask('PATCH', `${path}/d`, { spec: { minReadySeconds: 2 } }))).toBe('2');
});

it('the priority classes of the system are not deleted', async () => {
  const path = '/apis/scheduling.k8s.io/v1/priorityclasses';
  const critical = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', value: 2_000_000_000 };
  await ask('POST', path, { ...critical, metadata: { name: 'system-cluster-critical' } });
  const { code, json } = await ask('DELETE', `${path}/system-cluster-critical`);
  expect([code, json.message]).toEqual([
    403,
    'priorityclasses.scheduling.k8s.io "system-cluster-critical" is forbidden: this is a system priority class and cannot be deleted',
  ]);
});

it('v1beta1 webhooks may have unknown side effects', async () => {
  const group = 'admissionregistration.k8s.io';
  const hook = {
    name: 'a.example.com',
    clientConfig: { url: 'https://127.0.0.1:1/' },
    rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
  };
  const made = (version: string) => ({
    apiVersion: `${group}/${version}`,
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: version },
    webhooks: [{ ...hook, sideEffects: version === 'v1' ? 'Unknown' : undefined, admissionReviewVersions: ['v1'] }],
  });
  const post = (version: string) =>
    ask('POST', `/apis/${group}/${version}/validatingwebhookconfigurations`, made(version));
  expect((await post('v1')).json.message).toContain('Unsupported value: "Unknown"');
  const { code, json } = await post('v1beta1');
  expect([code, (json as { webhooks?: { sideEffects: string }[] }).webhooks?.[0]!.sideEffects]).toEqual([
    201,
    'Unknown',
  ]);
});

it('a stateful set warns of fractional bytes in its claims', async () => {
  const claim = (storage: string) => ({
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
  });
  const { warnings } = await ask('POST', '/apis/apps/v1/namespaces/default/statefulsets', {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 's' },
    spec: { selector, template: template('i:1'), volumeClaimTemplates: [claim('1500m')] },
  });
  expect(warnings).toContain(
    'spec.volumeClaimTemplates[0].spec.resources.requests[storage]: fractional byte value \\"1500m\\" is invalid, must be an integer',
  );
});

it('secrets, config maps and services are told first what may not change', async () => {
  const of = (kind: string, more: object) => ({ apiVersion: 'v1', kind, metadata: { name: 'a' }, ...more });
  const path = (plural: string) => `/api/v1/namespaces/default/${plural}`;
  const refused = async (plural: string, change: object) => {
    const { json } = await ask('PATCH', `${path(plural)}/a`, change);
    const { details } = json as unknown as { details: { causes: { field: string }[] } };
    return details.causes.map(({ field }) => field);
  };
  await ask('POST', path('secrets'), of('Secret', { type: 'Opaque' }));
  expect(await refused('secrets', { type: 'kubernetes.io/tls', data: { '?': '' } })).toEqual([
    'type',
    'data[?]',
    'data[tls.crt]',
    'data[tls.key]',
  ]);
  await ask('POST', path('configmaps'), of('ConfigMap', { immutable: true }));
  expect(await refused('configmaps', { data: { '?': '' } })).toEqual(['data', 'data[?]']);
  await ask('POST', path('services'), of('Service', { spec: { ports: [{ port: 80 }] } }));
  const spec = { clusterIP: '10.96.0.77', clusterIPs: ['10.96.0.77'], sessionAffinity: 'x' };
  expect(await refused('services', { spec })).toEqual(['spec.clusterIPs[0]', 'spec.sessionAffinity']);
});

it('a volume says when its phase changed', async () => {
  const path = '/api/v1/persistentvolumes';
  const source = { hostPath: { path: '/tmp' }, capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] };
  await ask('POST', path, { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'v' }, spec: source });
  const since = async (status: object) => {
    const { json } = await ask('PATCH', `${path}/v/status`, { status });
    return (json as unknown as { status: { lastPhaseTransitionTime: string } }).status.lastPhaseTransitionTime;
  };
  const told = '2001-01-01T00:00:00Z';
  expect(await since({ phase: 'Available', lastPhaseTransitionTime: told })).toBe(told);
  expect(await since({ message: 'm' })).toBe(told);
  expect(await since({ phase: 'Released' })).not.toBe(told);
});
