// A server that is stopped while it is used: requests that it took are answered, watches end as if their time were over,
// what was acknowledged is there after the start, and watches go on from where they were.
import { connect as connectHttp2 } from 'node:http2';
import https from 'node:https';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ConfigMaps } from '../../src/api/resources.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { raw } from '../support/raw.ts';

let dataDir: string;
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), 'sampan-shutdown-'))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));
const start = (port = 0) => startServer({ dataDir, listen: { host: '127.0.0.1', port }, components: ['apiserver'] });

const maps = '/api/v1/namespaces/default/configmaps';
function identityOf(server: RunningServer) {
  const pem = (name: string) => Buffer.from(new RegExp(`${name}: (\\S+)`).exec(server.kubeconfig!)![1]!, 'base64');
  return { ca: server.ca!, cert: pem('client-certificate-data'), key: pem('client-key-data') };
}

interface Outcome {
  status: number;
  text: string;
  /** False: the connection was cut before the answer was whole. */
  whole: boolean;
}

/** Rejects when the connection ended before there was an answer. */
function ask(server: RunningServer, agent: https.Agent, path: string, method = 'GET', body = ''): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const headers = body ? { 'content-type': 'application/json' } : {};
    const options = { host: '127.0.0.1', port: server.port, path, method, headers, agent, ...identityOf(server) };
    const request = https.request(options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('error', () => undefined);
      response.on('close', () => resolve({ status: response.statusCode!, text, whole: response.complete }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

it('loses nothing that it answered, and ends what it streams', async () => {
  const first = await start();
  const before = (await first.client().list(ConfigMaps)).metadata.resourceVersion;
  const agent = new https.Agent({ keepAlive: true, maxSockets: 64 });
  const acknowledged = new Set<string>();
  const failures: Outcome[] = [];
  let stopped = false;
  const watches = Array.from({ length: 5 }, () => ask(first, agent, `${maps}?watch=1`));
  const session = connectHttp2(`https://127.0.0.1:${first.port}`, identityOf(first));
  session.on('error', () => undefined);
  const stream = session.request({ ':path': `${maps}?watch=1` });
  const streamEnded = new Promise<number>((resolve) => stream.on('close', () => resolve(stream.rstCode)));
  stream.on('error', () => undefined).resume();

  const write = async (writer: number): Promise<void> => {
    for (let i = 0; !stopped || i < 3; i++) {
      const name = `w${writer}-${i}`;
      try {
        const answer = await ask(first, agent, maps, 'POST', JSON.stringify({ metadata: { name } }));
        if (answer.status === 201 && answer.whole) acknowledged.add(name);
        else failures.push(answer);
      } catch {
        return;
      }
    }
  };
  const writers = Array.from({ length: 16 }, (_, i) => write(i));
  while (acknowledged.size < 100) await new Promise((resolve) => setTimeout(resolve, 5));
  const closed = first.close();
  stopped = true;
  await Promise.all([...writers, closed]);
  // Not one answer was half an answer or a failure of the server's own making.
  expect(failures.filter(({ status, whole }) => !whole || (status >= 500 && status !== 503))).toEqual([]);
  for (const watch of await Promise.all(watches)) expect([watch.status, watch.whole]).toEqual([200, true]);
  expect(await streamEnded).toBe(0);
  agent.destroy();
  session.destroy();

  const second = await start();
  const again = await ask(second, new https.Agent(), `${maps}?watch=1&timeoutSeconds=1&resourceVersion=${before}`);
  const events = again.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { object: { metadata: { name: string } } });
  const seen = new Set(events.map(({ object }) => object.metadata.name));
  expect([...acknowledged].filter((name) => !seen.has(name))).toEqual([]);
  const list = await second.client().list(ConfigMaps, { namespace: 'default' });
  const names = new Set(list.items.map((item) => item.metadata?.name));
  expect([...acknowledged].filter((name) => !names.has(name))).toEqual([]);
  await second.close();
}, 30_000);

it('says at once that it is not ready any more, and finishes the request that it has', async () => {
  const server = await start();
  const options = { host: '127.0.0.1', port: server.port, agent: false, ...identityOf(server) };
  const headers = { 'content-type': 'application/json' };
  const request = https.request({ ...options, path: maps, method: 'POST', headers });
  const answered = new Promise<number>((resolve, reject) => {
    request.on('response', (response) => resolve(response.resume().statusCode!)).on('error', reject);
  });
  request.write('{"metadata":');
  // The server has it when it has answered another one that came later.
  const agent = new https.Agent();
  expect((await ask(server, agent, '/readyz')).status).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const closed = server.close();
  let status = 0;
  for (let i = 0; i < 500 && status !== 500; i++) {
    status = (await raw(server, 'GET', '/readyz')).status;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(status).toBe(500);
  await expect(ask(server, agent, '/readyz')).rejects.toThrow('ECONNREFUSED');
  request.end('{"name":"last"}}');
  expect(await answered).toBe(201);
  await closed;
  const again = await start();
  expect((await again.client().get(ConfigMaps, { namespace: 'default', name: 'last' })).metadata?.name).toBe('last');
  await again.close();
});
