// The HTTP/1.1 that the CLI as one file speaks, against sockets that answer in every way that RFC 9112 allows, and some that
// it does not.
import http from 'node:http';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { AnswerReader } from '../../src/client/transport/answer-reader.ts';
import type { Exchange } from '../../src/client/transport/exchange.ts';
import { socketExchange } from '../../src/client/transport/socket-exchange.ts';
import { startHttpsServer } from '../support/https-server.ts';
import { NEVER_ABORTED, type Request, type Response } from '../../src/wire/http.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

async function listen(server: Server): Promise<URL> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function exchangeWith(base: URL, timeoutMs = 0): Exchange {
  const exchange = socketExchange({ base, secure: false, tls: {}, timeoutMs });
  open.push(exchange);
  return exchange;
}

const request = (method = 'GET', signal = NEVER_ABORTED): Request => ({
  method,
  path: '/x',
  query: new URLSearchParams(),
  headers: {},
  signal,
});

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body!.bytes() as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** A server that answers each request with these bytes, then ends the connection where told to. */
function raw(answers: (string | null)[]): Promise<URL> {
  let turn = 0;
  return listen(
    net.createServer((socket) => {
      socket.on('data', () => {
        const answer = answers[turn++];
        if (answer === null || answer === undefined) socket.destroy();
        else socket.write(answer, 'latin1');
      });
    }),
  );
}

describe('bodies', () => {
  const answers: [string, string, string][] = [
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'hello'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n', 'hello'],
    ['with trailers', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n', 'hello'],
    ['after 100', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'hello'],
    ['that are not there', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
    ['that are empty', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
  ];
  it.each(answers)('%s, in pieces of every size', (_, bytes, expected) => {
    for (let size = 1; size <= bytes.length; size++) {
      let body = '';
      let ended = 0;
      const reader = new AnswerReader('GET', {
        head: () => undefined,
        data: (chunk) => (body += Buffer.from(chunk).toString()),
        end: () => ended++,
      });
      for (let at = 0; at < bytes.length; at += size) {
        expect(reader.push(Buffer.from(bytes.slice(at, at + size))).length).toBe(0);
      }
      expect({ size, body, ended }).toEqual({ size, body: expected, ended: 1 });
    }
  });

  it('go up to the end of the connection where nothing else says so', async () => {
    const base = await listen(net.createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it')));
    expect(
      await textOf(
        await exchangeWith(base).send(request(), { method: 'GET', path: '/x', headers: {}, body: undefined }),
      ),
    ).toBe('all of it');
  });

  it('of HEAD are not waited for', async () => {
    const base = await raw(['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n']);
    const response = await exchangeWith(base).send(request('HEAD'), {
      method: 'HEAD',
      path: '/x',
      headers: {},
      body: undefined,
    });
    expect(await textOf(response)).toBe('');
  });

  it('that are cut off fail', async () => {
    const base = await listen(
      net.createServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello')),
    );
    const response = await exchangeWith(base).send(request(), {
      method: 'GET',
      path: '/x',
      headers: {},
      body: undefined,
    });
    await expect(textOf(response)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('larger than what is kept wait for their reader, and come whole', async () => {
    const size = 20_000_000;
    const base = await listen(http.createServer((_, response) => response.end(Buffer.alloc(size, 'a'))));
    const response = await exchangeWith(base).send(request(), {
      method: 'GET',
      path: '/x',
      headers: {},
      body: undefined,
    });
    let bytes = 0;
    for await (const chunk of response.body!.bytes() as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes % 7 === 0) await new Promise((tick) => setImmediate(tick));
    }
    expect(bytes).toBe(size);
  });
});

describe('connections', () => {
  it('are used again, and several at a time', async () => {
    let connections = 0;
    const server = http.createServer((incoming, response) => {
      incoming.setEncoding('utf8');
      let text = '';
      incoming.on('data', (chunk: string) => (text += chunk));
      incoming.on('end', () => response.end(`${incoming.method} ${incoming.url} ${incoming.headers['a']} ${text}`));
    });
    server.on('connection', () => connections++);
    const exchange = exchangeWith(await listen(server));
    for (let i = 0; i < 5; i++) {
      const response = await exchange.send(request('POST'), {
        method: 'POST',
        path: `/x?i=${i}`,
        headers: { a: 'b' },
        body: Buffer.from('body'),
      });
      expect(await textOf(response)).toBe(`POST /x?i=${i} b body`);
    }
    expect(connections).toBe(1);
    const many = await Promise.all(
      Array.from({ length: 4 }, (_, i) =>
        exchange.send(request(), { method: 'GET', path: `/${i}`, headers: {}, body: undefined }).then(textOf),
      ),
    );
    expect(many).toEqual(['GET /0 undefined ', 'GET /1 undefined ', 'GET /2 undefined ', 'GET /3 undefined ']);
  });

  it('that went stale say that they had been used', async () => {
    const base = await raw(['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', null]);
    const exchange = exchangeWith(base);
    await textOf(await exchange.send(request(), { method: 'GET', path: '/x', headers: {}, body: undefined }));
    const again = exchange.send(request(), { method: 'GET', path: '/x', headers: {}, body: undefined });
    await expect(again).rejects.toMatchObject({ code: 'ECONNRESET', reused: true });
  });

  it('are closed when the server says so', async () => {
    let connections = 0;
    const server = http.createServer((_, response) => response.writeHead(200, { connection: 'close' }).end('x'));
    server.on('connection', () => connections++);
    const exchange = exchangeWith(await listen(server));
    for (let i = 0; i < 2; i++)
      expect(
        await textOf(await exchange.send(request(), { method: 'GET', path: '/', headers: {}, body: undefined })),
      ).toBe('x');
    expect(connections).toBe(2);
  });

  it('become streams when they are upgraded; what came with the answer is not lost', async () => {
    const base = await listen(
      net.createServer((socket) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nfirst');
          socket.on('data', (bytes) => socket.write(bytes));
        });
      }),
    );
    const { socket, head, headers } = await exchangeWith(base).upgrade('POST', '/x', { upgrade: 'x' });
    expect([Buffer.from(head).toString(), headers['upgrade']]).toEqual(['first', 'x']);
    socket.write('echo');
    expect(String(await new Promise((done) => socket.once('data', done)))).toBe('echo');
    socket.destroy();
  });

  it('that are not upgraded say why', async () => {
    const base = await raw(['HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno']);
    const refused = exchangeWith(base).upgrade('POST', '/x', {});
    await expect(refused).rejects.toMatchObject({ message: 'unable to upgrade connection: no', status: { code: 403 } });
  });
});

describe('what goes wrong', () => {
  it('is told with the codes of Node', async () => {
    const nobody = net.createServer();
    const base = await listen(nobody);
    await new Promise((done) => nobody.close(done));
    const send = (to: URL) =>
      exchangeWith(to).send(request(), { method: 'GET', path: '/x', headers: {}, body: undefined });
    await expect(send(base)).rejects.toMatchObject({ code: 'ECONNREFUSED', reused: false });
    await expect(send(await raw([null]))).rejects.toMatchObject({ code: 'ECONNRESET', reused: false });
    await expect(send(await raw(['SSH-2.0-x\r\n']))).rejects.toThrow('malformed HTTP response "SSH-2.0-x"');
    const twice = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab';
    await expect(send(await raw([twice]))).rejects.toMatchObject({ code: 'EPROTO' });
  });

  it('is not sent: headers that would be several', async () => {
    const sent = exchangeWith(await raw([])).send(request(), {
      method: 'GET',
      path: '/x',
      headers: { a: 'b\r\nc: d' },
      body: undefined,
    });
    await expect(sent).rejects.toMatchObject({ code: 'ERR_INVALID_CHAR' });
  });

  it('is late: before the answer, and in the middle of it', async () => {
    const silent = await listen(net.createServer(() => undefined));
    const exchange = exchangeWith(silent, 30);
    await expect(exchange.send(request(), { method: 'GET', path: '/x', headers: {}, body: undefined })).rejects.toThrow(
      'Client.Timeout exceeded while awaiting headers',
    );
    const begun = await raw(['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx']);
    const response = await exchangeWith(begun, 30).send(request(), {
      method: 'GET',
      path: '/x',
      headers: {},
      body: undefined,
    });
    await expect(textOf(response)).rejects.toThrow('Client.Timeout or context cancellation while reading body');
  });

  it('is aborted', async () => {
    const silent = await listen(net.createServer(() => undefined));
    const controller = new AbortController();
    const sent = exchangeWith(silent).send(request('GET', controller.signal), {
      method: 'GET',
      path: '/x',
      headers: {},
      body: undefined,
    });
    setTimeout(() => controller.abort(new Error('enough')), 10);
    await expect(sent).rejects.toThrow('enough');
  });
});

describe('TLS', () => {
  async function server() {
    const started = await startHttpsServer(() => ({ kind: 'Answer' }));
    open.push({ close: () => void started.close() });
    return { base: new URL(started.url), ca: Buffer.from(started.caBundle, 'base64').toString() };
  }
  const get = async (exchange: Exchange): Promise<unknown> => {
    open.push(exchange);
    return JSON.parse(
      await textOf(await exchange.send(request(), { method: 'GET', path: '/x', headers: {}, body: undefined })),
    );
  };

  it('believes the authority that it was given, and the name', async () => {
    const { base, ca } = await server();
    const with_ = (tls: object): Promise<unknown> => get(socketExchange({ base, secure: true, tls, timeoutMs: 0 }));
    expect(await with_({ ca })).toEqual({ kind: 'Answer' });
    expect(await with_({ rejectUnauthorized: false })).toEqual({ kind: 'Answer' });
    await expect(with_({})).rejects.toMatchObject({ code: expect.stringMatching(/SIGNATURE|CERT/) as string });
    await expect(with_({ ca, servername: 'other.example' })).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  it('goes through a proxy', async () => {
    const { base, ca } = await server();
    const asked: string[] = [];
    const proxy = http.createServer();
    proxy.on('connect', (incoming, socket: Socket) => {
      asked.push(`${incoming.url} ${incoming.headers['proxy-authorization']}`);
      if (!incoming.headers['proxy-authorization']) return socket.end('HTTP/1.1 407 Who are you\r\n\r\n');
      const far = net.connect(Number(base.port), base.hostname, () => {
        socket.write('HTTP/1.1 200 Connected\r\n\r\n');
        far.pipe(socket).pipe(far);
      });
      far.on('error', () => socket.destroy());
    });
    const at = await listen(proxy);
    const through = (url: URL) => get(socketExchange({ base, secure: true, tls: { ca }, timeoutMs: 0, proxy: url }));
    const named = new URL(at);
    [named.username, named.password] = ['me', 'p%40ss'];
    expect(await through(named)).toEqual({ kind: 'Answer' });
    expect(asked).toEqual([`${base.host} Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
    await expect(through(at)).rejects.toThrow('Who are you');
  });
});
