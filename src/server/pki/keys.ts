// Key pairs: ECDSA P-256, kept as PKCS#8 PEM. Only node:crypto, so that loading them costs no library.
import { type KeyObject, createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';

export interface KeyPair {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

export function generateKeys(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

export const privateKeyPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
export const publicKeyPem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
export const publicKeyDer = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

/** Throws when the text is no private key. */
export function readKeys(pem: string): KeyPair {
  const privateKey = createPrivateKey(pem);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** What a node pins: SHA-256 over the SubjectPublicKeyInfo, as kubeadm's `sha256:` hashes are made. */
export const publicKeyHash = (key: KeyObject): string => createHash('sha256').update(publicKeyDer(key)).digest('hex');
