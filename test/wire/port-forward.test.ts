// Port forwarding between our own two halves over real sockets, tunnelled in WebSocket and as bare SPDY; and the
// elder WebSocket protocol with the ws package as its client.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { dialPortForward } from '../../src/wire/port-forward.ts';
import { startStreamsServer, testCommands } from './streams-server.ts';
import type { StreamsServer } from './streams-server.ts';

let server: StreamsServer;
let echo: Server;
let target = 0;
let open = 0;
beforeAll(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    open++;
    socket.on('close', () => open--);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  target = (echo.address() as AddressInfo).port;
  server = await startStreamsServer(testCommands, async (port) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect').catch(() => Promise.reject(new Error(`nothing listens on ${port}`)));
    return socket;
  });
});
afterAll(async () => {
  await server.close();
  echo.close();
});
beforeEach(() => {
  server.seen.length = 0;
});

async function echoed(stream: Duplex, input: Buffer): Promise<Buffer> {
  const output = stream.toArray();
  stream.end(input);
  return Buffer.concat(await output);
}

describe.each([
  ['a WebSocket tunnel', '', ['GET websocket']],
  ['SPDY, after the tunnel was refused', '?refuse=websocket', ['GET websocket', 'POST SPDY/3.1']],
])('over %s', (_, query, seen) => {
  it('carries many connections over one, whole and apart', async () => {
    const forward = await dialPortForward(server.dialer, `/portforward${query}`);
    const inputs = Array.from({ length: 20 }, (_, i) => Buffer.alloc(100_000 * (i % 4), `${i}-`));
    const outputs = await Promise.all(inputs.map(async (input) => echoed(await forward.open(target), input)));
    outputs.forEach((output, i) => expect(output.equals(inputs[i]!)).toBe(true));
    expect(server.seen).toEqual(seen);
    forward.close();
    await forward.closed;
    while (open > 0) await sleep(5);
  });

  it('says why a port cannot be reached', async () => {
    const forward = await dialPortForward(server.dialer, `/portforward${query}`);
    const stream = await forward.open(1);
    const [error] = await once(stream.resume(), 'error');
    expect(String(error)).toContain('nothing listens on 1');
    const next = await forward.open(target);
    expect((await echoed(next, Buffer.from('still there'))).toString()).toBe('still there');
    forward.close();
  });

  it('closes the far connection when the near one is reset, and all when it is closed', async () => {
    const forward = await dialPortForward(server.dialer, `/portforward${query}`);
    const [first, second] = [await forward.open(target), await forward.open(target)];
    first.write('x');
    second.write('y');
    await Promise.all([once(first, 'data'), once(second, 'data')]);
    expect(open).toBe(2);
    first.destroy();
    while (open > 1) await sleep(5);
    forward.close();
    while (open > 0) await sleep(5);
  });

  it('ends when the server goes away', async () => {
    const forward = await dialPortForward(
      {
        async upgrade(...ask) {
          const upgraded = await server.dialer.upgrade(...ask);
          setTimeout(() => upgraded.socket.destroy(), 50);
          return upgraded;
        },
      },
      `/portforward${query}`,
    );
    const stream = await forward.open(target);
    stream.resume();
    await forward.closed;
    await expect(forward.open(target)).rejects.toThrow('the connection is closed');
  });
});

it('speaks the elder WebSocket protocol', async () => {
  const url = `wss://127.0.0.1:${server.port}/portforward?ports=${target}&ports=1`;
  const socket = new WebSocket(url, 'v4.channel.k8s.io', { ca: server.ca });
  const seen: Record<number, string> = {};
  socket.on('message', (data: Buffer) => {
    seen[data[0]!] = (seen[data[0]!] ?? '') + data.toString('latin1', 1);
    if (data[0] === 0 && seen[0]?.length === 2) socket.send(Buffer.from('\0ping'));
    if (seen[0]?.endsWith('ping') && seen[3]?.endsWith('1')) socket.close();
  });
  await once(socket, 'close');
  const name = (port: number) => String.fromCharCode(port & 255, port >> 8);
  expect(seen).toEqual({ 0: `${name(target)}ping`, 1: name(target), 2: name(1), 3: `${name(1)}nothing listens on 1` });
});
