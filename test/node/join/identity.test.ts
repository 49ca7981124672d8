// Joining a real server over TLS without Docker: the client certificate, its file, its renewal; and the certificate that
// the node serves with.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Nodes } from '../../../src/api/resources.ts';
import { systemClock } from '../../../src/client/clock.ts';
import { loadKubeConfig } from '../../../src/client/kubeconfig.ts';
import { clientConfigFrom } from '../../../src/client/kubeconfig-connection.ts';
import { silentLogger } from '../../../src/client/log.ts';
import { selfSigned } from '../../../src/node/join/certificate-request.ts';
import { type IdentityOptions, openIdentity } from '../../../src/node/join/identity.ts';
import { openServingCertificate } from '../../../src/node/server/serving-certificate.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';

const DAY_MS = 24 * 3600 * 1000;
const dataDir = mkdtempSync(join(tmpdir(), 'sampan-join-'));
const folder = join(dataDir, 'nodes', 'n1');
const stopper = new AbortController();
let server: RunningServer;
let token: string;

beforeAll(async () => {
  server = await startServer({ dataDir, store: 'memory', listen: { host: '127.0.0.1', port: 0 } });
  token = await readFile(join(dataDir, 'node.token'), 'utf8');
});
afterAll(async () => {
  stopper.abort();
  await server?.close();
  await rm(dataDir, { recursive: true, force: true });
});

const base = (): IdentityOptions => ({
  nodeName: 'n1',
  folder,
  clock: systemClock,
  log: silentLogger,
  signal: stopper.signal,
});
const kept = () => clientConfigFrom(loadKubeConfig([join(folder, 'kubelet.kubeconfig')]));

test('a token becomes a certificate of the node, which later starts use', async () => {
  const first = await openIdentity({ ...base(), server: server.url!, token });
  expect(new X509Certificate(kept().clientCertificate!).subject).toBe('O=system:nodes\nCN=system:node:n1');
  expect((await stat(join(folder, 'kubelet.kubeconfig'))).mode & 0o777).toBe(0o600);
  // The certificate is accepted, and it is a node's: its own Node it may make, another's not.
  await first.client.create(Nodes, { metadata: { name: 'n1' } });
  await expect(first.client.create(Nodes, { metadata: { name: 'n2' } })).rejects.toMatchObject({ code: 403 });
  first.close();
  const again = await openIdentity(base());
  expect((await again.client.get(Nodes, { name: 'n1' })).metadata?.name).toBe('n1');
  again.close();
});

test('without credentials the sentence says what to give', async () => {
  await expect(openIdentity({ ...base(), folder: join(dataDir, 'nodes', 'other') })).rejects.toThrow(
    /^node n1 has no credentials in \S+: give --server and --token .*or --kubeconfig$/,
  );
  await expect(openIdentity({ ...base(), kubeconfig: '/nonexistent/kubeconfig' })).rejects.toThrow(
    'the file /nonexistent/kubeconfig does not exist',
  );
});

test('the certificate is renewed with itself when most of its life is over', async () => {
  const before = kept().clientCertificate;
  let aheadMs = 300 * DAY_MS;
  let renewed = false;
  const log = {
    ...silentLogger,
    info() {
      aheadMs = 0;
      renewed = true;
    },
  };
  const clock = { now: () => Date.now() + aheadMs, sleep: systemClock.sleep };
  const identity = await openIdentity({ ...base(), clock, log });
  await expect.poll(() => renewed, { timeout: 10_000 }).toBe(true);
  expect(kept().clientCertificate).not.toBe(before);
  expect((await identity.client.get(Nodes, { name: 'n1' })).metadata?.name).toBe('n1');
  identity.close();
});

test('the serving certificate is the cluster’s, names the node, and is asked for once', async () => {
  const identity = await openIdentity(base());
  const status = { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }] };
  await identity.client.patch(Nodes, { name: 'n1' }, 'strategic', { status }, { subresource: 'status' });
  const options = { ...base(), client: identity.client, address: '127.0.0.1', authority: identity.authority };
  const first = await openServingCertificate(options);
  const certificate = new X509Certificate(first.certificate);
  expect(certificate.verify(new X509Certificate(identity.authority).publicKey)).toBe(true);
  expect([certificate.checkIP('127.0.0.1'), certificate.checkHost('n1')]).toEqual(['127.0.0.1', 'n1']);
  expect(await openServingCertificate(options)).toEqual(first);
  identity.close();
});

test('a self-signed one stands in where nobody signs', async () => {
  const { certificate, key } = await selfSigned('n1', '192.0.2.1', Date.now());
  const parsed = new X509Certificate(certificate);
  expect(parsed.checkIP('192.0.2.1')).toBe('192.0.2.1');
  expect(key).toContain('PRIVATE KEY');
});
