import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';
import { runCli, words } from './run-cli.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await runCli(words('create deployment web --image=x'), { server });
  await runCli(words('create cm here -n kube-system'), { server });
});
afterAll(() => server.close());
const stderr = async (line: string, terminal = true): Promise<string> =>
  (await runCli(words(line), { server, ...(terminal ? { terminal: 100 } : {}) })).stderr;

describe('hints on a terminal', () => {
  it('name the nearest resource, flag and object', async () => {
    expect(await stderr('get deploymnets')).toBe(
      'error: the server doesn\'t have a resource type "deploymnets"\nDid you mean deployments?\n',
    );
    expect(await stderr('get pods --al-namespaces')).toContain('\nDid you mean --all-namespaces?\n');
    expect(await stderr('get deployment wbe')).toContain('not found\nDid you mean web?\n');
  });
  it('say where an object is, and that a namespace is not there', async () => {
    expect(await stderr('get cm here')).toContain('not found\nIt is in namespace kube-system: add -n kube-system.\n');
    expect(await stderr('get pods -n kube-sytem')).toBe(
      'No resources found in kube-sytem namespace.\nNamespace kube-sytem is not there. Did you mean kube-system?\n',
    );
    expect(await stderr('get pods -n kube-public')).toBe('No resources found in kube-public namespace.\n');
  });
  it('name the nearest context', async () => {
    const home = mkdtempSync(join(tmpdir(), 'hints-'));
    const config = join(home, 'config');
    writeFileSync(config, 'apiVersion: v1\nkind: Config\ncontexts: [{ name: staging, context: {} }]\n');
    const ran = await runCli(words(`get pods --context stagign --kubeconfig ${config}`), { terminal: 100 });
    rmSync(home, { recursive: true });
    expect(ran.stderr).toContain('context was not found for specified context: stagign\nDid you mean staging?\n');
  });
  it('are not in pipes', async () => {
    expect(await stderr('get deploymnets', false)).toBe(
      'error: the server doesn\'t have a resource type "deploymnets"\n',
    );
  });
});
