// Makes X.509 certificates: the CA's own, and those that it signs. Pure but for the clock and randomness; files stand
// in pki.ts. The library is loaded on first use, because a server that only loads its certificates needs none of it.
import type { KeyObject, webcrypto } from 'node:crypto';
import type * as X509 from '@peculiar/x509';
import { privateKeyPem, publicKeyDer, type KeyPair } from './keys.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Clocks differ: certificates are valid from a little before now, as upstream's signer does (backdate). */
export const BACKDATE_MS = 5 * MINUTE_MS;
export const CA_LIFETIME_MS = 3650 * DAY_MS;
export const LEAF_LIFETIME_MS = 365 * DAY_MS;

export interface Authority {
  /** PEM. */
  certificate: string;
  keys: KeyPair;
}

export interface LeafRequest {
  subject: { commonName: string; organizations?: readonly string[] };
  /** The subject's public key, SubjectPublicKeyInfo DER. */
  publicKey: Uint8Array;
  dnsNames?: readonly string[];
  addresses?: readonly string[];
  emails?: readonly string[];
  uris?: readonly string[];
  usages: readonly string[];
  lifetimeMs?: number;
  nowMs?: number;
}

export async function loadX509(): Promise<typeof X509> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

function signingKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const pem = privateKeyPem(key);
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  return crypto.subtle.importKey('pkcs8', der, ECDSA, false, ['sign']);
}

/** A self-signed CA. */
export async function issueAuthority(commonName: string, keys: KeyPair, nowMs = Date.now()): Promise<Authority> {
  const x509 = await loadX509();
  const name = new x509.Name([{ CN: [commonName] }]).toJSON();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: name,
    issuer: name,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + CA_LIFETIME_MS),
    publicKey: new x509.PublicKey(publicKeyDer(keys.publicKey)),
    signingKey: await signingKey(keys.privateKey),
    signingAlgorithm: ECDSA,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(new x509.PublicKey(publicKeyDer(keys.publicKey))),
    ],
  });
  return { certificate: certificate.toString('pem') + '\n', keys };
}

/** A certificate for somebody else's public key, as PEM. Never outlives the CA. */
export async function issueLeaf(authority: Authority, request: LeafRequest): Promise<string> {
  const x509 = await loadX509();
  const ca = new x509.X509Certificate(authority.certificate);
  const nowMs = request.nowMs ?? Date.now();
  const wantedMs = nowMs + (request.lifetimeMs ?? LEAF_LIFETIME_MS);
  const publicKey = new x509.PublicKey(Buffer.from(request.publicKey));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: subjectName(x509, request.subject),
    issuer: ca.subjectName,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(Math.min(wantedMs, ca.notAfter.getTime())),
    publicKey,
    signingKey: await signingKey(authority.keys.privateKey),
    signingAlgorithm: ECDSA,
    extensions: [...leafExtensions(x509, request), await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey)],
  });
  return certificate.toString('pem') + '\n';
}

/** Values go in as they are: as plain strings the library would read quotes, escapes and hex into them. */
function subjectName(x509: typeof X509, subject: LeafRequest['subject']): X509.Name {
  const utf8 = (value: string): { utf8String: string } => ({ utf8String: value });
  const { organizations = [], commonName } = subject;
  const name = [...(organizations.length > 0 ? [{ O: organizations.map(utf8) }] : []), { CN: [utf8(commonName)] }];
  return new x509.Name(name);
}

function leafExtensions(x509: typeof X509, request: LeafRequest): X509.Extension[] {
  const { keyUsage, extended } = usagesOf(x509, request.usages);
  const extensions: X509.Extension[] = [new x509.BasicConstraintsExtension(false, undefined, true)];
  if (keyUsage !== 0) extensions.push(new x509.KeyUsagesExtension(keyUsage, true));
  if (extended.length > 0) extensions.push(new x509.ExtendedKeyUsageExtension(extended));
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
    ...(request.emails ?? []).map((value) => ({ type: 'email' as const, value })),
    ...(request.uris ?? []).map((value) => ({ type: 'url' as const, value })),
  ];
  if (names.length > 0) extensions.push(new x509.SubjectAlternativeNameExtension(names));
  return extensions;
}

/** The usages of certificates.k8s.io that have a bit or an OID; upstream: keyUsageDict and extKeyUsageDict. */
function usagesOf(x509: typeof X509, usages: readonly string[]): { keyUsage: number; extended: string[] } {
  const flags: Record<string, number> = {
    signing: x509.KeyUsageFlags.digitalSignature,
    'digital signature': x509.KeyUsageFlags.digitalSignature,
    'content commitment': x509.KeyUsageFlags.nonRepudiation,
    'key encipherment': x509.KeyUsageFlags.keyEncipherment,
    'key agreement': x509.KeyUsageFlags.keyAgreement,
    'data encipherment': x509.KeyUsageFlags.dataEncipherment,
    'cert sign': x509.KeyUsageFlags.keyCertSign,
    'crl sign': x509.KeyUsageFlags.cRLSign,
    'encipher only': x509.KeyUsageFlags.encipherOnly,
    'decipher only': x509.KeyUsageFlags.decipherOnly,
  };
  const oids: Record<string, string> = {
    any: '2.5.29.37.0',
    'server auth': '1.3.6.1.5.5.7.3.1',
    'client auth': '1.3.6.1.5.5.7.3.2',
    'code signing': '1.3.6.1.5.5.7.3.3',
    'email protection': '1.3.6.1.5.5.7.3.4',
    's/mime': '1.3.6.1.5.5.7.3.4',
    timestamping: '1.3.6.1.5.5.7.3.8',
    'ocsp signing': '1.3.6.1.5.5.7.3.9',
  };
  let keyUsage = 0;
  const extended: string[] = [];
  for (const usage of usages) {
    const flag = flags[usage];
    const oid = oids[usage];
    if (flag !== undefined) keyUsage |= flag;
    else if (oid !== undefined) extended.push(oid);
    else throw new Error(`unrecognized usage ${JSON.stringify(usage)}`);
  }
  return { keyUsage, extended: [...new Set(extended)] };
}

/** 127 random bits: positive, and long enough never to meet again. */
function serial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
