// Upstream's entries on custom resource definitions, OpenAPI publishing and field validation (sig-api-machinery).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, type Cluster, startCluster } from './api.ts';

let cluster: Cluster;
let api: Api;
beforeAll(async () => {
  cluster = await startCluster();
  api = cluster.api;
});
afterAll(() => cluster.close());

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
let count = 0;
interface Definition {
  group: string;
  plural: string;
  kind: string;
  at: string;
  /** The collection of a version. */
  objects(version?: string): string;
}
const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const version = (name: string, schema: object = anything, more: object = {}) => ({
  name,
  served: true,
  storage: false,
  schema: { openAPIV3Schema: schema },
  ...more,
});

async function define(versions: object[], scope = 'Cluster', more: object = {}): Promise<Definition> {
  const n = ++count;
  const [group, plural, kind] = [`g${n}.example.com`, `noxus${n}`, `Noxu${n}`];
  await api.post(CRDS, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { plural, kind },
      versions: versions.map((v, i) => ({ ...v, storage: i === 0 })),
      ...more,
    },
  });
  return {
    group,
    plural,
    kind,
    at: `${CRDS}/${plural}.${group}`,
    objects: (v = 'v1beta1') => `/apis/${group}/${v}/${plural}`,
  };
}

describe('definitions', () => {
  it('Custom Resource Definition, create', async () => {
    const d = await define([version('v1beta1')]);
    await api.del(d.at);
    await api.gone(d.at);
    expect(await api.failure(api.get(d.objects()))).toMatchObject({ code: 404 });
  });

  it('Custom Resource Definition, watch', async () => {
    const d = await define([version('v1beta1')]);
    const watch = api.watch(d.objects());
    const make = (name: string) =>
      api.post(d.objects(), {
        apiVersion: `${d.group}/v1beta1`,
        kind: d.kind,
        metadata: { name },
        content: { key: 'value' },
      });
    for (const name of ['name1', 'name2']) {
      await make(name);
      expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { kind: d.kind, metadata: { name } } });
    }
    for (const name of ['name1', 'name2']) {
      await api.patch(`${d.objects()}/${name}`, { dummy: 'test' });
      expect(await watch.next()).toMatchObject({
        type: 'MODIFIED',
        object: { dummy: 'test', metadata: { name, generation: 2 } },
      });
    }
    for (const name of ['name1', 'name2']) {
      expect(await api.del(`${d.objects()}/${name}`)).toMatchObject({
        kind: 'Status',
        status: 'Success',
        details: { name, kind: d.plural, group: d.group },
      });
      expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name } } });
    }
    expect(await api.failure(api.patch(`${d.objects()}/name1`, [], 'strategic'))).toMatchObject({
      code: 415,
      message: expect.stringContaining(
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
      ),
    });
    watch.close();
  });

  it('Custom Resource Definition, status sub-resource', async () => {
    const d = await define([version('v1beta1')]);
    const current = await api.get(`${d.at}/status`);
    expect(current.metadata['selfLink']).toBeUndefined();
    const condition = (type: string) => ({ type, status: 'True', reason: 'E2E', message: 'Set from an e2e test' });
    current['status'].conditions.push(condition('StatusUpdate'));
    const updated = await api.put(`${d.at}/status`, current);
    expect(updated['status'].conditions.at(-1)).toMatchObject(condition('StatusUpdate'));
    const patched = await api.patch(`${d.at}/status`, {
      metadata: { annotations: { patched: 'x' } },
      status: { conditions: [condition('StatusPatched')] },
    });
    expect(patched['status'].conditions).toMatchObject([condition('StatusPatched')]);
    // As upstream's test does it: conditions that say a message and nothing else.
    const bare = await api.get(`${d.at}/status`);
    bare['status'].conditions.push({ type: '', status: '', lastTransitionTime: null, message: 'updated' });
    expect((await api.put(`${d.at}/status`, bare))['status'].conditions.at(-1)).toMatchObject({ message: 'updated' });
    const patch = [{ op: 'add', path: '/status/conditions', value: [{ message: 'patched' }] }];
    const { status } = await api.patch(`${d.at}/status`, patch, 'json');
    expect(status.conditions).toEqual([{ message: 'patched' }]);
    // What the server says of a definition comes back.
    await api.until(
      () => api.get(d.at),
      (crd) => crd['status'].conditions.some((c: { type: string }) => c.type === 'Established'),
      'established again',
    );
    expect(await api.items(d.objects('v1beta1'))).toEqual([]);
  });

  it('Custom Resource Definition, defaulting', async () => {
    const schema = (a: object, b: object) => ({
      ...anything,
      properties: { a: { type: 'string', ...a }, b: { type: 'string', ...b } },
    });
    const d = await define([version('v1', schema({}, {}))]);
    const make = (name: string) =>
      api.post(d.objects('v1'), { apiVersion: `${d.group}/v1`, kind: d.kind, metadata: { name } });
    const put = (a: object, b: object) =>
      api.patch(
        d.at,
        [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema', value: schema(a, b) }],
        'json',
      );
    expect((await make('one'))['a']).toBeUndefined();
    await put({ default: 'A' }, {});
    // From storage: what was stored before has the default when it is read.
    await api.until(
      () => api.get(`${d.objects('v1')}/one`),
      (o) => o['a'] === 'A',
    );
    expect((await make('two'))['a']).toBe('A');
    await put({}, { default: 'B' });
    const two = await api.until(
      () => api.get(`${d.objects('v1')}/two`),
      (o) => o['b'] === 'B',
    );
    expect(two['a']).toBe('A');
    const items = await api.items(d.objects('v1'));
    expect(items.map((o) => [o.metadata.name, o['a'], o['b']])).toEqual([
      ['one', undefined, 'B'],
      ['two', 'A', 'B'],
    ]);
  });

  it('Custom Resource Definition, selectable fields', async () => {
    const schema = { type: 'object', properties: { host: { type: 'string' }, port: { type: 'integer' } } };
    const d = await define([
      version('v1', schema, { selectableFields: [{ jsonPath: '.host' }, { jsonPath: '.port' }] }),
    ]);
    for (const [name, host] of [
      ['a', 'x'],
      ['b', 'y'],
    ])
      await api.post(d.objects('v1'), {
        apiVersion: `${d.group}/v1`,
        kind: d.kind,
        metadata: { name },
        host,
        port: 80,
      });
    expect(
      (await api.items(`${d.objects('v1')}?fieldSelector=host%3Dx,port%3D80`)).map((o) => o.metadata.name),
    ).toEqual(['a']);
    const watch = api.watch(`${d.objects('v1')}?fieldSelector=host%3Dx`);
    await api.patch(`${d.objects('v1')}/a`, { host: 'y' });
    expect((await watch.take(2)).map((e) => e.type)).toEqual(['ADDED', 'DELETED']);
    watch.close();
    expect(await api.failure(api.get(`${d.objects('v1')}?fieldSelector=frog%3Dx`))).toMatchObject({
      code: 400,
      message: 'field label not supported: frog',
    });
    await api.del(`${d.objects('v1')}?fieldSelector=host%3Dy`);
    expect(await api.items(d.objects('v1'))).toHaveLength(0);
  });

  it('versions convert by their apiVersion alone, and names that clash are not accepted', async () => {
    const d = await define([version('v1beta1'), version('v1')]);
    await api.post(d.objects('v1beta1'), {
      apiVersion: `${d.group}/v1beta1`,
      kind: d.kind,
      metadata: { name: 'a' },
      x: 1,
    });
    expect(await api.get(`${d.objects('v1')}/a`)).toMatchObject({ apiVersion: `${d.group}/v1`, x: 1 });
    const clash = await api.post(CRDS, {
      metadata: { name: `others.${d.group}` },
      spec: {
        group: d.group,
        scope: 'Cluster',
        names: { plural: 'others', kind: d.kind },
        versions: [{ ...version('v1'), storage: true }],
      },
    });
    const clashed = await api.until(
      () => api.get(`${CRDS}/${clash.metadata.name}`),
      (o) => o['status']?.conditions?.length > 0,
    );
    expect(clashed['status'].conditions).toMatchObject([
      { type: 'NamesAccepted', status: 'False', reason: 'ListKindConflict' },
      { type: 'Established', status: 'False' },
    ]);
  });

  it('groups of Kubernetes itself need an approval', async () => {
    const make = (annotations: object) =>
      api.post(CRDS, {
        metadata: { name: 'xs.y.k8s.io', annotations },
        spec: {
          group: 'y.k8s.io',
          scope: 'Cluster',
          names: { plural: 'xs', kind: 'X' },
          versions: [{ ...version('v1'), storage: true }],
        },
      });
    expect((await api.failure(make({}))).message).toContain(
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation',
    );
    await make({ 'api-approved.kubernetes.io': 'unapproved, a test' });
  });
});

describe('OpenAPI publishing', () => {
  const published = async (d: Definition, v: string) => {
    const name = `com.example.${d.group.split('.')[0]}.${v}.${d.kind}`;
    const v2 = (await api.get('/openapi/v2'))['definitions'][name];
    const index = await api.get('/openapi/v3');
    const entry = index['paths'][`apis/${d.group}/${v}`];
    const v3 = entry && (await api.get(entry.serverRelativeURL))['components'].schemas[name];
    return { v2, v3 };
  };
  const schema = {
    type: 'object',
    description: 'Foo CRD for Testing',
    properties: {
      spec: {
        type: 'object',
        description: 'Specification of Foo',
        properties: {
          bars: {
            type: 'array',
            items: {
              type: 'object',
              required: ['name'],
              properties: { name: { type: 'string' }, age: { type: 'string' } },
            },
          },
        },
      },
    },
  };

  it('Custom Resource OpenAPI Publish, with validation schema', async () => {
    const { v2, v3 } = await published(await define([version('v1', schema)]), 'v1');
    for (const document of [v2, v3]) {
      expect(document).toMatchObject({
        description: 'Foo CRD for Testing',
        properties: {
          apiVersion: { type: 'string' },
          spec: { properties: { bars: { items: { required: ['name'] } } } },
        },
      });
      expect(document['x-kubernetes-group-version-kind']).toMatchObject([{ version: 'v1' }]);
    }
  });

  it('Custom Resource OpenAPI Publish, with x-kubernetes-preserve-unknown-fields at root, in object, in embedded object', async () => {
    const root = await published(await define([version('v1', anything)]), 'v1');
    const { 'x-kubernetes-group-version-kind': _, ...rootV2 } = root.v2;
    expect(rootV2).toEqual({ type: 'object' });
    expect(root.v3['x-kubernetes-preserve-unknown-fields']).toBe(true);
    const nested = {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            inner: {
              ...anything,
              'x-kubernetes-embedded-resource': true,
              properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' } },
            },
          },
        },
      },
    };
    const embedded = await published(await define([version('v1', nested)]), 'v1');
    expect(embedded.v3.properties.spec.properties.inner).toMatchObject({
      'x-kubernetes-preserve-unknown-fields': true,
    });
  });

  it('Custom Resource OpenAPI Publish, varying groups, versions, kinds; stop serving version; version rename', async () => {
    const d = await define([version('v1', schema), version('v2', schema), version('v3', schema)]);
    const other = await define([version('v4', schema)]);
    for (const v of ['v1', 'v2', 'v3']) expect((await published(d, v)).v2).toBeDefined();
    expect((await published(other, 'v4')).v3).toBeDefined();
    await api.patch(d.at, [{ op: 'replace', path: '/spec/versions/1/served', value: false }], 'json');
    expect(await published(d, 'v2')).toEqual({ v2: undefined, v3: undefined });
    expect((await published(d, 'v3')).v2).toBeDefined();
    await api.patch(
      d.at,
      [
        { op: 'test', path: '/spec/versions/2/name', value: 'v3' },
        { op: 'replace', path: '/spec/versions/2/name', value: 'v5' },
      ],
      'json',
    );
    expect((await published(d, 'v5')).v2).toBeDefined();
    expect((await published(d, 'v3')).v2).toBeUndefined();
  });
});

describe('field validation', () => {
  const ports = {
    type: 'array',
    'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
    'x-kubernetes-list-type': 'map',
    items: {
      type: 'object',
      required: ['containerPort', 'protocol'],
      properties: {
        containerPort: { format: 'int32', type: 'integer' },
        hostIP: { type: 'string' },
        hostPort: { format: 'int32', type: 'integer' },
        name: { type: 'string' },
        protocol: { type: 'string' },
      },
    },
  };
  const spec = {
    foo: { type: 'string' },
    cronSpec: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' },
    ports,
  };
  const schema = (more: object = {}, properties: object = {}) => ({
    type: 'object',
    properties: { spec: { type: 'object', ...more, properties: { ...spec, ...properties } } },
  });
  const apply = (d: Definition, lines: string) =>
    api.send(
      'PATCH',
      `${d.objects('v1beta1')}/mytest?fieldManager=field_validation_mgr&fieldValidation=Strict`,
      `\napiVersion: ${d.group}/v1beta1\nkind: ${d.kind}\nmetadata:\n  name: mytest\n${lines}`,
      'application/apply-patch+yaml',
    );
  const good = '  cronSpec: "* * * * */5"\n  ports:\n  - name: x\n    containerPort: 80\n    protocol: TCP';
  const deployment = (metadata: string, deep: string) =>
    `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"my-dep",${metadata}"labels":{"app":"nginx"}},"spec":{${deep}"selector":{"matchLabels":{"app":"nginx"}},"template":{"metadata":{"labels":{"app":"nginx"}},"spec":{"containers":[{"name":"nginx","image":"nginx:latest"}]}}}}`;
  const DEPLOYMENTS =
    '/apis/apps/v1/namespaces/default/deployments?fieldManager=field_validation_mgr&fieldValidation=Strict';

  it('Server side field validation, typed object', async () => {
    const error = await api.failure(
      api.post(DEPLOYMENTS, deployment('', '"unknownField":"foo","replicas":2,"replicas":3,')),
    );
    expect(error.message).toContain(
      'strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"',
    );
  });
  it('Server side field validation, typed unknown metadata', async () => {
    const error = await api.failure(api.post(DEPLOYMENTS, deployment('"unknownMeta":"foo",', '')));
    expect(error.message).toContain('strict decoding error: unknown field "metadata.unknownMeta"');
  });
  it('Server side field validation, valid CR with validation schema', async () => {
    await apply(
      await define([version('v1beta1', schema())]),
      `  finalizers:\n  - test-finalizer\nspec:\n  foo: foo1\n${good}`,
    );
  });
  it('Server side field validation, unknown fields CR no validation schema', async () => {
    await apply(
      await define([version('v1beta1')]),
      `  finalizers:\n  - test-finalizer\nspec:\n  unknown: uk1\n${good}`,
    );
  });
  it('Server side field validation, unknown fields CR fails validation', async () => {
    const error = await api.failure(
      apply(
        await define([version('v1beta1', schema())]),
        `  finalizers:\n  - test-finalizer\nunknownField: unknown\nspec:\n  foo: foo1\n${good}`,
      ),
    );
    expect(error.message).toContain('.unknownField: field not declared in schema');
  });
  it('Server side field validation, unknown metadata', async () => {
    const template = {
      template: {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        properties: {
          metadata: { type: 'object', properties: { name: { type: 'string' } } },
          spec: { type: 'object' },
        },
      },
    };
    const d = await define([version('v1beta1', schema({ 'x-kubernetes-preserve-unknown-fields': true }, template))]);
    const error = await api.failure(
      apply(
        d,
        `  unknownMeta: unknown\n  finalizers:\n  - test-finalizer\nspec:\n  template:\n    apiversion: foo/v1\n    kind: Sub\n    metadata:\n        unknownSubMeta: unknown\n        name: subobject\n        namespace: default\n  foo: foo1\n${good}`,
      ),
    );
    expect(error.message).toMatch(
      /\.spec\.template\.metadata\.unknownSubMeta: field not declared in schema|\.metadata\.unknownMeta: field not declared in schema/,
    );
  });
  it('Server side field validation, CR duplicates', async () => {
    const d = await define([version('v1beta1', schema({ 'x-kubernetes-preserve-unknown-fields': true }))]);
    const error = await api.failure(
      apply(d, `  finalizers:\n  - test-finalizer\nspec:\n  unknown: uk1\n  foo: foo1\n  foo: foo2\n${good}`),
    );
    expect(error.message).toContain('line 11: key "foo" already set in map');
  });
  it('post, put and patches of custom resources name unknown and duplicate fields', async () => {
    const d = await define([version('v1beta1', schema())]);
    const body = `{"apiVersion":"${d.group}/v1beta1","kind":"${d.kind}","metadata":{"name":"x"},"spec":{"foo":"a","foo":"b","knownField1":1}}`;
    expect((await api.failure(api.post(`${d.objects()}?fieldValidation=Strict`, body))).message).toContain(
      'strict decoding error: duplicate field "spec.foo", unknown field "spec.knownField1"',
    );
    await api.post(`${d.objects()}?fieldValidation=Ignore`, body);
    const merged = await api.failure(
      api.patch(`${d.objects()}/x?fieldValidation=Strict`, '{"spec":{"foo":"bar","foo":"baz","unknown1":"v"}}'),
    );
    expect(merged.message).toContain('unknown field "spec.unknown1"');
    expect(merged.message).toContain('duplicate field "spec.foo"');
    const json = await api.failure(
      api.patch(
        `${d.objects()}/x?fieldValidation=Strict`,
        '[{"op":"add","path":"/spec/unknown","foo":"bar","foo":"x","value":1}]',
        'json',
      ),
    );
    expect(json.message).toContain('unknown field "spec.unknown"');
  });
});
