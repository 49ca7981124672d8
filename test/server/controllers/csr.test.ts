// Certificate requests: who gets a certificate without asking a person, who does not, and when requests go.
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { X509Certificate, type webcrypto } from 'node:crypto';
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import { CertificateSigningRequests, Nodes } from '../../../src/api/resources.ts';
import type { Client } from '../../../src/client/rest.ts';
import { expiryOf } from '../../../src/server/controllers/csrcleaner.ts';
import {
  isKubeletClient,
  isKubeletServing,
  namesBelongToNode,
  type RequestedCertificate,
} from '../../../src/server/controllers/csr/request.ts';
import type { User } from '../../../src/wire/http.ts';
import { signCsr } from '../../../src/server/pki/csr.ts';
import { issueAuthority } from '../../../src/server/pki/issue.ts';
import { generateKeys } from '../../../src/server/pki/keys.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';

const CLIENT = ['digital signature', 'key encipherment', 'client auth'];
const SERVER = ['digital signature', 'server auth'];
const node: User = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
const bootstrapper: User = {
  name: 'system:bootstrap:abcdef',
  groups: ['system:bootstrappers', 'system:authenticated'],
};

let authority: Awaited<ReturnType<typeof issueAuthority>>;
beforeAll(async () => {
  authority = await issueAuthority('test CA', generateKeys());
});

/** A PEM request for a subject in the form `CN=…, O=…`. */
async function request(name: string, dns: string[] = [], ips: string[] = []): Promise<string> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const names = [
    ...dns.map((value) => ({ type: 'dns' as const, value })),
    ...ips.map((value) => ({ type: 'ip' as const, value })),
  ];
  const extensions = names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [];
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    name,
    keys,
    signingAlgorithm: algorithm,
    extensions,
  });
  return made.toString('pem');
}

interface CsrOptions {
  name?: string;
  signer?: string;
  usages?: string[];
}
function csr(
  pem: string,
  { name = 'csr', signer = 'kubernetes.io/kube-apiserver-client-kubelet', usages = CLIENT }: CsrOptions = {},
) {
  const spec = { request: Buffer.from(pem).toString('base64'), signerName: signer, usages };
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec,
  } as CertificateSigningRequest;
}

describe('certificates for nodes', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());
  const start = async () => {
    const sign = (pem: string, options: Parameters<typeof signCsr>[2]) => signCsr(authority, pem, options);
    cluster = await startCluster({
      nodes: 0,
      scheduler: false,
      controllers: ['csrapproving', 'csrsigning'],
      signCsr: sign,
    });
  };
  const send = (client: Client, object: CertificateSigningRequest) => client.create(CertificateSigningRequests, object);
  const issued = (name = 'csr') =>
    eventually('a certificate', async () => {
      const { status } = await cluster.client.get(CertificateSigningRequests, { name });
      if (!status?.certificate) return undefined;
      return { status, pem: Buffer.from(status.certificate, 'base64').toString() };
    });

  it('a node gets its client certificate', async () => {
    await start();
    await send(cluster.server.client(bootstrapper), csr(await request('CN=system:node:n1, O=system:nodes')));
    const { status, pem } = await issued();
    const certificate = new X509Certificate(pem);
    expect(certificate.subject.split('\n').sort()).toEqual(['CN=system:node:n1', 'O=system:nodes']);
    expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    expect(status.conditions).toMatchObject([
      {
        type: 'Approved',
        status: 'True',
        reason: 'AutoApproved',
        message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
      },
    ]);
  });

  it('a node gets a serving certificate for its own addresses, once they are known', async () => {
    await start();
    const pem = await request('CN=system:node:n1, O=system:nodes', ['n1'], ['192.0.2.7']);
    const wanted = csr(pem, { signer: 'kubernetes.io/kubelet-serving', usages: SERVER });
    await send(cluster.server.client(node), wanted);
    const foreign = await request('CN=system:node:n1, O=system:nodes', ['n1'], ['192.0.2.8']);
    await send(
      cluster.server.client(node),
      csr(foreign, { name: 'foreign', signer: 'kubernetes.io/kubelet-serving', usages: SERVER }),
    );
    const addresses = [
      { type: 'Hostname', address: 'n1' },
      { type: 'InternalIP', address: '192.0.2.7' },
    ];
    await cluster.client.create(Nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n1' },
      status: { addresses },
    } as never);
    const { pem: certificate } = await issued();
    expect(new X509Certificate(certificate).subjectAltName).toBe('DNS:n1, IP Address:192.0.2.7');
    const other = await cluster.client.get(CertificateSigningRequests, { name: 'foreign' });
    expect(other.status?.conditions ?? []).toEqual([]);
  });

  it('a person decides about all others, and what cannot be signed says so', async () => {
    await start();
    const person = csr(await request('CN=jane, O=system:masters'), {
      signer: 'kubernetes.io/kube-apiserver-client',
      usages: ['server auth'],
    });
    const made = await send(cluster.client, person);
    await send(
      cluster.server.client(bootstrapper),
      csr(await request('CN=system:node:n2, O=system:nodes'), { name: 'later' }),
    );
    await issued('later');
    const waiting = await cluster.client.get(CertificateSigningRequests, { name: 'csr' });
    expect(waiting.status?.conditions ?? []).toEqual([]);
    const approved = { type: 'Approved', status: 'True', reason: 'Me', message: 'yes' };
    const next = { ...made, status: { conditions: [approved] } };
    await cluster.client.update(
      CertificateSigningRequests,
      { ...next, apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest' },
      { subresource: 'approval' },
    );
    const failed = await eventually('it fails', async () => {
      const { status } = await cluster.client.get(CertificateSigningRequests, { name: 'csr' });
      return status?.conditions?.find((c) => c.type === 'Failed');
    });
    expect(failed).toMatchObject({
      reason: 'SignerValidationFailure',
      message: 'usages did not include "client auth"',
    });
  });
});

describe('a node’s request', () => {
  const proper: RequestedCertificate = {
    commonName: 'system:node:n1',
    organizations: ['system:nodes'],
    dnsNames: [],
    addresses: [],
    emails: [],
    uris: [],
  };
  const clientCsr = csr('');

  it.each<[string, Partial<RequestedCertificate>, string[], boolean]>([
    ['is proper', {}, CLIENT, true],
    ['needs no key encipherment', {}, ['digital signature', 'client auth'], true],
    ['is for no server', {}, [...CLIENT, 'server auth'], false],
    ['has no names', { dnsNames: ['n1'] }, CLIENT, false],
    ['has no other group', { organizations: ['system:nodes', 'system:masters'] }, CLIENT, false],
    ['has the group', { organizations: [] }, CLIENT, false],
    ['is a node’s', { commonName: 'admin' }, CLIENT, false],
    ['is some node’s', { commonName: 'system:node:' }, CLIENT, false],
  ])('for a client %s', (_what, wanted, usages, result) => {
    const object = { ...clientCsr, spec: { ...clientCsr.spec, usages } };
    expect(isKubeletClient(object, { ...proper, ...wanted })).toBe(result);
  });

  const serving = csr('', { signer: 'kubernetes.io/kubelet-serving', usages: SERVER });
  const asked = { ...serving, spec: { ...serving.spec, username: node.name, groups: [...node.groups] } };

  it.each<[string, Partial<RequestedCertificate>, Partial<CertificateSigningRequest['spec']>, boolean]>([
    ['is proper', { addresses: ['192.0.2.7'] }, {}, true],
    ['names something', {}, {}, false],
    ['is the asker’s own', { dnsNames: ['n1'] }, { username: 'system:node:n2' }, false],
    ['comes from a node', { dnsNames: ['n1'] }, { groups: ['system:authenticated'] }, false],
    ['has no URIs', { dnsNames: ['n1'], uris: ['spiffe://x'] }, {}, false],
  ])('for a server %s', (_what, wanted, spec, result) => {
    expect(isKubeletServing({ ...asked, spec: { ...asked.spec, ...spec } }, { ...proper, ...wanted })).toBe(result);
  });

  it('may name what the node is called, in any notation', () => {
    const addresses = [
      { type: 'InternalIP', address: '2001:db8::1' },
      { type: 'ExternalDNS', address: 'n1.example.org' },
    ];
    const owner = { metadata: { name: 'n1' }, status: { addresses } };
    const names = (dnsNames: string[], ips: string[] = []) =>
      namesBelongToNode({ ...proper, dnsNames, addresses: ips }, owner);
    expect(names(['n1', 'n1.example.org'], ['2001:0db8:0:0::1'])).toBe(true);
    expect(names(['n2'])).toBe(false);
    expect(names([], ['127.0.0.1'])).toBe(false);
  });

  it('is not called what the API server or another node is called, whatever it says of itself', () => {
    const lies = ['kubernetes', 'kubernetes.default.svc', 'web.default.svc.cluster.local', 'localhost', '*', 'n2'];
    const addresses = [
      ...lies.map((address) => ({ type: 'Hostname', address })),
      { type: 'InternalIP', address: '10.96.0.1' },
    ];
    const owner = { metadata: { name: 'n1' }, status: { addresses } };
    const taken = new Set(['n2', '10.96.0.1']);
    for (const name of lies) expect(namesBelongToNode({ ...proper, dnsNames: [name] }, owner, taken)).toBe(false);
    const claimed = { ...proper, dnsNames: ['n1'], addresses: ['10.96.0.1'] };
    expect(namesBelongToNode(claimed, owner, taken)).toBe(false);
  });
});

describe('old requests', () => {
  const HOUR = 3_600_000;
  const aged = (status: CertificateSigningRequest['status']): CertificateSigningRequest => ({
    ...csr(''),
    metadata: { name: 'x', creationTimestamp: '1970-01-01T00:00:00Z' },
    status,
  });
  const condition = (type: string) => ({ type, status: 'True', lastUpdateTime: '1970-01-01T01:00:00Z' });

  it.each<[string, CertificateSigningRequest['status'], number]>([
    ['pending: a day', {}, 24],
    ['denied: an hour', { conditions: [condition('Denied')] }, 2],
    ['failed: an hour', { conditions: [condition('Failed')] }, 2],
    ['issued: an hour', { conditions: [condition('Approved')], certificate: 'x' }, 2],
    ['approved and never issued: a day', { conditions: [condition('Approved')] }, 24],
  ])('%s', (_what, status, hours) => expect(expiryOf(aged(status))).toBe(hours * HOUR));
});
