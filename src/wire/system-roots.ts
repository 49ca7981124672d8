// The certificate authorities that this machine trusts, as Go's crypto/x509 finds them (root_linux.go). Node has a list of
// its own, which knows nothing of what an administrator added; it is used where there is no file.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import tls, { type ConnectionOptions, type SecureContext } from 'node:tls';

const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

function systemRoots(): string | undefined {
  const chosen = process.env['SSL_CERT_FILE'];
  for (const file of chosen ? [chosen] : FILES) {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      // The next system keeps it elsewhere.
    }
  }
  return undefined;
}

/** An agent for servers of whom no authority is given. The file is read, and parsed, once. */
export function systemRootsAgent(options: https.AgentOptions): https.Agent {
  const agent = new https.Agent(options);
  /** By the certificate that is shown. */
  const contexts = new Map<unknown, SecureContext>();
  let roots: string | undefined;
  const contextFor = ({ cert, key }: ConnectionOptions): SecureContext => {
    let context = contexts.get(cert);
    if (!context) {
      roots ??= systemRoots();
      context = tls.createSecureContext({ cert, key, ...(roots === undefined ? {} : { ca: roots }) });
      contexts.set(cert, context);
    }
    return context;
  };
  const connected = agent as unknown as { createConnection(options: ConnectionOptions): tls.TLSSocket };
  connected.createConnection = (given) => tls.connect({ ...given, secureContext: contextFor(given) });
  return agent;
}
