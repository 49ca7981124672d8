// Requests that are carried on to a node's daemon: over TLS with the API server's certificate, upgrades included.
import https from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeConnector as nodeConnector } from '../../src/wire/proxy.ts';
import { issueAuthority, issueLeaf, type Authority } from '../../src/server/pki/issue.ts';
import { generateKeys, privateKeyPem, publicKeyDer } from '../../src/server/pki/keys.ts';
import type { Credential } from '../../src/server/pki/pki.ts';
import type { Request, Response } from '../../src/wire/http.ts';

async function leaf(authority: Authority, commonName: string, usage: string): Promise<Credential> {
  const keys = generateKeys();
  const cert = await issueLeaf(authority, {
    subject: { commonName },
    publicKey: publicKeyDer(keys.publicKey),
    usages: [usage],
    addresses: ['127.0.0.1'],
  });
  return { cert, key: privateKeyPem(keys.privateKey) };
}

let authority: Authority;
let daemon: https.Server;
let port: number;
let connector: ReturnType<typeof nodeConnector>;

beforeAll(async () => {
  authority = await issueAuthority('ca', generateKeys());
  const serving = await leaf(authority, 'node', 'server auth');
  daemon = https.createServer(
    { ...serving, ca: authority.certificate, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      response.setHeader('x-seen', 'daemon');
      response.end(
        JSON.stringify({
          path: request.url,
          caller: socket.authorized ? socket.getPeerCertificate().subject.CN : undefined,
          headers: request.headers,
        }),
      );
    },
  );
  daemon.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    if (request.url === '/refuse') {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno');
      return;
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${request.headers.upgrade}\r\n\r\n`,
    );
    socket.write(`first:${head.toString()}`);
    socket.on('data', (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
    socket.on('end', () => socket.end('last'));
  });
  port = await new Promise((resolve) =>
    daemon.listen(0, '127.0.0.1', () => resolve((daemon.address() as AddressInfo).port)),
  );
  const client = await leaf(authority, 'kube-apiserver-kubelet-client', 'client auth');
  connector = nodeConnector({ ca: authority.certificate, credential: () => client, connectTimeoutMs: 500 });
});
afterAll(async () => {
  connector.close();
  daemon.closeAllConnections();
  await new Promise((resolve) => daemon.close(resolve));
});

const request = (extra: Partial<Request> = {}): Request => ({
  method: 'GET',
  path: '/ignored',
  query: new URLSearchParams(),
  headers: {},
  signal: new AbortController().signal,
  ...extra,
});
const target = () => ({ address: '127.0.0.1', port, serverName: '127.0.0.1' });
async function text(response: Response): Promise<string> {
  let all = '';
  for await (const chunk of response.body!.bytes() as AsyncIterable<Uint8Array>) all += Buffer.from(chunk).toString();
  return all;
}

describe('nodeConnector', () => {
  it('shows its own certificate and not what the caller proved itself with', async () => {
    const headers = { authorization: 'Bearer x', cookie: 'a=b', 'impersonate-user': 'root', accept: 'text/plain' };
    const response = await connector.forward(target(), '/containerLogs/a/b/c?follow=true', request({ headers }));
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({ 'x-seen': 'daemon' });
    const seen = JSON.parse(await text(response)) as { path: string; caller: string; headers: Record<string, string> };
    expect(seen.path).toBe('/containerLogs/a/b/c?follow=true');
    expect(seen.caller).toBe('kube-apiserver-kubelet-client');
    expect(seen.headers).toMatchObject({ accept: 'text/plain' });
    for (const name of ['authorization', 'cookie', 'impersonate-user']) expect(seen.headers[name]).toBeUndefined();
  });

  it('joins upgraded connections and passes ends on after all that came before', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'echo' };
    const response = await connector.forward(target(), '/exec', request({ method: 'POST', headers, upgradable: true }));
    expect(response.status).toBe(101);
    expect(response.headers).toMatchObject({ upgrade: 'echo' });
    const [up, down] = [new PassThrough(), new PassThrough()];
    response.upgrade!(Duplex.from({ readable: up, writable: down }), new Uint8Array());
    up.write('hello');
    up.end();
    let received = '';
    for await (const chunk of down) received += (chunk as Buffer).toString();
    expect(received).toBe('first:HELLOlast');
  });

  it('answers a refused upgrade as it came', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'echo' };
    const response = await connector.forward(target(), '/refuse', request({ headers, upgradable: true }));
    expect(response.status).toBe(403);
    expect(await text(response)).toBe('no');
  });

  it('reaches a pod over TLS whatever its certificate, and tells it the host that the client asked', async () => {
    const headers = { host: 'api.example', authorization: 'Bearer x' };
    const pod = { address: '127.0.0.1', port, tls: true };
    const response = await connector.forwardPlain(pod, '/x', request({ headers }));
    const seen = JSON.parse(await text(response)) as { path: string; caller?: string; headers: Record<string, string> };
    expect(seen).toMatchObject({ path: '/x', headers: { host: 'api.example' } });
    expect([seen.caller, seen.headers['authorization']]).toEqual([undefined, undefined]);
  });

  it('believes no other CA', async () => {
    const stranger = await issueAuthority('ca', generateKeys());
    const client = await leaf(authority, 'x', 'client auth');
    const wary = nodeConnector({ ca: stranger.certificate, credential: () => client });
    await expect(wary.forward(target(), '/', request())).rejects.toThrow(/certificate|signature|self/i);
    // Unless it is told not to look; it shows its own all the same.
    const response = await wary.forward({ ...target(), unverified: true }, '/', request());
    expect(JSON.parse(await text(response))).toMatchObject({ caller: 'x' });
    wary.close();
  });

  it('says in Go’s words what cannot be reached, and gives up in time', async () => {
    const closed = createServer();
    const free = await new Promise<number>((resolve) =>
      closed.listen(0, '127.0.0.1', () => resolve((closed.address() as AddressInfo).port)),
    );
    await new Promise((resolve) => closed.close(resolve));
    await expect(connector.forward({ ...target(), port: free }, '/', request())).rejects.toThrow(
      `dial tcp 127.0.0.1:${free}: connect: connection refused`,
    );
    const silent = createServer((socket) => void socket.resume());
    const deaf = await new Promise<number>((resolve) =>
      silent.listen(0, '127.0.0.1', () => resolve((silent.address() as AddressInfo).port)),
    );
    await expect(connector.forward({ ...target(), port: deaf }, '/', request())).rejects.toThrow(
      `dial tcp 127.0.0.1:${deaf}: i/o timeout`,
    );
    await new Promise((resolve) => silent.close(resolve));
  });

  it('stops when the caller is gone', async () => {
    const caller = new AbortController();
    const silent = createServer((socket) => {
      socket.resume();
      caller.abort();
    });
    const deaf = await new Promise<number>((resolve) =>
      silent.listen(0, '127.0.0.1', () => resolve((silent.address() as AddressInfo).port)),
    );
    await expect(
      connector.forwardPlain({ address: '127.0.0.1', port: deaf }, '/', request({ signal: caller.signal })),
    ).rejects.toThrow('the caller is gone');
    await new Promise((resolve) => silent.close(resolve));
  });
});
