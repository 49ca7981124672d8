// `kubectl top` as a real kubectl does it, from $KUBECTL or the PATH: metrics.k8s.io as clients read it.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHttpServer, type HttpServer } from '../../../src/wire/http-server.ts';
import type { TestServer } from '../../support/server.ts';
import { startUsageServer } from './usage-server.ts';

let server: TestServer;
let http: HttpServer;
let address: string;
let home: string;

beforeAll(async () => {
  ({ server } = await startUsageServer());
  http = createHttpServer({ handler: server.handler });
  const { port } = await http.listen({ host: '127.0.0.1', port: 0 });
  address = `http://127.0.0.1:${port}`;
  home = await mkdtemp(join(tmpdir(), 'usage-'));
});
afterAll(async () => {
  await http.close();
  await server.close();
  await rm(home, { recursive: true });
});

function kubectl(...args: string[]): Promise<string[][]> {
  const env = { ...process.env, HOME: home, KUBECONFIG: join(home, 'none') };
  return new Promise((resolve, reject) => {
    execFile(process.env['KUBECTL'] ?? 'kubectl', [...args, '--server', address], { env }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr, { cause: error }));
      else
        resolve(
          stdout
            .trimEnd()
            .split('\n')
            .map((line) => line.trim().split(/\s+/)),
        );
    });
  });
}

it('shows nodes', async () => {
  expect(await kubectl('top', 'nodes')).toEqual([
    ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'],
    ['busy', '500m', '25%', '2Mi', '50%'],
    ['dead', '<unknown>', '<unknown>', '<unknown>', '<unknown>'],
  ]);
  expect(await kubectl('top', 'node', '-l', 'node=busy', '--no-headers')).toEqual([
    ['busy', '500m', '25%', '2Mi', '50%'],
  ]);
});

it('shows pods and their containers', async () => {
  expect(await kubectl('top', 'pods')).toEqual([
    ['NAME', 'CPU(cores)', 'MEMORY(bytes)'],
    ['a', '250m', '1Mi'],
  ]);
  expect(await kubectl('top', 'pods', '-A', '--containers', '-l', 'app=a', '--no-headers')).toEqual([
    ['default', 'a', 'c', '250m', '1Mi'],
  ]);
});

it('lists the objects themselves', async () => {
  expect(await kubectl('get', 'pods.metrics.k8s.io')).toEqual([
    ['NAME', 'CPU', 'MEMORY', 'WINDOW'],
    ['a', '250m', '1Mi', expect.any(String)],
  ]);
  expect(await kubectl('get', 'componentstatuses', '-o', 'name')).toEqual([['componentstatus/etcd-0']]);
});
