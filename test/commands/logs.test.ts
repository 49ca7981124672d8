// What `logs` does beyond kubectl's, against a node that answers logs as a kubelet does.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeConnector } from '../../src/server/apiserver/types.ts';
import type { Response } from '../../src/wire/http.ts';
import { type CliOptions, runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** What was asked, without the path's prefix. */
const asked: string[] = [];
const stamp = (second: number): string => `2026-01-01T00:00:0${second}.000000000Z`;
const nodes: NodeConnector = {
  async forward(_, path, request): Promise<Response> {
    asked.push(path);
    const url = new URL(path, 'http://node');
    const [, , , pod, container] = url.pathname.split('/');
    const lines = [1, 2, 3].map(
      (n) => `${url.searchParams.get('timestamps') ? `${stamp(n)} ` : ''}${container} says ${n}\n`,
    );
    const follows = url.searchParams.get('follow') === 'true';
    async function* stream(): AsyncGenerator<Uint8Array> {
      for (const line of lines) yield Buffer.from(line);
      if (!follows || pod === 'short') return;
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve, { once: true }));
    }
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: { bytes: () => stream() } };
  },
};

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ nodes });
  await create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
  await status('/api/v1/nodes/n', {
    addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
  });
  await running('web-1', 'app', 'side');
  await running('api-1', 'app');
});
afterAll(() => server.close());

const cli = (line: string, options: CliOptions = {}) => runCli(words(line), { server, ...options });
const create = async (object: object): Promise<void> => {
  expect((await cli('create -f -', { stdin: JSON.stringify(object) })).stderr).toBe('');
};
const status = async (path: string, body: object): Promise<void> => {
  await server
    .client()
    .request('PATCH', `${path}/status`, { body: { status: body }, contentType: 'application/merge-patch+json' });
};
async function running(name: string, ...containers: string[]): Promise<void> {
  const [app] = name.split('-');
  await create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app } },
    spec: { nodeName: 'n', containers: containers.map((c) => ({ name: c, image: 'x' })) },
  });
  await status(`/api/v1/namespaces/default/pods/${name}`, {
    phase: 'Running',
    containerStatuses: containers.map((c) => ({
      name: c,
      image: 'x',
      imageID: '',
      ready: true,
      restartCount: 0,
      state: { running: {} },
    })),
  });
}

describe('logs', () => {
  it('of pods by a regular expression, all containers, each line named', async () => {
    const { stdout, code } = await cli('logs --match ^web- --since=5m');
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      ...[1, 2, 3].map((n) => `[pod/web-1/app] app says ${n}`),
      ...[1, 2, 3].map((n) => `[pod/web-1/side] side says ${n}`),
      '',
    ]);
    expect(asked.at(-1)).toContain('sinceSeconds=300');
    expect((await cli('logs --match ^nothing')).stderr).toBe('No pod matches "^nothing".\n');
    expect((await cli('logs --match [')).stderr).toContain('error: --match is no regular expression');
  });
  it('as JSON, with the time of each line', async () => {
    const { stdout } = await cli('logs api-1 -o json');
    expect(JSON.parse(stdout.split('\n')[0]!)).toEqual({
      time: stamp(1),
      namespace: 'default',
      pod: 'api-1',
      container: 'app',
      message: 'app says 1',
    });
  });
  it("are coloured by pod on a terminal, and kubectl's bytes elsewhere", async () => {
    const coloured = (await cli('logs --match .', { terminal: 80 })).stdout;
    expect(coloured).toContain('\u001b[36m[pod/api-1/app]\u001b[39m app says 1\n');
    expect(coloured).toContain('\u001b[32m[pod/web-1/app]\u001b[39m app says 1\n');
    expect((await cli('logs api-1 --prefix')).stdout).toContain('[pod/api-1/app] app says 1\n');
    expect((await cli('logs api-1', { terminal: 80 })).stdout).toBe('app says 1\napp says 2\napp says 3\n');
  });
  it('live: follow pods that come later', async () => {
    const stop = new AbortController();
    const following = cli('logs --live -l app=live', { signal: stop.signal });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await running('live-1', 'app');
    const deadline = Date.now() + 10_000;
    while (!asked.some((a) => a.includes('/live-1/app')) && Date.now() < deadline)
      await new Promise((r) => setTimeout(r, 10));
    await new Promise((resolve) => setTimeout(resolve, 50));
    stop.abort();
    const { stdout } = await following;
    expect(stdout).toBe([1, 2, 3].map((n) => `[pod/live-1/app] app says ${n}\n`).join(''));
  });
  it('live: go on after the last line when a stream is cut, and say no line twice', async () => {
    const stop = new AbortController();
    await running('short', 'app');
    const following = cli('logs --live short', { signal: stop.signal });
    const deadline = Date.now() + 10_000;
    const again = (): boolean => asked.some((a) => a.includes('/short/app') && a.includes('sinceTime'));
    while (!again() && Date.now() < deadline) await new Promise((r) => setTimeout(r, 10));
    await new Promise((resolve) => setTimeout(resolve, 50));
    stop.abort();
    const { stdout } = await following;
    expect(stdout).toBe([1, 2, 3].map((n) => `[pod/short/app] app says ${n}\n`).join(''));
  });
  it('live: of an object that is not there end at once', async () => {
    expect(await cli('logs --live deployment/nope')).toMatchObject({ code: 1, stdout: '' });
  });
});
