// The pages of claims, volumes and storage classes: kubectl and we print the same bytes of the same objects.
// Needs a kubectl of 1.32 or later in $KUBECTL or the PATH.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  PersistentVolumeClaims,
  PersistentVolumes,
  Pods,
  ServiceAccounts,
  StorageClasses,
} from '../../../src/api/resources.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';
import { runCli } from '../run-cli.ts';

let dataDir: string;
let server: RunningServer;
let env: NodeJS.ProcessEnv;
const namespace = 'default';

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sampan-describe-'));
  server = await startServer({
    dataDir,
    store: 'memory',
    listen: { host: '127.0.0.1', port: 0 },
    components: ['apiserver'],
  });
  env = { ...process.env, KUBECONFIG: server.kubeconfigPath, HOME: dataDir };
  await fill();
});
afterAll(async () => {
  await server.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function fill(): Promise<void> {
  const client = server.client();
  await client.create(StorageClasses, {
    metadata: { name: 'zoned', annotations: { a: '1', b: '2' } },
    provisioner: 'example.com/p',
    parameters: { type: 'fast', size: 'big' },
    mountOptions: ['ro', 'noatime'],
    reclaimPolicy: 'Retain',
    allowedTopologies: [
      { matchLabelExpressions: [{ key: 'zone', values: ['a', 'b'] }, { key: 'rack', values: ['1'] }] }, // prettier-ignore
    ],
  });
  const spec = { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'], capacity: { storage: '5Gi' } };
  const nodeAffinity = {
    required: {
      nodeSelectorTerms: [
        {
          matchExpressions: [
            { key: 'kubernetes.io/hostname', operator: 'In', values: ['n1', 'n2'] },
            { key: 'disk', operator: 'Exists' },
          ],
        },
      ],
    },
  };
  await client.create(PersistentVolumes, {
    metadata: { name: 'local', labels: { disk: 'ssd', site: 'home' } },
    spec: { ...spec, local: { path: '/mnt/d' }, nodeAffinity, claimRef: { namespace, name: 'data' } },
  });
  await client.create(PersistentVolumes, {
    metadata: { name: 'host' },
    spec: { ...spec, hostPath: { path: '/srv' }, storageClassName: 'zoned' },
  });
  await client.create(PersistentVolumes, {
    metadata: { name: 'nfs' },
    spec: { ...spec, nfs: { server: 'files', path: '/x' } },
  });
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const made = await client.create(PersistentVolumeClaims, {
    metadata: { name: 'data', namespace, labels: { app: 'db' } },
    spec: { ...claim, volumeName: 'local', dataSource: { kind: 'PersistentVolumeClaim', name: 'old' } },
  });
  const at = '2026-01-02T03:04:05Z' as never;
  await client.updateStatus(PersistentVolumeClaims, {
    ...made,
    status: {
      phase: 'Bound',
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '5Gi' },
      conditions: [{ type: 'Resizing', status: 'True', lastTransitionTime: at, reason: 'R', message: 'more' }],
    },
  });
  await client.create(PersistentVolumeClaims, { metadata: { name: 'idle', namespace }, spec: claim });
  await client.create(ServiceAccounts, { metadata: { name: 'none', namespace } });
  for (const name of ['user-b', 'user-a']) {
    await client.create(Pods, {
      metadata: { name, namespace },
      spec: {
        serviceAccountName: 'none',
        automountServiceAccountToken: false,
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
      },
    });
  }
}

async function kubectl(args: readonly string[]): Promise<string> {
  // Beside the server in this process, so never synchronously.
  const child = spawn(process.env['KUBECTL'] ?? 'kubectl', args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  await new Promise((resolve) => child.on('close', resolve));
  return text;
}

it.each(['storageclass', 'pv', 'pvc', 'pv local', 'pvc data'])('describe %s', async (what) => {
  const args = ['describe', ...what.split(' ')];
  const ours = await runCli(args, { env: env as Record<string, string> });
  expect(ours.stderr).toBe('');
  expect(ours.stdout).toBe(await kubectl(args));
  expect(ours.stdout).toContain('Name:');
});
