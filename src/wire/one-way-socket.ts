// A stream that is answered over a WebSocket instead of a body, message by message; what the client sends is not looked
// at. For watches and logs. Upstream: apiserver/pkg/endpoints/handlers/watch.go (HandleWS), util/wsstream/stream.go.
import type { Request, Response } from './http.ts';
import { WebSocketConnection, acceptHeaders, isWebSocketRequest, requestedProtocols } from './websocket.ts';

export interface SocketMessage {
  data: Uint8Array;
  binary: boolean;
}

export const wantsSocket = (request: Request): boolean => request.upgradable === true && isWebSocketRequest(request);

/** Browsers cannot set headers: their token is among the protocols, which is none that is answered. */
const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';
/** What a client that reads nothing may let wait. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** The protocols that may be chosen, in the client's order. */
export const offeredProtocols = (request: Request): string[] =>
  requestedProtocols(request).filter((name) => !name.startsWith(TOKEN_PROTOCOL));

/** `messages` is called once the socket is there, and its iterator is returned when the client goes. */
export function oneWaySocket(
  request: Request,
  protocol: string,
  messages: () => AsyncIterable<SocketMessage>,
): Response {
  return {
    status: 101,
    headers: acceptHeaders(request, protocol),
    upgrade(socket, head) {
      const stream = messages()[Symbol.asyncIterator]();
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
          connection.send([value.data], value.binary);
          if (socket.writableLength > MAX_WAITING_BYTES) await drained();
        }
        connection.close();
      })().catch(() => connection.close());
    },
  };
}
