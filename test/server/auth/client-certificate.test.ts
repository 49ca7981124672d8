// Which authority a client certificate comes from, over authorities between, and over a real connection.
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { certificateTrust, certificatesOf } from '../../../src/server/auth/client-certificate.ts';
import { type Authority, issueAuthority, issueLeaf, loadX509 } from '../../../src/server/pki/issue.ts';
import { generateKeys, privateKeyPem, publicKeyDer } from '../../../src/server/pki/keys.ts';
import { peerCertificate } from '../../../src/wire/peer-certificate.ts';

const derOf = (pem: string): Buffer => certificatesOf(pem)[0]!.raw;

/** Signed by another authority. */
async function between(above: Authority, commonName: string, isAuthority = true): Promise<Authority> {
  const x509 = await loadX509();
  const keys = generateKeys();
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const pkcs8 = Buffer.from(privateKeyPem(above.keys.privateKey).replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const made = await x509.X509CertificateGenerator.create({
    subject: `CN=${commonName}`,
    issuer: new x509.X509Certificate(above.certificate).subjectName,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3600_000),
    publicKey: new x509.PublicKey(publicKeyDer(keys.publicKey)),
    signingKey: await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(isAuthority, undefined, true)],
  });
  return { certificate: made.toString('pem'), keys };
}
async function leaf(authority: Authority) {
  const keys = generateKeys();
  const cert = await issueLeaf(authority, {
    subject: { commonName: 'proxy' },
    publicKey: publicKeyDer(keys.publicKey),
    usages: ['digital signature', 'client auth'],
  });
  return { cert, key: privateKeyPem(keys.privateKey) };
}

describe('a certificate comes from an authority', async () => {
  const [users, proxies] = await Promise.all([
    issueAuthority('users', generateKeys()),
    issueAuthority('proxies', generateKeys()),
  ]);
  const middle = await between(proxies, 'middle');
  const { cert, key } = await leaf(middle);
  const peer = (issuers: Authority[], verified = true) => ({
    der: derOf(cert),
    verified,
    issuers: issuers.map(({ certificate }) => derOf(certificate)),
  });

  it('over those between that the client shows', () => {
    expect(certificateTrust(proxies.certificate)(peer([middle]))).toBe(true);
    expect(certificateTrust(middle.certificate)(peer([]))).toBe(true);
    expect(certificateTrust(users.certificate + proxies.certificate)(peer([users, middle]))).toBe(true);
  });

  it('not over what is missing, what is no authority, or what TLS did not verify', async () => {
    expect(certificateTrust(proxies.certificate)(peer([]))).toBe(false);
    expect(certificateTrust(users.certificate)(peer([middle, proxies]))).toBe(false);
    expect(certificateTrust(proxies.certificate)(peer([middle], false))).toBe(false);
    const plain = await between(proxies, 'plain', false);
    const below = await leaf(plain);
    const shown = { der: derOf(below.cert), verified: true, issuers: [derOf(plain.certificate)] };
    expect(certificateTrust(proxies.certificate)(shown)).toBe(false);
  });

  it('not by a name that it bears: keys decide', async () => {
    const namesake = await issueAuthority('proxies', generateKeys());
    const forged = { der: derOf((await leaf(namesake)).cert), verified: true };
    expect(certificateTrust(proxies.certificate)(forged)).toBe(false);
    expect(certificateTrust(namesake.certificate)(forged)).toBe(true);
  });

  it('as a connection shows it', async () => {
    const own = await leaf(users);
    const options = {
      ...own,
      ca: [users.certificate, proxies.certificate],
      requestCert: true,
      rejectUnauthorized: false,
    };
    const server = createServer(options);
    const arrived = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const client = connect({
      port,
      host: '127.0.0.1',
      cert: cert + middle.certificate,
      key,
      rejectUnauthorized: false,
    });
    try {
      const seen = peerCertificate(await arrived)!;
      expect(seen.verified).toBe(true);
      expect(certificateTrust(proxies.certificate)(seen)).toBe(true);
      expect(certificateTrust(users.certificate)(seen)).toBe(false);
    } finally {
      client.destroy();
      server.close();
    }
  });
});
