// The connections to one server: TLS, proxies, what is kept alive. Who the client is (credentials.ts) decides the
// certificate; nothing here sends a request.
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { ClientConfig } from './config.ts';
import type { Credentials } from './credentials.ts';
import { Unreachable } from './failures.ts';
import { proxyFor } from './proxy.ts';
import { openTunnel, proxyAuthorization } from './tunnel.ts';

type Connected = (error: Error | null, socket?: Duplex) => void;
type Connect = (options: tls.ConnectionOptions, callback: Connected) => Duplex | undefined;

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

export class Connections {
  private readonly base: URL;
  private readonly secure: boolean;
  private readonly config: ClientConfig;
  private readonly credentials: Credentials;
  private readonly proxy: URL | undefined;
  /** An HTTP proxy is handed requests to plain servers; everything else goes through a tunnel. */
  private readonly handsOver: boolean;
  private agent: http.Agent;

  constructor(base: URL, config: ClientConfig, credentials: Credentials) {
    this.base = base;
    this.secure = base.protocol === 'https:';
    this.config = config;
    this.credentials = credentials;
    this.proxy = proxyFor(base, config.proxyUrl, process.env);
    this.handsOver = this.proxy?.protocol === 'http:' && !this.secure;
    this.agent = this.makeAgent();
  }

  close(): void {
    this.agent.destroy();
  }

  /** Another certificate is shown from now on. */
  renew(): void {
    const old = this.agent;
    this.agent = this.makeAgent();
    // Requests that are under way keep their connections.
    for (const sockets of Object.values(old.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  /** Where the kubeconfig's server is. */
  own(): https.RequestOptions {
    return this.to(this.base);
  }

  /** Where a URL is: the server's own, or another that an answer led to. */
  to(url: URL): https.RequestOptions {
    const secure = url.protocol === 'https:';
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const at = { protocol: url.protocol, host, port: url.port || (secure ? 443 : 80) };
    if (url.host === this.base.host && url.protocol === this.base.protocol) return { ...at, agent: this.agent };
    return secure ? { ...at, ...this.tlsOptions() } : at;
  }

  /** A request that is not sent yet; `alone` on a connection that no other request will have. */
  start(options: https.RequestOptions, { alone = false } = {}): http.ClientRequest {
    const own = options.agent === this.agent;
    const wanted = own && this.handsOver ? this.absolute(options) : options;
    const sent = alone ? { ...wanted, agent: undefined, ...this.aloneOptions() } : wanted;
    try {
      return sent.protocol === 'https:' ? https.request(sent) : http.request(sent);
    } catch (error) {
      const name = /in header content \["([\w-]+)"\]/.exec((error as Error).message)?.[1];
      if (name === undefined) throw error;
      const header = name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
      throw new Unreachable(`net/http: invalid header field value for ${JSON.stringify(header)}`);
    }
  }

  private absolute(options: https.RequestOptions): https.RequestOptions {
    const proxy = this.proxy!;
    return {
      ...options,
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || 80,
      path: this.base.origin + (options.path ?? '/'),
      headers: { host: this.base.host, ...(options.headers as http.OutgoingHttpHeaders), ...proxyAuthorization(proxy) },
    };
  }

  private aloneOptions(): https.RequestOptions {
    const tlsOptions = this.secure ? this.tlsOptions() : {};
    if (!this.proxy || this.handsOver) return tlsOptions;
    return { ...tlsOptions, createConnection: this.connector(this.proxy) as never };
  }

  private tlsOptions(): tls.ConnectionOptions {
    const { certificateAuthority, insecureSkipTlsVerify, tlsServerName } = this.config;
    const { certificate, key } = this.credentials;
    checkPem(certificateAuthority, certificate, key);
    return {
      ...(certificateAuthority ? { ca: certificateAuthority } : {}),
      ...(certificate && key ? { cert: certificate, key } : {}),
      ...(insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
      ...(tlsServerName ? nameOptions(tlsServerName) : {}),
    };
  }

  private makeAgent(): http.Agent {
    const options = { keepAlive: true, maxSockets: Infinity, noDelay: true, scheduling: 'lifo' as const };
    const agent = this.secure ? new https.Agent({ ...options, ...this.tlsOptions() }) : new http.Agent(options);
    if (this.proxy && !this.handsOver) {
      (agent as unknown as { createConnection: Connect }).createConnection = this.connector(this.proxy);
    }
    return agent;
  }

  /** Makes connections through the proxy. */
  private connector(proxy: URL): Connect {
    return (options, callback) => {
      const to = { host: options.host ?? '', port: options.port ?? (this.secure ? 443 : 80) };
      openTunnel(proxy, to, this.config.certificateAuthority).then((socket) => {
        if (!this.secure) return callback(null, socket);
        const { port: _, path: __, ...rest } = options;
        // A name that is an address cannot be asked for; Node warns of it.
        const servername = rest.servername ?? (isIP(to.host) > 0 ? '' : to.host);
        const secured = tls.connect({ ...rest, servername, socket });
        callback(null, secured);
      }, callback);
      return undefined;
    };
  }
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
