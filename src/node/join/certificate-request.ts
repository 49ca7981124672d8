// Certificates by CertificateSigningRequest: makes a key and a request, hands it in, waits for what was signed.
// Upstream: client-go/util/certificate/csr.
import { X509Certificate, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { CertificateSigningRequests } from '../../api/resources.ts';
import type { Client } from '../../client/rest.ts';

export interface KeyAndCertificate {
  /** PEM. */
  key: string;
  certificate: string;
}

export interface CertificateOptions {
  client: Client;
  nodeName: string;
  signer: 'kubernetes.io/kube-apiserver-client-kubelet' | 'kubernetes.io/kubelet-serving';
  addresses?: readonly string[];
  dnsNames?: readonly string[];
  signal: AbortSignal;
  timeoutMs?: number;
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const USAGES = {
  'kubernetes.io/kube-apiserver-client-kubelet': ['digital signature', 'client auth'],
  'kubernetes.io/kubelet-serving': ['digital signature', 'server auth'],
};

/** Throws the server's StatusError when it refuses the request, an Error when it was denied or nobody signs. */
export async function requestCertificate(options: CertificateOptions): Promise<KeyAndCertificate> {
  const { client, nodeName, signer } = options;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const request = await requestPem(key, options);
  const created = await client.create(CertificateSigningRequests, {
    metadata: { generateName: 'csr-' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: signer,
      usages: USAGES[signer],
    },
  });
  const name = created.metadata?.name ?? '';
  const limit = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs ?? 60_000)]);
  const watch = client.watch(CertificateSigningRequests, { fieldSelector: `metadata.name=${name}`, signal: limit });
  try {
    for await (const { object } of watch) {
      const { conditions, certificate } = object.status ?? {};
      const refused = conditions?.find((c) => (c.type === 'Denied' || c.type === 'Failed') && c.status !== 'False');
      if (refused)
        throw new Error(
          `the certificate request ${name} of node ${nodeName} was refused: ${refused.message ?? refused.type}`,
        );
      if (certificate) return { key, certificate: Buffer.from(certificate, 'base64').toString('utf8') };
    }
  } catch (error) {
    if (!limit.aborted) throw error;
  }
  options.signal.throwIfAborted();
  throw new Error(`nobody signed the certificate request ${name} for ${signer}: see \`get csr ${name}\``);
}

/** What a server shows while nobody has signed for it: its callers see that it is not the cluster's. */
export async function selfSigned(nodeName: string, address: string, nowMs: number): Promise<KeyAndCertificate> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { x509, keys } = await webKeys(key);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [nodeName] }],
    notBefore: new Date(nowMs - 300_000),
    notAfter: new Date(nowMs + 365 * 86_400_000),
    keys,
    signingAlgorithm: ECDSA,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: nodeName },
        { type: 'ip', value: address },
      ]),
    ],
  });
  return { key, certificate: certificate.toString('pem') };
}

async function webKeys(keyPem: string) {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const der = createPrivateKey(keyPem).export({ type: 'pkcs8', format: 'der' });
  const signing = await crypto.subtle.importKey('pkcs8', der, ECDSA, true, ['sign']);
  const jwk = await crypto.subtle.exportKey('jwk', signing);
  const { kty, crv, x, y } = jwk;
  const verifying = await crypto.subtle.importKey(
    'jwk',
    { ...(kty && { kty }), ...(crv && { crv }), ...(x && { x }), ...(y && { y }) },
    ECDSA,
    true,
    ['verify'],
  );
  return { x509, keys: { privateKey: signing, publicKey: verifying } };
}

async function requestPem(keyPem: string, options: CertificateOptions): Promise<string> {
  const { x509, keys } = await webKeys(keyPem);
  const names = [
    ...(options.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(options.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ O: ['system:nodes'] }, { CN: [`system:node:${options.nodeName}`] }],
    keys,
    signingAlgorithm: ECDSA,
    extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  });
  return request.toString('pem');
}

/** When to ask for a new one: at 80 % of its life. */
export function rotateAtMs(certificate: string): number {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  return from + (to - from) * 0.8;
}

export const expiresAtMs = (certificate: string): number => Date.parse(new X509Certificate(certificate).validTo);
