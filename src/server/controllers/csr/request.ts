// What a certificate request asks for, and which kubelet requests are proper. Upstream:
// pkg/apis/certificates/helpers.go (ValidateKubeletClientCSR, ValidateKubeletServingCSR).
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import type { Node } from 'kubernetes-types/core/v1.js';

export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
export const KUBELET_CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
export const KUBELET_SERVING_SIGNER = 'kubernetes.io/kubelet-serving';
export const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';

const NODES_GROUP = 'system:nodes';
const NODE_PREFIX = 'system:node:';

export interface RequestedCertificate {
  commonName: string;
  organizations: readonly string[];
  dnsNames: readonly string[];
  addresses: readonly string[];
  emails: readonly string[];
  uris: readonly string[];
}

/** The PEM text of `spec.request`, which is base64 in JSON. */
export const pemOf = (csr: CertificateSigningRequest): string =>
  Buffer.from(csr.spec.request, 'base64').toString('utf8');

/** Parses the request. Throws when it is none. */
export async function requestedCertificate(pem: string): Promise<RequestedCertificate> {
  await import('reflect-metadata');
  const { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } = await import('@peculiar/x509');
  const request = new Pkcs10CertificateRequest(pem);
  const extension = request.getExtension('2.5.29.17');
  const names = extension instanceof SubjectAlternativeNameExtension ? extension.names.items : [];
  const ofType = (type: string): string[] => names.filter((n) => n.type === type).map((n) => n.value);
  const commonNames = request.subjectName.getField('CN');
  return {
    // Two common names are none: whoever reads the certificate might take either.
    commonName: commonNames.length === 1 ? (commonNames[0] ?? '') : '',
    organizations: request.subjectName.getField('O'),
    dnsNames: ofType('dns'),
    addresses: ofType('ip'),
    emails: ofType('email'),
    uris: ofType('url'),
  };
}

const sameSet = (have: readonly string[] | undefined, ...wanted: string[]): boolean =>
  have !== undefined && new Set(have).size === wanted.length && wanted.every((w) => have.includes(w));

const isNodeSubject = ({ commonName, organizations }: RequestedCertificate): boolean =>
  sameSet(organizations, NODES_GROUP) && commonName.startsWith(NODE_PREFIX) && commonName.length > NODE_PREFIX.length;

/** Keys other than RSA do not encipher keys, so that usage is optional. */
const hasUsages = (usages: readonly string[] | undefined, auth: 'client auth' | 'server auth'): boolean =>
  sameSet(usages, 'digital signature', auth) || sameSet(usages, 'digital signature', 'key encipherment', auth);

/** A kubelet's client certificate: a node's subject and no other names. */
export function isKubeletClient(csr: CertificateSigningRequest, wanted: RequestedCertificate): boolean {
  const { dnsNames, addresses, emails, uris } = wanted;
  const plain = [dnsNames, addresses, emails, uris].every((list) => list.length === 0);
  return (
    csr.spec.signerName === KUBELET_CLIENT_SIGNER &&
    plain &&
    isNodeSubject(wanted) &&
    hasUsages(csr.spec.usages, 'client auth')
  );
}

/** A kubelet's serving certificate, asked for by the node itself. */
export function isKubeletServing(csr: CertificateSigningRequest, wanted: RequestedCertificate): boolean {
  return (
    csr.spec.signerName === KUBELET_SERVING_SIGNER &&
    isNodeSubject(wanted) &&
    wanted.emails.length === 0 &&
    wanted.uris.length === 0 &&
    wanted.dnsNames.length + wanted.addresses.length > 0 &&
    hasUsages(csr.spec.usages, 'server auth') &&
    csr.spec.username === wanted.commonName &&
    (csr.spec.groups ?? []).includes(NODES_GROUP)
  );
}

export const nodeNameOf = ({ commonName }: RequestedCertificate): string => commonName.slice(NODE_PREFIX.length);

/** An address in the one form that compares: IPv6 text has many. */
function canonicalAddress(text: string): string {
  if (!text.includes(':')) return text;
  try {
    return new URL(`http://[${text}]`).hostname;
  } catch {
    return text;
  }
}

/** Names of the API server and of services: a node may say that it is called so, and is not believed. */
const isClusterName = (name: string): boolean =>
  /^(localhost|kubernetes)(\.|$)|\.svc(\.|$)/i.test(name) || name.includes('*');

/**
 * Every name in the request is one of the node's own addresses (or its name), as far as a node can be believed in what
 * it says of itself: `taken` are names and addresses of others.
 */
export function namesBelongToNode(
  wanted: RequestedCertificate,
  node: Node,
  taken: ReadonlySet<string> = new Set(),
): boolean {
  if (wanted.dnsNames.some((name) => isClusterName(name) || taken.has(name))) return false;
  if (wanted.addresses.some((ip) => taken.has(canonicalAddress(ip)))) return false;
  const addresses = node.status?.addresses ?? [];
  const dns = new Set(addresses.filter((a) => !a.type.endsWith('IP')).map((a) => a.address));
  dns.add(node.metadata?.name ?? '');
  const ips = new Set(addresses.filter((a) => a.type.endsWith('IP')).map((a) => canonicalAddress(a.address)));
  return (
    wanted.dnsNames.every((name) => dns.has(name)) && wanted.addresses.every((ip) => ips.has(canonicalAddress(ip)))
  );
}

export const conditionOf = (csr: CertificateSigningRequest, type: 'Approved' | 'Denied' | 'Failed') =>
  csr.status?.conditions?.find((c) => c.type === type);

export const isFinished = (csr: CertificateSigningRequest): boolean =>
  Boolean(conditionOf(csr, 'Approved') ?? conditionOf(csr, 'Denied'));
