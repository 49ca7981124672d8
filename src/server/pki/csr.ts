// Signs certificate requests with a CA that is injected, for the controller that serves CertificateSigningRequests.
// It signs what it is told to: who may have which certificate is decided by approval and the signers' rules.
// Upstream: pkg/controller/certificates/signer/signer.go (sign, duration) and authority/policies.go.
import { type Authority, BACKDATE_MS, LEAF_LIFETIME_MS, issueLeaf, loadX509 } from './issue.ts';

export interface SignOptions {
  /** The signer's name; decides the usages when none are given. */
  signer: string;
  /** `spec.usages` of the request. */
  usages?: readonly string[];
  /** `spec.expirationSeconds`; at least 600 is granted, at most what the signer gives to everybody (a year). */
  expirationSeconds?: number;
  nowMs?: number;
}

/** What a certificate request asks for; the certificate's subject is made of exactly this. */
export interface ParsedCsr {
  commonName: string;
  organizations: string[];
  dnsNames: string[];
  addresses: string[];
  emails: string[];
  uris: string[];
  /** SubjectPublicKeyInfo, DER. */
  publicKey: Uint8Array;
}

const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const MIN_EXPIRATION_SECONDS = 600;

const defaultUsages: Record<string, readonly string[]> = {
  'kubernetes.io/kube-apiserver-client': ['digital signature', 'key encipherment', 'client auth'],
  'kubernetes.io/kube-apiserver-client-kubelet': ['digital signature', 'key encipherment', 'client auth'],
  'kubernetes.io/kubelet-serving': ['digital signature', 'key encipherment', 'server auth'],
};

/** Parses a PEM request and checks its signature: whoever asks must hold the key. */
export async function parseCsr(pem: string): Promise<ParsedCsr> {
  const x509 = await loadX509();
  let request;
  try {
    request = new x509.Pkcs10CertificateRequest(pem);
  } catch {
    throw new Error("PEM block type must be 'CERTIFICATE REQUEST'");
  }
  if (!(await request.verify())) throw new Error('the signature of the certificate request does not match its key');
  const extension = request.getExtension(SUBJECT_ALTERNATIVE_NAME);
  const names = extension instanceof x509.SubjectAlternativeNameExtension ? extension.names.items : [];
  const ofType = (type: string): string[] => names.filter((n) => n.type === type).map((n) => n.value);
  // Two names would be read as one by the approver and as the other by an authenticator.
  const commonNames = request.subjectName.getField('CN');
  if (commonNames.length > 1) throw new Error('the subject of the certificate request has more than one common name');
  return {
    commonName: commonNames[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: ofType('dns'),
    addresses: ofType('ip'),
    emails: ofType('email'),
    uris: ofType('url'),
    publicKey: new Uint8Array(request.publicKey.rawData),
  };
}

/** The certificate for a PEM request, as PEM. Throws when the request cannot be read or its usages are unknown. */
export async function signCsr(authority: Authority, pem: string, options: SignOptions): Promise<string> {
  const csr = await parseCsr(pem);
  return issueLeaf(authority, {
    subject: csr,
    publicKey: csr.publicKey,
    dnsNames: csr.dnsNames,
    addresses: csr.addresses,
    emails: csr.emails,
    uris: csr.uris,
    usages: options.usages ?? defaultUsages[options.signer] ?? ['digital signature', 'client auth'],
    lifetimeMs: lifetimeMs(options.expirationSeconds),
    nowMs: options.nowMs,
  });
}

/** Upstream: CertificateDurationFromRequest; the time before now counts into a short life, as in its authority. */
function lifetimeMs(expirationSeconds: number | undefined): number {
  if (expirationSeconds === undefined) return LEAF_LIFETIME_MS - BACKDATE_MS;
  return Math.min(Math.max(expirationSeconds, MIN_EXPIRATION_SECONDS) * 1000, LEAF_LIFETIME_MS);
}
