// Users from TLS client certificates: CN is the name, each O a group. The chain was verified by the TLS layer when the
// connection was made; what is read out of a certificate is kept as long as the connection keeps its record.
// Upstream: apiserver/pkg/authentication/request/x509/x509.go (CommonNameUserConversion).
import { createHash } from 'node:crypto';
import type { Request, User } from '../../../wire/http.ts';
import { type CertificateFacts, type CertificateTrust, factsOf, isInTime } from '../client-certificate.ts';
import { ALL_AUTHENTICATED, type Authenticator } from '../types.ts';
import { unauthorized } from '../union.ts';

/** `trust` is in the authority of users: one of front proxies names nobody. */
export function x509Authenticator(trust: CertificateTrust, now: () => number = Date.now): Authenticator {
  const known = new WeakMap<Uint8Array, { user: User | undefined }>();
  return {
    name: 'x509',
    async authenticate(request: Request) {
      const peer = request.peerCertificate;
      if (!peer) return undefined;
      if (!trust(peer)) throw unauthorized('x509: certificate signed by unknown authority');
      const facts = factsOf(peer);
      if (!isInTime(facts, now())) throw unauthorized('x509: certificate has expired or is not yet valid');
      let read = known.get(peer.der);
      if (!read) known.set(peer.der, (read = { user: facts.forClients ? userOf(facts, peer.der) : undefined }));
      return read.user;
    },
  };
}

function userOf({ commonNames, organizations }: CertificateFacts, der: Uint8Array): User | undefined {
  const [name] = commonNames;
  if (!name || commonNames.length > 1) return undefined;
  return Object.freeze({
    name,
    groups: [...organizations, ALL_AUTHENTICATED],
    extra: {
      'authentication.kubernetes.io/credential-id': [`X509SHA256=${createHash('sha256').update(der).digest('hex')}`],
    },
  });
}
