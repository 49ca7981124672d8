// Upstream's entries on watches, chunks, tables, discovery and the version (sig-api-machinery).
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Api, type Cluster, type Doc, type Watch, startCluster } from './api.ts';

let cluster: Cluster;
let api: Api;
let maps: string;
beforeAll(async () => {
  cluster = await startCluster();
  api = cluster.api;
});
beforeEach(async () => {
  maps = `/api/v1/namespaces/${await cluster.namespace()}/configmaps`;
});
afterAll(() => cluster.close());

const map = (name: string, label: string, data?: object) => ({
  metadata: { name, labels: { 'watch-this-configmap': label } },
  ...(data ? { data } : {}),
});
const selector = (...labels: string[]) =>
  `labelSelector=${encodeURIComponent(`watch-this-configmap in (${labels.join(',')})`)}`;
const mutate = (name: string, n: number) => api.patch(`${maps}/${name}`, { data: { mutation: String(n) } });
const shown = ({ type, object }: { type: string; object: Doc }) =>
  `${type} ${object.metadata.name} ${object['data']?.mutation ?? ''}`;

describe('watches', () => {
  it('watch-configmaps-with-multiple-watchers', async () => {
    const [a, b, both] = ['a', 'b', 'a,b'].map((l) => api.watch(`${maps}?${selector(...l.split(','))}`)) as [
      Watch,
      Watch,
      Watch,
    ];
    await api.post(maps, map('a', 'a'));
    expect(shown(await a.next())).toBe('ADDED a ');
    expect(shown(await both.next())).toBe('ADDED a ');
    await mutate('a', 1);
    await mutate('a', 2);
    await api.del(`${maps}/a`);
    expect((await a.take(3)).map(shown)).toEqual(['MODIFIED a 1', 'MODIFIED a 2', 'DELETED a 2']);
    expect((await both.take(3)).map(shown)).toEqual(['MODIFIED a 1', 'MODIFIED a 2', 'DELETED a 2']);
    await api.post(maps, map('b', 'b'));
    await api.del(`${maps}/b`);
    expect((await b.take(2)).map(shown)).toEqual(['ADDED b ', 'DELETED b ']);
    expect((await both.take(2)).map(shown)).toEqual(['ADDED b ', 'DELETED b ']);
    for (const w of [a, b, both]) w.close();
  });

  it('watch-configmaps-from-resource-version', async () => {
    await api.post(maps, map('a', 'v'));
    const first = await mutate('a', 1);
    await mutate('a', 2);
    const deleted = await api.del(`${maps}/a`);
    expect(deleted['kind']).toBe('Status');
    const watch = api.watch(`${maps}?${selector('v')}&resourceVersion=${first.metadata['resourceVersion']}`);
    expect((await watch.take(2)).map(shown)).toEqual(['MODIFIED a 2', 'DELETED a 2']);
    watch.close();
  });

  it('watch-configmaps-closed-and-restarted', async () => {
    const watch = api.watch(`${maps}?${selector('r')}`);
    await api.post(maps, map('a', 'r'));
    await mutate('a', 1);
    const [, last] = await watch.take(2);
    watch.close();
    await mutate('a', 2);
    await api.del(`${maps}/a`);
    const again = api.watch(`${maps}?${selector('r')}&resourceVersion=${last!.object.metadata['resourceVersion']}`);
    expect((await again.take(2)).map(shown)).toEqual(['MODIFIED a 2', 'DELETED a 2']);
    again.close();
  });

  it('watch-configmaps-label-changed', async () => {
    const watch = api.watch(`${maps}?${selector('on')}`);
    await api.post(maps, map('a', 'on'));
    await mutate('a', 1);
    const off = await api.patch(`${maps}/a`, { metadata: { labels: { 'watch-this-configmap': 'off' } } });
    const events = await watch.take(3);
    expect(events.map(shown)).toEqual(['ADDED a ', 'MODIFIED a 1', 'DELETED a 1']);
    // The deletion shows the object as it was, at the revision that took it out of sight.
    expect(events[2]!.object.metadata.labels).toEqual({ 'watch-this-configmap': 'on' });
    expect(events[2]!.object.metadata['resourceVersion']).toBe(off.metadata['resourceVersion']);
    await mutate('a', 2);
    await api.patch(`${maps}/a`, { metadata: { labels: { 'watch-this-configmap': 'on' } } });
    await mutate('a', 3);
    await api.del(`${maps}/a`);
    expect((await watch.take(3)).map(shown)).toEqual(['ADDED a 2', 'MODIFIED a 3', 'DELETED a 3']);
    watch.close();
  });

  it('watch-consistency', async () => {
    const first = api.watch(`${maps}?resourceVersion=${(await api.get(maps)).metadata['resourceVersion']}`);
    const writes = (async () => {
      for (let i = 0; i < 20; i++) {
        await api.post(maps, map(`m${i % 7}`, 'c')).catch(() => mutate(`m${i % 7}`, i));
        if (i % 3 === 0) await api.del(`${maps}/m${i % 7}`);
      }
    })();
    const events = await first.take(20);
    for (const [i, event] of events.entries()) {
      const from = api.watch(`${maps}?resourceVersion=${event.object.metadata['resourceVersion']}`);
      const rest = await from.take(Math.min(3, 19 - i));
      expect(rest.map((e) => e.object.metadata['resourceVersion'])).toEqual(
        events.slice(i + 1, i + 1 + rest.length).map((e) => e.object.metadata['resourceVersion']),
      );
      from.close();
    }
    await writes;
    first.close();
  });

  it('bookmarks end the initial events and carry the annotation', async () => {
    await api.post(maps, map('a', 'x'));
    const watch = api.watch(
      `${maps}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&${selector('x')}`,
    );
    const [added, bookmark] = await watch.take(2);
    expect(added!.type).toBe('ADDED');
    expect(bookmark).toMatchObject({
      type: 'BOOKMARK',
      object: {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } },
      },
    });
    expect(Number(bookmark!.object.metadata['resourceVersion'])).toBeGreaterThanOrEqual(
      Number(added!.object.metadata['resourceVersion']),
    );
    watch.close();
  });

  it('resource versions that cannot be are named', async () => {
    expect(await api.failure(api.get(`${maps}?resourceVersion=abc`))).toMatchObject({ code: 400 });
    expect(await api.failure(api.get(`${maps}?resourceVersionMatch=Exact`))).toMatchObject({
      code: 422,
      message: expect.stringContaining(
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
      ),
    });
    expect(await api.failure(api.get(`${maps}?resourceVersion=0&resourceVersionMatch=Exact`))).toMatchObject({
      code: 422,
      message: expect.stringContaining(
        'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      ),
    });
    const future = await api.failure(api.get(`${maps}?resourceVersion=99999999&resourceVersionMatch=NotOlderThan`));
    expect(future).toMatchObject({
      code: 504,
      reason: 'Timeout',
      message: expect.stringContaining('Too large resource version'),
    });
    expect(future.status.details?.causes?.[0]).toMatchObject({ reason: 'ResourceVersionTooLarge' });
  });
});

describe('lists', () => {
  it('API Chunking, server should return chunks of results for list calls', async () => {
    const templates = maps.replace('configmaps', 'podtemplates');
    const template = { spec: { containers: [{ name: 'test', image: 'test2' }] } };
    for (let i = 0; i < 40; i++)
      await api.post(templates, { metadata: { name: `template-${String(i).padStart(4, '0')}` }, template });
    const seen: string[] = [];
    let token = '';
    let revision: string | undefined;
    do {
      const page = await api.get(`${templates}?limit=17&continue=${encodeURIComponent(token)}`);
      revision ??= page.metadata['resourceVersion'] as string;
      expect(page.metadata['resourceVersion']).toBe(revision);
      expect(page['items'].length).toBeLessThanOrEqual(17);
      seen.push(...page['items'].map((o: Doc) => o.metadata.name));
      token = (page.metadata['continue'] as string | undefined) ?? '';
      if (token === '') expect(page.metadata['remainingItemCount']).toBeUndefined();
      else expect(page.metadata['remainingItemCount']).toBe(40 - seen.length);
    } while (token !== '');
    expect(seen).toEqual([...seen].sort());
    expect(seen).toHaveLength(40);
    const all = await api.get(`${templates}?limit=400`);
    expect(all['items']).toHaveLength(40);
    expect(all.metadata['continue']).toBeUndefined();
  });

  it('remainingItemCount is not given with a selector', async () => {
    for (const name of ['a', 'b', 'c']) await api.post(maps, map(name, 'x'));
    const page = await api.get(`${maps}?limit=1&${selector('x')}`);
    expect(page.metadata['remainingItemCount']).toBeUndefined();
    expect(page.metadata['continue']).toEqual(expect.any(String));
    expect(await api.failure(api.get(`${maps}?limit=1&continue=nonsense`))).toMatchObject({ code: 400 });
    expect(
      await api.failure(
        api.get(
          `${maps}?limit=1&resourceVersion=3&continue=${encodeURIComponent(page.metadata['continue'] as string)}`,
        ),
      ),
    ).toMatchObject({ code: 400, message: 'specifying resource version is not allowed when using continue' });
  });
});

const as = (accept: string) => new Api(api.client, { accept });
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

describe('forms', () => {
  it('API metadata HTTP return', async () => {
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { namespace: 'default', verb: 'list', resource: 'nodes', version: 'v1' } },
    };
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const error = await api.failure(as(TABLE).post(path, review));
    expect(error).toMatchObject({ code: 406, reason: 'NotAcceptable' });
    expect(error.message).toMatch(/^only the following media types are accepted: application\/json, application\/yaml/);
  });

  it('tables, and partial metadata', async () => {
    await api.post(maps, map('a', 'x', { k: 'v' }));
    const table = await as(TABLE).get(maps);
    expect(table).toMatchObject({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      columnDefinitions: [{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }],
      rows: expect.arrayContaining([expect.objectContaining({ cells: ['a', 1, expect.any(String)] })]),
    });
    expect(table['rows'][0].object.kind).toBe('PartialObjectMetadata');
    expect((await as(TABLE).get(`${maps}?includeObject=None`))['rows'][0].object).toBeUndefined();
    expect((await as(TABLE).get(`${maps}?includeObject=Object`))['rows'][0].object.kind).toBe('ConfigMap');
    const partial = await as('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io').get(maps);
    expect(partial).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
    expect(partial['items'][0].data).toBeUndefined();
    expect(await as('application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io').get(`${maps}/a`)).toMatchObject({
      kind: 'PartialObjectMetadata',
      metadata: { name: 'a' },
    });
    const yaml = await as('application/yaml').send('GET', `${maps}/a`);
    expect(yaml).toContain('kind: ConfigMap\n');
  });

  it.each([
    'application/cbor,application/json;q=0.9',
    'application/vnd.example, */*',
    'application/json;as=Frog;v=v1;g=meta.k8s.io,application/json',
    'application/json;as=Table;v=v9;g=meta.k8s.io,application/json;as=PartialObjectMetadataList;v=v1;g=example.com,application/json',
  ])('what is not spoken here is passed over: %s', async (accept) => {
    expect(await as(accept).get(maps)).toMatchObject({ kind: 'ConfigMapList' });
  });
});

describe('discovery', () => {
  it('Confirm a server version', async () => {
    const version = await api.get('/version');
    expect(version['major']).toMatch(/^\d+$/);
    expect(version['minor']).toMatch(/^\d+$/);
  });

  it('Discovery, confirm the PreferredVersion for each api group', async () => {
    const { groups } = await api.get('/apis');
    for (const group of groups) {
      const one = await api.get(`/apis/${group.name}`);
      expect(one).toMatchObject({ kind: 'APIGroup', name: group.name, preferredVersion: group.preferredVersion });
      expect(one['versions']).toContainEqual(one['preferredVersion']);
    }
  });

  it('Discovery, confirm the groupVersion and a resource from each apiGroup', async () => {
    const { groups } = await api.get('/apis');
    for (const group of groups) {
      for (const { groupVersion } of group.versions) {
        const list = await api.get(`/apis/${groupVersion}`);
        expect(list).toMatchObject({ kind: 'APIResourceList', groupVersion });
        expect(list['resources'].length).toBeGreaterThan(0);
      }
    }
  });

  const builtin = {
    '': 'namespaces',
    apps: 'deployments',
    'rbac.authorization.k8s.io': 'clusterroles',
    'admissionregistration.k8s.io': 'validatingwebhookconfigurations',
  };
  const found = (documents: Doc[]) =>
    documents
      .flatMap((d) => d['items'])
      .flatMap((g: Doc) =>
        g['versions'].flatMap((v: Doc) => v['resources'].map((r: Doc) => `${g.metadata.name ?? ''}/${r['resource']}`)),
      );

  it('Aggregated Discovery Interface, Endpoint Accept Headers, CRDs', async () => {
    for (const v of ['v2', 'v2beta1']) {
      const aggregated = as(`application/json;v=${v};g=apidiscovery.k8s.io;as=APIGroupDiscoveryList`);
      const documents = [await aggregated.get('/api'), await aggregated.get('/apis')];
      expect(documents[0]).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${v}` });
      for (const [group, resource] of Object.entries(builtin))
        expect(found(documents)).toContain(`${group}/${resource}`);
    }
    const plural = 'discos';
    await api.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: `${plural}.disco.example.com` },
      spec: {
        group: 'disco.example.com',
        scope: 'Cluster',
        names: { plural, kind: 'Disco' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    });
    const aggregated = as('application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList,application/json');
    expect(found([await aggregated.get('/apis')])).toContain('disco.example.com/discos');
    expect((await api.get('/apis'))['kind']).toBe('APIGroupList');
    expect(await api.get('/api')).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    // Upstream's suite names a version that no server has: plain JSON is the answer to what also takes that.
    expect(
      (await as('application/json;v=v3;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList,application/json').get('/apis'))[
        'kind'
      ],
    ).toBe('APIGroupList');
  });

  it('Custom Resource Definition, discovery', async () => {
    const { resources } = await api.get('/apis/apiextensions.k8s.io/v1');
    expect(resources.map((r: Doc) => r['name'])).toEqual(
      expect.arrayContaining(['customresourcedefinitions', 'customresourcedefinitions/status']),
    );
  });
});
