// Port forwarding, both sides. A connection carries pairs of SPDY streams, data and error, that share a request id;
// the connection is SPDY itself, or SPDY tunnelled in a WebSocket. The elder WebSocket protocol, with fixed channels
// per port, is in port-forward-channels.ts. Upstream: kubelet/pkg/cri/streaming/portforward/httpstream.go,
// client-go/tools/portforward.
import type { Duplex } from 'node:stream';
import { PORT_CHANNEL_PROTOCOLS, servePortChannels } from './port-forward-channels.ts';
import { SpdyConnection } from './spdy.ts';
import type { SpdyStream } from './spdy.ts';
import {
  isUpgradeFailure,
  negotiate,
  plainResponse,
  PROTOCOL_VERSION_HEADER,
  spdyAcceptHeaders,
  spdyRequestHeaders,
} from './stream-handshake.ts';
import type { DialPortForward, PortForwardConnection, ServePortForward, UpgradeDialer } from './streams.ts';
import { acceptHeaders, clientHandshake } from './websocket.ts';
import { webSocketDuplex } from './websocket-streams.ts';

export const PORT_FORWARD_PROTOCOL = 'portforward.k8s.io';
const TUNNEL_PROTOCOL = `SPDY/3.1+${PORT_FORWARD_PROTOCOL}`;
const STREAM_CREATION_TIMEOUT_MS = 30_000;

type Dial = (port: number) => Promise<Duplex>;

export const servePortForward: ServePortForward = (request, dial) => {
  const negotiated = negotiate(request, {
    spdy: [PORT_FORWARD_PROTOCOL],
    websocket: [TUNNEL_PROTOCOL, ...PORT_CHANNEL_PROTOCOLS],
  });
  if (!('kind' in negotiated)) return negotiated;
  const { kind, protocol } = negotiated;
  if (kind === 'spdy') {
    const headers = spdyAcceptHeaders(protocol);
    return { status: 101, headers, upgrade: (socket, head) => servePairs(socket, head, dial) };
  }
  const headers = acceptHeaders(request, protocol);
  if (protocol === TUNNEL_PROTOCOL) {
    const upgrade = (socket: Duplex, head: Uint8Array) =>
      servePairs(webSocketDuplex(socket, { side: 'server', head }), Buffer.alloc(0), dial);
    return { status: 101, headers, upgrade };
  }
  const ports = request.query.getAll('ports').concat(request.query.getAll('port')).join(',').split(',').map(Number);
  if (!ports.every(isPort)) return plainResponse(400, 'query parameter "port" is required');
  const base64 = protocol.includes('base64');
  return { status: 101, headers, upgrade: (socket, head) => servePortChannels(socket, head, base64, ports, dial) };
};

const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65_536;

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  timer: NodeJS.Timeout;
}

function servePairs(socket: Duplex, head: Uint8Array, dial: Dial): void {
  const pairs = new Map<string, Pair>();
  const connection = new SpdyConnection(socket, {
    side: 'server',
    head,
    onStream(stream) {
      const type = stream.headers['streamtype'];
      const port = Number(stream.headers['port']);
      if (!isPort(port)) throw new Error('"port" header is required');
      if (type !== 'data' && type !== 'error') throw new Error(`invalid stream type "${type}"`);
      const id = requestId(stream, type);
      const pair = pairs.get(id) ?? waitingPair(pairs, id);
      if (pair[type]) throw new Error(`${type} stream already assigned`);
      pair[type] = stream;
      if (!pair.data || !pair.error) return;
      clearTimeout(pair.timer);
      pairs.delete(id);
      void forward(pair.data, pair.error, port, dial);
    },
  });
  void connection.closed.then(() => pairs.forEach(({ timer }) => clearTimeout(timer)));
}

/** Clients before request ids open the error stream first, then the data stream: their ids are n and n + 2. */
function requestId(stream: SpdyStream, type: 'data' | 'error'): string {
  return stream.headers['requestid'] || String(type === 'error' ? stream.id : stream.id - 2);
}

function waitingPair(pairs: Map<string, Pair>, id: string): Pair {
  const timer = setTimeout(() => {
    pairs.delete(id);
    pair.error?.end(`(request=${id}) timed out waiting for streams`);
    pair.data?.destroy();
  }, STREAM_CREATION_TIMEOUT_MS);
  timer.unref();
  const pair: Pair = { timer };
  pairs.set(id, pair);
  return pair;
}

/** Ends the error stream in any case: the client waits for it. */
async function forward(data: SpdyStream, error: SpdyStream, port: number, dial: Dial): Promise<void> {
  error.resume();
  let target: Duplex;
  try {
    target = await dial(port);
  } catch (failure) {
    // Whatever stands here makes kubectl give up the whole connection, as upstream's server means it to.
    error.end(failure instanceof Error ? failure.message : String(failure));
    error.once('close', () => data.destroy());
    data.resume().end();
    return;
  }
  target.on('error', () => target.destroy());
  data.pipe(target).pipe(data);
  // A pipe does not pass on an end that is not clean.
  data.once('close', () => target.destroy());
  // Either side's end is the end of both, as in upstream's copy loops: a client that waits for the error stream's end
  // keeps its own connection open until then.
  const finish = (): void => {
    data.end();
    data.resume();
    error.end();
    target.end();
  };
  target.once('end', finish);
  target.once('close', finish);
}

/** Tries the tunnel first, then bare SPDY, as kubectl does. */
export const dialPortForward: DialPortForward = async (dialer, pathAndQuery) =>
  new ClientConnection((await dialTunnel(dialer, pathAndQuery)) ?? (await dialSpdy(dialer, pathAndQuery)));

async function dialTunnel(dialer: UpgradeDialer, pathAndQuery: string): Promise<SpdyConnection | undefined> {
  const handshake = clientHandshake([TUNNEL_PROTOCOL]);
  let upgraded: Awaited<ReturnType<UpgradeDialer['upgrade']>>;
  try {
    upgraded = await dialer.upgrade('GET', pathAndQuery, handshake.headers);
  } catch (error) {
    if (isUpgradeFailure(error)) return undefined;
    throw error;
  }
  const { socket, head, headers } = upgraded;
  try {
    handshake.check(headers);
  } catch {
    socket.destroy();
    return undefined;
  }
  return new SpdyConnection(webSocketDuplex(socket, { side: 'client', head }), { side: 'client' });
}

async function dialSpdy(dialer: UpgradeDialer, pathAndQuery: string): Promise<SpdyConnection> {
  const wanted = spdyRequestHeaders([PORT_FORWARD_PROTOCOL]);
  const { socket, head, headers } = await dialer.upgrade('POST', pathAndQuery, wanted);
  const protocol = headers[PROTOCOL_VERSION_HEADER] ?? '';
  if (protocol !== PORT_FORWARD_PROTOCOL) {
    socket.destroy();
    throw new Error(
      `unable to negotiate protocol: client supports "${PORT_FORWARD_PROTOCOL}", server returned "${protocol}"`,
    );
  }
  return new SpdyConnection(socket, { side: 'client', head });
}

class ClientConnection implements PortForwardConnection {
  readonly #connection: SpdyConnection;
  readonly closed: Promise<void>;
  #nextRequest = 0;

  constructor(connection: SpdyConnection) {
    this.#connection = connection;
    this.closed = connection.closed;
  }

  async open(port: number): Promise<Duplex> {
    const common = { port: String(port), requestid: String(this.#nextRequest++) };
    const error = this.#connection.openStream({ streamtype: 'error', ...common });
    error.end();
    const data = this.#connection.openStream({ streamtype: 'data', ...common });
    let message = '';
    error.setEncoding('utf8').on('data', (text: string) => (message += text));
    // Usually the message comes before the end of the data, but no rule says so.
    data.failure = () => (message === '' ? undefined : new Error(message));
    error.once('end', () => {
      if (message !== '') data.destroy(new Error(message));
    });
    await Promise.all([error.replied, data.replied]);
    return data;
  }

  close(): void {
    this.#connection.close();
  }
}
