// What a server's URL and the TLS settings of a kubeconfig mean for Node; what is wrong with them is said in Go's words.
import { isIP } from 'node:net';
import tls from 'node:tls';
import type { ClientConfig } from './config.ts';
import { Unreachable } from './failures.ts';

/** A server's URL; throws what upstream says of one that is none. Upstream: rest.DefaultServerURL. */
export function serverUrl(server: string): URL {
  let url: URL;
  try {
    url = new URL(server);
  } catch {
    const port = /^\w+:\/\/[^/]*:(\d+)(?:\/|$)/.exec(server)?.[1];
    if (Number(port) > 65535) throw new Unreachable(`dial tcp: address ${port}: invalid port`);
    throw new Error(`host must be a URL or a host:port pair: ${JSON.stringify(server)}`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Unreachable(`unsupported protocol scheme ${JSON.stringify(url.protocol.slice(0, -1))}`);
  }
  return url;
}

interface Shown {
  certificate?: string | undefined;
  key?: string | undefined;
}

/** Authorities, the client's certificate, the server's name. */
export function tlsOptions(config: ClientConfig, { certificate, key }: Shown): tls.ConnectionOptions {
  const { certificateAuthority, insecureSkipTlsVerify, tlsServerName } = config;
  checkPem(certificateAuthority, certificate, key);
  return {
    ...(certificateAuthority ? { ca: certificateAuthority } : {}),
    ...(certificate && key ? { cert: certificate, key } : {}),
    ...(insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
    ...(tlsServerName ? nameOptions(tlsServerName) : {}),
  };
}

/** Node would name a line of OpenSSL. Upstream: transport.rootCertPool, tls.X509KeyPair. */
function checkPem(authority: string | undefined, certificate: string | undefined, key: string | undefined): void {
  const has = (pem: string, kind: RegExp): boolean => new RegExp(`-----BEGIN ${kind.source}-----`).test(pem);
  const fail = (why: string): never => {
    throw new Unreachable(`tls: ${why}`);
  };
  if (authority && !has(authority, /CERTIFICATE/)) {
    throw new Error('unable to load root certificates: unable to parse bytes as PEM block');
  }
  if (!certificate || !key) return;
  if (!has(certificate, /CERTIFICATE/)) {
    const switched = 'but did find a private key; PEM inputs may have been switched';
    if (has(certificate, /.*PRIVATE KEY/))
      fail(`failed to find certificate PEM data in certificate input, ${switched}`);
    fail('failed to find any PEM data in certificate input');
  }
  if (has(key, /.*PRIVATE KEY/)) return;
  if (has(key, /CERTIFICATE/)) fail('found a certificate rather than a key in the PEM for the private key');
  fail('failed to find any PEM data in key input');
}

/** For whom the certificate must be; that may be an address, which no client can ask for by name. */
function nameOptions(name: string): tls.ConnectionOptions {
  if (isIP(name) === 0) return { servername: name };
  return { servername: '', checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate) };
}
