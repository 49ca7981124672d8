// A watch over a WebSocket: each event is one message, text for JSON and binary for protobuf.
// Upstream: apiserver/pkg/endpoints/handlers/watch.go (HandleWS).
import type { Request, Response } from '../../../wire/http.ts';
import { type SocketMessage, offeredProtocols, oneWaySocket } from '../../../wire/one-way-socket.ts';

const LINE_FEED = 10;

/** Each chunk has one or more whole events. */
export function watchSocket(request: Request, chunks: () => AsyncIterable<Uint8Array>, text: boolean): Response {
  return oneWaySocket(request, offeredProtocols(request)[0] ?? '', async function* (): AsyncGenerator<SocketMessage> {
    for await (const chunk of chunks()) {
      for (const data of text ? lines(chunk) : frames(chunk)) yield { data, binary: !text };
    }
  });
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
