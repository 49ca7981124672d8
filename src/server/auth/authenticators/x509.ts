// Users from TLS client certificates: CN is the name, each O a group. The chain was verified by the TLS layer when the
// connection was made; what is read out of a certificate is kept as long as the connection keeps its record.
// Upstream: apiserver/pkg/authentication/request/x509/x509.go (CommonNameUserConversion).
import { X509Certificate, createHash } from 'node:crypto';
import type { Request, User } from '../../../wire/http.ts';
import { ALL_AUTHENTICATED, type Authenticator } from '../types.ts';
import { unauthorized } from '../union.ts';

interface Parsed {
  user: User | undefined;
  validFromMs: number;
  validToMs: number;
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_EXTENDED_KEY_USAGE = '2.5.29.37.0';

export function x509Authenticator(now: () => number = Date.now): Authenticator {
  const known = new WeakMap<Uint8Array, Parsed>();
  return {
    name: 'x509',
    async authenticate(request: Request) {
      const peer = request.peerCertificate;
      if (!peer) return undefined;
      if (!peer.verified) throw unauthorized('x509: certificate signed by unknown authority');
      let parsed = known.get(peer.der);
      if (!parsed) known.set(peer.der, (parsed = parse(peer.der)));
      const nowMs = now();
      if (nowMs > parsed.validToMs || nowMs < parsed.validFromMs) {
        throw unauthorized('x509: certificate has expired or is not yet valid');
      }
      return parsed.user;
    },
  };
}

function parse(der: Uint8Array): Parsed {
  const certificate = new X509Certificate(der);
  return {
    user: mayBeClient(certificate) ? userOf(certificate, der) : undefined,
    validFromMs: Date.parse(certificate.validFrom),
    validToMs: Date.parse(certificate.validTo),
  };
}

function mayBeClient(certificate: X509Certificate): boolean {
  const usages = certificate.keyUsage as string[] | undefined;
  return usages === undefined || usages.includes(CLIENT_AUTH) || usages.includes(ANY_EXTENDED_KEY_USAGE);
}

function userOf(certificate: X509Certificate, der: Uint8Array): User | undefined {
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>;
  const names = [subject['CN'] ?? []].flat();
  const name = names[0];
  if (!name || names.length > 1) return undefined;
  return Object.freeze({
    name,
    groups: [...[subject['O'] ?? []].flat(), ALL_AUTHENTICATED],
    extra: {
      'authentication.kubernetes.io/credential-id': [`X509SHA256=${createHash('sha256').update(der).digest('hex')}`],
    },
  });
}
