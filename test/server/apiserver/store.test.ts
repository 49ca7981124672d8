// What the storage of objects says and does, by upstream's tables: apiserver/pkg/registry/generic/registry/store_test.go
// (TestStoreCreate, …WithRetryNameGenerate, …DeleteWithOrphanDependents, …DeletionPropagation, …HandleFinalizers),
// dryrun_test.go, registry/rest/delete_test.go, endpoints/apiserver_test.go (bodies of the wrong type).
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Status } from '../../../src/api/status.ts';
import { type RawAnswer, raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
let nowMs: number;
beforeEach(async () => {
  nowMs = Date.parse('2026-01-01T00:00:00Z');
  server = await startTestServer({ clock: { now: () => nowMs } });
});
afterEach(() => server.close());

interface Shown {
  metadata: { finalizers?: string[]; deletionTimestamp?: string; deletionGracePeriodSeconds?: number; name: string };
}
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const send = (method: string, path: string, body?: object): Promise<RawAnswer> =>
  raw(server, method, path, body ? { body } : {});
const merge = (path: string, body: object): Promise<RawAnswer> =>
  raw(server, 'PATCH', path, { body, headers: { 'content-type': 'application/merge-patch+json' } });
const shown = ({ json }: RawAnswer): Shown['metadata'] => (json as Shown).metadata;
const failure = ({ json }: RawAnswer): [number | undefined, string | undefined] => {
  const { code, message } = json as Status;
  return [code, message];
};

describe('finalizers of a deletion', () => {
  const X = 'foo.com/x';
  const Y = 'bar.com/y';
  const O = 'orphan';
  const F = 'foregroundDeletion';
  const table: [options: object | undefined, before: string[], after: string[] | 'gone'][] = [
    [{ orphanDependents: true }, [X, O, Y], [X, O, Y]],
    [{ orphanDependents: true }, [X, Y], [X, Y, O]],
    [{ orphanDependents: true }, [], [O]],
    [{ orphanDependents: true }, [O], [O]],
    [{ orphanDependents: false }, [X, O, Y], [X, Y]],
    [{ orphanDependents: false }, [X, Y], [X, Y]],
    [{ orphanDependents: false }, [], 'gone'],
    [{ orphanDependents: false }, [O], 'gone'],
    ...[{}, undefined].flatMap((options): typeof table => [
      [options, [X, O, Y], [X, O, Y]],
      [options, [X, Y], [X, Y]],
      [options, [], 'gone'],
      [options, [O], [O]],
      [options, [F], [F]],
    ]),
    [{ propagationPolicy: 'Foreground' }, [], [F]],
    [{ propagationPolicy: 'Foreground' }, [O], [F]],
    [{ propagationPolicy: 'Foreground' }, [F], [F]],
    [{ propagationPolicy: 'Background' }, [], 'gone'],
    [{ propagationPolicy: 'Background' }, [O], 'gone'],
    [{ propagationPolicy: 'Background' }, [F], 'gone'],
    [{ propagationPolicy: 'Orphan' }, [], [O]],
    [{ propagationPolicy: 'Orphan' }, [O], [O]],
    [{ propagationPolicy: 'Orphan' }, [F], [O]],
  ];
  it.each(table)('%j on %j', async (options, finalizers, after) => {
    await send('POST', CONFIG_MAPS, { metadata: { name: 'a', finalizers } });
    await send('DELETE', `${CONFIG_MAPS}/a`, options);
    const left = await send('GET', `${CONFIG_MAPS}/a`);
    expect(left.status === 404 ? 'gone' : shown(left).finalizers).toEqual(after);
  });

  it('hold the object until the last is gone, and nobody adds one then', async () => {
    await send('POST', CONFIG_MAPS, { metadata: { name: 'a', finalizers: [X] } });
    const { uid } = (await send('DELETE', `${CONFIG_MAPS}/a`)).json as { uid?: string };
    expect(uid).toBeUndefined();
    expect(shown(await send('GET', `${CONFIG_MAPS}/a`))).toMatchObject({ deletionGracePeriodSeconds: 0 });
    expect(failure(await merge(`${CONFIG_MAPS}/a`, { metadata: { finalizers: [X, Y] } }))[0]).toBe(422);
    expect(failure(await send('POST', CONFIG_MAPS, { metadata: { name: 'a' } }))).toEqual([
      409,
      'object is being deleted: configmaps "a" already exists',
    ]);
    // A dry run answers what would be and leaves what is.
    const dry = await merge(`${CONFIG_MAPS}/a?dryRun=All`, { metadata: { finalizers: [] } });
    expect(dry.status).toBe(200);
    expect((await send('GET', `${CONFIG_MAPS}/a`)).status).toBe(200);
    const last = await merge(`${CONFIG_MAPS}/a`, { metadata: { finalizers: [] } });
    // Printed as every other object is: kind first.
    expect([dry.text, last.text].map((text) => text.startsWith('{"kind":"ConfigMap"'))).toEqual([true, true]);
    expect((await send('GET', `${CONFIG_MAPS}/a`)).status).toBe(404);
  });
});

describe('a deletion with grace', () => {
  const create = (more: object = {}) =>
    send('POST', PODS, {
      metadata: { name: 'p', ...more },
      spec: { nodeName: 'n', terminationGracePeriodSeconds: 30, containers: [{ name: 'c', image: 'i' }] },
    });
  const again = async (options?: object): Promise<[number | undefined, string | undefined]> => {
    const { deletionGracePeriodSeconds, deletionTimestamp } = shown(await send('DELETE', `${PODS}/p`, options));
    return [deletionGracePeriodSeconds, deletionTimestamp];
  };

  it('can only be shortened, from when it began', async () => {
    await create();
    expect(await again({ gracePeriodSeconds: 60 })).toEqual([60, '2026-01-01T00:01:00Z']);
    nowMs += 10_000;
    // The pod's own 30 s are not asked for.
    expect(await again()).toEqual([60, '2026-01-01T00:01:00Z']);
    expect(await again({ gracePeriodSeconds: 90 })).toEqual([60, '2026-01-01T00:01:00Z']);
    expect(await again({ gracePeriodSeconds: 20 })).toEqual([20, '2026-01-01T00:00:20Z']);
    // What has run out meanwhile is one more second with grace.
    expect(await again({ gracePeriodSeconds: 5 })).toEqual([1, '2026-01-01T00:00:10Z']);
  });

  it('takes a negative period for one second', async () => {
    await create();
    expect((await again({ gracePeriodSeconds: -5 }))[0]).toBe(1);
  });

  it('leaves finalizers alone while it runs', async () => {
    await create({ finalizers: ['foo.com/x'] });
    await again();
    expect(shown(await send('DELETE', `${PODS}/p`, { propagationPolicy: 'Orphan' })).finalizers).toEqual(['foo.com/x']);
  });

  it('at once wins over finalizers that are left', async () => {
    await create({ finalizers: ['foo.com/x'] });
    expect((await again({ gracePeriodSeconds: 0 }))[0]).toBe(0);
    expect(shown(await send('GET', `${PODS}/p`)).deletionGracePeriodSeconds).toBe(0);
  });
});

describe('the object that is meant', () => {
  const record = async (): Promise<string> => {
    const { json } = await send('POST', CONFIG_MAPS, { metadata: { name: 'a' } });
    return (json as { metadata: { uid: string } }).metadata.uid;
  };
  const storage = (uid: string): string =>
    `Operation cannot be fulfilled on configmaps "a": StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: ${uid}`;

  it('is the one with the uid, in updates', async () => {
    // Of one that is gone too: who deleted it and made it anew may not be overwritten.
    const update = () => send('PUT', `${CONFIG_MAPS}/a`, { metadata: { name: 'a', uid: 'other' } });
    expect(failure(await update())).toEqual([409, storage('')]);
    expect((await send('PUT', `${CONFIG_MAPS}/a`, { metadata: { name: 'a' } })).status).toBe(404);
    const uid = await record();
    expect(failure(await update())).toEqual([409, storage(uid)]);
  });

  it('is the one with the uid and resourceVersion, in deletions', async () => {
    const uid = await record();
    const remove = (preconditions: object) => send('DELETE', `${CONFIG_MAPS}/a`, { preconditions });
    expect(failure(await remove({ uid: 'other' }))[1]).toBe(
      `Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (other) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
    expect(failure(await remove({ resourceVersion: '1' }))[1]).toMatch(
      /^Operation cannot be fulfilled on ConfigMap "a": the ResourceVersion in the precondition \(1\) does not match the ResourceVersion in record \(\d+\)\. The object might have been modified$/,
    );
  });
});

it('says that no name was left when generated ones are all taken', async () => {
  const fixed = await startTestServer({ newNameSuffix: () => 'aaaaa' });
  const make = () => raw(fixed, 'POST', CONFIG_MAPS, { body: { metadata: { generateName: 'x-' } } });
  expect((await make()).status).toBe(201);
  const { json } = await make();
  expect(json).toMatchObject({
    reason: 'AlreadyExists',
    message: 'configmaps "x-aaaaa" already exists, the server was not able to generate a unique name for the object',
    details: { name: 'x-aaaaa', kind: 'configmaps', retryAfterSeconds: 1 },
  });
  await fixed.close();
});

it.each([
  [
    'v1',
    'Pod',
    'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion',
  ],
  [
    'v1',
    'Foo',
    'Foo in version "v1" cannot be handled as a ConfigMap: no kind "Foo" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
  ],
  [
    'v7',
    'ConfigMap',
    'ConfigMap in version "v7" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v7" in scheme "pkg/api/legacyscheme/scheme.go:30"',
  ],
])('refuses a %s %s among ConfigMaps', async (apiVersion, kind, message) => {
  expect(failure(await send('POST', CONFIG_MAPS, { apiVersion, kind, metadata: { name: 'a' } }))).toEqual([
    400,
    message,
  ]);
});

it('keeps no empty lists and maps where Go has none, and nobody owns them', async () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'empty', namespace: 'default', labels: {}, annotations: {}, finalizers: [], ownerReferences: [] },
    spec: {
      nodeSelector: {},
      tolerations: [],
      securityContext: {},
      affinity: { nodeAffinity: {} },
      containers: [
        { name: 'c', image: 'i', args: [], env: [], resources: { limits: {} }, volumeMounts: [], securityContext: {} },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
    },
  };
  const created = await raw(server, 'POST', '/api/v1/namespaces/default/pods', { body: pod });
  const { metadata, spec } = created.json as typeof pod & { metadata: { managedFields: { fieldsV1: object }[] } };
  for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences']) {
    expect(metadata).not.toHaveProperty(field);
  }
  for (const field of ['nodeSelector', 'tolerations']) expect(spec).not.toHaveProperty(field);
  // Structs say that they are there.
  expect(spec).toMatchObject({ securityContext: {}, affinity: { nodeAffinity: {} }, volumes: [{ emptyDir: {} }] });
  const [container] = spec.containers;
  for (const field of ['args', 'env', 'volumeMounts']) expect(container).not.toHaveProperty(field);
  expect(container).toMatchObject({ resources: {}, securityContext: {} });
  expect(container!.resources).not.toHaveProperty('limits');
  const owned = metadata.managedFields[0]!.fieldsV1;
  expect(owned).not.toHaveProperty('f:metadata');
  expect(owned).toHaveProperty(['f:spec', 'f:securityContext']);
  expect(owned).not.toHaveProperty(['f:spec', 'f:nodeSelector']);
});

it('a patch that takes the last label away leaves none', async () => {
  const path = '/api/v1/namespaces/default/configmaps';
  await raw(server, 'POST', path, { body: { metadata: { name: 'bare', labels: { a: 'b' } }, data: { k: 'v' } } });
  const patched = await raw(server, 'PATCH', `${path}/bare`, {
    body: { metadata: { labels: { a: null } }, data: { k: null } },
    headers: { 'content-type': 'application/strategic-merge-patch+json' },
  });
  expect(patched.json).not.toHaveProperty('metadata.labels');
  expect(patched.json).not.toHaveProperty('data');
});

it('takes null for no type, and no other value', async () => {
  const post = (type: object) => send('POST', CONFIG_MAPS, { ...type, metadata: { name: 'a' } });
  expect((await post({ apiVersion: null, kind: null })).status).toBe(201);
  const slashed = await send('POST', CONFIG_MAPS, { apiVersion: '/v1', kind: 'ConfigMap', metadata: { name: 'b' } });
  expect(slashed).toMatchObject({ status: 201, json: { apiVersion: 'v1' } });
  const why = "couldn't get version/kind; json parse error: json: cannot unmarshal";
  const start = `the object provided is unrecognized (must be of type ConfigMap): ${why}`;
  expect(failure(await post({ apiVersion: {} }))[1]).toContain(
    `${start} object into Go struct field .apiVersion of type`,
  );
  expect(failure(await post({ kind: 1 }))[1]).toContain(`${start} number into Go struct field .kind of type string`);
});

it('refuses the same kind in a version that the path does not say', async () => {
  const { json } = await send('POST', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
  });
  expect((json as Status).message).toBe(
    'the API version in the data (autoscaling/v1) does not match the expected API version (autoscaling/v2)',
  );
});
