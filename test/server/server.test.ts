// The whole server over real sockets: who gets in, what a fresh cluster has, and what bad input gets.
import type { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CertificateSigningRequests,
  ClusterRoles,
  ConfigMaps,
  EndpointSlices,
  EndpointsType,
  Namespaces,
  Secrets,
  Services,
} from '../../src/api/resources.ts';
import { loadKubeConfig } from '../../src/client/kubeconfig.ts';
import { clientConfigFrom } from '../../src/client/kubeconfig-connection.ts';
import { Client } from '../../src/client/rest.ts';
import { httpsTransport } from '../../src/client/transport/https.ts';
import { issueAuthority, issueLeaf } from '../../src/server/pki/issue.ts';
import { generateKeys, privateKeyPem, publicKeyDer } from '../../src/server/pki/keys.ts';
import { type RunningServer, StartupError, startServer } from '../../src/server/server.ts';

let dataDir: string;
let server: RunningServer;
const options = () => ({ dataDir, listen: { host: '127.0.0.1', port: 0 }, components: [] }) as const;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sampan-server-'));
  server = await startServer({ ...options(), advertiseAddress: '192.0.2.10' });
});
afterAll(async () => {
  await server.close();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Answer {
  code: number;
  message?: string;
}

function ask(path: string, extra: https.RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = https.request(
      { host: '127.0.0.1', port: server.port, path, ca: server.ca, agent: false, ...extra },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => {
          const status = body.startsWith('{') ? (JSON.parse(body) as { message?: string }) : {};
          resolve({ code: response.statusCode ?? 0, ...(status.message ? { message: status.message } : {}) });
        });
      },
    );
    request.on('error', reject);
    request.end();
  });
}
const bearer = (token: string): https.RequestOptions => ({ headers: { authorization: `Bearer ${token}` } });

describe('somebody without credentials', () => {
  it.each(['/healthz', '/livez', '/readyz', '/version', '/api/v1/namespaces/kube-public/configmaps/cluster-info'])(
    'may get %s',
    async (path) => {
      expect(await ask(path)).toMatchObject({ code: 200 });
    },
  );

  it.each([
    ['/api', 'forbidden: User "system:anonymous" cannot get path "/api"'],
    ['/apis/apps/v1', 'forbidden: User "system:anonymous" cannot get path "/apis/apps/v1"'],
    ['/openapi/v2', 'forbidden: User "system:anonymous" cannot get path "/openapi/v2"'],
    ['/metrics', 'forbidden: User "system:anonymous" cannot get path "/metrics"'],
    [
      '/api/v1/namespaces',
      'namespaces is forbidden: User "system:anonymous" cannot list resource "namespaces" in API group "" at the cluster scope',
    ],
    [
      '/api/v1/namespaces/kube-system/secrets/x',
      'secrets "x" is forbidden: User "system:anonymous" cannot get resource "secrets" in API group "" in the namespace "kube-system"',
    ],
    [
      '/api/v1/namespaces/kube-public/configmaps/other',
      'configmaps "other" is forbidden: User "system:anonymous" cannot get resource "configmaps" in API group "" in the namespace "kube-public"',
    ],
  ])('may not get %s', async (path, message) => {
    expect(await ask(path)).toEqual({ code: 403, message });
  });
});

describe('somebody with bad credentials', () => {
  it('is unauthorized everywhere, also where nobody needs any', async () => {
    for (const path of ['/version', '/api', '/api/v1/namespaces']) {
      expect(await ask(path, bearer('rubbish')), path).toEqual({ code: 401, message: 'Unauthorized' });
    }
  });

  it('is unauthorized with a certificate of another CA', async () => {
    const stranger = await issueAuthority('kubernetes-ca', generateKeys());
    const keys = generateKeys();
    const cert = await issueLeaf(stranger, {
      subject: { commonName: 'kubernetes-admin', organizations: ['system:masters'] },
      publicKey: publicKeyDer(keys.publicKey),
      usages: ['client auth'],
    });
    expect(await ask('/api', { cert, key: privateKeyPem(keys.privateKey) })).toMatchObject({ code: 401 });
  });
});

describe('the administrator', () => {
  it('gets in with the kubeconfig of the data directory, which only its owner reads', async () => {
    const path = join(dataDir, 'admin.kubeconfig');
    expect(server.kubeconfigPath).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const transport = httpsTransport(clientConfigFrom(loadKubeConfig([path])));
    try {
      const list = await new Client(transport.handler).list(Namespaces);
      expect(list.items.map((n) => n.metadata?.name)).toEqual([
        'default',
        'kube-node-lease',
        'kube-public',
        'kube-system',
        'sampan-system',
      ]);
    } finally {
      transport.close();
    }
  });
});

describe('a node that joins', () => {
  it('asks for a certificate with its token, pins the CA by its hash, and may do no more', async () => {
    const [id, secret, hash] = readFileSync(join(dataDir, 'node.token'), 'utf8').trim().split('.');
    const { X509Certificate: Certificate, createHash } = await import('node:crypto');
    const key = new Certificate(server.ca).publicKey.export({ type: 'spki', format: 'der' });
    expect(createHash('sha256').update(key).digest('hex')).toBe(hash);
    const transport = httpsTransport({
      server: server.url!,
      certificateAuthority: server.ca,
      token: `${id}.${secret}`,
    });
    const node = new Client(transport.handler);
    try {
      expect((await node.list(CertificateSigningRequests)).items).toEqual([]);
      await expect(node.list(Secrets, { namespace: 'kube-system' })).rejects.toMatchObject({ reason: 'Forbidden' });
    } finally {
      transport.close();
    }
  });
});

describe('a fresh cluster', () => {
  it('leads to the server by the kubernetes service, and to cluster DNS by kube-dns', async () => {
    const client = server.client();
    const kubernetes = await client.get(Services, { namespace: 'default', name: 'kubernetes' });
    expect(kubernetes.spec).toMatchObject({
      clusterIP: '10.96.0.1',
      ports: [{ name: 'https', port: 443, targetPort: server.port }],
    });
    const endpoints = await client.get(EndpointsType, { namespace: 'default', name: 'kubernetes' });
    expect(endpoints.subsets).toMatchObject([
      { addresses: [{ ip: '192.0.2.10' }], ports: [{ name: 'https', port: server.port }] },
    ]);
    const slice = await client.get(EndpointSlices, { namespace: 'default', name: 'kubernetes' });
    expect(slice.endpoints).toMatchObject([{ addresses: ['192.0.2.10'], conditions: { ready: true } }]);
    const dns = await client.get(Services, { namespace: 'kube-system', name: 'kube-dns' });
    expect(dns.spec?.clusterIP).toBe('10.96.0.10');
    expect(dns.spec?.ports?.map((p) => `${p.name} ${p.port}/${p.protocol}`)).toEqual([
      'dns 53/UDP',
      'dns-tcp 53/TCP',
      'metrics 9153/TCP',
    ]);
  });

  it('tells joiners where it is, signed with the token', async () => {
    const info = await server.client().get(ConfigMaps, { namespace: 'kube-public', name: 'cluster-info' });
    expect(info.data?.['kubeconfig']).toContain(`server: https://192.0.2.10:${server.port}`);
    const [signature] = Object.entries(info.data ?? {}).filter(([key]) => key.startsWith('jws-kubeconfig-'));
    expect(signature?.[1]).toMatch(/^[\w-]+\.\.[\w-]+$/);
  });

  it('shows a certificate that names it in every way in which it is reached', async () => {
    const socket = connect({ host: '127.0.0.1', port: server.port!, ca: server.ca, servername: 'localhost' });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const certificate = socket.getPeerX509Certificate() as X509Certificate;
    socket.destroy();
    for (const name of ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost']) {
      expect(certificate.checkHost(name), name).toBe(name);
    }
    for (const address of ['10.96.0.1', '127.0.0.1', '::1', '192.0.2.10']) {
      expect(certificate.checkIP(address), address).toBe(address);
    }
  });
});

describe('a server that cannot start', () => {
  const failure = async (more: object): Promise<string> => {
    const error: unknown = await startServer({ ...options(), ...more }).then(
      (started) => started.close().then(() => undefined),
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(StartupError);
    expect((error as Error).message).not.toContain('\n');
    return (error as Error).message;
  };
  const fresh = (): string => mkdtempSync(join(dataDir, 'other-'));

  it('names the server that holds the data directory', async () => {
    expect(await failure({})).toMatch(/^another server \(process \d+\) runs on the data directory /);
  });

  it('names the port that is in use, and lets go of the directory', async () => {
    const holder = createServer();
    const port = await new Promise<number>((resolve) =>
      holder.listen(0, '127.0.0.1', () => resolve((holder.address() as { port: number }).port)),
    );
    const path = fresh();
    expect(await failure({ dataDir: path, listen: { host: '127.0.0.1', port } })).toContain(
      `cannot listen on 127.0.0.1:${port}: the address is already in use`,
    );
    await new Promise((resolve) => holder.close(resolve));
    const started = await startServer({ ...options(), dataDir: path });
    await started.close();
  });

  it('names what it was told and cannot use', async () => {
    expect(await failure({ dataDir: fresh(), store: 'papyrus' })).toContain('there is no store "papyrus"');
    expect(await failure({ dataDir: fresh(), serviceCidr: '10.0.0.0/8' })).toContain('the service range 10.0.0.0/8');
    const tokens = join(fresh(), 'tokens');
    writeFileSync(tokens, 'only-a-token\n');
    expect(await failure({ dataDir: fresh(), tokenAuthFile: tokens })).toContain(`${tokens}:1: a line must be`);
    expect(await failure({ dataDir: fresh(), tokenAuthFile: '/nowhere' })).toContain('/nowhere');
  });
});

describe('a server with static tokens', () => {
  it('knows their users', async () => {
    const folder = mkdtempSync(join(dataDir, 'tokens-'));
    const tokenAuthFile = join(folder, 'tokens.csv');
    writeFileSync(tokenAuthFile, 'let-me-in,alice,1,"system:masters"\n');
    const other = await startServer({ listen: { host: '127.0.0.1', port: 0 }, components: [], tokenAuthFile });
    const transport = httpsTransport({ server: other.url!, certificateAuthority: other.ca, token: 'let-me-in' });
    expect((await new Client(transport.handler).list(ClusterRoles)).items.length).toBeGreaterThan(30);
    transport.close();
    await other.close();
  });
});
