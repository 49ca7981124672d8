// More connections than the server has room for, and more requests on one connection than are read at once.
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { connect as connectNet } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Handler } from '../../src/wire/http.ts';
import { createHttpServer } from '../../src/wire/http-server.ts';
import type { HttpServer } from '../../src/wire/http-server.ts';
import { testAuthority } from './certificates.ts';
import type { Identity, TestAuthority } from './certificates.ts';

let authority: TestAuthority;
let identity: Identity;
beforeAll(async () => {
  authority = await testAuthority();
  identity = await authority.issue('server');
});

let server: HttpServer;
let port: number;
const opened: { destroy(): void }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) each.destroy();
  await server.close(0);
});

async function start(handler: Handler, maxConnections = 3, tls = true): Promise<void> {
  server = createHttpServer({ handler, limits: { maxConnections }, ...(tls ? { tls: identity } : {}) });
  ({ port } = await server.listen({ host: '127.0.0.1', port: 0 }));
}

class Client {
  text = '';
  closed = false;
  constructor(readonly socket: Socket) {
    opened.push(socket);
    socket.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
  }
  /** Sends requests, and waits for as many answers. */
  async ask(path = '/', times = 1): Promise<string> {
    this.text = '';
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(times));
    await until(() => this.closed || this.text.split('HTTP/1.1 ').length > times);
    return this.text;
  }
}

async function tlsClient(): Promise<Client> {
  const client = new Client(connectTls({ port, host: '127.0.0.1', ca: authority.ca }));
  await once(client.socket, 'secureConnect').catch(() => undefined);
  return client;
}
async function plainClient(): Promise<Client> {
  const client = new Client(connectNet({ port, host: '127.0.0.1' }));
  await once(client.socket, 'connect');
  return client;
}
async function until(good: () => boolean): Promise<void> {
  for (let i = 0; !good(); i++) {
    if (i > 1000) throw new Error('never as expected');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const hello: Handler = async () => ({ status: 200, headers: {}, body: { bytes: () => Buffer.from('hello') } });
/** Requests for /wait stay under way. */
const waiting: Handler = (request) => (request.path === '/wait' ? new Promise(() => undefined) : hello(request));

describe.each([
  ['TLS', true],
  ['plain', false],
] as const)('a full server, %s', (_, tls) => {
  const client = tls ? tlsClient : plainClient;

  it('lets the connection go that has been idle longest', async () => {
    await start(hello, 3, tls);
    const clients = [await client(), await client(), await client()];
    for (const each of clients) expect(await each.ask()).toContain('hello');
    // The first is now the one that was used last.
    await clients[0]!.ask();
    const next = await client();
    expect(await next.ask()).toContain('hello');
    await until(() => clients[1]!.closed);
    expect(clients.map((each) => each.closed)).toEqual([false, true, false]);
    await until(() => server.connectionCount === 3);
  });

  it('closes none with a request under way, and refuses when all have one', async () => {
    await start(waiting, 2, tls);
    const busy = [await client(), await client()];
    void busy[0]!.ask('/wait').catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const third = await client();
    await until(() => busy[1]!.closed);
    expect(await third.ask()).toContain('hello');
    void third.ask('/wait').catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const refused = await client();
    await until(() => refused.closed);
    expect([busy[0]!.closed, third.closed]).toEqual([false, false]);
  });

  it('has room for a new client beside many that open connections and say nothing, or half of a request', async () => {
    await start(hello, 20, tls);
    for (let i = 0; i < 60; i++) {
      const silent = new Client(connectNet({ port, host: '127.0.0.1' }));
      if (i % 2) silent.socket.write(tls ? Buffer.from([22, 3, 1]) : 'GET / HTTP/1.1\r\nHost:');
    }
    const honest = await client();
    expect(await honest.ask()).toContain('hello');
    expect(server.connectionCount).toBeLessThanOrEqual(20);
  });
});

it('HTTP/2 connections count, too: those with open streams are kept', async () => {
  await start(waiting, 2);
  const sessions = [0, 1].map((): ClientHttp2Session => {
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: authority.ca });
    session.on('error', () => undefined);
    opened.push(session);
    return session;
  });
  for (const session of sessions) {
    const stream = session.request({ ':path': '/' });
    await once(stream.resume(), 'close');
  }
  const stream = sessions[0]!.request({ ':path': '/wait' });
  stream.on('error', () => undefined);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const third = await tlsClient();
  expect(await third.ask()).toContain('hello');
  await until(() => sessions[1]!.destroyed);
  expect(sessions[0]!.destroyed).toBe(false);
});

describe('requests one behind the other on one connection', () => {
  it.each([
    ['TLS', true],
    ['plain', false],
  ] as const)('are all answered, in their order, %s', async (_, tls) => {
    let count = 0;
    await start(
      async () => {
        const body = Buffer.from(`<${count++}>`.padEnd(500));
        if (count % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        return { status: 200, headers: {}, body: { bytes: () => body } };
      },
      3,
      tls,
    );
    const client = await (tls ? tlsClient() : plainClient());
    const text = await client.ask('/', 3_000);
    expect([...text.matchAll(/<(\d+)>/g)].map((m) => Number(m[1]))).toEqual(Array.from({ length: 3_000 }, (_, i) => i));
    expect(await client.ask()).toContain('<3000>');
  });
});
