// What a TLS connection knows of its client, read once per connection: it is expensive and never changes.
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

export interface PeerCertificate {
  der: Uint8Array;
  /** It chains to the client CA, is in its time, and may be used by clients. */
  verified: boolean;
  /** What the client showed of the way to the CA, the leaf's issuer first. */
  issuers: readonly Uint8Array[];
}

/** More than any chain that OpenSSL verifies by default would be. */
const MAX_ISSUERS = 100;

const known = new WeakMap<object, { certificate: PeerCertificate | undefined }>();

export function peerCertificate(socket: TLSSocket): PeerCertificate | undefined {
  let peer = known.get(socket);
  if (!peer) {
    const leaf = socket.encrypted ? socket.getPeerX509Certificate() : undefined;
    peer = { certificate: leaf && { der: leaf.raw, verified: socket.authorized, issuers: issuersOf(leaf) } };
    known.set(socket, peer);
  }
  return peer.certificate;
}

function issuersOf(leaf: X509Certificate): Uint8Array[] {
  const issuers: Uint8Array[] = [];
  let next = leaf.issuerCertificate;
  while (next && next !== leaf && issuers.length < MAX_ISSUERS) {
    issuers.push(next.raw);
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return issuers;
}
