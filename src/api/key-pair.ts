// What is wrong with a certificate and its private key, in PEM. Upstream: Go's crypto/tls X509KeyPair.
import { X509Certificate, createPrivateKey } from 'node:crypto';

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g;

const pemTypes = (pem: Buffer): string[] => [...pem.toString('latin1').matchAll(PEM)].map((m) => m[1]!);

/** Go's crypto/tls.X509KeyPair says what is wrong with a certificate and its key; so do we, of the common mistakes. */
export function keyPairProblem(certificate: Buffer, key: Buffer): string | undefined {
  const [certificates, keys] = [pemTypes(certificate), pemTypes(key)];
  const isKey = (type: string) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY');
  if (certificates.length === 0) return 'tls: failed to find any PEM data in certificate input';
  if (!certificates.includes('CERTIFICATE')) {
    if (certificates.length === 1 && isKey(certificates[0]!)) {
      return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
    }
    return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${certificates.join(' ')}]`;
  }
  if (keys.length === 0) return 'tls: failed to find any PEM data in key input';
  if (!keys.some(isKey)) {
    if (keys.length === 1 && keys[0] === 'CERTIFICATE') {
      return 'tls: found a certificate rather than a key in the PEM for the private key';
    }
    return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${keys.join(' ')}]`;
  }
  try {
    const matches = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    return matches ? undefined : 'tls: private key does not match public key';
  } catch {
    return 'tls: failed to parse private key';
  }
}
