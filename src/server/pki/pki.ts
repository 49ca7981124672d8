// All keys and certificates of one server: read from where they are kept, made when missing, made anew when they near
// their end or no longer fit. A crash between two files is harmless: what is incomplete or does not match is replaced,
// except a CA whose key is gone, which cannot be.
import { X509Certificate, randomInt } from 'node:crypto';
import { StartupError } from '../startup-error.ts';
import type { ServingNames } from './host-names.ts';
import { type Authority, issueAuthority, issueLeaf } from './issue.ts';
import {
  type KeyPair,
  generateKeys,
  privateKeyPem,
  publicKeyDer,
  publicKeyHash,
  publicKeyPem,
  readKeys,
} from './keys.ts';

/** Where PEM files are kept: D/pki, or memory for a server without a data directory. */
export interface PemStore {
  /** Names the place in messages. */
  path: string;
  read(name: string): string | undefined;
  write(name: string, text: string): void;
}

export function memoryPemStore(): PemStore {
  const files = new Map<string, string>();
  return { path: 'memory', read: (name) => files.get(name), write: (name, text) => void files.set(name, text) };
}

/** A certificate and its private key, PEM. */
export interface Credential {
  cert: string;
  key: string;
}

export interface Pki {
  authority: Authority;
  /** SHA-256 of the CA's SubjectPublicKeyInfo, hex: what nodes pin. */
  caHash: string;
  serving: Credential;
  admin: Credential;
  /** What the API server shows to node daemons. */
  nodeClient: Credential;
  /** What is shown to extension servers, signed by a CA of its own: with the cluster's, every client could say it is another. */
  frontProxy: { ca: string; client: Credential };
  serviceAccountKeys: KeyPair;
  /** Re-issues what nears its end or, with new names, no longer fits; true when the serving certificate changed. */
  refresh(names: ServingNames): Promise<boolean>;
}

/** The common name by which extension servers know the front proxy. */
export const FRONT_PROXY = 'front-proxy-client';

/** Renewed when less than this is left: a month of a year's life. */
const RENEW_BEFORE_MS = 30 * 24 * 3600_000;

export async function openPki(store: PemStore, names: ServingNames, now: () => number = Date.now): Promise<Pki> {
  const authority = await openAuthority(store, CLUSTER_CA, now);
  const frontProxyAuthority = await openAuthority(store, FRONT_PROXY_CA, now);
  const frontProxy = async (): Promise<Pki['frontProxy']> => ({
    ca: frontProxyAuthority.certificate,
    client: await openLeaf(
      store,
      frontProxyAuthority,
      { file: FRONT_PROXY, subject: { commonName: FRONT_PROXY }, usage: 'client auth' },
      now(),
    ),
  });
  const admin = { commonName: 'kubernetes-admin', organizations: ['system:masters'] };
  const nodeClient = { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] };
  const client = (file: string, subject: Subject): Promise<Leaf> =>
    openLeaf(store, authority, { file, subject, usage: 'client auth' }, now());
  const serving = (wanted: ServingNames): Promise<Leaf> =>
    openLeaf(
      store,
      authority,
      { file: 'server', subject: { commonName: 'kube-apiserver' }, usage: 'server auth', names: wanted },
      now(),
    );
  const pki: Pki = {
    authority,
    caHash: publicKeyHash(authority.keys.publicKey),
    serving: await serving(names),
    admin: await client('admin', admin),
    nodeClient: await client('apiserver-kubelet-client', nodeClient),
    frontProxy: await frontProxy(),
    serviceAccountKeys: openServiceAccountKeys(store),
    async refresh(wanted) {
      pki.frontProxy = await frontProxy();
      pki.admin = await client('admin', admin);
      pki.nodeClient = await client('apiserver-kubelet-client', nodeClient);
      const next = await serving(wanted);
      pki.serving = next;
      return next.made;
    },
  };
  return pki;
}

const CLUSTER_CA = { file: 'ca', commonName: 'kubernetes-ca' };
const FRONT_PROXY_CA = { file: 'front-proxy-ca', commonName: 'front-proxy-ca' };

async function openAuthority(
  store: PemStore,
  { file, commonName }: typeof CLUSTER_CA,
  now: () => number,
): Promise<Authority> {
  const [certFile, keyFile] = [`${file}.crt`, `${file}.key`];
  const certificate = store.read(certFile);
  const keyText = store.read(keyFile);
  if (certificate === undefined) {
    // A key without a certificate has signed nothing: the certificate is the first thing that it signs.
    const keys = keyText === undefined ? generateKeys() : parse(store, keyFile, () => readKeys(keyText));
    if (keyText === undefined) store.write(keyFile, privateKeyPem(keys.privateKey));
    const authority = await issueAuthority(commonName, keys, now());
    store.write(certFile, authority.certificate);
    return authority;
  }
  if (keyText === undefined) {
    throw new StartupError(
      `${store.path}/${keyFile} is missing and ${store.path}/${certFile} is there; restore the key from a backup, or remove ` +
        'the folder to make a new CA that every client and node must be given',
    );
  }
  const keys = parse(store, keyFile, () => readKeys(keyText));
  const parsed = parse(store, certFile, () => new X509Certificate(certificate));
  if (!parsed.checkPrivateKey(keys.privateKey)) {
    throw new StartupError(
      `${store.path}/${keyFile} does not belong to ${store.path}/${certFile}; restore both from a backup`,
    );
  }
  return { certificate, keys };
}

interface Subject {
  commonName: string;
  organizations?: readonly string[];
}

interface LeafSpec {
  file: string;
  subject: Subject;
  usage: 'client auth' | 'server auth';
  names?: ServingNames;
}

interface Leaf extends Credential {
  made: boolean;
}

/** A usable pair from the store, or a new one. The key is written first, and a pair that does not match is remade. */
async function openLeaf(store: PemStore, authority: Authority, spec: LeafSpec, nowMs: number): Promise<Leaf> {
  const cert = store.read(`${spec.file}.crt`);
  const key = store.read(`${spec.file}.key`);
  if (cert !== undefined && key !== undefined && isUsable(authority, { cert, key }, spec, nowMs)) {
    return { cert, key, made: false };
  }
  const keys = generateKeys();
  const made = {
    key: privateKeyPem(keys.privateKey),
    cert: await issueLeaf(authority, {
      subject: spec.subject,
      publicKey: publicKeyDer(keys.publicKey),
      dnsNames: spec.names?.dnsNames,
      addresses: spec.names?.addresses,
      usages: ['digital signature', 'key encipherment', spec.usage],
      nowMs,
    }),
  };
  store.write(`${spec.file}.key`, made.key);
  store.write(`${spec.file}.crt`, made.cert);
  return { ...made, made: true };
}

function isUsable(authority: Authority, pair: Credential, spec: LeafSpec, nowMs: number): boolean {
  try {
    const certificate = new X509Certificate(pair.cert);
    return (
      certificate.checkPrivateKey(readKeys(pair.key).privateKey) &&
      certificate.verify(authority.keys.publicKey) &&
      Date.parse(certificate.validTo) - nowMs > RENEW_BEFORE_MS &&
      (spec.names === undefined || sameNames(certificate, spec.names))
    );
  } catch {
    return false;
  }
}

/** Compared as OpenSSL prints them; it writes IPv6 addresses in a form of its own, so both sides are normalised. */
function sameNames(certificate: X509Certificate, names: ServingNames): boolean {
  const found = (certificate.subjectAltName ?? '').split(', ').map((entry) => {
    const colon = entry.indexOf(':');
    const value = entry.slice(colon + 1);
    return entry.startsWith('IP Address') ? normalAddress(value) : value.toLowerCase();
  });
  const wanted = [...names.dnsNames.map((n) => n.toLowerCase()), ...names.addresses.map(normalAddress)];
  return found.length === wanted.length && new Set([...found, ...wanted]).size === new Set(wanted).size;
}

const normalAddress = (address: string): string =>
  address.includes(':') ? new URL(`http://[${address}]/`).hostname : address;

function openServiceAccountKeys(store: PemStore): KeyPair {
  const text = store.read('sa.key');
  const keys = text === undefined ? generateKeys() : parse(store, 'sa.key', () => readKeys(text));
  if (text === undefined) store.write('sa.key', privateKeyPem(keys.privateKey));
  const publicText = publicKeyPem(keys.publicKey);
  if (store.read('sa.pub') !== publicText) store.write('sa.pub', publicText);
  return keys;
}

function parse<T>(store: PemStore, name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new StartupError(`${store.path}/${name} cannot be read as PEM; restore it from a backup`, { cause: error });
  }
}

/** A new kubeadm-style bootstrap token: `abcdef.0123456789abcdef`. */
export function newBootstrapToken(): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
  const text = (length: number): string =>
    Array.from({ length }, () => alphabet[randomInt(alphabet.length)] ?? '').join('');
  return `${text(6)}.${text(16)}`;
}
