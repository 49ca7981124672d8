// Users from TLS client certificates: CN is the name, each O a group, an attribute of Kubernetes the UID. The chain was verified by the TLS layer when the
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
      if (!read) {
        const user = facts.forClients ? userOf(facts, peer.der) : undefined;
        known.set(peer.der, (read = { user: user && (await withUid(user, peer.der)) }));
      }
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

/** 1.3.6.1.4.1.57683.2, Kubernetes' own attribute of subjects, as certificates have it. Upstream: asn1util.X509UID. */
const UID_OID = '1.3.6.1.4.1.57683.2';
const UID_BYTES = Buffer.from('06092b0601040183c25302', 'hex');

/** Node does not know the attribute; certificates that have it are few, and read by a library that is loaded for them. */
async function withUid(user: User, der: Uint8Array): Promise<User> {
  if (!Buffer.from(der.buffer, der.byteOffset, der.length).includes(UID_BYTES)) return user;
  await import('reflect-metadata');
  const { X509Certificate } = await import('@peculiar/x509');
  const uids = new X509Certificate(Buffer.from(der)).subjectName.getField(UID_OID);
  if (uids.length === 0) return user;
  if (uids.length > 1) throw unauthorized(`expected 1 UID, but found multiple: [${uids.join(' ')}]`);
  if (uids[0] === '') throw unauthorized('UID cannot be an empty string');
  return Object.freeze({ ...user, uid: uids[0]! });
}
