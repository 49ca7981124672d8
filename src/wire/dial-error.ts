// Why another server cannot be reached, or is not believed, in the words of Go's net, crypto/tls and crypto/x509, which
// upstream's messages end in. Nothing here dials.
import type { PeerCertificate } from 'node:tls';

export interface Dialled {
  host: string;
  port: number | string;
  /** The name that the certificate had to be for. */
  serverName: string;
}

const UNKNOWN_AUTHORITY = 'x509: certificate signed by unknown authority';
const TLS_TEXTS: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'x509: certificate has expired or is not yet valid',
};
const DIAL_TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

/** `dial tcp 10.0.0.7:10250: connect: connection refused`; what Go has no words for is said as Node does. */
export function dialProblem(error: NodeJS.ErrnoException, { host, port, serverName }: Dialled): string {
  const code = error.code ?? '';
  const tls = TLS_TEXTS[code];
  if (tls !== undefined) return `tls: failed to verify certificate: ${tls}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `tls: failed to verify certificate: x509: certificate is ${validFor(error)}, not ${serverName}`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${host}: no such host`;
  const dial = DIAL_TEXTS[code];
  if (dial !== undefined) return `dial tcp ${host.includes(':') ? `[${host}]` : host}:${port}: ${dial}`;
  if (code === 'ECONNRESET') return 'EOF';
  if (code === 'EPROTO' && error.message.includes('wrong version number')) {
    return 'http: server gave HTTP response to HTTPS client';
  }
  return error.message;
}

/** Go lists the names that the certificate is for. */
function validFor(error: Error): string {
  const { cert } = error as Error & { cert?: PeerCertificate };
  const names = (cert?.subjectaltname ?? '').split(', ').map((name) => name.slice(name.indexOf(':') + 1));
  return names[0] ? `valid for ${names.join(', ')}` : 'not valid for any names';
}
