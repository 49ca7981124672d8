// A certificate authority for tests of connections: keys and certificates in PEM, made in memory.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { webcrypto } from 'node:crypto';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
x509.cryptoProvider.set(webcrypto as never);

export interface Identity {
  cert: string;
  key: string;
}
export interface TestAuthority {
  ca: string;
  issue(commonName: string, names?: string[]): Promise<Identity>;
}

const DAY_MS = 86_400_000;
const lifetime = () => ({ notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) });
const generateKeys = () =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as never as Promise<webcrypto.CryptoKeyPair>;
let serial = 1;
const nextSerial = () => (serial++).toString(16).padStart(4, '0');

export async function testAuthority(commonName = 'test-ca'): Promise<TestAuthority> {
  const caKeys = await generateKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: nextSerial(),
    name: `CN=${commonName}`,
    ...lifetime(),
    signingAlgorithm: algorithm,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
    ],
  });
  return {
    ca: ca.toString('pem'),
    async issue(name, names = ['localhost', '127.0.0.1']) {
      const keys = await generateKeys();
      const cert = await x509.X509CertificateGenerator.create({
        serialNumber: nextSerial(),
        subject: `CN=${name}`,
        issuer: ca.subject,
        ...lifetime(),
        signingAlgorithm: algorithm,
        publicKey: keys.publicKey,
        signingKey: caKeys.privateKey,
        extensions: [
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
          new x509.SubjectAlternativeNameExtension(
            names.map((value) => ({ type: /^[\d.]+$/.test(value) ? ('ip' as const) : ('dns' as const), value })),
          ),
        ],
      });
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey as never)).toString('base64');
      const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`;
      return { cert: cert.toString('pem'), key };
    },
  };
}
