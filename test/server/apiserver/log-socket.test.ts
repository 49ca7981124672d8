// Logs over WebSockets: what is said first, the two sub-protocols, and what the node is asked instead.
import { Duplex, PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { logSocket, withoutUpgrade } from '../../../src/server/apiserver/connect/log-socket.ts';
import { NEVER_ABORTED } from '../../../src/wire/http.ts';
import type { Request } from '../../../src/wire/http.ts';
import { WebSocketConnection } from '../../../src/wire/websocket.ts';

const request = (protocols?: string): Request => ({
  method: 'GET',
  path: '/api/v1/namespaces/n/pods/p/log',
  query: new URLSearchParams(),
  headers: {
    accept: '*/*',
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...(protocols === undefined ? {} : { 'sec-websocket-protocol': protocols }),
  },
  signal: NEVER_ABORTED,
  upgradable: true,
});

async function read(protocols?: string): Promise<{ protocol: unknown; messages: [string, boolean][] }> {
  const log = {
    status: 200,
    headers: {},
    body: {
      bytes: () =>
        (async function* () {
          yield Buffer.from('one\n');
          yield Buffer.from('two\n');
        })(),
    },
  };
  const response = logSocket(request(protocols), log);
  const [up, down] = [new PassThrough(), new PassThrough()];
  const messages: [string, boolean][] = [];
  await new Promise<void>((resolve) => {
    new WebSocketConnection(Duplex.from({ readable: down, writable: up }), {
      side: 'client',
      onMessage: (data, binary) => messages.push([data.toString(), binary]) > 0,
      onClose: () => resolve(),
    });
    response.upgrade!(Duplex.from({ readable: up, writable: down }), new Uint8Array());
  });
  return { protocol: response.headers['sec-websocket-protocol'], messages };
}

it.each([undefined, 'binary.k8s.io', 'base64url.bearer.authorization.k8s.io.dG9r, binary.k8s.io'])(
  'sends bytes for %s',
  async (protocols) => {
    const { protocol, messages } = await read(protocols);
    expect(protocol).toBe(protocols && 'binary.k8s.io');
    expect(messages).toEqual([
      ['', true],
      ['one\n', true],
      ['two\n', true],
    ]);
  },
);

it('sends base64 as text', async () => {
  expect((await read('base64.binary.k8s.io')).messages).toEqual([
    ['', false],
    ['b25lCg==', false],
    ['dHdvCg==', false],
  ]);
});

it('refuses other protocols', () => {
  expect(() => logSocket(request('v4.channel.k8s.io'), { status: 200, headers: {} })).toThrow(
    'requested protocol(s) are not supported: [v4.channel.k8s.io]',
  );
});

it('asks the node for a plain body', () => {
  expect(withoutUpgrade(request('binary.k8s.io'))).toMatchObject({ headers: { accept: '*/*' }, upgradable: false });
  expect(Object.keys(withoutUpgrade(request()).headers)).toEqual(['accept']);
});
