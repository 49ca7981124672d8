// Which state lists, gets and watches show for which resourceVersion, and which combinations are refused.
// Upstream: apimachinery/pkg/apis/meta/internalversion/validation, test/e2e/apimachinery/{chunking,watch,watchlist}.go,
// test/integration/apiserver/{apiserver,watchcache}_test.go; the table of docs "Resource versions" is theirs.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { raw } from '../support/raw.ts';
import { type TestServer, startTestServer } from '../support/server.ts';
import { Api, type Doc, type Event } from './api.ts';

let server: TestServer;
let api: Api;
beforeAll(async () => {
  server = await startTestServer();
  api = new Api(server.client());
});
afterAll(() => server.close());

let maps: string;
let count = 0;
/** Revisions: before, after the first, the second and the third write. */
let revisions: string[];
beforeEach(async () => {
  const namespace = `lw-${++count}`;
  await api.post('/api/v1/namespaces', { metadata: { name: namespace } });
  maps = `/api/v1/namespaces/${namespace}/configmaps`;
  revisions = [(await api.get(maps)).metadata['resourceVersion']];
  for (const name of ['a', 'b', 'c']) {
    const made = await api.post(maps, { metadata: { name, labels: { name } }, data: { name } });
    revisions.push(made.metadata['resourceVersion']);
  }
});
const names = (doc: Doc): string[] => doc['items'].map((o: Doc) => o.metadata.name);
const answer = async (query: string) => {
  const { status, json } = await raw(server, 'GET', `${maps}?${query}`);
  return { status, message: (json as { message?: string }).message ?? '' };
};

describe('lists', () => {
  it('show the newest state, any, one that is not older, or exactly one', async () => {
    const at = (n: number) => revisions[n]!;
    for (const [query, expected] of [
      ['', ['a', 'b', 'c']],
      ['resourceVersion=0', ['a', 'b', 'c']],
      ['resourceVersion=0&resourceVersionMatch=NotOlderThan', ['a', 'b', 'c']],
      [`resourceVersion=${at(1)}`, ['a', 'b', 'c']],
      [`resourceVersion=${at(1)}&resourceVersionMatch=NotOlderThan`, ['a', 'b', 'c']],
      [`resourceVersion=${at(0)}&resourceVersionMatch=Exact`, []],
      [`resourceVersion=${at(1)}&resourceVersionMatch=Exact`, ['a']],
      [`resourceVersion=${at(2)}&resourceVersionMatch=Exact&limit=1`, ['a']],
      [`resourceVersion=${at(2)}&resourceVersionMatch=Exact&labelSelector=name%3Db`, ['b']],
      [`resourceVersion=${at(1)}&resourceVersionMatch=NotOlderThan&limit=2`, ['a', 'b']],
      ['limit=0', ['a', 'b', 'c']],
      ['limit=2&resourceVersion=0', ['a', 'b']],
      ['fieldSelector=metadata.name%3Db', ['b']],
      ['fieldSelector=metadata.name!%3Db', ['a', 'c']],
    ] as const) {
      const list = await api.get(`${maps}?${query}`);
      expect([query, names(list)]).toEqual([query, expected]);
      const exact = /resourceVersion=(\d+)&resourceVersionMatch=Exact/.exec(query);
      if (exact) expect(list.metadata['resourceVersion']).toBe(exact[1]);
      else expect(Number(list.metadata['resourceVersion'])).toBeGreaterThanOrEqual(Number(at(3)));
    }
  });

  it('in pages keep to the first page, whatever is written meanwhile', async () => {
    for (const first of ['limit=1', `limit=1&resourceVersion=${revisions[3]}&resourceVersionMatch=Exact`]) {
      let list = await api.get(`${maps}?${first}`);
      const seen = names(list);
      const revision = list.metadata['resourceVersion'];
      await api.post(maps, { metadata: { name: 'aa' } });
      await api.del(`${maps}/aa`);
      while (list.metadata['continue']) {
        list = await api.get(`${maps}?limit=1&continue=${list.metadata['continue']}`);
        expect(list.metadata['resourceVersion']).toBe(revision);
        seen.push(...names(list));
      }
      expect(seen).toEqual(['a', 'b', 'c']);
    }
  });

  it('go on inconsistently when the first page is forgotten', async () => {
    const first = await api.get(`${maps}?limit=1`);
    await api.post(maps, { metadata: { name: 'd' } });
    await server.store.compact(await server.store.currentRevision());
    const gone = await api.failure(api.get(`${maps}?limit=1&continue=${first.metadata['continue']}`));
    expect(gone).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: expect.stringContaining(
        'The provided continue parameter is too old to display a consistent list result.',
      ),
    });
    const token = (gone.status.metadata as { continue: string }).continue;
    const page = await api.get(`${maps}?limit=2&continue=${token}`);
    expect(names(page)).toEqual(['b', 'c']);
    expect(page.metadata['resourceVersion']).not.toBe(first.metadata['resourceVersion']);
    expect(page.metadata['remainingItemCount']).toBe(1);
    const last = await api.get(`${maps}?limit=2&continue=${page.metadata['continue']}`);
    expect([names(last), last.metadata['resourceVersion']]).toEqual([['d'], page.metadata['resourceVersion']]);
  });

  const token = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  it.each([
    'nonsense',
    token('{'),
    token({ v: 'v1', rv: 5, start: 'a' }),
    token({ v: 'meta.k8s.io/v1', rv: 0, start: 'a' }),
    token({ v: 'meta.k8s.io/v1', rv: 5, start: '' }),
    token({ v: 'meta.k8s.io/v1', rv: 5, start: '../secrets/x' }),
    token({ v: 'meta.k8s.io/v1', rv: 5, start: 'a/../../secrets' }),
    token({ v: 'meta.k8s.io/v1', rv: 5, start: 'a//b' }),
    token({ v: 'meta.k8s.io/v1', rv: 'x', start: 'a' }),
    token([1]),
    'x'.repeat(20_000),
  ])('refuse the continue token %s', async (value) => {
    expect((await answer(`limit=1&continue=${value}`)).status).toBe(400);
  });
});

describe('queries that are refused', () => {
  const PROVIDED = 'resourceVersionMatch is forbidden unless resourceVersion is provided';
  const CONTINUED = 'resourceVersionMatch is forbidden when continue is provided';
  const ZERO = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
  const NO_WATCH = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
  const NOT_OLDER = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
  const match = (...details: string[]) => details.map((d) => `resourceVersionMatch: ${d}`);
  const forbidden = (...details: string[]) => match(...details.map((d) => `Forbidden: ${d}`));
  const other = (list: string, value: string) => `Unsupported value: "${value}": supported values: ${list}`;
  const LISTS = '"Exact", "NotOlderThan", ""';
  it.each<[string, string[]]>([
    ['resourceVersionMatch=Exact', forbidden(PROVIDED)],
    ['resourceVersionMatch=NotOlderThan', forbidden(PROVIDED)],
    ['resourceVersionMatch=Exact&resourceVersion=0', forbidden(ZERO)],
    ['resourceVersionMatch=Exact&resourceVersion=5&continue=x', forbidden(CONTINUED)],
    ['resourceVersionMatch=Newest&resourceVersion=5', match(other(LISTS, 'Newest'))],
    ['resourceVersionMatch=Newest', [...forbidden(PROVIDED), ...match(other(LISTS, 'Newest'))]],
    ['sendInitialEvents=true', ['sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list']],
    [
      'sendInitialEvents=false&resourceVersionMatch=Exact&resourceVersion=0',
      [...forbidden(ZERO), 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'],
    ],
    ['watch=1&resourceVersionMatch=NotOlderThan', forbidden(NO_WATCH)],
    ['watch=1&resourceVersionMatch=Exact', [...forbidden(NO_WATCH), ...match(other('"NotOlderThan"', 'Exact'))]],
    ['watch=1&sendInitialEvents=true', forbidden(NOT_OLDER)],
    ['watch=1&sendInitialEvents=false', forbidden(NOT_OLDER)],
    [
      'watch=1&sendInitialEvents=true&resourceVersionMatch=Exact',
      [...forbidden(NOT_OLDER), ...match(other('"NotOlderThan"', 'Exact'))],
    ],
    ['watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=x', forbidden(CONTINUED)],
  ])('%s', async (query, details) => {
    const { status, message } = await answer(query);
    const text = details.length === 1 ? details[0]! : `[${details.join(', ')}]`;
    expect([status, message]).toEqual([422, `ListOptions.meta.k8s.io "" is invalid: ${text}`]);
  });

  it.each([
    'limit=abc',
    'limit=1e3',
    'limit=99999999999999999999',
    'timeoutSeconds=soon',
    'resourceVersion=abc',
    'resourceVersion=-1',
    'resourceVersion=1.5',
    'watch=1&resourceVersion=abc',
    'labelSelector=a%20in%20(',
    'labelSelector=!!a',
    `labelSelector=${'a'.repeat(400)}%3Db`,
    'labelSelector=a%3D%00',
    'fieldSelector=spec.x%3Dy',
    'fieldSelector=metadata.name',
    'fieldSelector=__proto__%3Dx',
    'fieldSelector=metadata.labels.a%3Db',
  ])('%s', async (query) => expect((await answer(query)).status).toBe(400));

  it('the future is waited for, and then said not to be there yet', async () => {
    for (const query of ['resourceVersion=99999999', 'resourceVersion=99999999&resourceVersionMatch=Exact']) {
      expect((await answer(query)).status).toBe(504);
    }
  }, 20_000);
});

const shown = ({ type, object }: Event): string => `${type} ${object.metadata?.['name'] ?? object['code']}`;

describe('watches', () => {
  const INITIAL = 'resourceVersionMatch=NotOlderThan&sendInitialEvents=true';
  it.each<[string, (at: string[]) => string, string[]]>([
    ['no version: the state, then what comes', () => '', ['ADDED a', 'ADDED b', 'ADDED c', 'ADDED d']],
    ['0: the same', () => 'resourceVersion=0', ['ADDED a', 'ADDED b', 'ADDED c', 'ADDED d']],
    ['a version: what came after it', (at) => `resourceVersion=${at[1]}`, ['ADDED b', 'ADDED c', 'ADDED d']],
    ['the newest: what comes', (at) => `resourceVersion=${at[3]}`, ['ADDED d']],
    ['without the state', () => `${INITIAL.replace('true', 'false')}&resourceVersion=`, ['ADDED d']],
    [
      'without the state, from a version',
      (at) => `${INITIAL.replace('true', 'false')}&resourceVersion=${at[2]}`,
      ['ADDED c', 'ADDED d'],
    ],
    [
      'with the state and its end',
      () => `${INITIAL}&allowWatchBookmarks=true`,
      ['ADDED a', 'ADDED b', 'ADDED c', 'BOOKMARK undefined', 'ADDED d'],
    ],
    [
      'with the state and its end, at 0',
      () => `${INITIAL}&allowWatchBookmarks=true&resourceVersion=0`,
      ['ADDED a', 'ADDED b', 'ADDED c', 'BOOKMARK undefined', 'ADDED d'],
    ],
    [
      'with the state and its end, not older than a version',
      (at) => `${INITIAL}&allowWatchBookmarks=true&resourceVersion=${at[1]}`,
      ['ADDED a', 'ADDED b', 'ADDED c', 'BOOKMARK undefined', 'ADDED d'],
    ],
    ['a label', () => 'labelSelector=name%20in%20(b,d)', ['ADDED b', 'ADDED d']],
    ['one name', () => 'fieldSelector=metadata.name%3Dd', ['ADDED d']],
  ])('%s', async (_, query, expected) => {
    const watch = api.watch(`${maps}?${query(revisions)}`);
    const first = watch.next();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await api.post(maps, { metadata: { name: 'd', labels: { name: 'd' } } });
    const events = [await first, ...(await watch.take(expected.length - 1))];
    expect(events.map(shown)).toEqual(expected);
    const bookmark = events.find((e) => e.type === 'BOOKMARK');
    if (bookmark) {
      expect(bookmark.object.metadata['annotations']).toEqual({ 'k8s.io/initial-events-end': 'true' });
      expect(Number(bookmark.object.metadata['resourceVersion'])).toBeGreaterThanOrEqual(Number(revisions[3]));
    }
    watch.close();
  });

  it('an object that leaves a selection by field is deleted for it, one that enters is added', async () => {
    const pods = maps.replace('configmaps', 'pods');
    const spec = { containers: [{ name: 'c', image: 'i' }] };
    const watch = api.watch(`${pods}?fieldSelector=spec.nodeName%3Dn,status.phase!%3DFailed`);
    for (const name of ['p', 'q']) {
      await api.post(pods, { metadata: { name }, spec });
      await api.post(`${pods}/${name}/binding`, { metadata: { name }, target: { kind: 'Node', name: 'n' } });
    }
    await api.patch(`${pods}/p/status`, { status: { phase: 'Running' } });
    await api.patch(`${pods}/p/status`, { status: { phase: 'Failed' } });
    await api.patch(`${pods}/p/status`, { status: { phase: 'Running' } });
    expect((await watch.take(5)).map(shown)).toEqual(['ADDED p', 'ADDED q', 'MODIFIED p', 'DELETED p', 'ADDED p']);
    watch.close();
  });

  it('ends with 410 Gone when what it asks for is forgotten, as an event', async () => {
    await server.store.compact(await server.store.currentRevision());
    const small = await startTestServer({ store: server.store, namespaces: false });
    const watch = new Api(small.client()).watch(`${maps}?resourceVersion=1`);
    const event = await watch.next();
    expect(event).toMatchObject({
      type: 'ERROR',
      object: {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: expect.stringMatching(/^too old resource version: 1 \(\d+\)$/),
      },
    });
    await small.server.close();
  });

  it('ends after timeoutSeconds', async () => {
    const { status, text } = await raw(server, 'GET', `${maps}?watch=true&timeoutSeconds=1`);
    expect([status, text.trim().split('\n').length]).toEqual([200, 3]);
  });

  it.each([
    ['Table', 'application/json;as=Table;v=v1;g=meta.k8s.io'],
    ['PartialObjectMetadata', 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'],
  ])('shows %s', async (kind, accept) => {
    const { text } = await raw(server, 'GET', `${maps}?watch=true&timeoutSeconds=1`, { headers: { accept } });
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    expect(events.map((e) => [e.type, e.object['kind']])).toEqual(Array(3).fill(['ADDED', kind]));
    if (kind === 'Table') {
      expect(events.map((e) => e.object['rows'].length)).toEqual([1, 1, 1]);
      // Only the first has the columns.
      expect(events.map((e) => (e.object['columnDefinitions'] ?? []).length > 0)).toEqual([true, false, false]);
    } else expect(events[0]!.object['data']).toBeUndefined();
  });

  it('streamed lists are never tables: 406, or the next form that is taken', async () => {
    const path = `${maps}?watch=1&${INITIAL}&allowWatchBookmarks=true&timeoutSeconds=1`;
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    expect((await raw(server, 'GET', path, { headers: { accept } })).status).toBe(406);
    const { text } = await raw(server, 'GET', path, { headers: { accept: `${accept},application/json` } });
    expect((JSON.parse(text.split('\n')[0]!) as Event).object['kind']).toBe('ConfigMap');
  });

  it('of one object by its path, the old way', async () => {
    const old = maps.replace('/api/v1/', '/api/v1/watch/');
    const { text } = await raw(server, 'GET', `${old}/b?timeoutSeconds=1`);
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => shown(JSON.parse(line) as Event)),
    ).toEqual(['ADDED b']);
  });
});

describe('gets', () => {
  it('take no version, 0 and one that is not older', async () => {
    for (const version of ['', '0', revisions[1], revisions[3]]) {
      expect((await api.get(`${maps}/c?resourceVersion=${version}`)).metadata['name']).toBe('c');
    }
    expect((await raw(server, 'GET', `${maps}/c?resourceVersion=abc`)).status).toBe(400);
  });
});
