// A watch over a WebSocket: each event is one message, text for JSON and binary for protobuf; what the client sends is
// not looked at. Upstream: apiserver/pkg/endpoints/handlers/watch.go (HandleWS).
import type { Request, Response } from '../../../wire/http.ts';
import { WebSocketConnection, acceptHeaders, isWebSocketRequest, requestedProtocols } from '../../../wire/websocket.ts';

export const wantsSocket = (request: Request): boolean => request.upgradable === true && isWebSocketRequest(request);

/** Browsers cannot set headers: their token is among the protocols, which is none that is answered. */
const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';
/** What a client that reads nothing may let wait. */
const MAX_WAITING_BYTES = 1024 * 1024;
const LINE_FEED = 10;

/** Each chunk has one or more whole events. */
export function watchSocket(request: Request, chunks: () => AsyncIterable<Uint8Array>, text: boolean): Response {
  const protocol = requestedProtocols(request).find((name) => !name.startsWith(TOKEN_PROTOCOL)) ?? '';
  return {
    status: 101,
    headers: acceptHeaders(request, protocol),
    upgrade(socket, head) {
      const stream = chunks()[Symbol.asyncIterator]();
      const connection = new WebSocketConnection(socket, {
        side: 'server',
        head,
        onMessage: () => true,
        onClose: () => {
          void stream.return?.().catch(() => undefined);
          socket.destroy();
        },
      });
      const drained = (): Promise<void> =>
        new Promise((resolve) => {
          socket.once('drain', resolve);
          socket.once('close', resolve);
        });
      void (async () => {
        for (;;) {
          const { value, done } = await stream.next();
          if (done || socket.destroyed) break;
          for (const message of text ? lines(value) : frames(value)) connection.send([message], !text);
          if (socket.writableLength > MAX_WAITING_BYTES) await drained();
        }
        connection.close();
      })().catch(() => connection.close());
    },
  };
}

/** Events with their line feeds, as upstream's encoder leaves them. */
function* lines(chunk: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < chunk.length;) {
    const end = chunk.indexOf(LINE_FEED, start) + 1 || chunk.length;
    yield chunk.subarray(start, end);
    start = end;
  }
}

/** Without the length that stands before each in a stream: a message has its own. */
function* frames(chunk: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  for (let start = 0; start < chunk.length;) {
    const end = start + 4 + view.getUint32(start);
    yield chunk.subarray(start + 4, end);
    start = end;
  }
}
