// Probes against real servers on this machine, and the prober's thresholds against probes that a script decides.
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, type Server, createServer } from 'node:net';
import type { Pod, Probe } from 'kubernetes-types/core/v1.js';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/client/clock.ts';
import { dialGrpc, dialHttp, dialTcp } from '../../../src/node/agent/host/probe-dial.ts';
import { PodProber } from '../../../src/node/agent/prober.ts';
import type { ContainerRecord } from '../../../src/node/agent/runtime-state.ts';
import type { DockerClient } from '../../../src/node/docker/client.ts';

const servers: Server[] = [];
afterAll(() => servers.forEach((server) => server.close()));
async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('an HTTP probe', () => {
  const target = (port: number, path: string) => ({
    scheme: 'HTTP' as const,
    host: '127.0.0.1',
    port,
    path,
    headers: [],
  });
  test('judges by the status, follows redirects at home, and words failures as Go does', async () => {
    let seen: string | undefined;
    const port = await listen(
      createHttpServer((request, response) => {
        seen = request.headers['user-agent'];
        const status = Number(request.url?.slice(1) ?? 200);
        if (request.url === '/to-500') response.writeHead(302, { location: '/500' }).end();
        else if (request.url === '/away')
          response.writeHead(302, { location: 'http://elsewhere.example/' }).end('<a>elsewhere</a>');
        else if (request.url !== '/hang') response.writeHead(status).end('body');
      }),
    );
    expect(await dialHttp(target(port, '200'), 1000)).toEqual({ result: 'success', output: 'body' });
    expect(seen).toBe('kube-probe/1.34');
    expect((await dialHttp(target(port, '/299'), 1000)).result).toBe('success');
    expect((await dialHttp(target(port, '/399'), 1000)).result).toBe('warning');
    const failed = { result: 'failure', output: 'HTTP probe failed with statuscode: 500' };
    expect(await dialHttp(target(port, '/500'), 1000)).toEqual(failed);
    expect(await dialHttp(target(port, '/to-500'), 1000)).toEqual(failed);
    expect(await dialHttp(target(port, '/away'), 1000)).toEqual({
      result: 'warning',
      output: 'Probe terminated redirects, Response body: <a>elsewhere</a>',
    });
    expect((await dialHttp(target(port, '/hang'), 100)).output).toBe(
      `Get "http://127.0.0.1:${port}/hang": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    );
    const closed = await closedPort();
    expect((await dialHttp(target(closed, '/x'), 1000)).output).toBe(
      `Get "http://127.0.0.1:${closed}/x": dial tcp 127.0.0.1:${closed}: connect: connection refused`,
    );
  });
});

test('a TCP probe connects or says why not', async () => {
  const port = await listen(createServer());
  expect(await dialTcp('127.0.0.1', port, 1000)).toEqual({ result: 'success', output: '' });
  const closed = await closedPort();
  expect(await dialTcp('127.0.0.1', closed, 1000)).toEqual({
    result: 'failure',
    output: `dial tcp 127.0.0.1:${closed}: connect: connection refused`,
  });
});

test('a gRPC probe asks the health service', async () => {
  const server = createHttp2Server();
  server.on('stream', (stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const service = Buffer.concat(chunks).subarray(7).toString();
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': service === 'unknown' ? '5' : '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, service === 'sick' ? 2 : 1]));
    });
  });
  const port = await listen(server as unknown as Server);
  expect(await dialGrpc('127.0.0.1', port, '', 1000)).toMatchObject({ result: 'success' });
  expect(await dialGrpc('127.0.0.1', port, 'sick', 1000)).toEqual({
    result: 'failure',
    output: 'service unhealthy (responded with "NOT_SERVING")',
  });
  expect((await dialGrpc('127.0.0.1', port, 'unknown', 1000)).output).toBe('error: health rpc failed with code 5');
  const closed = await closedPort();
  expect((await dialGrpc('127.0.0.1', closed, '', 1000)).output).toContain('connection refused');
});

describe('the prober', () => {
  const docker = {} as DockerClient;
  const probers: PodProber[] = [];
  afterEach(() => probers.splice(0).forEach((prober) => prober.stop()));

  /** A server whose answers a test decides, and the probers that ask it. Periods are cut to a hundredth. */
  async function setup(probes: { readinessProbe?: Probe; livenessProbe?: Probe; startupProbe?: Probe }) {
    const answers = { status: 200 };
    const asked: string[] = [];
    const port = await listen(
      createHttpServer((request, response) => {
        asked.push(request.url ?? '');
        response.writeHead(answers.status).end();
      }),
    );
    const at = (path: string, probe: Probe | undefined) => probe && { ...probe, httpGet: { path, port } as never };
    const pod: Pod = {
      metadata: { name: 'p', namespace: 'd', uid: 'u' },
      spec: {
        containers: [
          {
            name: 'c',
            ...(probes.readinessProbe && { readinessProbe: at('/ready', probes.readinessProbe) }),
            ...(probes.livenessProbe && { livenessProbe: at('/live', probes.livenessProbe) }),
            ...(probes.startupProbe && { startupProbe: at('/start', probes.startupProbe) }),
          } as never,
        ],
      },
    };
    const record = { id: 'id', name: 'c', state: 'running', startedAt: new Date().toISOString() } as ContainerRecord;
    const events: string[] = [];
    const clock = {
      now: systemClock.now,
      sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 100, signal),
    };
    const prober = new PodProber(
      { docker, clock, event: (_pod, _container, reason, message) => events.push(`${reason} ${message}`) },
      () => undefined,
    );
    probers.push(prober);
    const sync = (terminating = false) =>
      prober.sync(pod, { sandboxes: [], containers: [record] }, '127.0.0.1', terminating);
    sync();
    return { prober, answers, asked, events, sync };
  }

  test('readiness begins as a failure and follows the thresholds', async () => {
    const { prober, answers, events } = await setup({
      readinessProbe: { periodSeconds: 1, successThreshold: 2, failureThreshold: 3 },
    });
    expect(prober.readiness('id')).toBe('failure');
    await expect.poll(() => prober.readiness('id')).toBe('success');
    answers.status = 503;
    await expect.poll(() => prober.readiness('id')).toBe('failure');
    expect(events.length).toBeGreaterThanOrEqual(3);
    expect(events[0]).toBe('Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 503');
  });

  test('a warning is told of and counts as success', async () => {
    const { prober, answers, events } = await setup({ readinessProbe: { periodSeconds: 1 } });
    answers.status = 304;
    await expect.poll(() => prober.readiness('id')).toBe('success');
    await expect
      .poll(() => events)
      .toContain('ProbeWarning Readiness probe warning: Probe terminated redirects, Response body: ');
  });

  test('liveness begins as a success; after its failure it rests until there is another container', async () => {
    const { prober, answers, asked } = await setup({ livenessProbe: { periodSeconds: 1, failureThreshold: 2 } });
    expect(prober.liveness('id')).toBe('success');
    answers.status = 500;
    await expect.poll(() => prober.liveness('id')).toBe('failure');
    const count = asked.length;
    await systemClock.sleep(50);
    expect(asked.length).toBe(count);
    expect(prober.liveness('other')).toBeUndefined();
  });

  test('nothing else is asked before the startup probe has succeeded, and it only until then', async () => {
    const { prober, answers, asked } = await setup({
      startupProbe: { periodSeconds: 1, failureThreshold: 1000 },
      readinessProbe: { periodSeconds: 100 },
    });
    answers.status = 500;
    await expect.poll(() => asked.length).toBeGreaterThan(3);
    expect(prober.startup('id')).toBe('unknown');
    expect(new Set(asked)).toEqual(new Set(['/start']));
    answers.status = 200;
    await expect.poll(() => prober.startup('id')).toBe('success');
    // At once, not after the hundred seconds of its period.
    await expect.poll(() => prober.readiness('id'), { timeout: 500 }).toBe('success');
    const starts = asked.filter((path) => path === '/start').length;
    await systemClock.sleep(50);
    expect(asked.filter((path) => path === '/start').length).toBe(starts);
  });

  test('while the pod ends, only readiness is asked', async () => {
    const { prober, asked, sync } = await setup({
      readinessProbe: { periodSeconds: 1 },
      livenessProbe: { periodSeconds: 1 },
    });
    await expect.poll(() => new Set(asked).size).toBe(2);
    sync(true);
    expect(prober.liveness('id')).toBeUndefined();
    // One that was under way may still be asked.
    asked.length = 0;
    await expect.poll(() => asked.length).toBeGreaterThan(2);
    asked.length = 0;
    await expect.poll(() => asked.length).toBeGreaterThan(2);
    expect(asked).not.toContain('/live');
  });
});
