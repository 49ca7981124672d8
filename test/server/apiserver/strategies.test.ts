// What the strategies of kinds do on the way through the API: what an endpoint keeps of the object as it is, what counts
// for its generation, which fields are forgotten, and in which order tables show objects.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

interface Answer {
  message?: string;
  metadata: { generation?: number; annotations?: object; labels?: object; ownerReferences?: object[] };
  spec: Record<string, unknown>;
  status: Record<string, unknown>;
  rows: { cells: unknown[] }[];
}
async function ask(method: string, path: string, body?: object, accept?: string) {
  const headers: Record<string, string> = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {};
  if (accept) headers['accept'] = accept;
  const { status, json, headers: answered } = await raw(server, method, path, { ...(body ? { body } : {}), headers });
  return { code: status, json: json as unknown as Answer, warnings: String(answered['warning'] ?? '') };
}

const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const podOf = (spec: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', ...metadata },
  spec: { containers: [{ name: 'c', image: 'i:1' }], ...spec },
});
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', labels: { a: 'b' } },
  spec: {
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
  },
};

describe('the status endpoint', () => {
  const CHANGED = { labels: { x: 'y' }, annotations: { n: '1' } };

  it('of pods leaves owners alone, and fills in what old nodes leave out', async () => {
    await ask('POST', pods, podOf({}));
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' };
    const seen = { observedGeneration: 1, conditions: [{ type: 'Ready', status: 'True', observedGeneration: 1 }] };
    await ask('PATCH', `${pods}/p/status`, { status: seen });
    const { json } = await ask('PATCH', `${pods}/p/status`, {
      metadata: { ...CHANGED, ownerReferences: [owner] },
      status: { qosClass: null, observedGeneration: null, conditions: [{ type: 'Ready', status: 'False' }] },
    });
    expect(json.metadata.ownerReferences).toBeUndefined();
    expect(json.metadata).toMatchObject(CHANGED);
    expect(json.status).toMatchObject({
      qosClass: 'BestEffort',
      observedGeneration: 1,
      conditions: [{ type: 'Ready', status: 'False', observedGeneration: 1 }],
    });
  });

  it('of deployments leaves labels alone', async () => {
    await ask('POST', deployments, deployment);
    const { json } = await ask('PATCH', `${deployments}/d/status`, { metadata: CHANGED, status: { replicas: 2 } });
    expect(json.metadata.labels).toEqual({ a: 'b' });
    expect(json.metadata.annotations).toEqual({ n: '1' });
    expect(json.status).toEqual({ replicas: 2 });
  });

  it('of custom resources leaves all metadata alone', async () => {
    const version = {
      name: 'v1',
      served: true,
      storage: true,
      subresources: { status: {} },
      schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    };
    await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'boats.example.com' },
      spec: {
        group: 'example.com',
        names: { kind: 'Boat', plural: 'boats' },
        scope: 'Namespaced',
        versions: [version],
      },
    });
    const boats = '/apis/example.com/v1/namespaces/default/boats';
    const boat = { apiVersion: 'example.com/v1', kind: 'Boat', metadata: { name: 'b', labels: { a: 'b' } } };
    await ask('POST', boats, boat);
    const { json } = await ask('PATCH', `${boats}/b/status`, { metadata: CHANGED, status: { afloat: true } });
    expect(json.metadata.labels).toEqual({ a: 'b' });
    expect(json.metadata.annotations).toBeUndefined();
    expect(json.status).toEqual({ afloat: true });
  });
});

it('annotations of deployments, labels of endpoint slices count for the generation, those of others do not', async () => {
  await ask('POST', deployments, deployment);
  const annotated = { metadata: { annotations: { n: '1' } } };
  expect((await ask('PATCH', `${deployments}/d`, annotated)).json.metadata.generation).toBe(2);
  expect((await ask('PATCH', `${deployments}/d`, { metadata: { labels: { n: '1' } } })).json.metadata.generation).toBe(
    2,
  );
  const sets = deployments.replace('deployments', 'replicasets');
  await ask('POST', sets, { ...deployment, kind: 'ReplicaSet' });
  expect((await ask('PATCH', `${sets}/d`, annotated)).json.metadata.generation).toBe(1);
  const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
  const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 's' } };
  await ask('POST', slices, { ...slice, addressType: 'IPv4', endpoints: [] });
  expect((await ask('PATCH', `${slices}/s`, annotated)).json.metadata.generation).toBe(1);
  expect((await ask('PATCH', `${slices}/s`, { metadata: { labels: { n: '1' } } })).json.metadata.generation).toBe(2);
});

it('the generation of priority classes stays, that of drivers begins with their first change', async () => {
  const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
  await ask('POST', classes, { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'p' } });
  expect((await ask('PATCH', `${classes}/p`, { description: 'x' })).json.metadata.generation).toBe(1);
  const drivers = '/apis/storage.k8s.io/v1/csidrivers';
  const driver = { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name: 'd' }, spec: {} };
  expect((await ask('POST', drivers, driver)).json.metadata.generation).toBeUndefined();
  const changed = { spec: { requiresRepublish: true } };
  expect((await ask('PATCH', `${drivers}/d`, changed)).json.metadata.generation).toBe(1);
});

describe('pods', () => {
  it('lose what is off, and are told of AppArmor annotations but once', async () => {
    const key = 'container.apparmor.security.beta.kubernetes.io/c';
    const annotations = { [key]: 'runtime/default' };
    const made = await ask('POST', pods, podOf({ hostnameOverride: 'h' }, { annotations }));
    expect(made.json.spec['hostnameOverride']).toBeUndefined();
    expect(made.json.spec['containers']).toMatchObject([
      { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } },
    ]);
    expect(made.warnings).toBe(
      `299 - "metadata.annotations[${key}]: deprecated since v1.30; use the \\"appArmorProfile\\" field instead"`,
    );
    expect((await ask('PATCH', `${pods}/p`, { metadata: { labels: { a: 'b' } } })).warnings).toBe('');
  });

  it('keep their ephemeral containers only if an update names them', async () => {
    await ask('POST', pods, podOf({}));
    const ephemeralContainers = [{ name: 'e', image: 'i:1' }];
    await ask('PATCH', `${pods}/p/ephemeralcontainers`, { spec: { ephemeralContainers } });
    const { json } = await ask('GET', `${pods}/p`);
    expect((await ask('PUT', `${pods}/p`, json)).code).toBe(200);
    const { ephemeralContainers: _gone, ...spec } = json.spec;
    const refused = await ask('PUT', `${pods}/p`, { ...json, spec });
    expect(refused.code).toBe(422);
    expect(refused.json.message).toContain('spec: Forbidden: pod updates may not change fields other than');
  });

  it('are resized container by container, in their order', async () => {
    const resources = { requests: { cpu: '100m' } };
    const [a, b] = ['a', 'b'].map((name) => ({ name, image: 'i:1', resources }));
    await ask('POST', pods, podOf({ containers: [a, b] }));
    const resized = { ...a, image: 'other', resources: { requests: { cpu: '200m' } } };
    const { json } = await ask('PATCH', `${pods}/p/resize`, {
      metadata: { labels: { x: 'y' } },
      spec: { containers: [resized, b], nodeName: 'n' },
    });
    expect(json.spec['containers']).toMatchObject([
      { name: 'a', image: 'i:1', resources: { requests: { cpu: '200m' } } },
      { name: 'b', resources },
    ]);
    expect(json.spec['nodeName']).toBeUndefined();
    expect(json.metadata.labels).toBeUndefined();
    const order = await ask('PATCH', `${pods}/p/resize`, { spec: { containers: [b, a] } });
    const why = (i: number) =>
      `spec.containers[${i}].name: Forbidden: containers may not be renamed or reordered on resize`;
    expect(order.json.message).toBe(`Pod "p" is invalid: [${why(0)}, ${why(1)}]`);
    const fewer = await ask('PATCH', `${pods}/p/resize`, { spec: { containers: [a] } });
    expect(fewer.json.message).toBe(
      'Pod "p" is invalid: spec.containers: Forbidden: containers may not be added or removed on resize',
    );
  });
});

it('tables show flow schemas by their precedence', async () => {
  const path = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas';
  for (const [name, matchingPrecedence] of Object.entries({ a: 300, b: 100, c: 200, d: 100 })) {
    await ask('POST', path, {
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
      kind: 'FlowSchema',
      metadata: { name },
      spec: { matchingPrecedence, priorityLevelConfiguration: { name: 'x' } },
    });
  }
  const { json } = await ask('GET', path, undefined, 'application/json;as=Table;v=v1;g=meta.k8s.io');
  const shown = json.rows.map(({ cells }) => cells[0]).filter((name) => (name as string).length === 1);
  expect(shown).toEqual(['b', 'd', 'c', 'a']);
});
