// Signing certificate requests: what is asked for stands in the certificate, for no longer than may be.
import { X509Certificate } from 'node:crypto';
import type { JsonNameParams } from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { parseCsr, signCsr } from '../../../src/server/pki/csr.ts';
import { issueAuthority, loadX509 } from '../../../src/server/pki/issue.ts';
import { generateKeys } from '../../../src/server/pki/keys.ts';

const authority = await issueAuthority('test-ca', generateKeys());

async function csr(name: JsonNameParams = [{ O: ['system:nodes'] }, { CN: ['system:node:n1'] }]): Promise<string> {
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name(name),
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'n1' },
        { type: 'ip', value: '192.0.2.1' },
      ]),
    ],
  });
  return request.toString('pem');
}

describe('signCsr', () => {
  it('carries subject, names and usages over and verifies against the CA', async () => {
    const pem = await signCsr(authority, await csr(), { signer: 'kubernetes.io/kubelet-serving' });
    const certificate = new X509Certificate(pem);
    expect(certificate.verify(authority.keys.publicKey)).toBe(true);
    expect(certificate.toLegacyObject().subject).toMatchObject({ CN: 'system:node:n1', O: 'system:nodes' });
    expect(certificate.checkIP('192.0.2.1')).toBe('192.0.2.1');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.ca).toBe(false);
  });

  it('bounds the life that is asked for', async () => {
    const nowMs = Math.floor(Date.now() / 1000) * 1000;
    const request = await csr();
    const life = async (expirationSeconds?: number): Promise<number> => {
      const pem = await signCsr(authority, request, { signer: 's', expirationSeconds, nowMs });
      return Math.round((Date.parse(new X509Certificate(pem).validTo) - nowMs) / 1000);
    };
    expect(await life(60)).toBe(600);
    expect(await life(3600)).toBe(3600);
    expect(await life(10 * 365 * 86400)).toBe(365 * 86400);
  });

  it('takes names as they are: what an approver read is what the certificate says', async () => {
    const tricky = 'visitor "system:masters" \\2c #41';
    const request = await csr([{ O: [{ utf8String: tricky }] }, { CN: [{ utf8String: tricky }] }]);
    expect(await parseCsr(request)).toMatchObject({ commonName: tricky, organizations: [tricky] });
    const pem = await signCsr(authority, request, { signer: 's' });
    expect(new X509Certificate(pem).toLegacyObject().subject).toMatchObject({ CN: tricky, O: tricky });
    await expect(parseCsr(await csr([{ CN: ['a'] }, { CN: ['b'] }]))).rejects.toThrow('more than one common name');
  });

  it('refuses what is no request or asks for an unknown usage', async () => {
    await expect(parseCsr('hello')).rejects.toThrow("PEM block type must be 'CERTIFICATE REQUEST'");
    await expect(signCsr(authority, await csr(), { signer: 's', usages: ['fishing'] })).rejects.toThrow(
      'unrecognized usage "fishing"',
    );
  });
});
