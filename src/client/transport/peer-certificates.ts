// The certificates of a server that nobody vouches for yet.
import https from 'node:https';
import type { TLSSocket } from 'node:tls';

/** The certificate that a server shows, unverified: for pinning a key before the authority is known. */
export function peerCertificate(server: string, options: { timeoutMs?: number } = {}): Promise<Buffer[]> {
  const { hostname, port } = new URL(server);
  return new Promise((resolve, reject) => {
    const request = https.request({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port || 443,
      path: '/version',
      rejectUnauthorized: false,
      agent: false,
      timeout: options.timeoutMs ?? 10_000,
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${server}`)));
    request.on('error', reject);
    request.on('response', (response) => {
      const chain: Buffer[] = [];
      let certificate = (response.socket as TLSSocket).getPeerCertificate(true);
      while (certificate?.raw && !chain.some((c) => c.equals(certificate.raw))) {
        chain.push(certificate.raw);
        certificate = certificate.issuerCertificate;
      }
      response.resume();
      resolve(chain);
    });
    request.end();
  });
}
