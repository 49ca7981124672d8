// Our WebSocket framing against the ws package, as server and as client, and against peers that break the rules.
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createHttpServer } from '../../src/wire/http-server.ts';
import type { HttpServer } from '../../src/wire/http-server.ts';
import { acceptHeaders, clientHandshake, WebSocketConnection } from '../../src/wire/websocket.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Served {
  server: HttpServer;
  port: number;
  closes: [number, string][];
}

/** Echoes every message; the text `pause` pauses, which the next timer undoes. */
async function echoServer(): Promise<Served> {
  const closes: [number, string][] = [];
  const server = createHttpServer({
    handler: async (request) => ({
      status: 101,
      headers: acceptHeaders(request, ''),
      upgrade(socket: Duplex, head: Uint8Array) {
        const connection = new WebSocketConnection(socket, {
          side: 'server',
          head,
          onMessage(data, binary) {
            connection.send([data.subarray(0, 1), data.subarray(1)], binary);
            if (data.toString() !== 'pause') return true;
            setTimeout(() => connection.resume(), 20);
            return false;
          },
          onClose: (code, reason) => closes.push([code, reason]),
        });
      },
    }),
  });
  closers.push(() => server.close(0));
  return { server, closes, port: (await server.listen({ host: '127.0.0.1', port: 0 })).port };
}

it('echoes the ws client: sizes, fragments, pings, pauses, a clean close', async () => {
  const { port, closes } = await echoServer();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  await once(socket, 'open');
  const seen: string[] = [];
  socket.on('message', (data: Buffer, binary) =>
    seen.push(`${binary} ${data.length} ${data.subarray(0, 5).toString()}`),
  );
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 3_000_000]) socket.send(Buffer.alloc(size, 'a'));
  socket.send('pause');
  socket.send('first ', { fin: false });
  socket.ping('are you there');
  const [pong] = await once(socket, 'pong');
  expect(String(pong)).toBe('are you there');
  socket.send('second', { fin: true });
  while (seen.length < 9) await once(socket, 'message');
  expect(seen).toEqual([
    ...[0, 1, 125, 126, 65_535, 65_536, 3_000_000].map((size) => `true ${size} ${'a'.repeat(Math.min(size, 5))}`),
    'false 5 pause',
    'false 12 first',
  ]);
  socket.close(1000, 'enough');
  const [code] = await once(socket, 'close');
  expect(code).toBe(1000);
  expect(closes).toEqual([[1000, 'enough']]);
});

it('is a client that ws understands', async () => {
  const http = createHttp().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const server = new WebSocketServer({ server: http, handleProtocols: () => 'b' });
  closers.push(() => http.close());
  server.on('connection', (peer) => peer.on('message', (data: Buffer, binary) => peer.send(data, { binary })));
  const handshake = clientHandshake(['a', 'b']);
  const socket = connect((http.address() as AddressInfo).port, '127.0.0.1');
  const head = Object.entries(handshake.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${head.join('')}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  const lines = answer.toString().split('\r\n').slice(1, -2);
  const headers = Object.fromEntries(lines.map((line) => [line.split(': ')[0]!.toLowerCase(), line.split(': ')[1]]));
  expect(handshake.check(headers)).toBe('b');
  expect(() => clientHandshake(['b']).check(headers)).toThrow('bad handshake');
  expect(() => handshake.check({ ...headers, 'sec-websocket-protocol': 'c' })).toThrow('protocol not found');
  const messages: number[] = [];
  const closed = new Promise((resolve) => {
    const connection = new WebSocketConnection(socket, {
      side: 'client',
      onMessage(data) {
        messages.push(data.length);
        if (messages.length === 3) connection.close();
        return true;
      },
      onClose: (code) => resolve(code),
    });
    connection.keepAlive(5);
    for (const size of [3, 300, 100_000]) connection.send([Buffer.alloc(size)]);
  });
  expect(await closed).toBe(1000);
  expect(messages).toEqual([3, 300, 100_000]);
});

it.each([
  ['a frame without a mask', [0x82, 0x01, 0x61], 1002],
  ['reserved bits', [0xc2, 0x81, 0, 0, 0, 0, 0x61], 1002],
  ['a continuation of nothing', [0x80, 0x80, 0, 0, 0, 0], 1002],
  ['an unknown opcode', [0x83, 0x80, 0, 0, 0, 0], 1002],
  ['a length beyond reason', [0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1002],
  ['nothing but the end', [], 1006],
])('ends the connection on %s', async (_, bytes, code) => {
  const { port, closes } = await echoServer();
  const socket = connect(port, '127.0.0.1');
  const { headers } = clientHandshake(['x']);
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${head.join('')}\r\n`);
  await once(socket, 'data');
  socket.end(Buffer.from(bytes));
  await once(socket.resume(), 'close');
  expect(closes.map(([each]) => each)).toEqual([code]);
});
