// A pod's log over a WebSocket: an empty message, then its bytes as they come, raw or in base64.
// Upstream: apiserver/pkg/endpoints/handlers/responsewriters (StreamObject), util/wsstream/stream.go (Reader).
import { StatusError } from '../../../api/status.ts';
import type { Request, Response } from '../../../wire/http.ts';
import { type SocketMessage, offeredProtocols, oneWaySocket } from '../../../wire/one-way-socket.ts';

const BASE64 = 'base64.binary.k8s.io';
const PROTOCOLS = ['', 'binary.k8s.io', BASE64];

/** The same request as one that asks for a plain body: for the node, which knows no sockets for logs. */
export function withoutUpgrade(request: Request): Request {
  const headers = Object.entries(request.headers).filter(
    ([name]) => name !== 'connection' && name !== 'upgrade' && !name.startsWith('sec-websocket-'),
  );
  return { ...request, headers: Object.fromEntries(headers), rawHeaders: undefined, upgradable: false };
}

export function logSocket(request: Request, log: Response): Response {
  const offered = offeredProtocols(request);
  const protocol = offered.length === 0 ? '' : offered.find((name) => PROTOCOLS.includes(name));
  if (protocol === undefined) {
    throw new StatusError('Forbidden', `requested protocol(s) are not supported: [${offered.join(' ')}]`);
  }
  const base64 = protocol === BASE64;
  return oneWaySocket(request, protocol, async function* (): AsyncGenerator<SocketMessage> {
    const message = (bytes: Uint8Array): SocketMessage =>
      base64
        ? { data: Buffer.from(Buffer.from(bytes).toString('base64')), binary: false }
        : { data: bytes, binary: true };
    yield message(new Uint8Array());
    const bytes = log.body?.bytes() ?? [];
    for await (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) if (chunk.length > 0) yield message(chunk);
  });
}
