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
  /** Milliseconds for a whole exchange that is not a watch; 0 is no limit. */
  timeoutMs: number;
}

export type RequestHeaders = Record<string, string | string[] | undefined>;

export interface Exchange {
  /** `path` with prefix and query. Rejects with an error whose `code` is Node's, and `reused` on a connection used before. */
  send(request: Request, path: string, headers: RequestHeaders, body: Uint8Array | undefined): Promise<Response>;
  upgrade(method: string, path: string, headers: RequestHeaders): ReturnType<UpgradeDialer['upgrade']>;
  /** Closes idle and busy connections. */
  close(): void;
}

export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');
export const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === 'https:' ? 443 : 80);
