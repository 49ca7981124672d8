// SPDY between our two sides over a real socket pair, and against hostile or merely different peers. kubectl's own
// implementation is met in streams.kubectl.test.ts.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { constants, createDeflate } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { SpdyConnection } from '../../src/wire/spdy.ts';
import type { SpdyStream } from '../../src/wire/spdy.ts';
import { controlFrame, dataHead, FrameReader, PING, SYN_STREAM } from '../../src/wire/spdy-frames.ts';
import { HeaderDecoder, HeaderEncoder, SPDY_DICTIONARY } from '../../src/wire/spdy-headers.ts';

const open: Socket[] = [];
afterEach(() => open.splice(0).forEach((socket) => socket.destroy()));

async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[Socket], unknown];
  server.close();
  open.push(near, far);
  return [near, far];
}

async function connections(onStream: (stream: SpdyStream) => void): Promise<[SpdyConnection, SpdyConnection]> {
  const [near, far] = await socketPair();
  return [new SpdyConnection(near, { side: 'client' }), new SpdyConnection(far, { side: 'server', onStream })];
}

it('opens streams both ways, with headers, and half-closes them', async () => {
  const seen: SpdyStream[] = [];
  const [client] = await connections((stream) => {
    seen.push(stream);
    stream.pipe(stream);
  });
  const streams = Array.from({ length: 30 }, (_, i) => client.openStream({ Number: String(i), Empty: '' }));
  const texts = await Promise.all(
    streams.map(async (stream, i) => {
      stream.end(`stream ${i}`);
      return Buffer.concat(await stream.toArray()).toString();
    }),
  );
  expect(texts).toEqual(streams.map((_, i) => `stream ${i}`));
  expect(seen.map(({ headers, id }) => [headers['number'], headers['empty'], id])).toEqual(
    streams.map((_, i) => [String(i), '', 2 * i + 1]),
  );
  await client.ping();
});

it('refuses, resets, and says goodbye', async () => {
  const held: SpdyStream[] = [];
  const [client, server] = await connections((stream) => {
    if (stream.headers['refuse']) throw new Error('no');
    held.push(stream);
  });
  await expect(client.openStream({ refuse: 'yes' }).replied).rejects.toThrow('reset');
  const kept = client.openStream({ a: 'b' });
  await kept.replied;
  kept.destroy();
  await once(held[0]!, 'close');
  server.close();
  await client.closed;
  expect(() => client.openStream({})).toThrow('the connection is closed');
  await server.closed;
});

it('holds a fast writer back when nobody reads, and loses nothing', async () => {
  let far: SpdyStream | undefined;
  const [client] = await connections((stream) => (far = stream));
  const stream = client.openStream({});
  await stream.replied;
  let written = 0;
  const writing = (async () => {
    for (; written < 1000; written++)
      if (!stream.write(Buffer.alloc(65_536, written % 251))) await once(stream, 'drain');
    stream.end();
  })();
  let before = -1;
  while (written !== before) {
    before = written;
    await sleep(50);
  }
  expect(written).toBeLessThan(900);
  let size = 0;
  for await (const chunk of far!) size += (chunk as Buffer).length;
  await writing;
  expect(size).toBe(65_536_000);
});

it('gives the reader what came before the connection broke', async () => {
  const [near, far] = await socketPair();
  const accepted: SpdyStream[] = [];
  const server = new SpdyConnection(far, { side: 'server', onStream: (stream) => accepted.push(stream) });
  const stream = new SpdyConnection(near, { side: 'client' }).openStream({});
  await stream.replied;
  stream.write('last words');
  near.end();
  await server.closed;
  expect(Buffer.concat(await accepted[0]!.toArray()).toString()).toBe('last words');
  expect(accepted[0]!.endedByPeer).toBe(false);
});

it('reads headers that were really compressed, block after block', async () => {
  const deflate = createDeflate({ dictionary: SPDY_DICTIONARY });
  const chunks: Buffer[] = [];
  deflate.on('data', (chunk: Buffer) => chunks.push(chunk));
  const compress = async (headers: Record<string, string>): Promise<Buffer> => {
    // Our encoder's stored block, between its zlib head (6), block head (5) and end (5), is the plain text.
    const plain = new HeaderEncoder().encode(headers).subarray(11, -5);
    chunks.length = 0;
    deflate.write(plain);
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    return Buffer.concat(chunks);
  };
  const decoder = new HeaderDecoder();
  for (let i = 0; i < 3; i++) {
    const headers = { streamtype: 'error', port: `${8080 + i}`, accept: 'text/plain' };
    expect({ ...(await decoder.decode(await compress(headers))) }).toEqual(headers);
  }
  decoder.close();
});

it.each([
  ['another version', Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0])],
  ['headers that are no zlib', controlFrame(SYN_STREAM, 0, [1, 0], Buffer.from('xxnonsense'))],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n' + 'x'.repeat(20_000_000))],
])('hangs up on %s', async (_, bytes) => {
  const [near, far] = await socketPair();
  const connection = new SpdyConnection(far, { side: 'server', onStream: () => undefined });
  near.on('error', () => undefined).resume();
  near.write(bytes);
  if (bytes.length > 1e6) near.end();
  await connection.closed;
});

it('ignores data for streams that never were, and answers pings of any number', async () => {
  const [near, far] = await socketPair();
  new SpdyConnection(far, { side: 'server', onStream: () => undefined });
  near.write(Buffer.concat([dataHead(77, 0, 3), Buffer.from('abc'), controlFrame(PING, 0, [4711])]));
  const reader = new FrameReader();
  const types: number[] = [];
  for await (const chunk of near) {
    reader.push(chunk as Buffer);
    for (let frame = reader.next(); frame; frame = reader.next()) {
      if (frame.data) continue;
      types.push(frame.type);
      if (frame.type === PING) expect(frame.payload.readUInt32BE()).toBe(4711);
    }
    if (types.includes(PING)) break;
  }
  expect(types).toContain(PING);
});

it('cuts frames out of a byte stream whatever its pieces', () => {
  const frames = Buffer.concat([
    controlFrame(PING, 0, [1]),
    dataHead(3, 1, 5),
    Buffer.from('hello'),
    dataHead(3, 0, 0),
  ]);
  for (let size = 1; size < 12; size++) {
    const reader = new FrameReader();
    const seen: string[] = [];
    for (let at = 0; at < frames.length; at += size) {
      reader.push(frames.subarray(at, at + size));
      for (let frame = reader.next(); frame; frame = reader.next()) {
        seen.push(frame.data ? `${frame.stream} ${frame.flags} ${frame.payload.toString()}` : `control ${frame.type}`);
      }
    }
    expect(seen).toEqual(['control 6', '3 1 hello', '3 0 ']);
  }
});
