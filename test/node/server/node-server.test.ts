// The node's HTTP API without a socket: who may ask what, which log is meant, how numbers are shown.
import type { ContainerStatus } from 'kubernetes-types/core/v1.js';
import { describe, expect, test } from 'vitest';
import { Client, readBytes } from '../../../src/client/rest.ts';
import { DockerClient } from '../../../src/node/docker/client.ts';
import { NodeAccessControl } from '../../../src/node/server/access.ts';
import { nodeAccess } from '../../../src/node/server/attributes.ts';
import { logContainerId, parseLogQuery } from '../../../src/node/server/logs.ts';
import { NamespaceDialer } from '../../../src/node/server/namespace-dialer.ts';
import { type NodeServerOptions, nodeHandler } from '../../../src/node/server/node-server.ts';
import { type ContainerUsage, type NodeUsage, resourceMetrics, summary } from '../../../src/node/server/stats.ts';
import { servePortForward } from '../../../src/wire/port-forward.ts';
import { serveRemoteCommand } from '../../../src/wire/remote-command.ts';
import type { Request } from '../../../src/wire/http.ts';
import { expectGolden } from '../support/golden.ts';

test.each([
  ['GET', '/pods', 'get', ['pods', 'proxy']],
  ['GET', '/stats/summary', 'get', ['stats']],
  ['GET', '/metrics/resource', 'get', ['metrics']],
  ['GET', '/metricsfoo', 'get', ['proxy']],
  ['POST', '/exec/ns/pod/c', 'create', ['proxy']],
  ['GET', '/containerLogs/ns/pod/c', 'get', ['proxy']],
  ['GET', '/healthz', 'get', ['healthz', 'proxy']],
])('%s %s needs %s of %j', (method, path, verb, subresources) => {
  expect(nodeAccess(method, path)).toEqual({ verb, subresources });
});

const request = (path: string, more: Partial<Request> = {}): Request => ({
  method: 'GET',
  path: path.split('?')[0]!,
  query: new URLSearchParams(path.split('?')[1] ?? ''),
  headers: {},
  signal: new AbortController().signal,
  ...more,
});

describe('callers', () => {
  /** An API server that answers reviews, and counts them. */
  function gate() {
    const asked: string[] = [];
    let now = 0;
    const client = new Client(async ({ path, body }) => {
      const review = body?.shared?.() as {
        kind: string;
        spec: { token?: string; user?: string; resourceAttributes?: { subresource: string; name: string } };
      };
      asked.push(path.split('/').pop()!);
      const status =
        review.kind === 'TokenReview'
          ? { authenticated: review.spec.token === 'good', user: { username: 'scraper', groups: ['g'] } }
          : { allowed: review.spec.user === 'scraper' && review.spec.resourceAttributes?.subresource === 'metrics' };
      const bytes = Buffer.from(JSON.stringify({ ...review, status }));
      return { status: 201, headers: { 'content-type': 'application/json' }, body: { bytes: () => bytes } };
    });
    const access = new NodeAccessControl({ client, nodeName: 'n', clock: { now: () => now } });
    return { access, asked, later: (ms: number) => (now += ms) };
  }
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

  test('must say who they are', async () => {
    const { access } = gate();
    await expect(access.check(request('/pods'))).rejects.toMatchObject({ status: 401, message: 'Unauthorized' });
    await expect(access.check(request('/pods', bearer('bad')))).rejects.toMatchObject({ status: 401 });
    const peerCertificate = { der: new Uint8Array(), verified: false };
    await expect(access.check(request('/pods', { peerCertificate }))).rejects.toMatchObject({ status: 401 });
  });
  test('may what the API server says, and it is asked once in a while', async () => {
    const { access, asked, later } = gate();
    expect((await access.check(request('/metrics', bearer('good')))).name).toBe('scraper');
    await access.check(request('/metrics/resource', bearer('good')));
    expect(asked).toEqual(['tokenreviews', 'subjectaccessreviews']);
    await expect(access.check(request('/pods', bearer('good')))).rejects.toMatchObject({
      status: 403,
      message: 'Forbidden (user=scraper, verb=get, resource=nodes, subresource(s)=[pods, proxy])',
    });
    asked.length = 0;
    later(300_001);
    await access.check(request('/metrics', bearer('good')));
    expect(asked).toEqual(['tokenreviews', 'subjectaccessreviews']);
  });
});

describe('which log is meant', () => {
  const status = (state: object, lastState: object = {}): { containerStatuses: ContainerStatus[] } => ({
    containerStatuses: [
      {
        name: 'c',
        image: '',
        imageID: '',
        ready: false,
        restartCount: 0,
        containerID: 'docker://now',
        state,
        lastState,
      },
    ],
  });
  const ended = (id: string) => ({ terminated: { containerID: `docker://${id}`, exitCode: 1 } });
  const waiting = (reason: string) => ({ waiting: { reason } });
  test.each([
    ['the running one', status({ running: {} }), false, 'now'],
    ['the ended one', status(ended('now')), false, 'now'],
    ['the last one of a crash loop', status(waiting('CrashLoopBackOff'), ended('old')), false, 'old'],
    ['the previous one', status({ running: {} }, ended('old')), true, 'old'],
  ])('%s', (_title, given, previous, id) => {
    expect(logContainerId(given, 'p', 'c', previous)).toBe(id);
  });
  test.each([
    [status({ running: {} }), true, 'previous terminated container "c" in pod "p" not found'],
    [status(waiting('ContainerCreating')), false, 'container "c" in pod "p" is waiting to start: ContainerCreating'],
    [status(waiting('ErrImagePull')), false, 'container "c" in pod "p" is waiting to start: image can\'t be pulled'],
    [
      status(waiting('ImagePullBackOff')),
      false,
      'container "c" in pod "p" is waiting to start: trying and failing to pull image',
    ],
    [{}, false, 'container "c" in pod "p" is not available'],
  ])('none of %j', (given, previous, message) => {
    expect(() => logContainerId(given, 'p', 'c', previous)).toThrow(message);
  });
  test('options are read as they come from the API server', () => {
    const parse = (text: string) => parseLogQuery(new URLSearchParams(text), 100_000);
    expect(parse('follow=true&tailLines=5&limitBytes=9&sinceSeconds=10&timestamps=true')).toEqual({
      follow: true,
      previous: false,
      timestamps: true,
      tailLines: 5,
      limitBytes: 9,
      since: '90',
      stdout: true,
      stderr: true,
    });
    expect(parse('sinceTime=1970-01-01T00:00:01.5Z&stream=Stderr')).toMatchObject({ since: '1.5', stdout: false });
    expect(() => parse('tailLines=-1')).toThrow('tailLines: Invalid value: -1');
    expect(() => parse('sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z')).toThrow('at most one of');
  });
});

describe('the handler', () => {
  const options: NodeServerOptions = {
    nodeName: 'n',
    docker: new DockerClient({ socketPath: '/nonexistent' }),
    access: async () => undefined,
    findPod: () => undefined,
    pods: () => [{ metadata: { name: 'p' } }],
    usage: async () => ({ node, containers: [] }),
    configuration: () => ({ kubeletconfig: {} }),
    healthy: async () => undefined,
    dialer: new NamespaceDialer(),
    serveRemoteCommand,
    servePortForward,
    clock: { now: () => 0 },
  };
  const ask = async (path: string, more: Partial<NodeServerOptions> = {}) => {
    const response = await nodeHandler({ ...options, ...more })(request(path));
    return [response.status, (await readBytes(response)).toString()];
  };
  test('answers, or says what is missing in plain text', async () => {
    expect(await ask('/healthz')).toEqual([200, 'ok']);
    expect(await ask('/healthz', { healthy: () => Promise.reject(new Error('docker is down')) })).toEqual([
      500,
      'docker is down',
    ]);
    expect((await ask('/pods/'))[1]).toBe(
      '{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"p"}}]}',
    );
    expect(await ask('/nothing')).toEqual([404, '404 page not found\n']);
    expect(await ask('/%zz')).toEqual([400, 'malformed path']);
    expect(await ask('/containerLogs/ns/gone/c')).toEqual([404, 'pod "gone" not found']);
    expect(await ask('/exec/ns/gone/c?command=x')).toEqual([404, 'pod does not exist: "gone_ns"']);
    expect(await ask('/portForward/ns/gone')).toEqual([404, 'pod not found ("gone_ns")']);
  });
});

const node: NodeUsage = {
  name: 'n',
  time: '2026-01-01T00:00:10Z',
  startedAt: '2026-01-01T00:00:00Z',
  cpuNanos: 5e9,
  memory: { total: 1000, available: 400 },
  disk: { total: 9000, available: 8000 },
};
const usage = (container: string, more: Partial<ContainerUsage> = {}): ContainerUsage => ({
  pod: { name: 'p', namespace: 'ns', uid: 'u' },
  container,
  startedAt: '2026-01-01T00:00:05.000Z',
  time: '2026-01-01T00:00:10Z',
  cpuNanos: 1_500_000_000,
  memoryBytes: 100,
  workingSetBytes: 80,
  rxBytes: 0,
  txBytes: 0,
  ...more,
});
test('numbers in the Summary API and for scrapers', () => {
  const usages = [
    usage('web'),
    usage('POD', { cpuNanos: 0, memoryBytes: 1, workingSetBytes: 1, rxBytes: 7, txBytes: 8 }),
  ];
  expectGolden('stats-summary', summary(node, usages, []));
  expectGolden('metrics-resource', resourceMetrics(node, usages).split('\n'));
});
