// proxy: what Go's mux and file server do with paths that are not in their plain form, and what is passed on.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type CliResult, runCli } from '../cli/run-cli.ts';
import { freePort } from '../support/cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let port: number;
let done: Promise<CliResult>;
const stop = new AbortController();
const folder = mkdtempSync(join(tmpdir(), 'proxy-'));

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** node:http sends the path as it is written; fetch would make it plain first. */
const ask = (path: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path }, (response) => {
      const { statusCode: status, headers } = response;
      text(response).then((body) => resolve({ status, headers, body }), reject);
    }).on('error', reject);
  });

beforeAll(async () => {
  server = await startTestServer();
  port = await freePort();
  mkdirSync(join(folder, 'sub'));
  writeFileSync(join(folder, 'a.txt'), 'hi\n');
  const argv = ['proxy', `--port=${port}`, `--www=${folder}`, '--api-prefix=/custom'];
  done = runCli(argv, { server, signal: stop.signal });
  await vi.waitFor(async () => expect((await ask('/custom/healthz')).body).toBe('ok'), 5000);
});
afterAll(async () => {
  stop.abort();
  await done;
  rmSync(folder, { recursive: true });
  await server.close();
});

describe('proxy', () => {
  it.each([
    ['//custom/healthz', '/custom/healthz'],
    ['/custom//healthz?verbose', '/custom/healthz?verbose'],
    ['/custom', '/custom/'],
    ['/static', '/static/'],
    ['/static/../x', '/x'],
    ['/static/sub', 'sub/'],
    ['/static/a.txt/', '../a.txt'],
    ['/static/index.html', './'],
  ])('%s is at %s', async (path, location) => {
    expect(await ask(path)).toMatchObject({ status: 301, headers: { location } });
  });
  it('serves the folder and the API, and nothing else', async () => {
    expect(await ask('/static/a.txt')).toMatchObject({ status: 200, body: 'hi\n' });
    expect((await ask('/static/')).body).toContain('<a href="a.txt">a.txt</a>\n<a href="sub/">sub/</a>\n');
    expect(JSON.parse((await ask('/custom/api/v1/namespaces?limit=1')).body)).toMatchObject({ kind: 'NamespaceList' });
    for (const path of ['/static/nope', '/other', '/api/v1/namespaces']) {
      expect(await ask(path)).toMatchObject({ status: 404, body: '404 page not found\n' });
    }
  });
});
