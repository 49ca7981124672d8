// Upstream's entries on conversion webhooks and the aggregator (sig-api-machinery, test/e2e/apimachinery/
// {crd_conversion_webhook,aggregator}.go): a whole server, and the programs behind services.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, type Cluster, type Doc, startCluster } from './api.ts';
import type { Answer, Call } from '../support/https-server.ts';
import { type ServiceProgram, conversionProgram, serveBehind } from './extension-programs.ts';

let cluster: Cluster;
let api: Api;
beforeAll(async () => {
  cluster = await startCluster();
  api = cluster.api;
});
afterAll(() => cluster.close());

describe('Custom Resource Definition Conversion Webhook', () => {
  const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const GROUP = 'stable.example.com';
  const objects = (version: string) => `/apis/${GROUP}/${version}/namespaces/default/e2etestcrds`;
  const versions = (stored: string) =>
    [
      ['v1', { hostPort: { type: 'string' } }],
      ['v2', { host: { type: 'string' }, port: { type: 'string' } }],
    ].map(([name, properties]) => ({
      name,
      served: true,
      storage: name === stored,
      schema: { openAPIV3Schema: { type: 'object', properties } },
    }));
  let program: ServiceProgram;
  beforeAll(async () => {
    program = await serveBehind(api, 'default', 'e2e-test-crd-conversion-webhook', conversionProgram);
    await api.post(CRDS, {
      metadata: { name: `e2etestcrds.${GROUP}` },
      spec: {
        group: GROUP,
        scope: 'Namespaced',
        names: { plural: 'e2etestcrds', kind: 'E2eTestCrd' },
        versions: versions('v1'),
        conversion: {
          strategy: 'Webhook',
          webhook: { clientConfig: program.reference('/crdconvert'), conversionReviewVersions: ['v1', 'v1beta1'] },
        },
      },
    });
  });
  afterAll(() => program.close());
  const make = (name: string) =>
    api.post(objects('v1'), {
      apiVersion: `${GROUP}/v1`,
      kind: 'E2eTestCrd',
      metadata: { name },
      hostPort: 'localhost:8080',
    });

  it('convert from CR v1 to CR v2', async () => {
    await make('cr-instance-1');
    expect(await api.get(`${objects('v2')}/cr-instance-1`)).toMatchObject({
      apiVersion: `${GROUP}/v2`,
      host: 'localhost',
      port: '8080',
    });
  });

  it('convert a non homogeneous list of CRs', async () => {
    await api.patch(
      `${CRDS}/e2etestcrds.${GROUP}`,
      [{ op: 'replace', path: '/spec/versions', value: versions('v2') }],
      'json',
    );
    await make('cr-instance-2');
    const { status } = await api.get(`${CRDS}/e2etestcrds.${GROUP}`);
    expect((status as Doc)['storedVersions']).toEqual(['v1', 'v2']);
    for (const [version, fields] of [
      ['v1', { hostPort: 'localhost:8080' }],
      ['v2', { host: 'localhost', port: '8080' }],
    ] as const) {
      const items = await api.items(objects(version));
      expect(items.map((item) => item.metadata.name)).toEqual(['cr-instance-1', 'cr-instance-2']);
      for (const item of items) expect(item).toMatchObject({ apiVersion: `${GROUP}/${version}`, ...fields });
    }
  });
});

describe('aggregator-supports-the-sample-apiserver', () => {
  const GROUP = 'wardle.example.com';
  const SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
  const name = `v1alpha1.${GROUP}`;
  const flunders = new Map<string, Doc>();
  let program: ServiceProgram;

  /** Upstream's sample-apiserver, as far as its test goes. */
  function sample({ path, method, body }: Call): Answer {
    const list = `/apis/${GROUP}/v1alpha1/namespaces/default/flunders`;
    const status =
      (code: number): Answer =>
      (response) => {
        response.writeHead(code, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify({
            kind: 'Status',
            apiVersion: 'v1',
            status: code < 400 ? 'Success' : 'Failure',
            code,
            reason: 'NotFound',
            message: path,
          }),
        );
      };
    if (path === `/apis/${GROUP}/v1alpha1`) {
      const resource = {
        name: 'flunders',
        singularName: 'flunder',
        namespaced: true,
        kind: 'Flunder',
        verbs: ['create', 'delete', 'get', 'list'],
      };
      return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${GROUP}/v1alpha1`, resources: [resource] };
    }
    if (path === list && method === 'POST') {
      const object = body as Doc;
      flunders.set(object.metadata.name as string, object);
      return object;
    }
    if (path === list) {
      const items = [...flunders.values()];
      if (method === 'DELETE') flunders.clear();
      return { kind: 'FlunderList', apiVersion: `${GROUP}/v1alpha1`, metadata: {}, items };
    }
    const found = flunders.get(path.slice(list.length + 1));
    if (!path.startsWith(`${list}/`) || !found) return status(404);
    if (method === 'DELETE') flunders.delete(found.metadata.name as string);
    return method === 'DELETE' ? status(200) : found;
  }

  const availability = async () =>
    (
      (await api.get(SERVICES + `/${name}`))['status']?.conditions as
        { type: string; status: string; reason: string }[] | undefined
    )?.find((c) => c.type === 'Available');

  beforeAll(async () => {
    const authentication = await api.get(
      '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication',
    );
    expect(Object.keys(authentication['data'] as object)).toEqual([
      'client-ca-file',
      'requestheader-allowed-names',
      'requestheader-client-ca-file',
      'requestheader-extra-headers-prefix',
      'requestheader-group-headers',
      'requestheader-uid-headers',
      'requestheader-username-headers',
    ]);
    program = await serveBehind(api, 'default', 'sample-api', sample, {
      clientCa: authentication['data']['requestheader-client-ca-file'],
    });
  });
  afterAll(() => program.close());

  it('is registered, found and used', async () => {
    await api.post(SERVICES, {
      metadata: { name },
      spec: {
        service: { namespace: 'default', name: 'sample-api', port: 8443 },
        group: GROUP,
        version: 'v1alpha1',
        caBundle: program.caBundle,
        groupPriorityMinimum: 2000,
        versionPriority: 200,
      },
    });
    await api.until(availability, (condition) => condition?.status === 'True');
    const listed = `/apis/${GROUP}/v1alpha1/namespaces/default/flunders`;
    const flunder = {
      apiVersion: `${GROUP}/v1alpha1`,
      kind: 'Flunder',
      metadata: { name: 'rest-flunder', namespace: 'default' },
      spec: {},
    };
    await api.post(listed, flunder);
    expect(await api.items(listed)).toHaveLength(1);
    const last = program.calls.at(-1)!;
    expect([last.client, last.headers['x-remote-user']]).toEqual(['front-proxy-client', 'kubernetes-admin']);
    await api.del(`${listed}/rest-flunder`);
    expect((await api.failure(api.get(`${listed}/rest-flunder`))).code).toBe(404);
    const groups = (await api.get('/apis'))['groups'] as { name: string }[];
    expect(groups.map((g) => g.name)).toContain(GROUP);
    const resources = (await api.get(`/apis/${GROUP}/v1alpha1`))['resources'] as { name: string }[];
    expect(resources.map((r) => r.name)).toEqual(['flunders']);
  });

  it('is asked with the rights of who asks', async () => {
    const user = { name: 'bob', groups: ['dev', 'system:authenticated'] };
    const path = `/apis/${GROUP}/v1alpha1/namespaces/default/flunders`;
    const refused = await api.failure(cluster.as(user).get(path));
    expect(refused.message).toContain('User "bob" cannot list resource "flunders" in API group "wardle.example.com"');
  });

  it('has a status, labels and a priority that can be changed', async () => {
    const path = `${SERVICES}/${name}`;
    expect((await api.get(`${path}/status`))['spec'].versionPriority).toBe(200);
    const patched = await api.patch(path, { spec: { versionPriority: 400 } }, 'strategic');
    expect(patched['spec'].versionPriority).toBe(400);
    const labelled = await api.get(path);
    labelled.metadata.labels = { e2e: 'sample' };
    await api.put(path, labelled);
    expect(await api.items(`${SERVICES}?labelSelector=e2e=sample`)).toHaveLength(1);
    const condition = { type: 'StatusUpdated', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
    const now = await api.get(`${path}/status`);
    await api.put(`${path}/status`, { ...now, status: { conditions: [...now['status'].conditions, condition] } });
    const conditions = (await api.get(path))['status'].conditions as { type: string }[];
    expect(conditions.map((c) => c.type)).toEqual(['Available', 'StatusUpdated']);
  });

  it('goes away with its object', async () => {
    await api.del(`${SERVICES}?labelSelector=e2e=sample`);
    await api.gone(`${SERVICES}/${name}`);
    expect((await api.failure(api.get(`/apis/${GROUP}/v1alpha1/flunders`))).code).toBe(404);
  });
});
