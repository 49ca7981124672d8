// Reaching a server through an HTTP proxy (kubeconfig's proxy-url, HTTPS_PROXY, NO_PROXY) with CONNECT.
import http from 'node:http';
import type https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';

/** The proxy for this server, if any. Throws for schemes that are not http or https. */
export function proxyFor(server: URL, configured: string | undefined): URL | undefined {
  const named = configured ?? fromEnvironment(server);
  if (!named) return undefined;
  const proxy = new URL(named.includes('://') ? named : `http://${named}`);
  if (proxy.protocol === 'http:' || proxy.protocol === 'https:') return proxy;
  throw new Error(
    `invalid proxy-url ${named}: unsupported scheme "${proxy.protocol.slice(0, -1)}", must be http or https`,
  );
}

function fromEnvironment(server: URL): string | undefined {
  const env = process.env;
  const host = server.hostname;
  if (host === 'localhost' || host.startsWith('127.') || host === '[::1]') return undefined;
  for (const rule of (env['NO_PROXY'] ?? env['no_proxy'] ?? '').split(',').map((r) => r.trim())) {
    if (rule === '*' || host === rule || (rule !== '' && host.endsWith(rule.startsWith('.') ? rule : `.${rule}`))) {
      return undefined;
    }
  }
  return env['HTTPS_PROXY'] ?? env['https_proxy'];
}

/** Makes every connection of the agent a tunnel through the proxy. */
export function connectThroughProxy(agent: https.Agent, proxy: URL): void {
  type Create = (options: tls.ConnectionOptions, callback: (error: Error | null, socket?: Duplex) => void) => void;
  const create: Create = (options, callback) => {
    const authority = `${options.host ?? ''}:${options.port ?? 443}`;
    const credentials = decodeURIComponent(`${proxy.username}:${proxy.password}`);
    const request = http.request({
      host: proxy.hostname,
      port: proxy.port || 80,
      method: 'CONNECT',
      path: authority,
      agent: false,
      headers: proxy.username ? { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` } : {},
    });
    request.on('error', callback);
    request.on('connect', (response, socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        callback(new Error(`proxy ${proxy.host} refused CONNECT to ${authority}: ${response.statusCode}`));
        return;
      }
      const secure = tls.connect({ ...options, socket });
      secure.once('secureConnect', () => callback(null, secure));
      secure.once('error', callback);
    });
    request.end();
  };
  (agent as unknown as { createConnection: Create }).createConnection = create;
}
