// What upstream's suites and clients count on when they write: patches, apply, deletion, generated names, dry runs.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Api, type Cluster, type Doc, pod, startCluster } from './api.ts';

let cluster: Cluster;
let api: Api;
let name: string;
let ns: string;
let maps: string;
beforeAll(async () => {
  cluster = await startCluster();
  api = cluster.api;
});
beforeEach(async () => {
  name = await cluster.namespace();
  ns = `/api/v1/namespaces/${name}`;
  maps = `${ns}/configmaps`;
});
afterAll(() => cluster.close());

const owned = (o: Doc) =>
  (o.metadata.managedFields ?? []).map((m: Doc) => [m['manager'], m['operation'], m['subresource'] ?? '']);

describe('server-side apply', () => {
  const apply = (manager: string, data: object, more = '', metadata: object = {}) =>
    api.patch(
      `${maps}/c?fieldManager=${manager}${more}`,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', ...metadata }, data },
      'apply',
    );

  it('creates, owns, conflicts, forces, shares and removes', async () => {
    const made = await apply('one', { a: '1', b: '1' });
    expect(owned(made)).toEqual([['one', 'Apply', '']]);
    const conflict = await api.failure(apply('two', { a: '2' }));
    expect(conflict).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .data.a',
    });
    expect(conflict.status.details?.causes).toEqual([
      { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' },
    ]);
    expect((await apply('two', { a: '2' }, '&force=true'))['data']).toEqual({ a: '2', b: '1' });
    expect((await apply('two', { b: '1' }))['data']).toEqual({ b: '1' });
    expect((await apply('one', {}))['data']).toEqual({ b: '1' });
    const again = await apply('one', {});
    expect(again.metadata.resourceVersion).toBe((await api.get(`${maps}/c`)).metadata.resourceVersion);
    expect(
      await api.failure(
        api.patch(`${maps}/c`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }, 'apply'),
      ),
    ).toMatchObject({
      code: 422,
      message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    });
    expect(await api.failure(apply('one', {}, '', { managedFields: [{ manager: 'x' }] }))).toMatchObject({
      code: 400,
      message: 'metadata.managedFields must be nil',
    });
  });

  it('updates and patches take over fields by user agent or fieldManager', async () => {
    await apply('one', { a: '1' });
    const current = await api.get(`${maps}/c`);
    current['data'].a = '2';
    const updated = await api.put(`${maps}/c?fieldManager=editor`, current);
    expect(owned(updated).map((o: string[]) => o[0])).toContain('editor');
    expect(await api.failure(apply('one', { a: '1' }))).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.a',
    });
    const cleared = await api.patch(`${maps}/c`, { metadata: { managedFields: [{}] } });
    expect(cleared.metadata.managedFields).toBeUndefined();
  });

  it('status is owned apart, and applies do not change it', async () => {
    const at = `/apis/apps/v1/namespaces/${name}/deployments/d`;
    const document = (spec: object) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      ...spec,
    });
    const spec = {
      paused: true,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    };
    await api.patch(`${at}?fieldManager=m`, document({ spec }), 'apply');
    const status = await api.patch(
      `${at}/status?fieldManager=s&force=true`,
      document({ status: { observedGeneration: 7 } }),
      'apply',
    );
    expect(status['status'].observedGeneration).toBe(7);
    expect(owned(status)).toContainEqual(['s', 'Apply', 'status']);
    expect(
      (await api.patch(`${at}?fieldManager=m`, document({ spec, status: { replicas: 9 } }), 'apply'))['status']
        .replicas,
    ).not.toBe(9);
    // Lists with keys merge; a sidecar of another manager stays.
    const sidecar = { spec: { template: { spec: { containers: [{ name: 'side', image: 'y' }] } } } };
    await api.patch(`${at}?fieldManager=n`, document(sidecar), 'apply');
    const both = await api.patch(`${at}?fieldManager=m`, document({ spec }), 'apply');
    expect(both['spec'].template.spec.containers.map((c: Doc) => c['name'])).toEqual(['c', 'side']);
  });
});

describe('patches', () => {
  it('JSON patch: test, missing paths and whole documents', async () => {
    await api.post(maps, { metadata: { name: 'c' }, data: { a: '1' } });
    const patch = (operations: object[]) => api.patch(`${maps}/c`, operations, 'json');
    expect(await api.failure(patch([{ op: 'test', path: '/data/a', value: '2' }]))).toMatchObject({ code: 422 });
    expect(await api.failure(patch([{ op: 'remove', path: '/data/none' }]))).toMatchObject({ code: 422 });
    expect(
      (
        await patch([
          { op: 'copy', from: '/data/a', path: '/data/b' },
          { op: 'move', from: '/data/a', path: '/data/z' },
        ])
      )['data'],
    ).toEqual({ b: '1', z: '1' });
    expect(await api.failure(patch([{ op: 'replace', path: '/metadata/name', value: 'x' }]))).toMatchObject({
      code: 400,
      message: 'the name of the object (x) does not match the name on the URL (c)',
    });
    expect(await api.failure(api.patch(`${maps}/c`, '{"data":', 'merge'))).toMatchObject({ code: 400 });
    expect(await api.failure(api.send('PATCH', `${maps}/c`, {}, 'application/json'))).toMatchObject({ code: 415 });
  });

  it('strategic merge: lists by key, directives, and uid and resourceVersion as preconditions', async () => {
    const made = await api.post(
      `${ns}/pods`,
      pod('p', {}, { schedulerName: 'nobody', tolerations: [{ key: 'a', operator: 'Exists' }] }),
    );
    const at = `${ns}/pods/p`;
    const imaged = await api.patch(at, { spec: { containers: [{ name: 'c', image: 'other' }] } }, 'strategic');
    expect(imaged['spec'].containers).toMatchObject([{ name: 'c', image: 'other', imagePullPolicy: 'IfNotPresent' }]);
    expect(
      await api.failure(
        api.patch(
          at,
          { metadata: { resourceVersion: made.metadata.resourceVersion, labels: { a: 'b' } } },
          'strategic',
        ),
      ),
    ).toMatchObject({ code: 409 });
    expect(await api.failure(api.patch(at, { metadata: { uid: '1' } }))).toMatchObject({
      code: 422,
      message: 'Pod "p" is invalid: metadata.uid: Invalid value: "1": field is immutable',
    });
    expect(
      await api.failure(
        api.patch(at, { spec: { containers: [{ name: 'c', image: 'x', command: ['new'] }] } }, 'strategic'),
      ),
    ).toMatchObject({
      code: 422,
      message: expect.stringContaining('pod updates may not change fields other than `spec.containers[*].image`'),
    });
    await api.post(maps, { metadata: { name: 'c' }, data: { a: '1', b: '2' } });
    expect((await api.patch(`${maps}/c`, { data: { $patch: 'replace', c: '3' } }, 'strategic'))['data']).toEqual({
      c: '3',
    });
  });
});

describe('creates and updates', () => {
  it('generated names, wrong names, wrong namespaces, and what may not be set', async () => {
    const made = await api.post(maps, { metadata: { generateName: 'g-' } });
    expect(made.metadata.name).toMatch(/^g-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(await api.failure(api.post(maps, { metadata: {} }))).toMatchObject({
      code: 422,
      message: expect.stringContaining('name or generateName is required'),
    });
    expect(await api.failure(api.post(maps, { metadata: { name: 'A_b' } }))).toMatchObject({ code: 422 });
    expect(await api.failure(api.post(maps, { metadata: { name: 'x', namespace: 'other' } }))).toMatchObject({
      code: 400,
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    });
    expect((await api.failure(api.post(maps, { metadata: { name: 'x', resourceVersion: '1' } }))).message).toContain(
      'resourceVersion should not be set on objects to be created',
    );
    expect(
      await api.failure(api.post('/api/v1/namespaces/none/configmaps', { metadata: { name: 'x' } })),
    ).toMatchObject({ code: 404, message: 'namespaces "none" not found' });
    expect(
      await api.failure(api.post(maps, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } })),
    ).toMatchObject({ code: 400 });
    expect(await api.failure(api.put(`${maps}/none`, { metadata: { name: 'none' } }))).toMatchObject({ code: 404 });
    expect(await api.failure(api.put(`${maps}/${made.metadata.name}`, { metadata: { name: 'other' } }))).toMatchObject({
      code: 400,
    });
    const stored = await api.put(`${maps}/${made.metadata.name}`, {
      metadata: { name: made.metadata.name, uid: made.metadata.uid, creationTimestamp: '2001-01-01T00:00:00Z' },
      data: { a: 'b' },
    });
    expect(stored.metadata).toMatchObject({ creationTimestamp: made.metadata.creationTimestamp, generateName: 'g-' });
  });

  it('dry runs answer and store nothing; what is no dry run is refused', async () => {
    const dry = await api.post(`${maps}?dryRun=All`, { metadata: { name: 'd' } });
    expect(dry.metadata.uid).toBeDefined();
    expect(dry.metadata.resourceVersion).toBeUndefined();
    expect(await api.failure(api.get(`${maps}/d`))).toMatchObject({ code: 404 });
    expect(await api.failure(api.post(`${maps}?dryRun=Some`, { metadata: { name: 'd' } }))).toMatchObject({
      code: 422,
    });
    await api.post(maps, { metadata: { name: 'd' } });
    await api.del(`${maps}/d`, { dryRun: ['All'] });
    expect((await api.get(`${maps}/d`)).metadata.deletionTimestamp).toBeUndefined();
  });

  it('generation counts changes of the specification only', async () => {
    const at = `/apis/apps/v1/namespaces/${name}/replicasets/r`;
    await api.post(at.slice(0, -2), {
      metadata: { name: 'r', generation: 9 },
      spec: {
        replicas: 0,
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
      },
    });
    expect((await api.get(at)).metadata.generation).toBe(1);
    expect((await api.patch(at, { metadata: { labels: { x: 'y' } } })).metadata.generation).toBe(1);
    expect((await api.patch(at, { spec: { minReadySeconds: 3 } })).metadata.generation).toBe(2);
    expect(
      (await api.patch(`${at}/status`, { status: { replicas: 0, observedGeneration: 2 } })).metadata.generation,
    ).toBe(2);
    expect((await api.failure(api.patch(at, { spec: { selector: { matchLabels: { c: 'd' } } } }))).message).toContain(
      'field is immutable',
    );
  });
});

describe('deletes', () => {
  it('preconditions, finalizers and what is told', async () => {
    const made = await api.post(maps, { metadata: { name: 'f', finalizers: ['e2e.example.com/hold'] } });
    expect(await api.failure(api.del(`${maps}/f`, { preconditions: { uid: 'other' } }))).toMatchObject({
      code: 409,
      message: `Operation cannot be fulfilled on ConfigMap "f": the UID in the precondition (other) does not match the UID in record (${made.metadata.uid}). The object might have been deleted and then recreated`,
    });
    expect(await api.failure(api.del(`${maps}/f`, { preconditions: { resourceVersion: '1' } }))).toMatchObject({
      code: 409,
    });
    const dying = await api.del(`${maps}/f`);
    expect(dying).toMatchObject({
      kind: 'ConfigMap',
      metadata: {
        deletionGracePeriodSeconds: 0,
        deletionTimestamp: expect.any(String),
        finalizers: ['e2e.example.com/hold'],
      },
    });
    expect(
      await api.failure(
        api.patch(`${maps}/f`, { metadata: { finalizers: ['e2e.example.com/hold', 'e2e.example.com/new'] } }),
      ),
    ).toMatchObject({
      code: 422,
      message: expect.stringContaining(
        'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted',
      ),
    });
    await api.patch(`${maps}/f`, { metadata: { finalizers: [] } });
    await api.gone(`${maps}/f`);
    const plain = await api.post(maps, { metadata: { name: 'p' } });
    expect(await api.del(`${maps}/p`)).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'p', kind: 'configmaps', uid: plain.metadata.uid },
    });
    expect((await api.failure(api.del(`${maps}/p`))).message).toBe('configmaps "p" not found');
  });

  it('Namespace, ordered deletion: pods go before anything else', async () => {
    await api.post(`${ns}/pods`, pod('first', { finalizers: ['e2e.example.com/hold'] }, { schedulerName: 'nobody' }));
    await api.post(maps, { metadata: { name: 'last', finalizers: ['e2e.example.com/hold'] } });
    await api.del(ns);
    await api.until(
      () => api.get(`${ns}/pods/first`),
      (o) => o.metadata.deletionTimestamp !== undefined,
    );
    await api.until(
      () => api.get(ns),
      (o) =>
        o['status'].conditions?.some(
          (c: Doc) => c['type'] === 'NamespaceFinalizersRemaining' && c['status'] === 'True',
        ),
    );
    expect((await api.get(`${maps}/last`)).metadata.deletionTimestamp).toBeUndefined();
    await api.patch(`${ns}/pods/first`, { metadata: { finalizers: null } });
    await api.until(
      () => api.get(`${maps}/last`),
      (o) => o.metadata.deletionTimestamp !== undefined,
    );
    await api.patch(`${maps}/last`, { metadata: { finalizers: null } });
    await api.gone(ns);
  });

  it('Pods, generation: bindings do not count, deletion does', async () => {
    const at = `${ns}/pods/g`;
    await api.post(`${ns}/pods`, pod('g', {}, { schedulerName: 'nobody', terminationGracePeriodSeconds: 30 }));
    const target = { kind: 'Node', name: 'n1' };
    await api.post(`${at}/binding`, { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'g' }, target });
    const bound = await api.get(at);
    expect(bound).toMatchObject({ metadata: { generation: 1 }, spec: { nodeName: 'n1' } });
    expect((await api.del(at)).metadata.generation).toBe(2);
  });

  it('verbs that a path does not have', async () => {
    for (const [method, path] of [
      ['PUT', maps],
      ['PATCH', maps],
      ['POST', `${maps}/x`],
    ] as const) {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : undefined;
      expect(await api.failure(api.send(method, path, {}, type))).toMatchObject({ code: 405 });
    }
    expect(await api.failure(api.get('/api/v1/frogs'))).toMatchObject({ code: 404 });
  });

  it('updates that may create, and applies, need the right to create', async () => {
    const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${name}/roles`;
    const rule = (verbs: string[]) => ({
      rules: [{ apiGroups: ['', 'rbac.authorization.k8s.io'], resources: ['configmaps', 'roles', 'endpoints'], verbs }],
    });
    const made = await api.put(`${roles}/changer`, {
      metadata: { name: 'changer' },
      ...rule(['get', 'update', 'patch']),
    });
    expect(made.metadata.uid).toBeDefined();
    await api.post(`${roles.replace(/roles$/, 'rolebindings')}`, {
      metadata: { name: 'changer' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'changer' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'bob' }],
    });
    const bob = cluster.as({ name: 'bob', groups: ['system:authenticated'] });
    const document = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new' } };
    expect(await api.failure(bob.patch(`${maps}/new?fieldManager=bob`, document, 'apply'))).toMatchObject({
      code: 403,
    });
    expect(await api.failure(bob.put(`${ns}/endpoints/new`, { metadata: { name: 'new' } }))).toMatchObject({
      code: 403,
    });
    await api.put(`${roles}/changer`, { metadata: { name: 'changer' }, ...rule(['get', 'update', 'patch', 'create']) });
    await api.until(
      () => bob.patch(`${maps}/new?fieldManager=bob`, document, 'apply').catch(() => undefined),
      (o) => o !== undefined,
    );
    await bob.put(`${ns}/endpoints/new`, { metadata: { name: 'new' } });
  });
});
