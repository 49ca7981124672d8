// The OpenAPI documents as real kubectls read them: Debian's 1.20 (v2 protobuf; scripts/test.sh unpacks it) and a newer
// one (v3), from $KUBECTL or the PATH. Explain, validation before apply, and diff.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer, type HttpServer } from '../../../../src/wire/http-server.ts';
import { startTestServer, type TestServer } from '../../../support/server.ts';

const old = join(import.meta.dirname, '../../../../.cache/kubernetes-client/usr/bin/kubectl');
const newer = process.env['KUBECTL'] ?? 'kubectl';

let server: TestServer;
let http: HttpServer;
let address: string;
let home: string;

beforeAll(async () => {
  server = await startTestServer();
  http = createHttpServer({ handler: server.handler });
  const { port } = await http.listen({ host: '127.0.0.1', port: 0 });
  address = `http://127.0.0.1:${port}`;
  home = await mkdtemp(join(tmpdir(), 'openapi-'));
});
afterAll(async () => {
  await http.close();
  await server.close();
  await rm(home, { recursive: true });
});

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}
function run(kubectl: string, ...args: string[]): Promise<Outcome> {
  const env = { ...process.env, HOME: home, KUBECONFIG: join(home, 'none') };
  return new Promise((resolve) => {
    execFile(kubectl, [...args, '--server', address], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 127 : 0, stdout, stderr });
    });
  });
}

async function manifest(name: string, data: object): Promise<string> {
  const file = join(home, `${name}.json`);
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...data }));
  return file;
}

describe.each([
  ['1.20', old],
  ['a newer one', newer],
])('kubectl %s', (version, kubectl) => {
  it('is there', () => {
    if (kubectl === old) expect(existsSync(old), 'run scripts/test.sh, which unpacks it').toBe(true);
  });

  it('explains a field', async () => {
    const { stdout, code } = await run(kubectl, 'explain', 'deployment.spec.strategy');
    expect(code).toBe(0);
    expect(stdout).toContain('DeploymentStrategy describes how to replace existing pods with new ones.');
    expect(stdout).toMatch(/rollingUpdate\t</);
  });

  it('refuses a typo, applies, and shows a difference', async () => {
    const name = version.startsWith('1') ? 'old' : 'new';
    const typo = await run(kubectl, 'apply', '-f', await manifest(name, { dta: { a: '1' } }));
    expect(typo.code).toBe(1);
    expect(typo.stderr).toMatch(/unknown field "dta"/);
    expect((await run(kubectl, 'apply', '-f', await manifest(name, { data: { a: '1' } }))).stdout).toBe(
      `configmap/${name} created\n`,
    );
    const changed = await manifest(name, { data: { a: '2' } });
    const diff = await run(kubectl, 'diff', '-f', changed);
    expect(diff.code).toBe(1);
    expect(diff.stdout).toContain('\n-  a: "1"\n+  a: "2"\n');
    expect((await run(kubectl, 'apply', '--server-side', '--force-conflicts', '-f', changed)).stdout).toBe(
      `configmap/${name} serverside-applied\n`,
    );
  });
});
