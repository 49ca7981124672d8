// Client → our server with a proxy handler → a second server: bodies, headers, upgrades, failures, over real sockets.
import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Handler, Request, Response } from '../../src/wire/http.ts';
import { createHttpServer } from '../../src/wire/http-server.ts';
import type { HttpServer } from '../../src/wire/http-server.ts';
import { dialPortForward } from '../../src/wire/port-forward.ts';
import { createNodeConnector } from '../../src/wire/proxy.ts';
import type { NodeConnection } from '../../src/wire/proxy.ts';
import { runRemoteCommand, serveRemoteCommand } from '../../src/wire/remote-command.ts';
import { servePortForward } from '../../src/wire/port-forward.ts';
import { testAuthority } from './certificates.ts';
import type { TestAuthority } from './certificates.ts';
import { dialerTo, testCommands } from './streams-server.ts';

let authority: TestAuthority;
let node: HttpServer;
let front: HttpServer;
let connector: NodeConnection;
let frontPort = 0;
const target = { address: '127.0.0.1', port: 0, serverName: 'node-1' };
const seen: Request[] = [];
let aborted = 0;

const text = (status: number, body: string, headers = {}): Response => ({
  status,
  headers,
  body: { bytes: () => Buffer.from(body) },
});

const nodeHandler: Handler = async (request) => {
  seen.push(request);
  switch (request.path) {
    case '/exec':
      return serveRemoteCommand(request, (session) => testCommands(request.query.getAll('command'), session));
    case '/portForward':
      return servePortForward(request, async () => new PassThrough());
    case '/echo':
      return text(201, Buffer.from(await request.body!.bytes(1e7)).toString('latin1'), {
        'x-node': 'yes',
        'set-cookie': ['a=1', 'b=2'],
      });
    case '/follow':
      request.signal.addEventListener('abort', () => aborted++);
      return { status: 200, headers: {}, body: { bytes: () => lines(request.signal) } };
    default:
      return text(404, 'no such path');
  }
};

async function* lines(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let i = 0; !signal.aborted; i++) {
    yield Buffer.from(`line ${i}\n`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

beforeAll(async () => {
  authority = await testAuthority();
  node = createHttpServer({
    handler: nodeHandler,
    tls: { ...(await authority.issue('node', ['node-1'])), clientCa: authority.ca },
  });
  target.port = (await node.listen({ host: '127.0.0.1', port: 0 })).port;
  const client = await authority.issue('api-server');
  connector = createNodeConnector({ credential: () => client, ca: authority.ca });
  const handler: Handler = (request) => {
    const query = request.query.toString();
    const path = query ? `${request.path}?${query}` : request.path;
    const wanted = new URLSearchParams(request.headers['x-target'] ?? '');
    const plain = Number(wanted.get('plain') ?? 0);
    if (plain > 0) return connector.forwardPlain({ address: '127.0.0.1', port: plain }, path, request);
    const port = Number(wanted.get('port') ?? target.port);
    return connector.forward({ ...target, port, serverName: wanted.get('name') ?? target.serverName }, path, request);
  };
  front = createHttpServer({ handler, tls: await authority.issue('front') });
  frontPort = (await front.listen({ host: '127.0.0.1', port: 0 })).port;
});
afterAll(async () => {
  connector.close();
  await Promise.all([front.close(0), node.close(0)]);
});

async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: Buffer) {
  const request = httpsRequest({
    host: '127.0.0.1',
    port: frontPort,
    ca: authority.ca,
    method,
    path,
    headers,
    agent: false,
  });
  request.end(body);
  const [message] = await once(request, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return {
    status: message.statusCode as number,
    headers: message.headers,
    body: Buffer.concat(chunks).toString('latin1'),
  };
}

it('passes bodies and headers on, and our certificate instead of the caller’s credentials', async () => {
  const body = Buffer.alloc(3_000_000, 'abc');
  const answer = await ask(
    'POST',
    '/echo?x=1',
    { authorization: 'Bearer secret', 'x-own': 'mine', te: 'trailers' },
    body,
  );
  expect(answer.status).toBe(201);
  expect(answer.headers).toMatchObject({ 'x-node': 'yes', 'set-cookie': ['a=1', 'b=2'] });
  expect(answer.body === body.toString()).toBe(true);
  const request = seen.at(-1)!;
  expect(request.headers).toMatchObject({ 'x-own': 'mine', host: `127.0.0.1:${target.port}` });
  expect(request.headers['authorization']).toBeUndefined();
  expect(request.headers['te']).toBeUndefined();
  expect(request.query.get('x')).toBe('1');
  expect(request.peerCertificate?.verified).toBe(true);
});

it('passes errors on as they are, and keeps its connections', async () => {
  for (let i = 0; i < 5; i++) expect(await ask('GET', '/nothing')).toMatchObject({ status: 404, body: 'no such path' });
  expect(node.connectionCount).toBe(1);
});

it('streams, and ends the far request when the caller leaves', async () => {
  const request = httpsRequest({ host: '127.0.0.1', port: frontPort, ca: authority.ca, path: '/follow', agent: false });
  request.end();
  const [message] = await once(request, 'response');
  await once(message, 'data');
  request.destroy();
  while (aborted === 0) await new Promise((resolve) => setTimeout(resolve, 5));
});

it('pipes exec and port-forward through', async () => {
  const dialer = dialerTo(frontPort, authority.ca);
  for (const refused of ['', '&refuse=websocket']) {
    const stdout = new PassThrough();
    const output = stdout.toArray();
    const input = new PassThrough();
    input.end(Buffer.alloc(500_000, 'y'));
    const path = `/exec?stdin=1&stdout=1&command=cat${refused}`;
    const status = await runRemoteCommand(
      dialer,
      path,
      { stdin: input, stdout, tty: false },
      new AbortController().signal,
    );
    stdout.end();
    expect(status.status).toBe('Success');
    expect(Buffer.concat(await output).length).toBe(500_000);
  }
  const forward = await dialPortForward(dialer, '/portForward');
  const stream = await forward.open(80);
  const echoed = stream.toArray();
  stream.end('hello');
  expect(Buffer.concat(await echoed).toString()).toBe('hello');
  forward.close();
});

it('passes on why an upgrade was refused', async () => {
  const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1' };
  const answer = await ask('POST', '/exec?stdout=1', headers);
  expect(answer).toMatchObject({ status: 400, body: 'unable to upgrade: X-Stream-Protocol-Version is required\n' });
});

it('forwards to plain servers', async () => {
  const plain = createHttpServer({ handler: async ({ headers }) => text(200, `${headers['authorization']}`) });
  const { port } = await plain.listen({ host: '127.0.0.1', port: 0 });
  expect(await ask('GET', '/', { 'x-target': `plain=${port}`, authorization: 'x' })).toMatchObject({
    body: 'undefined',
  });
  await plain.close(0);
});

it('says in Go’s words that a server cannot be reached', async () => {
  const plain = await ask('GET', '/containerLogs/x?follow=true', { 'x-target': 'port=1' });
  expect(plain.status).toBe(500);
  expect(plain.body).toContain('dial tcp 127.0.0.1:1: connect: connection refused');
  const upgrade = await ask('POST', '/exec', { 'x-target': 'port=1', connection: 'Upgrade', upgrade: 'SPDY/3.1' });
  expect(upgrade.body).toContain('dial tcp 127.0.0.1:1: connect: connection refused');
});

it('does not talk to a server whose certificate is for somebody else', async () => {
  const answer = await ask('GET', '/nothing', { 'x-target': 'name=node-2' });
  expect(answer.status).toBe(500);
  expect(answer.body).toContain('node-2');
});
