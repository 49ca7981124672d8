// What a client certificate says and which authorities it comes from. TLS has verified that it chains to one of the
// listener's client CAs; to which of them decides what it is good for, and is asked here.
// Upstream: x509.VerifyOptions of apiserver/pkg/authentication/request/x509/x509.go.
import { X509Certificate } from 'node:crypto';
import type { Request } from '../../wire/http.ts';

type Peer = NonNullable<Request['peerCertificate']>;

/** Whether the certificate chains to one of the bundle's authorities. */
export type CertificateTrust = (peer: Peer) => boolean;

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM bundle. Throws on what is no certificate. */
export function certificatesOf(bundle: string): X509Certificate[] {
  return (bundle.match(PEM) ?? []).map((pem) => new X509Certificate(pem));
}

/** `bundle` is PEM. What is found out is kept as long as the connection keeps its record. */
export function certificateTrust(bundle: string): CertificateTrust {
  const roots = certificatesOf(bundle);
  const known = new WeakMap<Uint8Array, boolean>();
  return (peer) => {
    if (!peer.verified) return false;
    let trusted = known.get(peer.der);
    if (trusted === undefined) {
      const issuers = (peer.issuers ?? []).map((der) => new X509Certificate(der));
      trusted = chainsTo(roots, new X509Certificate(peer.der), issuers);
      known.set(peer.der, trusted);
    }
    return trusted;
  };
}

const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

function chainsTo(
  roots: readonly X509Certificate[],
  certificate: X509Certificate,
  issuers: readonly X509Certificate[],
): boolean {
  if (roots.some((root) => root.raw.equals(certificate.raw) || isIssuedBy(certificate, root))) return true;
  return issuers.some((issuer, i) => isIssuedBy(certificate, issuer) && chainsTo(roots, issuer, issuers.slice(i + 1)));
}

export interface CertificateFacts {
  certificate: X509Certificate;
  /** In their order; a subject may have several of each. */
  commonNames: readonly string[];
  organizations: readonly string[];
  /** Its extended key usages, if it has any, let it be a client's. */
  forClients: boolean;
  validFromMs: number;
  validToMs: number;
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_EXTENDED_KEY_USAGE = '2.5.29.37.0';
const facts = new WeakMap<Uint8Array, CertificateFacts>();

/** Read once per connection. */
export function factsOf({ der }: Peer): CertificateFacts {
  let known = facts.get(der);
  if (!known) facts.set(der, (known = read(new X509Certificate(der))));
  return known;
}

function read(certificate: X509Certificate): CertificateFacts {
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>;
  const usages = certificate.keyUsage as string[] | undefined;
  return {
    certificate,
    commonNames: [subject['CN'] ?? []].flat(),
    organizations: [subject['O'] ?? []].flat(),
    forClients: usages === undefined || usages.includes(CLIENT_AUTH) || usages.includes(ANY_EXTENDED_KEY_USAGE),
    validFromMs: Date.parse(certificate.validFrom),
    validToMs: Date.parse(certificate.validTo),
  };
}

export const isInTime = ({ validFromMs, validToMs }: CertificateFacts, nowMs: number): boolean =>
  nowMs >= validFromMs && nowMs <= validToMs;
