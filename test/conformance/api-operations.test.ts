// Upstream's "… should support … API operations" and "… lifecycle" entries, one row each: every verb on the resource,
// its watch, and its status subresource. What belongs to one kind alone stands in the other suites.
import { isConflict } from '../../src/api/status.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, type Doc, startCluster } from './api.ts';
import { rows, type Row } from './api-operations.ts';

let cluster: Cluster;
let namespace: string;
beforeAll(async () => {
  cluster = await startCluster();
  namespace = await cluster.namespace();
});
afterAll(() => cluster.close());

describe.each(rows)('$testname', (row) => {
  const path = () => collection(row, namespace);

  it('is in discovery', async () => {
    const { api } = cluster;
    const [group, version] = row.api === 'v1' ? ['', 'v1'] : row.api.split('/');
    if (group !== '') {
      const groups: Doc[] = (await api.get('/apis'))['groups'];
      expect(groups.find((g) => g['name'] === group)!['versions']).toContainEqual({ groupVersion: row.api, version });
      expect((await api.get(`/apis/${group}`))['versions']).toContainEqual({ groupVersion: row.api, version });
    }
    const { resources } = await api.get(row.api === 'v1' ? '/api/v1' : `/apis/${row.api}`);
    const found = resources.filter((r: Doc) => (r['name'] as string).split('/')[0] === row.plural);
    expect(found[0].verbs.sort()).toEqual([
      'create',
      'delete',
      'deletecollection',
      'get',
      'list',
      'patch',
      'update',
      'watch',
    ]);
    if (row.status) expect(found.map((r: Doc) => r['name'])).toContain(`${row.plural}/status`);
  });

  it('is created, read, listed, watched, patched, updated and deleted', async () => {
    const { api } = cluster;
    const label = `e2e=${row.plural}`;
    const made = await api.post(path(), document(row, 'one'));
    expect(made).toMatchObject({ apiVersion: row.api, kind: row.kind, metadata: { uid: expect.any(String) } });
    const at = `${path()}/${made.metadata.name}`;
    expect((await api.get(at)).metadata.uid).toBe(made.metadata.uid);
    const list = await api.get(`${path()}?labelSelector=${label}`);
    expect(list).toMatchObject({ kind: `${row.kind}List`, apiVersion: row.api });
    expect(list['items']).toHaveLength(1);
    if (row.namespaced !== false) {
      expect(await api.items(`${collection(row)}?labelSelector=${label}`)).toHaveLength(1);
    }
    const watch = api.watch(
      `${path()}?resourceVersion=${list.metadata['resourceVersion']}&fieldSelector=metadata.name=${made.metadata.name}`,
    );
    const patched = await api.patch(at, { metadata: { annotations: { patched: 'true' } } });
    expect(patched.metadata.annotations).toMatchObject({ patched: 'true' });
    if (!row.kind.startsWith('Custom'))
      await api.patch(at, { metadata: { labels: { strategic: 'true' } } }, 'strategic');
    const changed = await retryOnConflict(async () => {
      const current = await api.get(at);
      current.metadata.annotations = { ...current.metadata.annotations, updated: 'true' };
      return api.put(at, current);
    });
    expect(changed.metadata.annotations).toMatchObject({ patched: 'true', updated: 'true' });
    const event = await watch.find('MODIFIED', (o) => o.metadata.annotations?.['updated'] === 'true');
    expect(event.object.metadata.annotations).toMatchObject({ patched: 'true' });
    if (row.status) await statusOperations(row, at);
    await api.del(at, { gracePeriodSeconds: 0 });
    await watch.find('DELETED');
    watch.close();
    await api.gone(at);
  });

  it('is deleted as a collection', async () => {
    const { api } = cluster;
    await api.post(path(), document(row, 'two'));
    await api.post(path(), document(row, 'three'));
    const selected = `${path()}?labelSelector=e2e=${row.plural}`;
    expect(await api.items(selected)).toHaveLength(2);
    await api.del(selected, { gracePeriodSeconds: 0 });
    await api.until(
      () => api.items(selected),
      (items) => items.length === 0,
    );
  });
});

/** Their status is written without a word about metadata. Upstream: ResetObjectMetaForStatus in their strategies. */
const WITHOUT_METADATA = new Set([
  ...['FlowSchema', 'PriorityLevelConfiguration', 'ServiceCIDR', 'ValidatingAdmissionPolicy', 'VolumeAttachment'],
  ...['APIService', 'ResourceClaim'],
]);

async function statusOperations({ status, kind, api: apiVersion }: Row, at: string): Promise<void> {
  const { api } = cluster;
  expect(await api.get(`${at}/status`)).toMatchObject({ apiVersion, kind });
  const { spec, metadata } = await api.get(at);
  const patched = await api.patch(`${at}/status`, {
    metadata: { annotations: { patchedstatus: 'true' } },
    status: status![0],
    ...(kind === 'FlowSchema' ? {} : { spec: {} }),
  });
  expect(patched['status']).toMatchObject(status![0]!);
  expect(patched.metadata.annotations?.['patchedstatus'] === 'true').toBe(!WITHOUT_METADATA.has(kind));
  expect(patched['spec']).toEqual(spec);
  expect(patched.metadata.generation).toBe(metadata.generation);
  const updated = await retryOnConflict(async () => {
    const next = await api.get(`${at}/status`);
    return api.put(`${at}/status`, { ...next, status: { ...next['status'], ...status![1] } });
  });
  expect(updated['status']).toMatchObject(status![1]!);
  // What a controller adds may stand beside it.
  for (const [field, wanted] of Object.entries(status![1]!)) {
    const stored = (await api.get(at))['status'][field] as unknown;
    if (!Array.isArray(wanted)) expect({ [field]: stored }).toMatchObject({ [field]: wanted });
    else for (const item of wanted as unknown[]) expect(stored).toContainEqual(expect.objectContaining(item as object));
  }
}

/** As upstream's tests: a controller may write the same status. */
async function retryOnConflict<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 5; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0 || !isConflict(error)) throw error;
    }
  }
}

function collection({ api, plural, namespaced }: Row, ns?: string): string {
  const base = api === 'v1' ? '/api/v1' : `/apis/${api}`;
  return namespaced === false || ns === undefined ? `${base}/${plural}` : `${base}/namespaces/${ns}/${plural}`;
}

function document({ body, api, kind, plural, name = 'e2e-$' }: Row, suffix: string): object {
  const text = JSON.stringify({
    apiVersion: api,
    kind,
    metadata: { name: name.replace('$', suffix), labels: { e2e: plural } },
    ...body,
  });
  return JSON.parse(text.replaceAll('$NAME', name.replace('$', suffix)).replaceAll('$SUFFIX', suffix)) as object;
}
