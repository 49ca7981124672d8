// Why another server cannot be reached, or is not believed, in the words of Go's net, crypto/tls and crypto/x509, which
// upstream's messages end in. Nothing here dials.
import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';

export interface Dialled {
  host: string;
  port: number | string;
  /** The name that the certificate had to be for. */
  serverName: string;
}

const UNKNOWN_AUTHORITY = 'x509: certificate signed by unknown authority';
const OUT_OF_TIME = 'x509: certificate has expired or is not yet valid';
const TLS_TEXTS: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: OUT_OF_TIME,
  CERT_NOT_YET_VALID: OUT_OF_TIME,
  INVALID_PURPOSE: 'x509: certificate specifies an incompatible key usage',
};
/** What the other side said of us. Upstream: crypto/tls/alert.go alertText. */
const ALERTS: Readonly<Record<number, string>> = {
  10: 'unexpected message',
  20: 'bad record MAC',
  40: 'handshake failure',
  42: 'bad certificate',
  43: 'unsupported certificate',
  44: 'revoked certificate',
  45: 'expired certificate',
  46: 'unknown certificate',
  47: 'illegal parameter',
  48: 'unknown certificate authority',
  49: 'access denied',
  50: 'error decoding message',
  51: 'error decrypting message',
  70: 'protocol version not supported',
  71: 'insufficient security level',
  80: 'internal error',
  112: 'unrecognized name',
  116: 'certificate required',
  120: 'no application protocol',
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
  const tls = tlsProblem(error, serverName);
  if (tls !== undefined) return tls;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${host}: no such host`;
  const dial = DIAL_TEXTS[code];
  if (dial !== undefined) return `dial tcp ${host.includes(':') ? `[${host}]` : host}:${port}: ${dial}`;
  if (code === 'ECONNRESET') return 'EOF';
  return error.message;
}

/** Why there is no secure connection; undefined when that is not what is wrong. */
export function tlsProblem(error: NodeJS.ErrnoException, serverName: string): string | undefined {
  const code = error.code ?? '';
  const text = TLS_TEXTS[code];
  if (text !== undefined) return `tls: failed to verify certificate: ${text}${text === OUT_OF_TIME ? when(error) : ''}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `tls: failed to verify certificate: x509: ${otherName(error, serverName)}`;
  }
  const alert = /SSL alert number (\d+)/.exec(error.message)?.[1];
  if (alert !== undefined) return `remote error: tls: ${ALERTS[Number(alert)] ?? `alert(${alert})`}`;
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') return 'tls: private key does not match public key';
  if (error.message.includes('wrong version number')) return 'http: server gave HTTP response to HTTPS client';
  if (error.message.includes('unsupported protocol')) return 'remote error: tls: protocol version not supported';
  return undefined;
}

/** Which end of the certificate's time was missed; nothing where the transport did not keep the certificate. */
function when(error: Error): string {
  const { certificate } = error as Error & { certificate?: PeerCertificate };
  if (!certificate?.valid_from) return '';
  const now = Date.now();
  const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
  const from = Date.parse(certificate.valid_from);
  const limit = now < from ? `before ${rfc3339(from)}` : `after ${rfc3339(Date.parse(certificate.valid_to))}`;
  return `: current time ${rfc3339(now)} is ${limit}`;
}

/** Go lists the names that the certificate is for. Upstream: crypto/x509 HostnameError. */
function otherName(error: Error, otherwise: string): string {
  const { cert, host } = error as Error & { cert?: PeerCertificate; host?: string };
  const wanted = host?.replace(/\.$/, '') ?? otherwise;
  const names = (cert?.subjectaltname ?? '').split(', ').map((name) => /^([^:]*):(.*)$/.exec(name)?.slice(1) ?? []);
  const ofKind = (kind: string): string[] => names.filter(([k]) => k === kind).map(([, name]) => name!);
  const isAddress = isIP(wanted) > 0;
  const valid = ofKind(isAddress ? 'IP Address' : 'DNS');
  if (valid.length > 0) return `certificate is valid for ${valid.join(', ')}, not ${wanted}`;
  if (isAddress) return `cannot validate certificate for ${wanted} because it doesn't contain any IP SANs`;
  return `certificate is not valid for any names, but wanted to match ${wanted}`;
}
