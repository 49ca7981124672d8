// A server of its own for a benchmark: the built program, with the API server alone unless more is asked for, and a token
// of a service account that may do everything.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ClusterRoleBindings, Namespaces, ResourceQuotas, ServiceAccounts } from '../../../src/api/resources.ts';
import type { KubeObject } from '../../../src/api/types.ts';
import { readKubeConfigFile } from '../../../src/client/kubeconfig.ts';
import { clientConfigFrom } from '../../../src/client/kubeconfig-connection.ts';
import { Client } from '../../../src/client/rest.ts';
import { httpsTransport } from '../../../src/client/transport/https.ts';
import { Connection, nowUs, requestOf } from './connection.ts';
import type { Target } from './connection.ts';

const HOST = '127.0.0.1';
const ACCOUNT = { name: 'bench', namespace: 'kube-system' };

export class BenchServer {
  readonly #directory = mkdtempSync(join(tmpdir(), 'sampan-bench-'));
  readonly #components: readonly string[];
  readonly #store: string;
  readonly program: string;
  #process: ChildProcess | undefined;
  target!: Target & { pid: number };
  /** From the start of the process to the first answer of /readyz. */
  startMs = 0;

  /** `root`: a checkout with a build. */
  constructor(root = resolve(import.meta.dirname, '../../..'), components = ['apiserver'], store = 'lmdb') {
    this.#components = components;
    this.#store = store;
    this.program = join(root, 'bin/sampan');
    if (!existsSync(join(root, 'dist/cli.cjs'))) throw new Error(`${root} is not built: npm run build`);
  }

  async start(): Promise<void> {
    const port = await freePort();
    const output = join(this.#directory, 'output.txt');
    const log = openSync(output, 'a');
    const flags = [
      '--data-dir',
      join(this.#directory, 'data'),
      '--listen',
      `${HOST}:${port}`,
      '--components',
      this.#components.join(),
      '--store',
      this.#store,
    ];
    const start = nowUs();
    this.#process = spawn(process.execPath, [this.program, 'server', ...flags], { stdio: ['ignore', log, log] });
    const target = { host: HOST, port, token: this.target?.token ?? '', pid: this.#process.pid! };
    while (!(await isReady(target))) {
      if (this.#process.exitCode !== null) throw new Error(readFileSync(output, 'utf8'));
      await new Promise((tick) => setTimeout(tick, 5));
    }
    this.startMs = (nowUs() - start) / 1000;
    if (target.token === '') target.token = await this.#makeToken();
    this.target = target;
  }

  /** The data stays. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process!.once('exit', resolve));
    this.#process!.kill('SIGTERM');
    await ended;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** With its default service account, which pods need. */
  async makeNamespace(name: string): Promise<void> {
    await this.#asAdmin(async (client) => {
      await client.create(Namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      const metadata = { name: 'default', namespace: name };
      await client.create(ServiceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    });
  }

  async makeQuota(namespace: string, hard: Record<string, string>): Promise<void> {
    const metadata = { name: 'quota', namespace };
    await this.#asAdmin((client) =>
      client.create(ResourceQuotas, { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard } }),
    );
  }

  #makeToken(): Promise<string> {
    return this.#asAdmin(async (client) => {
      await client.create(ServiceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: ACCOUNT });
      await client.create(ClusterRoleBindings, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'bench' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'ServiceAccount', ...ACCOUNT }],
      });
      const request = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: 86_400 },
      };
      const type = ServiceAccounts as unknown as Parameters<typeof client.create<KubeObject>>[0];
      const answer = await client.create(type, request as KubeObject, { ...ACCOUNT, subresource: 'token' });
      return (answer as { status?: { token: string } }).status!.token;
    });
  }

  get kubeconfig(): string {
    return join(this.#directory, 'data/admin.kubeconfig');
  }

  admin(): { client: Client; close(): void } {
    const transport = httpsTransport(clientConfigFrom(readKubeConfigFile(this.kubeconfig)));
    return { client: new Client(transport.handler), close: () => transport.close() };
  }

  async #asAdmin<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const admin = this.admin();
    try {
      return await work(admin.client);
    } finally {
      admin.close();
    }
  }
}

async function isReady(target: Target): Promise<boolean> {
  const connection = await Connection.open(target).catch(() => undefined);
  if (!connection) return false;
  const anonymous = { ...target, token: '' };
  const answer = await connection.send(requestOf(anonymous, 'GET', '/readyz')).catch(() => undefined);
  connection.close();
  return answer?.status === 200;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, HOST, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
