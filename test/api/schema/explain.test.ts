// `kubectl explain` from an OpenAPI v3 document. The goldens are what kubectl 1.32 printed when it read the same
// documents from this server; UPDATE=1 with a kubectl records them again.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainFromOpenApi, wrapText } from '../../../src/api/schema/explain.ts';
import { createHttpServer } from '../../../src/wire/http-server.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';

const folder = join(import.meta.dirname, '../../golden/explain');
const run = promisify(execFile);

const cases: { args: string; gv: string; group: string; version: string; resource: string; path?: string }[] = [
  { args: 'pods', gv: 'api/v1', group: '', version: 'v1', resource: 'pods' },
  { args: 'pod.spec.containers', gv: 'api/v1', group: '', version: 'v1', resource: 'pods', path: 'spec.containers' },
  {
    args: 'pod.spec.containers.imagePullPolicy',
    gv: 'api/v1',
    group: '',
    version: 'v1',
    resource: 'pods',
    path: 'spec.containers.imagePullPolicy',
  },
  { args: 'node.status.capacity', gv: 'api/v1', group: '', version: 'v1', resource: 'nodes', path: 'status.capacity' },
  { args: 'service.spec.type', gv: 'api/v1', group: '', version: 'v1', resource: 'services', path: 'spec.type' },
  {
    args: 'deployments.spec --recursive',
    gv: 'apis/apps/v1',
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
    path: 'spec',
  },
  {
    args: 'customresourcedefinition --recursive',
    gv: 'apis/apiextensions.k8s.io/v1',
    group: 'apiextensions.k8s.io',
    version: 'v1',
    resource: 'customresourcedefinitions',
  },
];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  if (process.env['UPDATE']) await record();
});
afterAll(() => server.close());

const goldenFile = (args: string): string => join(folder, `${args.replaceAll(/[^A-Za-z.]+/g, '-')}.txt`);

async function record(): Promise<void> {
  const http = createHttpServer({ handler: server.handler });
  const { port } = await http.listen({ host: '127.0.0.1', port: 0 });
  const home = await mkdtemp(join(tmpdir(), 'explain-'));
  const env = { ...process.env, HOME: home, KUBECONFIG: join(home, 'none') };
  for (const { args } of cases) {
    const all = ['explain', ...args.split(' '), '--server', `http://127.0.0.1:${port}`];
    const { stdout } = await run(process.env['KUBECTL'] ?? 'kubectl', all, { env });
    await writeFile(goldenFile(args), stdout);
  }
  await rm(home, { recursive: true });
  await http.close();
}

async function fetchDocument(gv: string): Promise<object> {
  const response = await server.handler({
    method: 'GET',
    path: `/openapi/v3/${gv}`,
    query: new URLSearchParams(),
    headers: { accept: 'application/json' },
    signal: new AbortController().signal,
  });
  return JSON.parse(Buffer.from(response.body!.bytes() as Uint8Array).toString('utf8')) as object;
}

describe('explainFromOpenApi', () => {
  it.each(cases)('says of $args what kubectl says', async ({ args, gv, path, ...gvr }) => {
    const document = await fetchDocument(gv);
    const text = explainFromOpenApi(document, gvr, path?.split('.'), args.includes('--recursive'));
    expect(text).toBe(await readFile(goldenFile(args), 'utf8'));
  });

  it('says what is not there', async () => {
    const document = await fetchDocument('api/v1');
    const pods = { group: '', version: 'v1', resource: 'pods' };
    expect(() => explainFromOpenApi(document, pods, ['spec', 'nope'])).toThrow('field "nope" does not exist');
    expect(() => explainFromOpenApi(document, { ...pods, resource: 'pets' })).toThrow(
      'GVR (/v1, Resource=pets) not found in OpenAPI schema',
    );
  });
});

describe('wrapText', () => {
  it('breaks at spaces and keeps long words whole', () => {
    expect(wrapText('aaa bbb ccc', 7)).toBe('aaa bbb\nccc');
    expect(wrapText('aaaaaaaaaa b', 5)).toBe('aaaaaaaaaa\nb');
    expect(wrapText('a\n\nb  c', 10)).toBe('a\n\nb  c');
  });
});
