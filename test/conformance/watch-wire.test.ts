// Watches over what clients really speak: HTTP/1.1 in chunks, HTTP/2, and WebSockets; and how they end with the server.
// Upstream: test/integration/apiserver/watchcache_test.go, endpoints/watch_test.go (TestWatchWebsocketClientClose …).
import { connect as connectHttp2 } from 'node:http2';
import https from 'node:https';
import { afterAll, beforeAll, expect, it } from 'vitest';
import WebSocket from 'ws';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { Api, type Event } from './api.ts';

let server: RunningServer;
let api: Api;
let tls: { ca: string; cert: Buffer; key: Buffer };
beforeAll(async () => {
  server = await startServer({ listen: { host: '127.0.0.1', port: 0 }, components: ['apiserver'] });
  api = new Api(server.client());
  const pem = (name: string) => Buffer.from(new RegExp(`${name}: (\\S+)`).exec(server.kubeconfig!)![1]!, 'base64');
  tls = { ca: server.ca!, cert: pem('client-certificate-data'), key: pem('client-key-data') };
});
afterAll(() => server.close());

const maps = '/api/v1/namespaces/default/configmaps';
const mine = `${maps}?watch=true&labelSelector=mine`;
const make = (name: string) => api.post(maps, { metadata: { name, labels: { mine: '' } } });
const remove = (...names: string[]) => Promise.all(names.map((name) => api.del(`${maps}/${name}`)));
const shown = (line: string) => {
  const { type, object } = JSON.parse(line) as Event;
  return `${type} ${object.metadata['name']}`;
};
async function until(good: () => boolean): Promise<void> {
  for (let i = 0; !good(); i++) {
    if (i > 1000) throw new Error('never as expected');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
/** One watch over HTTP/1.1. */
function watch1(path: string, port = server.port) {
  const seen = { text: '', ended: false, cut: false, headers: {} as Record<string, unknown> };
  const request = https.get({ host: '127.0.0.1', port, path, ...tls, agent: false }, (response) => {
    seen.headers = response.headers;
    response.on('data', (chunk: Buffer) => (seen.text += chunk.toString()));
    response.on('end', () => (seen.ended = true));
    response.on('error', () => (seen.cut = true));
  });
  request.on('error', () => (seen.cut = true));
  return seen;
}

it('HTTP/1.1: the head at once, events in chunks, a proper end', async () => {
  const seen = watch1(`${mine}&timeoutSeconds=1`);
  await until(() => seen.headers['transfer-encoding'] === 'chunked');
  await make('a');
  await until(() => seen.ended);
  expect(seen.text.trim().split('\n').map(shown)).toEqual(['ADDED a']);
  await remove('a');
});

it('HTTP/2: many watches on one connection', async () => {
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, tls);
  const streams = Array.from({ length: 100 }, () => {
    const stream = session.request({ ':path': mine });
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    return { stream, text: () => text };
  });
  await make('b');
  await until(() => streams.every((s) => s.text().includes('\n')));
  for (const { text } of streams) expect(shown(text())).toBe('ADDED b');
  session.destroy();
  await remove('b');
});

it('WebSocket: a message each event, until the client closes', async () => {
  const socket = new WebSocket(`wss://127.0.0.1:${server.port}${mine}`, tls);
  const messages: string[] = [];
  socket.on('message', (data: Buffer, binary) => messages.push(`${binary ? 'binary ' : ''}${shown(data.toString())}`));
  await new Promise((resolve) => socket.once('open', resolve));
  await make('c');
  await make('d');
  await api.patch(`${maps}/c`, { data: { k: 'v' } });
  await until(() => messages.length === 3);
  expect(messages).toEqual(['ADDED c', 'ADDED d', 'MODIFIED c']);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.close();
  await closed;
  await remove('c', 'd');
});

it('WebSocket: ends with its time, speaks protobuf, and refuses what a watch refuses', async () => {
  const timed = new WebSocket(`wss://127.0.0.1:${server.port}${mine}&timeoutSeconds=1`, tls);
  expect(await new Promise((resolve) => timed.once('close', resolve))).toBe(1000);
  const headers = { accept: 'application/vnd.kubernetes.protobuf' };
  const binary = new WebSocket(`wss://127.0.0.1:${server.port}${mine}`, { ...tls, headers });
  const first = new Promise<[Buffer, boolean]>((resolve) =>
    binary.once('message', (...m: [Buffer, boolean]) => resolve(m)),
  );
  await new Promise((resolve) => binary.once('open', resolve));
  await make('e');
  const [data, isBinary] = await first;
  expect([isBinary, data.includes('k8s\0'), data.includes('ADDED')]).toEqual([true, true, true]);
  binary.terminate();
  const refused = new WebSocket(`wss://127.0.0.1:${server.port}${mine}&resourceVersion=abc`, tls);
  expect(String(await new Promise((resolve) => refused.once('error', resolve)))).toContain('400');
  await remove('e');
});
