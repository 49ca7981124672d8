// Upstream's integration tests of a whole API server that no other suite of ours has: kubernetes/kubernetes,
// test/integration/apiserver/apiserver_test.go (TestListOptions, TestAPIListChunking…, TestNameInFieldSelector,
// TestCacheControl, Test202StatusCode, Test4xxStatusCodeInvalidPatch).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Status } from '../../src/api/status.ts';
import { type RawAnswer, raw } from '../support/raw.ts';
import { type TestServer, startTestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const name of ['list-options', 'chunks', 'ns0', 'ns1', 'ns2']) {
    await send('POST', '/api/v1/namespaces', { metadata: { name } });
  }
});
afterAll(() => server.close());

interface ListShown {
  metadata: { resourceVersion: string; continue?: string };
  items: { metadata: { name: string } }[];
}
const send = (method: string, path: string, body?: object, headers?: Record<string, string>): Promise<RawAnswer> =>
  raw(server, method, path, { ...(body ? { body } : {}), ...(headers ? { headers } : {}) });
const replicaSets = (namespace: string): string => `/apis/apps/v1/namespaces/${namespace}/replicasets`;
const replicaSet = (name: string, more: object = {}) => ({
  metadata: { name, ...more },
  spec: {
    selector: { matchLabels: { name: 'test' } },
    template: {
      metadata: { labels: { name: 'test' } },
      spec: { containers: [{ name: 'fake-name', image: 'fakeimage' }] },
    },
  },
});
const revisionOf = ({ json }: RawAnswer): string => (json as ListShown).metadata.resourceVersion;
const namesOf = ({ json }: RawAnswer): string[] => (json as ListShown).items.map(({ metadata }) => metadata.name);

describe('every combination of the options of a list', () => {
  const path = replicaSets('list-options');
  let compacted: string;
  let token: string;
  beforeAll(async () => {
    let oldest = '';
    for (let i = 0; i < 15; i++) {
      const revision = revisionOf(await send('POST', path, replicaSet(`test-${i}`)));
      if (i === 0) compacted = revision;
      if (i >= 5) continue;
      await send('DELETE', `${path}/test-${i}`, { gracePeriodSeconds: 0 });
      oldest = revision;
    }
    await server.store.compact(Number(oldest));
    token = ((await send('GET', `${path}?limit=6`)).json as ListShown).metadata.continue!;
  });

  /** How many there are, or a part of the message. Upstream: testListOptionsCase. */
  function expected(limit: number, next: string, revision: string, match: string): number[] | string {
    if (revision === '' && match !== '') return 'resourceVersionMatch is forbidden unless resourceVersion is provided';
    if (next !== '' && match !== '') return 'resourceVersionMatch is forbidden when continue is provided';
    if (match === 'InvalidMatch') return 'supported values';
    if (match === 'Exact' && revision === '0') {
      return 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
    }
    if (next === 'invalidContinueToken') return 'continue key is not valid';
    if (next !== '' && revision !== '' && revision !== '0') {
      return 'specifying resource version is not allowed when using continue';
    }
    if (revision === 'invalid') return 'Invalid value';
    if (revision === compacted && (match === 'Exact' || (limit > 0 && match === ''))) {
      return 'The resourceVersion for the provided list is too old';
    }
    if (next !== '') return [4];
    // Upstream's watch cache does not heed limits, its store does.
    return limit > 0 ? (revision === '0' ? [limit, 10] : [limit]) : [10];
  }

  it.each(['', 'valid', 'invalidContinueToken'])('continue %j', async (which) => {
    const wrong: unknown[] = [];
    const next = which === 'valid' ? token : which;
    for (const limit of [0, 6]) {
      for (const revision of ['', '0', compacted, 'invalid']) {
        for (const match of ['', 'NotOlderThan', 'Exact', 'InvalidMatch']) {
          const query = new URLSearchParams({
            ...(limit ? { limit: String(limit) } : {}),
            ...(next ? { continue: next } : {}),
            ...(revision ? { resourceVersion: revision } : {}),
            ...(match ? { resourceVersionMatch: match } : {}),
          });
          const answer = await send('GET', `${path}?${query}`);
          const want = expected(limit, next, revision, match);
          const { message } = answer.json as Status;
          const good =
            typeof want === 'string'
              ? answer.status >= 400 && message?.includes(want)
              : answer.status === 200 && want.includes(namesOf(answer).length);
          if (!good) wrong.push([String(query), want, answer.status, message]);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('chunks', () => {
  const path = replicaSets('chunks');
  beforeAll(async () => {
    for (let i = 0; i < 10; i++) {
      await send('POST', path, replicaSet(`test-${i}`, { labels: { odd: String(i % 2 !== 0) } }));
    }
  });

  async function pages(query: string, between: () => Promise<unknown> = async () => {}) {
    const names: string[][] = [];
    const revisions = new Set<string>();
    let next = '';
    do {
      const page = await send('GET', `${path}?${query}${next && `&continue=${encodeURIComponent(next)}`}`);
      names.push(namesOf(page));
      revisions.add(revisionOf(page));
      next = (page.json as ListShown).metadata.continue ?? '';
      await between();
    } while (next !== '');
    return { names, revisions: revisions.size };
  }

  it('with a label selector are full', async () => {
    expect(await pages('limit=3&labelSelector=odd%3Dtrue')).toEqual({
      names: [
        ['test-1', 'test-3', 'test-5'],
        ['test-7', 'test-9'],
      ],
      revisions: 1,
    });
  });

  it('show one moment', async () => {
    let made = 0;
    const { names, revisions } = await pages('limit=4', () => send('POST', path, replicaSet(`test-3-${made++}`)));
    expect(names.flat()).toEqual(Array.from({ length: 10 }, (_, i) => `test-${i}`));
    expect([names.length, revisions]).toEqual([3, 1]);
  });
});

it('fields select by name and namespace together', async () => {
  for (const namespace of ['ns0', 'ns1', 'ns2']) {
    for (const name of ['foo', 'bar']) {
      await send('POST', `/api/v1/namespaces/${namespace}/secrets`, { metadata: { name }, data: { key: 'dmFsdWU=' } });
    }
  }
  const count = async (namespace: string, selector: string): Promise<number> => {
    const path = namespace ? `/api/v1/namespaces/${namespace}/secrets` : '/api/v1/secrets';
    return namesOf(await send('GET', `${path}?fieldSelector=${encodeURIComponent(selector)}`)).length;
  };
  expect(await count('', 'metadata.name=foo')).toBe(3);
  expect(await count('', 'metadata.name=foo,metadata.name=bar')).toBe(0);
  expect(await count('', 'metadata.name=foo,metadata.namespace=ns1')).toBe(1);
  expect(await count('ns1', 'metadata.name=foo,metadata.namespace=ns1')).toBe(1);
  expect(await count('ns1', 'metadata.name=foo,metadata.namespace=ns2')).toBe(0);
  expect(await count('ns1', 'metadata.name=foo,metadata.namespace=')).toBe(0);
});

it.each([
  '/',
  '/healthz',
  '/openapi/v2',
  '/api',
  '/api/v1',
  '/apis',
  '/apis/apps',
  '/apis/apps/v1',
  '/api/v1/namespaces',
  '/apis/apps/v1/deployments',
])('%s is kept by nobody between', async (path) => {
  expect((await send('GET', path)).headers['cache-control']).toContain('private');
});

it('a deletion that has to wait is accepted only when somebody asked for dependents to go', async () => {
  const path = replicaSets('default');
  const remove = async (name: string, finalizers: string[], options?: object): Promise<number> => {
    await send('POST', path, replicaSet(name, { finalizers }));
    return (await send('DELETE', `${path}/${name}`, options)).status;
  };
  const cascade = { kind: 'DeleteOptions', apiVersion: 'v1', orphanDependents: false };
  expect(await remove('a', [])).toBe(200);
  expect(await remove('b', ['kube.io/dummy-finalizer'])).toBe(200);
  expect(await remove('c', [], cascade)).toBe(200);
  expect(await remove('d', ['kube.io/dummy-finalizer'], cascade)).toBe(202);
});

it('a patch whose types are wrong is invalid', async () => {
  await send('POST', replicaSets('default'), replicaSet('patched'));
  for (const type of ['merge-patch', 'strategic-merge-patch']) {
    const headers = { 'content-type': `application/${type}+json` };
    const body = { metadata: { annotations: { foo: ['bar'] } } };
    expect((await send('PATCH', `${replicaSets('default')}/patched`, body, headers)).status).toBe(422);
  }
});
