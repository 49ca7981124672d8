// What a TLS connection knows of its client, read once per connection: it is expensive and never changes.
import type { TLSSocket } from 'node:tls';

export interface PeerCertificate {
  der: Uint8Array;
  /** It chains to the client CA, is in its time, and may be used by clients. */
  verified: boolean;
}

const known = new WeakMap<object, { certificate: PeerCertificate | undefined }>();

export function peerCertificate(socket: TLSSocket): PeerCertificate | undefined {
  let peer = known.get(socket);
  if (!peer) {
    const leaf = socket.encrypted ? socket.getPeerX509Certificate() : undefined;
    peer = { certificate: leaf && { der: leaf.raw, verified: socket.authorized } };
    known.set(socket, peer);
  }
  return peer.certificate;
}
