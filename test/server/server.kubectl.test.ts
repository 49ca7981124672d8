// The real kubectl with the administrator's kubeconfig: the first thing that a user does.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../src/server/server.ts';

const run = promisify(execFile);
let dataDir: string;
let server: RunningServer;

async function kubectl(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const command = process.env['KUBECTL'] ?? 'kubectl';
  try {
    const { stdout, stderr } = await run(command, ['--kubeconfig', server.kubeconfigPath!, ...args], {
      timeout: 20_000,
    });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number | string; stdout: string; stderr: string };
    if (typeof code !== 'number') throw error;
    return { code, out: stdout, err: stderr };
  }
}

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sampan-kubectl-'));
  server = await startServer({ dataDir, listen: { host: '127.0.0.1', port: 0 } });
});
afterAll(async () => {
  await server.close();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('kubectl', () => {
  it('lists the namespaces of a fresh cluster', async () => {
    const { out } = await kubectl('get', 'ns', '-o', 'name');
    expect(out.trim().split('\n')).toEqual([
      'namespace/default',
      'namespace/kube-node-lease',
      'namespace/kube-public',
      'namespace/kube-system',
      'namespace/sampan-system',
    ]);
  });

  it('asks what one may do, as oneself and as somebody else', async () => {
    expect(await kubectl('auth', 'can-i', 'delete', 'nodes')).toMatchObject({ code: 0, out: 'yes\n' });
    expect(await kubectl('auth', 'can-i', 'list', 'secrets', '--as=bob')).toMatchObject({ code: 1, out: 'no\n' });
    await kubectl('create', 'rolebinding', 'bob', '--clusterrole=view', '--user=bob');
    expect(await kubectl('auth', 'can-i', 'list', 'pods', '--as=bob')).toMatchObject({ code: 0, out: 'yes\n' });
    expect(await kubectl('auth', 'can-i', 'list', 'secrets', '--as=bob')).toMatchObject({ code: 1, out: 'no\n' });
    expect(await kubectl('auth', 'can-i', 'get', '/metrics', '--as=bob')).toMatchObject({ code: 1, out: 'no\n' });
  });

  it('lists all that somebody may do', async () => {
    await kubectl('create', 'role', 'reader', '--verb=get,list', '--resource=configmaps', '--resource-name=settings');
    await kubectl('create', 'rolebinding', 'carol', '--role=reader', '--user=carol');
    const { out, err } = await kubectl('auth', 'can-i', '--list', '--as=carol');
    expect(err).toBe('');
    const rows = out.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows).toContainEqual(['configmaps', '[]', '[settings]', '[get list]']);
    expect(rows).toContainEqual(['selfsubjectaccessreviews.authorization.k8s.io', '[]', '[]', '[create]']);
    expect(rows.some((row) => row[1] === '[/healthz]')).toBe(true);
  });

  it('is told why something is forbidden', async () => {
    const { code, err } = await kubectl('get', 'secrets', '--as=bob');
    expect(code).toBe(1);
    expect(err).toBe(
      'Error from server (Forbidden): secrets is forbidden: User "bob" cannot list resource "secrets" in API group "" in the namespace "default"\n',
    );
  });

  it('gets a service account’s token, which counts until the account is gone', async () => {
    await kubectl('create', 'serviceaccount', 'robot');
    await kubectl('create', 'rolebinding', 'robot', '--clusterrole=view', '--serviceaccount=default:robot');
    const token = (await kubectl('create', 'token', 'robot')).out.trim();
    expect(token.split('.')).toHaveLength(3);
    const asRobot = (...args: string[]) =>
      kubectl(
        '--kubeconfig=/dev/null',
        `--server=${server.url!}`,
        '--insecure-skip-tls-verify',
        `--token=${token}`,
        ...args,
      );
    expect(await asRobot('get', 'pods')).toMatchObject({ code: 0, err: 'No resources found in default namespace.\n' });
    expect((await asRobot('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).out).toBe(
      'system:serviceaccount:default:robot',
    );
    await kubectl('delete', 'serviceaccount', 'robot');
    expect((await asRobot('get', 'pods')).err).toContain('Unauthorized');
  });
});
