// The HTTP shell over real sockets: both protocols, plain and TLS, streams, upgrades, limits and a clean stop.
import { connect as connectHttp2 } from 'node:http2';
import { request as httpRequest } from 'node:http';
import type { ClientRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectNet } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import type { Duplex } from 'node:stream';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Handler, Request, Response } from '../../src/wire/http.ts';
import { createHttpServer } from '../../src/wire/http-server.ts';
import type { HttpServer, HttpServerOptions, TlsIdentity } from '../../src/wire/http-server.ts';
import { testAuthority } from './certificates.ts';
import type { Identity, TestAuthority } from './certificates.ts';

let authority: TestAuthority;
let identity: Identity;
let client: Identity;
beforeAll(async () => {
  authority = await testAuthority();
  [identity, client] = await Promise.all([authority.issue('server'), authority.issue('somebody')]);
});

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.close(0);
  server = undefined;
});

const text = (status: number, body: string): Response => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body: { bytes: () => Buffer.from(body) },
});

async function start(handler: Handler, options: Partial<HttpServerOptions> = {}): Promise<number> {
  const tls: TlsIdentity = { ...identity, clientCa: authority.ca };
  server = createHttpServer({ handler, tls, ...options });
  return (await server.listen({ host: '127.0.0.1', port: 0 })).port;
}

interface Answer {
  status: number;
  body: string;
  headers: Record<string, unknown>;
}
interface Ask {
  method?: string;
  path?: string;
  body?: string;
  headers?: Record<string, string>;
  identity?: Identity;
  agent?: Agent;
}

async function http1(port: number, ask: Ask = {}): Promise<Answer> {
  const { method = 'GET', path = '/', headers = {}, body, agent } = ask;
  const request = httpsRequest({
    port,
    host: '127.0.0.1',
    method,
    path,
    headers,
    agent,
    ca: authority.ca,
    ...ask.identity,
  });
  request.end(body);
  const [message] = await once(request, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return { status: message.statusCode, headers: message.headers, body: Buffer.concat(chunks).toString() };
}

async function http2(port: number, ask: Ask = {}): Promise<Answer> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: authority.ca, ...ask.identity });
  session.on('error', () => undefined);
  const stream = session.request({ ':method': ask.method ?? 'GET', ':path': ask.path ?? '/', ...ask.headers });
  stream.end(ask.body);
  const [headers] = await once(stream, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  session.close();
  return { status: headers[':status'], headers, body: Buffer.concat(chunks).toString() };
}

describe.each([
  ['HTTP/1.1', http1],
  ['HTTP/2', http2],
])('%s', (_, send) => {
  it('hands over method, path, query, headers and body, and answers', async () => {
    let seen: Request | undefined;
    const port = await start(async (request) => {
      // Handlers spread requests to change one field.
      seen = { ...request };
      return text(
        201,
        Buffer.from(await request.body!.bytes(100))
          .toString()
          .toUpperCase(),
      );
    });
    const answer = await send(port, {
      method: 'PUT',
      path: '/a%20b?x=1&x=2&y=%2F',
      body: 'hello',
      headers: { 'x-y': 'z' },
    });
    expect(answer).toMatchObject({
      status: 201,
      body: 'HELLO',
      headers: { 'content-length': '5', 'content-type': 'text/plain' },
    });
    expect(seen).toMatchObject({ method: 'PUT', path: '/a%20b', remoteAddress: '127.0.0.1' });
    expect(seen!.query.getAll('x')).toEqual(['1', '2']);
    expect(seen!.query.get('y')).toBe('/');
    expect(seen!.headers['x-y']).toBe('z');
    expect(seen!.headers.host).toBe(`127.0.0.1:${port}`);
  });

  it('has no body where none was sent, and sends none for HEAD', async () => {
    const bodies: unknown[] = [];
    const port = await start(async (request) => {
      bodies.push(request.body);
      return text(200, 'twelve bytes');
    });
    await send(port);
    expect(await send(port, { method: 'HEAD' })).toMatchObject({ body: '', headers: { 'content-length': '12' } });
    expect(bodies).toEqual([undefined, undefined]);
  });

  it('refuses a body beyond the limit with 413 and goes on', async () => {
    const port = await start(async (request) => text(200, `${(await request.body!.bytes(10)).byteLength}`));
    const answer = await send(port, { method: 'POST', body: 'x'.repeat(11) });
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', reason: 'RequestEntityTooLarge', code: 413 });
    expect((await send(port, { method: 'POST', body: 'x'.repeat(10) })).body).toBe('10');
  });

  it('asks for a body that waits to be asked for', async () => {
    const port = await start(async (request) => text(200, `${(await request.body!.bytes(10)).byteLength}`));
    const headers = { expect: '100-continue' };
    const session = send === http2 ? connectHttp2(`https://127.0.0.1:${port}`, { ca: authority.ca }) : undefined;
    const request =
      session?.request({ ':path': '/', ':method': 'POST', ...headers }) ??
      httpsRequest({ port, host: '127.0.0.1', ca: authority.ca, method: 'POST', headers });
    if (!session) (request as ClientRequest).flushHeaders();
    await once(request, 'continue');
    request.end('body');
    const [answer] = await once(request, 'response');
    expect(session ? answer[':status'] : answer.statusCode).toBe(200);
    session?.close();
  });

  it('takes long headers, but not endless ones', async () => {
    const port = await start(async (request) => text(200, `${request.headers.long?.length}`));
    expect((await send(port, { headers: { long: 'x'.repeat(40_000) } })).body).toBe('40000');
    const outcome = await send(port, { headers: { long: 'x'.repeat(100_000) } }).catch(() => ({ status: 0 }));
    expect(outcome.status).not.toBe(200);
  });

  it('answers 500 with a Status when the handler throws, and reports it', async () => {
    const reported: unknown[] = [];
    const port = await start(() => Promise.reject(new Error('a bug')), { onError: (error) => reported.push(error) });
    const answer = await send(port);
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.body)).toMatchObject({
      reason: 'InternalError',
      message: 'Internal error occurred: a bug',
    });
    expect(reported).toHaveLength(1);
  });

  it('streams a body and pulls it only as fast as it is read', async () => {
    let pulled = 0;
    const port = await start(async () => ({
      status: 200,
      headers: {},
      body: {
        async *bytes() {
          for (; pulled < 2000; pulled++) yield Buffer.alloc(64 * 1024, 'x');
        },
      },
    }));
    const answer = await readSlowly(port, send === http2, () => pulled);
    expect(answer.pulledBeforeReading).toBeLessThan(1000);
    expect(answer.bytes).toBe(2000 * 64 * 1024);
  });

  it('cuts a client that stops reading', async () => {
    let ended: (() => void) | undefined;
    const end = new Promise<void>((resolve) => (ended = resolve));
    async function* flood() {
      try {
        for (;;) yield Buffer.alloc(64 * 1024);
      } finally {
        ended!();
      }
    }
    const port = await start(async () => ({ status: 200, headers: {}, body: { bytes: flood } }), {
      limits: { stallTimeoutMs: 100 },
    });
    await expect(readSlowly(port, send === http2, () => 0, end)).rejects.toThrow();
  });

  it('does not wait for ever for a body that does not come', async () => {
    const limits = { headersTimeoutMs: 150, requestTimeoutMs: 150 };
    const port = await start(async (request) => text(200, `${(await request.body!.bytes(10)).byteLength}`), { limits });
    const session = send === http2 ? connectHttp2(`https://127.0.0.1:${port}`, { ca: authority.ca }) : undefined;
    const headers = { 'content-length': '5' };
    const request =
      session?.request({ ':path': '/', ':method': 'POST', ...headers }) ??
      httpsRequest({ port, host: '127.0.0.1', ca: authority.ca, method: 'POST', headers });
    request.on('error', () => undefined);
    request.write('ab');
    await once(request, 'close');
    session?.close();
  });

  it('tells the handler when the client leaves, and ends its stream', async () => {
    let returned: (() => void) | undefined;
    const ended = new Promise<void>((resolve) => (returned = resolve));
    let signal: AbortSignal | undefined;
    const port = await start(async (request) => {
      signal = request.signal;
      return { status: 200, headers: {}, body: { bytes: () => endless(request.signal, () => returned!()) } };
    });
    await leaveAfterFirstByte(port, send === http2);
    await ended;
    expect(signal!.aborted).toBe(true);
  });

  it('cuts the connection when a streamed body fails half way', async () => {
    const port = await start(async () => ({
      status: 200,
      headers: {},
      body: {
        async *bytes() {
          yield Buffer.from('half');
          throw new Error('broken');
        },
      },
    }));
    await expect(send(port)).rejects.toThrow();
  });

  it('says who the client is, and whether the certificate is to be believed', async () => {
    const seen: unknown[] = [];
    const port = await start(async (request) => {
      seen.push(
        request.peerCertificate && {
          verified: request.peerCertificate.verified,
          der: request.peerCertificate.der.length > 100,
        },
      );
      return text(200, '');
    });
    const stranger = await (await testAuthority('other-ca')).issue('kubernetes-admin');
    await send(port);
    await send(port, { identity: client });
    await send(port, { identity: stranger });
    expect(seen).toEqual([undefined, { verified: true, der: true }, { verified: false, der: true }]);
  });

  it('lets requests in flight finish when it stops, and refuses new ones', async () => {
    let release: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let entered: (() => void) | undefined;
    const inside = new Promise<void>((resolve) => (entered = resolve));
    const port = await start(async () => {
      entered!();
      await gate;
      return text(200, 'finished');
    });
    const idle = connectTls({ port, host: '127.0.0.1', ca: authority.ca });
    await once(idle, 'secureConnect');
    const answer = send(port);
    await inside;
    const closed = server!.close(10_000);
    await once(idle.resume(), 'close');
    await expect(send(port)).rejects.toThrow();
    release!();
    expect((await answer).body).toBe('finished');
    await closed;
    expect(server!.connectionCount).toBe(0);
  });

  it('cuts what does not end within the grace', async () => {
    const port = await start(async (request) => ({
      status: 200,
      headers: {},
      body: { bytes: () => endless(request.signal, () => undefined) },
    }));
    const answer = send(port).catch((error: unknown) => error);
    while (server!.connectionCount === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server!.close(50);
    await answer;
    expect(server!.connectionCount).toBe(0);
  });
});

describe('HTTP/1.1 only', () => {
  it('upgrades: the handler gets the raw connection and what came with the request', async () => {
    let upgradable: boolean | undefined;
    const port = await start(async (request) => {
      upgradable = request.upgradable;
      return {
        status: 101,
        headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1' },
        upgrade(socket: Duplex, head: Uint8Array) {
          socket.write(`<${Buffer.from(head).toString()}>`);
          socket.on('data', (chunk: Buffer) => socket.end(chunk.toString().toUpperCase()));
        },
      };
    });
    const socket = connectTls({ port, host: '127.0.0.1', ca: authority.ca });
    socket.write('POST /exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nearly');
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      if (received.endsWith('<early>')) socket.write('late');
    });
    await once(socket, 'close');
    expect(upgradable).toBe(true);
    expect(received).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\n\r\n<early>LATE',
    );
  });

  it('answers an upgrade that nobody serves as an ordinary request, body and all', async () => {
    const port = await start(async (request) => {
      const body = request.body ? Buffer.from(await request.body.bytes(100)).toString() : '';
      return text(400, `${request.upgradable} ${body}`);
    });
    const answer = await http1(port, {
      method: 'POST',
      body: 'hello',
      headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'content-length': '5' },
    });
    expect(answer).toMatchObject({ status: 400, body: 'false hello', headers: { connection: 'close' } });
  });

  it('closes connections that never finish a request head', async () => {
    const port = await start(async () => text(200, ''), { limits: { headersTimeoutMs: 200, requestTimeoutMs: 200 } });
    const socket = connectTls({ port, host: '127.0.0.1', ca: authority.ca });
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    socket.resume();
    await once(socket, 'close');
  });

  it('keeps connections and serves many requests on one', async () => {
    const port = await start(async () => text(200, 'ok'));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await http1(port, { agent });
    for (let i = 0; i < 20; i++) expect((await http1(port, { agent })).body).toBe('ok');
    expect(server!.connectionCount).toBe(1);
    agent.destroy();
  });

  it('serves plain connections and unix sockets', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'shell-'));
    const path = join(directory, 'socket');
    server = createHttpServer({ handler: async (request) => text(200, request.path) });
    await server.listen({ path });
    const request = httpRequest({ socketPath: path, path: '/over/unix' }).end();
    const [message] = await once(request, 'response');
    const [chunk] = await once(message, 'data');
    expect(String(chunk)).toBe('/over/unix');
    rmSync(directory, { recursive: true });
  });
});

describe('listening', () => {
  it('gives one line when the address is taken', async () => {
    const port = await start(async () => text(200, ''));
    const second = createHttpServer({ handler: async () => text(200, '') });
    await expect(second.listen({ host: '127.0.0.1', port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: the address is already in use`,
    );
  });

  it('shows a new certificate to new connections', async () => {
    const port = await start(async () => text(200, ''));
    const subject = async () => {
      const socket = connectTls({ port, host: '127.0.0.1', ca: authority.ca });
      await once(socket, 'secureConnect');
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      return subject.CN;
    };
    expect(await subject()).toBe('server');
    server!.setTls({ ...(await authority.issue('renewed')), clientCa: authority.ca });
    expect(await subject()).toBe('renewed');
  });

  it('ends an HTTP/2 stream that was answered, whatever the client still means to send', async () => {
    const port = await start(async () => text(403, 'no'), { limits: { unreadBodyTimeoutMs: 20 } });
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: authority.ca });
    const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false });
    stream.resume();
    await once(stream, 'close');
    expect(stream.rstCode).toBe(0);
    session.destroy();
  });

  it('negotiates once', async () => {
    const port = await start(async () => text(200, 'a'));
    const versions = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const socket = connectTls({ port, host: '127.0.0.1', ca: authority.ca, ...versions });
    await once(socket, 'secureConnect');
    const failed = once(socket, 'error');
    socket.renegotiate({}, () => undefined);
    expect(String((await failed)[0])).toContain('no renegotiation');
    socket.destroy();
  });

  it('is not hurt by clients that speak nothing, or nonsense', async () => {
    const port = await start(async () => text(200, 'fine'));
    const silent = connectNet({ port, host: '127.0.0.1' });
    const nonsense = connectNet({ port, host: '127.0.0.1' });
    nonsense
      .on('error', () => undefined)
      .resume()
      .write('GET / HTTP/1.0\r\n\r\n');
    await once(nonsense, 'close');
    expect((await http1(port)).body).toBe('fine');
    silent.destroy();
  });
});

async function* endless(signal: AbortSignal, onEnd: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield Buffer.from('first');
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  } finally {
    onEnd();
  }
}

async function leaveAfterFirstByte(port: number, overHttp2: boolean): Promise<void> {
  if (overHttp2) {
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: authority.ca });
    const stream = session.request({ ':path': '/' });
    await once(stream, 'data');
    stream.close(8);
    await once(stream, 'close');
    session.close();
    return;
  }
  const request = httpsRequest({ port, host: '127.0.0.1', ca: authority.ca }).end();
  const [message] = await once(request, 'response');
  await once(message, 'data');
  message.on('error', () => undefined);
  request.destroy();
}

async function readSlowly(
  port: number,
  overHttp2: boolean,
  pulled: () => number,
  until: Promise<unknown> = new Promise((resolve) => setTimeout(resolve, 200)),
): Promise<{ pulledBeforeReading: number; bytes: number }> {
  const session = overHttp2 ? connectHttp2(`https://127.0.0.1:${port}`, { ca: authority.ca }) : undefined;
  const request =
    session?.request({ ':path': '/' }) ?? httpsRequest({ port, host: '127.0.0.1', ca: authority.ca }).end();
  const [message] = await once(request, 'response');
  await until;
  const pulledBeforeReading = pulled();
  let bytes = 0;
  for await (const chunk of session ? request : message) bytes += (chunk as Buffer).length;
  session?.close();
  return { pulledBeforeReading, bytes };
}
