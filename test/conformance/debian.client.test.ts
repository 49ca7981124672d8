// Clients of other languages, as Debian packages them, on a whole server over TLS: Python, Ruby and Prometheus.
import { execFile, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ClusterRoleBindings, ServiceAccounts } from '../../src/api/resources.ts';
import { readBytes } from '../../src/client/rest.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { eventually, freePort, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder('debian-clients');
let server: RunningServer;

beforeAll(async () => {
  server = await startServer({ dataDir: join(folder.path, 'data'), listen: { host: '127.0.0.1', port: 0 } });
});
afterAll(async () => {
  await server.close();
  folder.remove();
});

/** What the program printed; it ends by itself. Error: its exit code, with its output. */
async function output(program: string, script: string): Promise<string> {
  const env = { ...process.env, HOME: folder.path, KUBECONFIG: server.kubeconfigPath! };
  const fixture = join(import.meta.dirname, 'fixtures', script);
  const { stdout, stderr } = await promisify(execFile)(program, [fixture], { env, timeout: 60_000 });
  return stdout + stderr;
}

it('Python: creates, reads, patches, watches, pages and deletes, with typed and dynamic clients', async () => {
  expect(existsSync('/usr/lib/python3/dist-packages/kubernetes'), 'apt-get install python3-kubernetes').toBe(true);
  expect(await output('/usr/bin/python3', 'client.py')).toBe('');
});

it('Ruby: creates, updates, patches in four ways, watches, pages and deletes', async () => {
  expect(existsSync('/usr/share/rubygems-integration/all/gems'), 'apt-get install ruby-kubeclient').toBe(true);
  expect(await output('/usr/bin/ruby', 'client.rb')).toBe('');
});

interface Target {
  scrapePool: string;
  health: string;
  lastError: string;
}

// Debian builds Prometheus without kubernetes_sd_configs: it scrapes here, and cannot discover.
it('Prometheus: scrapes the API server as a service account', async () => {
  const port = await freePort();
  const config = join(folder.path, 'prometheus.yml');
  const job = {
    job_name: 'apiserver',
    scheme: 'https',
    authorization: { credentials: await adminToken() },
    tls_config: { ca_file: join(folder.path, 'data/pki/ca.crt') },
    static_configs: [{ targets: [`127.0.0.1:${server.port}`] }],
  };
  writeFileSync(config, JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: [job] }));
  const flags = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder.path, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const prometheus = spawn('prometheus', flags, { stdio: 'ignore' });
  const ended = new Promise((resolve) => prometheus.once('exit', resolve));
  const ask = async <T>(path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    return ((await answer.json()) as { data: T }).data;
  };
  try {
    await eventually(async () => {
      const { activeTargets } = await ask<{ activeTargets: Target[] }>('targets?state=active');
      const target = activeTargets.find(({ health }) => health !== 'unknown');
      if (target?.health === 'down') throw new Error(target.lastError);
      return target;
    });
    const query = encodeURIComponent('sum(apiserver_request_total{resource="namespaces",verb="GET"})');
    const { result } = await ask<{ result: { value: [number, string] }[] }>(`query?query=${query}`);
    expect(Number(result[0]?.value[1])).toBeGreaterThan(0);
  } finally {
    prometheus.kill();
    await ended;
  }
});

/** Of a service account that may read everything, as Prometheus has it in a cluster. */
async function adminToken(): Promise<string> {
  const client = server.client();
  const account = { name: 'prometheus', namespace: 'default' };
  await client.create(ServiceAccounts, { metadata: account });
  await client.create(ClusterRoleBindings, {
    metadata: { name: 'prometheus' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  });
  const path = '/api/v1/namespaces/default/serviceaccounts/prometheus/token';
  const answer = await client.request('POST', path, {
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    shared: false,
  });
  const { status } = JSON.parse((await readBytes(answer)).toString()) as { status: { token: string } };
  return status.token;
}
