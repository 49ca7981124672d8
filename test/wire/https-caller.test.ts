// Calls of other HTTPS servers: kept connections, what is believed, and the words of failures.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpsCaller } from '../../src/wire/https-caller.ts';
import { type HttpsTestServer, startHttpsServer } from '../support/https-server.ts';

const caller = createHttpsCaller();
let server: HttpsTestServer;
const sockets: Socket[] = [];
/** The server closes the connection of the next request that comes on a kept one, without an answer. */
let hangUp = false;
beforeAll(async () => {
  server = await startHttpsServer(() => (response, request) => {
    const kept = sockets.includes(request.socket);
    sockets.push(request.socket);
    if (kept && hangUp) {
      hangUp = false;
      request.socket.destroy();
      return;
    }
    response.end(request.url);
  });
});
afterAll(async () => {
  caller.close();
  await server.close();
});

const ca = () => Buffer.from(server.caBundle, 'base64').toString();
const target = (more: object = {}) => ({ url: new URL(`${server.url}/a?b=c`), ca: ca(), ...more });
const get = (more: object = {}, call: object = {}) =>
  caller.call(target(more), { method: 'GET', timeoutMs: 2_000, ...call });

describe('a call', () => {
  it('answers what the server said, on one connection', async () => {
    expect((await get()).body.toString()).toBe('/a?b=c');
    await get();
    expect(new Set(sockets).size).toBe(1);
  });

  it('is made anew when the kept connection was closed meanwhile', async () => {
    hangUp = true;
    expect((await caller.call(target(), { method: 'POST', body: Buffer.from('{}'), timeoutMs: 2_000 })).status).toBe(
      200,
    );
    expect(new Set(sockets).size).toBe(2);
  });

  it('is passed on anew, too, when it has no body', async () => {
    await get();
    hangUp = true;
    const request = {
      method: 'GET',
      path: '/x',
      query: new URLSearchParams(),
      headers: { authorization: 'secret', accept: 'x/y' },
      signal: new AbortController().signal,
    };
    const response = await caller.forward(target(), '/x', request, { 'x-remote-user': 'me' });
    expect(response.status).toBe(200);
    expect(server.calls.at(-1)!.headers).toMatchObject({ 'x-remote-user': 'me', accept: 'x/y' });
    expect(server.calls.at(-1)!.headers).not.toHaveProperty('authorization');
  });

  it('believes nobody but those it is told to', async () => {
    await expect(get({ ca: undefined })).rejects.toThrow(
      `Get "${server.url}/a?b=c": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    );
    await expect(get({ serverName: 'other.example.com' })).rejects.toThrow(
      'x509: certificate is valid for localhost, not other.example.com',
    );
    expect((await get({ ca: undefined, insecure: true })).status).toBe(200);
  });

  it('believes whom the machine believes, when nobody is named', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sampan-roots-'));
    const before = process.env['SSL_CERT_FILE'];
    process.env['SSL_CERT_FILE'] = join(folder, 'roots.pem');
    writeFileSync(join(folder, 'roots.pem'), ca());
    const other = createHttpsCaller();
    try {
      const call = { method: 'GET', timeoutMs: 2_000 };
      expect((await other.call(target({ ca: undefined }), call)).status).toBe(200);
      expect((await other.call(target({ ca: undefined }), call)).status).toBe(200);
      await expect(other.call(target({ ca: undefined, serverName: 'x.y' }), call)).rejects.toThrow('not x.y');
    } finally {
      other.close();
      if (before === undefined) delete process.env['SSL_CERT_FILE'];
      else process.env['SSL_CERT_FILE'] = before;
      rmSync(folder, { recursive: true });
    }
  });

  it('fails in the words of Go', async () => {
    const refused = { url: new URL('https://127.0.0.1:1/') };
    await expect(caller.call(refused, { method: 'POST', timeoutMs: 500 })).rejects.toThrow(
      'Post "https://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
    );
    await expect(get({}, { signal: AbortSignal.abort() })).rejects.toThrow('context canceled');
    await expect(get({}, { limitBytes: 3 })).rejects.toThrow('http: response body too large');
  });
});
