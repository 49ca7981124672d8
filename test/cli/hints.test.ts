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
  it('name the nearest context that is to be used', async () => {
    const home = mkdtempSync(join(tmpdir(), 'hints-'));
    const config = join(home, 'config');
    writeFileSync(config, 'apiVersion: v1\nkind: Config\ncontexts: [{ name: staging, context: {} }]\n');
    const ran = await runCli(words(`config use-context stging --kubeconfig ${config}`), { terminal: 100 });
    rmSync(home, { recursive: true });
    expect(ran.stderr).toBe('error: no context exists with the name: "stging"\nDid you mean staging?\n');
  });
  it('name the nearest subcommand, format, field and file', async () => {
    expect(await stderr('rollout stauts deploy/web')).toContain('for help and examples\nDid you mean status?\n');
    expect(await stderr('create deploymen x')).toContain('\nDid you mean deployment?\n');
    expect(await stderr('create deploymen x --image=y')).toContain('\nDid you mean deployment?\n');
    expect(await stderr('get pods -o jsno')).toContain('\nDid you mean json?\n');
    expect(await stderr('explain pod.spec.contaners.image')).toContain('\nDid you mean spec.containers?\n');
    const cwd = mkdtempSync(join(tmpdir(), 'hints-'));
    writeFileSync(join(cwd, 'web.yaml'), '');
    const { stderr: said } = await runCli(words('apply -f wbe.yaml'), { server, cwd, terminal: 100 });
    rmSync(cwd, { recursive: true });
    expect(said).toBe('error: the path "wbe.yaml" does not exist\nDid you mean web.yaml?\n');
  });
  it('name what makes the pods when a pod is asked for by its name', async () => {
    expect(await stderr('exec web -- ls')).toContain('There is no pod of that name, but deployment/web.\n');
  });
  it('are not in pipes', async () => {
    expect(await stderr('get deploymnets', false)).toBe(
      'error: the server doesn\'t have a resource type "deploymnets"\n',
    );
  });
});
