// The protocol negotiation of SPDY upgrades, and the refusals of both kinds. Upstream: apimachinery/pkg/util/
// httpstream Handshake, negotiateProtocol; httpstream/spdy UpgradeResponse.
import type { Request, Response } from './http.ts';
import { isWebSocketRequest, requestedProtocols } from './websocket.ts';

export const PROTOCOL_VERSION_HEADER = 'x-stream-protocol-version';

export const plainResponse = (status: number, message: string): Response => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body: { bytes: () => Buffer.from(`${message}\n`) },
});

export interface Negotiated {
  kind: 'spdy' | 'websocket';
  protocol: string;
}

/** The first of the client's protocols that is supported. A Response says why there is none. */
export function negotiate(
  request: Request,
  supported: { spdy: readonly string[]; websocket: readonly string[] },
): Negotiated | Response {
  if (!request.upgradable) return plainResponse(400, 'unable to upgrade: missing upgrade headers in request');
  if (isWebSocketRequest(request)) {
    const requested = requestedProtocols(request);
    if (requested.length === 0) return { kind: 'websocket', protocol: '' };
    const protocol = requested.find((each) => supported.websocket.includes(each));
    if (protocol !== undefined) return { kind: 'websocket', protocol };
    const message = `requested protocol(s) are not supported: [${requested.join(' ')}]; supports [${supported.websocket.join(' ')}]`;
    return plainResponse(403, message);
  }
  const requested = (request.headers[PROTOCOL_VERSION_HEADER] ?? '').split(',').flatMap((each) => each.trim() || []);
  if (requested.length === 0) return plainResponse(400, 'unable to upgrade: X-Stream-Protocol-Version is required');
  const protocol = requested.find((each) => supported.spdy.includes(each));
  if (protocol !== undefined) return { kind: 'spdy', protocol };
  const refusal = plainResponse(
    403,
    `unable to upgrade: unable to negotiate protocol: client supports [${requested.join(' ')}], server accepts [${supported.spdy.join(' ')}]`,
  );
  refusal.headers['x-accepted-stream-protocol-versions'] = [...supported.spdy];
  return refusal;
}

export const spdyAcceptHeaders = (protocol: string): Record<string, string> => ({
  connection: 'Upgrade',
  upgrade: 'SPDY/3.1',
  [PROTOCOL_VERSION_HEADER]: protocol,
});

export const spdyRequestHeaders = (protocols: readonly string[]): Record<string, string> => ({
  Connection: 'Upgrade',
  Upgrade: 'SPDY/3.1',
  'X-Stream-Protocol-Version': protocols.join(', '),
});

/** The server answered, but not with 101: the other protocol may do better. (httpstream.IsUpgradeFailure) */
export const isUpgradeFailure = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'object';
