// A server that is stopped, or killed, and started again: nothing is lost, nothing is written twice, nothing stays open.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClusterRoleBindings, ClusterRoles, ConfigMaps, Namespaces } from '../../src/api/resources.ts';
import { startServer } from '../../src/server/server.ts';
import { FlowSchemas } from '../../src/server/bootstrap/flow-control.ts';

let dataDir: string;
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), 'sampan-restart-'))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));
const start = (more: object = {}) =>
  startServer({ dataDir, listen: { host: '127.0.0.1', port: 0 }, components: [], ...more });
const file = (name: string): string => readFileSync(join(dataDir, name), 'utf8');

describe('a restart', () => {
  it('writes nothing when nothing changed, and keeps keys and tokens', async () => {
    const first = await start();
    const { port } = first;
    // Priorities are made once the server is ready; their status is the last that is written.
    const settled = () => first.lister.list(FlowSchemas).filter((schema) => schema.status?.conditions).length;
    await expect.poll(settled, { timeout: 10_000 }).toBe(11);
    const revision = (await first.client().list(Namespaces)).metadata.resourceVersion;
    const before = [file('pki/ca.crt'), file('pki/server.crt'), file('node.token')];
    await first.close();
    const second = await start({ listen: { host: '127.0.0.1', port } });
    expect((await second.client().list(Namespaces)).metadata.resourceVersion).toBe(revision);
    expect([file('pki/ca.crt'), file('pki/server.crt'), file('node.token')]).toEqual(before);
    await second.close();
  });

  it('puts back what default roles lack, keeps what was added, and leaves alone what was told so', async () => {
    const first = await start();
    const client = first.client();
    const added = { apiGroups: ['example.com'], resources: ['widgets'], verbs: ['get'] };
    await client.patch(ClusterRoles, { name: 'view' }, 'merge', { rules: [added] });
    await client.patch(ClusterRoles, { name: 'system:discovery' }, 'merge', {
      metadata: { annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } },
      rules: [],
    });
    await client.delete(ClusterRoleBindings, { name: 'system:basic-user' });
    await first.close();
    const second = await start();
    const view = await second.client().get(ClusterRoles, { name: 'view' });
    expect(view.rules).toContainEqual(added);
    expect(view.rules?.length).toBeGreaterThan(5);
    expect((await second.client().get(ClusterRoles, { name: 'system:discovery' })).rules ?? []).toEqual([]);
    await second.client().get(ClusterRoleBindings, { name: 'system:basic-user' });
    await second.close();
  });

  it('after close leaves no socket, timer or child behind', async () => {
    const count = (): Record<string, number> => {
      const counts: Record<string, number> = {
        TCPServerWrap: 0,
        TCPSocketWrap: 0,
        TLSWrap: 0,
        ProcessWrap: 0,
        Timeout: 0,
      };
      for (const name of process.getActiveResourcesInfo()) if (name in counts) counts[name]! += 1;
      return counts;
    };
    const before = count();
    const server = await startServer({ dataDir, listen: { host: '127.0.0.1', port: 0 } });
    await server.close();
    await server.close();
    const after = count();
    for (const [name, number] of Object.entries(before)) expect(after[name], name).toBeLessThanOrEqual(number);
  });
});

describe('kill -9', () => {
  it('loses nothing that was acknowledged', async () => {
    const root = join(import.meta.dirname, '../../src');
    const script = `
      const { startServer } = await import('${root}/server/server.ts');
      const { ConfigMaps } = await import('${root}/api/resources.ts');
      const server = await startServer({ dataDir: ${JSON.stringify(dataDir)}, listen: false });
      const client = server.client();
      for (let i = 0; ; i += 8) {
        await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(async (j) => {
          const name = 'c' + (i + j);
          await client.create(ConfigMaps, { metadata: { namespace: 'default', name } });
          process.stdout.write(name + '\\n');
        }));
      }`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const acknowledged: string[] = [];
    for await (const name of createInterface({ input: child.stdout })) {
      acknowledged.push(name);
      if (acknowledged.length === 60) child.kill('SIGKILL');
    }
    await ended;
    expect(acknowledged.length).toBeGreaterThanOrEqual(60);
    const server = await start();
    const { items } = await server.client().list(ConfigMaps, { namespace: 'default' });
    const names = new Set(items.map((item) => item.metadata?.name));
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
    await server.close();
  });
});
