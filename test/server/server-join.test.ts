// A node's way into the cluster over real sockets: from the token in node.token to certificates of its own, with the
// controllers that approve and sign, and what it may do then.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CertificateSigningRequests,
  ClusterRoleBindings,
  ClusterRoles,
  Leases,
  Nodes,
  Pods,
  Secrets,
} from '../../src/api/resources.ts';
import { Client } from '../../src/client/rest.ts';
import { httpsTransport, type Transport } from '../../src/client/transport/https.ts';
import { loadX509 } from '../../src/server/pki/issue.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';

let dataDir: string;
let server: RunningServer;
const transports: Transport[] = [];

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sampan-join-'));
  server = await startServer({ dataDir, store: 'memory', listen: { host: '127.0.0.1', port: 0 } });
});
afterAll(async () => {
  transports.forEach((transport) => transport.close());
  await server.close();
  rmSync(dataDir, { recursive: true, force: true });
});

function client(credential: { token?: string; clientCertificate?: string; clientKey?: string }): Client {
  const transport = httpsTransport({ server: server.url!, certificateAuthority: server.ca, ...credential });
  transports.push(transport);
  return new Client(transport.handler);
}

async function keyAndRequest(serving: boolean): Promise<{ key: string; request: string }> {
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ O: ['system:nodes'] }, { CN: ['system:node:n1'] }],
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: serving
      ? [
          new x509.SubjectAlternativeNameExtension([
            { type: 'dns', value: 'n1' },
            { type: 'ip', value: '192.0.2.7' },
          ]),
        ]
      : [],
  });
  const der = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  const key = `-----BEGIN PRIVATE KEY-----\n${Buffer.from(der).toString('base64')}\n-----END PRIVATE KEY-----\n`;
  return { key, request: Buffer.from(csr.toString('pem')).toString('base64') };
}

async function certificate(asker: Client, name: string, signerName: string, request: string, usage: string) {
  const usages = ['digital signature', usage];
  await asker.create(CertificateSigningRequests, { metadata: { name }, spec: { signerName, request, usages } });
  for (let attempt = 0; attempt < 200; attempt++) {
    const csr = await asker.get(CertificateSigningRequests, { name });
    if (csr.status?.certificate) return Buffer.from(csr.status.certificate, 'base64').toString();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no certificate: ${JSON.stringify((await asker.get(CertificateSigningRequests, { name })).status)}`);
}

describe('a node', () => {
  it('gets its certificates and then acts as itself', async () => {
    const token = readFileSync(join(dataDir, 'node.token'), 'utf8').trim().split('.').slice(0, 2).join('.');
    const first = await keyAndRequest(false);
    const signer = 'kubernetes.io/kube-apiserver-client-kubelet';
    const cert = await certificate(client({ token }), 'node-csr-n1', signer, first.request, 'client auth');
    expect(new X509Certificate(cert).toLegacyObject().subject).toMatchObject({ CN: 'system:node:n1' });

    const node = client({ clientCertificate: cert, clientKey: first.key });
    await node.create(Nodes, { metadata: { name: 'n1' } });
    const addresses = [
      { type: 'InternalIP', address: '192.0.2.7' },
      { type: 'Hostname', address: 'n1' },
    ];
    await node.patch(Nodes, { name: 'n1' }, 'merge', { status: { addresses } }, { subresource: 'status' });
    await node.create(Leases, {
      metadata: { namespace: 'kube-node-lease', name: 'n1' },
      spec: { holderIdentity: 'n1', leaseDurationSeconds: 40 },
    });
    await expect(node.create(Leases, { metadata: { namespace: 'kube-node-lease', name: 'n2' } })).rejects.toMatchObject(
      { reason: 'Forbidden' },
    );
    expect((await node.list(Pods, { fieldSelector: 'spec.nodeName=n1' })).items).toEqual([]);
    await expect(node.list(Pods)).rejects.toMatchObject({ reason: 'Forbidden' });
    await expect(node.list(Secrets)).rejects.toMatchObject({ reason: 'Forbidden' });

    const second = await keyAndRequest(true);
    const serving = await certificate(
      node,
      'serving-n1',
      'kubernetes.io/kubelet-serving',
      second.request,
      'server auth',
    );
    expect(new X509Certificate(serving).checkIP('192.0.2.7')).toBe('192.0.2.7');
  });

  it('gets no certificate of another node', async () => {
    const request = await keyAndRequest(false);
    const spec = {
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      request: request.request,
      usages: ['digital signature', 'client auth'],
    };
    const wanted = { metadata: { name: 'stolen' }, spec };
    const groups = ['system:nodes', 'system:authenticated'];
    const node = server.client({ name: 'system:node:n2', groups });
    await expect(node.create(CertificateSigningRequests, wanted)).rejects.toMatchObject({
      message: expect.stringContaining('can only create a node CSR with CN=system:node:n2') as string,
    });
    // One who may ask, and not as a node.
    const verbs = ['create', 'get'];
    const apiGroups = ['certificates.k8s.io'];
    await server.client().create(ClusterRoles, {
      metadata: { name: 'asker' },
      rules: [{ apiGroups, resources: ['certificatesigningrequests'], verbs }],
    });
    await server.client().create(ClusterRoleBindings, {
      metadata: { name: 'asker' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'asker' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'robot' }],
    });
    const other = server.client({ name: 'robot', groups: ['system:authenticated'] });
    await other.create(CertificateSigningRequests, wanted);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const csr = await server.client().get(CertificateSigningRequests, { name: 'stolen' });
    expect(csr.status?.certificate).toBeUndefined();
    expect(csr.spec.username).toBe('robot');
  });
});
