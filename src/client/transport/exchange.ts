// What carries a transport's requests: one exchange at a time over whatever the runtime does best. Node has its own client
// (node-exchange.ts); the CLI as one file speaks HTTP/1.1 itself (socket-exchange.ts), since Bun's client reads the system's
// authorities for every start and tells of refused, unknown and untrusted servers alike.
import type { ConnectionOptions } from 'node:tls';
import type { Request, Response } from '../../wire/http.ts';
import type { UpgradeDialer } from '../../wire/streams.ts';

export interface Endpoint {
  base: URL;
  secure: boolean;
  /** Authorities, certificate, server name. */
  tls: ConnectionOptions;
  proxy?: URL;
  /** PEM: believed of an HTTPS proxy beside the machine's authorities. */
  authorities?: string;
  /** Milliseconds for a whole exchange that is not a watch; 0 is no limit. */
  timeoutMs: number;
}

export type RequestHeaders = Record<string, string | string[] | undefined>;

/** What goes over the wire for a request: as the caller has it, or as an answer asked for it. */
export interface Sent {
  method: string;
  /** With prefix and query. */
  path: string;
  headers: RequestHeaders;
  body: Uint8Array | undefined;
}

export interface Exchange {
  /** Rejects with an error whose `code` is Node's, and `reused` on a connection used before. */
  send(request: Request, sent: Sent): Promise<Response>;
  upgrade(method: string, path: string, headers: RequestHeaders): ReturnType<UpgradeDialer['upgrade']>;
  /** Closes idle and busy connections. */
  close(): void;
}

export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');
export const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === 'https:' ? 443 : 80);

/** An HTTP proxy is handed requests to plain servers; everything else goes through a tunnel. */
export const handsOver = ({ proxy, secure }: Endpoint): boolean => proxy?.protocol === 'http:' && !secure;

/** The request as a proxy is handed it. */
export function handedOver({ base, proxy }: Endpoint, sent: Sent): Sent {
  const headers = { host: base.host, ...sent.headers, ...proxyAuthorization(proxy!) };
  return { ...sent, path: base.origin + sent.path, headers };
}

/** `Basic …` for a proxy whose URL has a user. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (!proxy.username) return {};
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}
