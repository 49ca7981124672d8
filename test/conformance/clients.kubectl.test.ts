// Real clients on a whole server over TLS: kubectl of two ages, verb by verb (upstream's sig-cli entries among them).
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { steps } from './commands.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const clients: [version: number, path: string][] = [
  [20, join(root, '.cache/kubernetes-client/usr/bin/kubectl')],
  [32, process.env['KUBECTL'] ?? 'kubectl'],
];
let dir: string;
let server: RunningServer;

const deployment = (image: string, replicas = 'replicas') => `apiVersion: apps/v1
kind: Deployment
metadata: {name: app, labels: {app: app}}
spec:
  ${replicas}: 1
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec: {containers: [{name: c, image: "${image}", ports: [{containerPort: 80}]}]}
`;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sampan-clients-'));
  server = await startServer({ dataDir: join(dir, 'data'), listen: { host: '127.0.0.1', port: 0 } });
  writeFileSync(join(dir, 'app.yaml'), deployment('nginx'));
  writeFileSync(join(dir, 'app2.yaml'), deployment('nginx:2'));
  writeFileSync(join(dir, 'bad.yaml'), deployment('nginx', 'replica'));
});
afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Outcome {
  code: number;
  text: string;
}

async function execute(command: string, args: string[], more: Record<string, string> = {}): Promise<Outcome> {
  const env = { ...process.env, HOME: dir, KUBECONFIG: server.kubeconfigPath!, ...more };
  try {
    const { stdout, stderr } = await run(command, args, { env, timeout: 60_000, maxBuffer: 1 << 26 });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number | string; stdout: string; stderr: string };
    if (typeof code !== 'number') throw error;
    return { code, text: stdout + stderr };
  }
}

describe.each(clients)('kubectl 1.%i', (version, path) => {
  const namespace = `k${version}`;
  beforeAll(() => {
    const role = `apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: ro, namespace: ${namespace}}\nrules: [{apiGroups: [""], resources: [pods], verbs: [get, list, watch]}]\n`;
    writeFileSync(join(dir, 'role.yaml'), role);
  });

  it.each(steps.filter(({ since = 0 }) => since <= version))('$args', async ({ args, code = 0, prints, env }) => {
    const filled = args.replaceAll('$NS', namespace).replaceAll('$DIR', dir).split(' ');
    const outcome = await execute(path, filled, env);
    expect(outcome).toMatchObject({ code });
    if (prints) expect(outcome.text).toMatch(prints);
  });

  it('explains every kind that it can list', async () => {
    const { text } = await execute(path, ['api-resources', '--no-headers', '--verbs=list']);
    const rows = text.split('\n').filter((line) => line !== '' && !line.startsWith('W'));
    expect(rows.length).toBeGreaterThan(50);
    const kinds = rows.map((row) => {
      const cells = row.trim().split(/\s+/);
      return { name: cells[0]!, apiVersion: cells.at(-3)!, kind: cells.at(-1)! };
    });
    // One by one would take a minute: the API is what is tested, not kubectl's start.
    // Old kubectl takes a name's first kind, whatever version it is told: core's nodes and pods for those of metrics.
    const hidden = version < 30 ? /^(extensions|metrics\.k8s\.io)\// : /^extensions\//;
    const work = kinds.filter(({ apiVersion }) => !hidden.test(apiVersion));
    for (let i = 0; i < work.length; i += 4) {
      await Promise.all(
        work.slice(i, i + 4).map(async ({ name, apiVersion, kind }) => {
          const outcome = await execute(path, ['explain', name, `--api-version=${apiVersion}`]);
          expect(outcome, name).toMatchObject({ code: 0 });
          expect(outcome.text, name).toMatch(new RegExp(`KIND: +${kind}\\n`));
        }),
      );
    }
  });

  it('watches, with every event named', async () => {
    const watched = spawn(path, ['get', 'cm', '-w', '--output-watch-events', '--no-headers'], {
      env: { ...process.env, HOME: dir, KUBECONFIG: server.kubeconfigPath! },
    });
    let text = '';
    const seen = new Promise<void>((resolve) => {
      watched.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (/ADDED +kube-root/.test(text) && !text.includes(`w${version}`))
          void execute(path, ['create', 'cm', `w${version}`]);
        if (/ADDED +w/.test(text) && !/DELETED/.test(text)) void execute(path, ['delete', 'cm', `w${version}`]);
        if (new RegExp(`DELETED +w${version}`).test(text)) resolve();
      });
    });
    await seen;
    watched.kill();
    await new Promise((resolve) => watched.once('exit', resolve));
  });
});
