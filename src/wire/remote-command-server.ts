// The server side of exec and attach: from an upgraded request to a session with streams, and its status to the
// client. It knows nothing of containers. Upstream: kubelet/pkg/cri/streaming/remotecommand.
import type { Duplex, Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Request } from './http.ts';
import {
  canResize,
  CHANNELS,
  encodeStatus,
  SPDY_PROTOCOLS,
  V5,
  WEBSOCKET_PROTOCOLS,
} from './remote-command-protocol.ts';
import { SpdyConnection } from './spdy.ts';
import type { SpdyStream } from './spdy.ts';
import { negotiate, plainResponse, spdyAcceptHeaders } from './stream-handshake.ts';
import type { RemoteCommandSession, RemoteStatus, ServeRemoteCommand } from './streams.ts';
import { TerminalSizes } from './terminal-sizes.ts';
import { acceptHeaders } from './websocket.ts';
import { WebSocketChannels } from './websocket-streams.ts';

const STREAM_CREATION_TIMEOUT_MS = 30_000;

interface Options {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** What carries a session, whichever the protocol. */
interface Carrier {
  stdin?: Readable;
  stdout?: Writable;
  stderr?: Writable;
  resizes: TerminalSizes;
  /** Resolves when the connection is gone. */
  closed: Promise<unknown>;
  /** Sends the status and closes the connection. */
  finish(status: Buffer): Promise<void>;
}

type Run = (session: RemoteCommandSession) => Promise<RemoteStatus>;

export const serveRemoteCommand: ServeRemoteCommand = (request, run) => {
  const options = optionsOf(request);
  if (!options.stdin && !options.stdout && !options.stderr) {
    return plainResponse(400, 'you must specify at least 1 of stdin, stdout, stderr');
  }
  const negotiated = negotiate(request, { spdy: SPDY_PROTOCOLS, websocket: WEBSOCKET_PROTOCOLS });
  if (!('kind' in negotiated)) return negotiated;
  const { kind, protocol } = negotiated;
  return kind === 'websocket'
    ? {
        status: 101,
        headers: acceptHeaders(request, protocol),
        upgrade: (socket, head) =>
          void runSession(overWebSocket(socket, head, protocol, options), protocol, options, run),
      }
    : {
        status: 101,
        headers: spdyAcceptHeaders(protocol),
        upgrade: (socket, head) =>
          void overSpdy(socket, head, protocol, options).then(
            (carrier) => runSession(carrier, protocol, options, run),
            () => undefined,
          ),
      };
};

/** The API's names (stdin, stdout, stderr) and the kubelet's (input, output, error). */
function optionsOf({ query }: Request): Options {
  const asked = (...names: string[]) => names.some((name) => /^(1|t|true)$/i.test(query.get(name) ?? ''));
  const tty = asked('tty');
  return {
    tty,
    stdin: asked('stdin', 'input'),
    stdout: asked('stdout', 'output'),
    // A terminal has one output.
    stderr: asked('stderr', 'error') && !tty,
  };
}

async function runSession(carrier: Carrier, protocol: string, options: Options, run: Run): Promise<void> {
  const gone = new AbortController();
  void carrier.closed.then(() => {
    gone.abort();
    carrier.resizes.end();
  });
  const { stdin, stdout, stderr, resizes } = carrier;
  const session: RemoteCommandSession = {
    ...(stdin ? { stdin } : {}),
    ...(stdout ? { stdout } : {}),
    ...(stderr ? { stderr } : {}),
    tty: options.tty,
    resizes,
    signal: gone.signal,
  };
  const status = await run(session).catch((error: unknown): RemoteStatus => {
    const message = `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`;
    return { status: 'Failure', reason: 'InternalError', message };
  });
  await Promise.all([flushed(stdout), flushed(stderr)]);
  await carrier.finish(encodeStatus(protocol, status));
  resizes.end();
}

/** Ends an output and waits until all of it is on its way: the status must not overtake it. */
async function flushed(stream: Writable | undefined): Promise<void> {
  if (!stream || stream.destroyed) return;
  stream.end();
  await finished(stream, { readable: false }).catch(() => undefined);
}

function overWebSocket(socket: Duplex, head: Uint8Array, protocol: string, options: Options): Carrier {
  const channels = new WebSocketChannels(socket, {
    side: 'server',
    head,
    base64: protocol.includes('base64'),
    closeSignal: protocol === V5,
  });
  const resizes = new TerminalSizes();
  channels.readable(CHANNELS.resize).on('data', (chunk: Buffer) => resizes.pushJson(chunk));
  // An empty message on the lowest channel that is written says that the session is there.
  const lowest = options.stdout ? CHANNELS.stdout : options.stderr ? CHANNELS.stderr : CHANNELS.error;
  channels.send(lowest, Buffer.alloc(0));
  return {
    ...(options.stdin ? { stdin: channels.readable(CHANNELS.stdin) } : {}),
    ...(options.stdout ? { stdout: channels.writable(CHANNELS.stdout) } : {}),
    ...(options.stderr ? { stderr: channels.writable(CHANNELS.stderr) } : {}),
    resizes,
    closed: channels.closed,
    async finish(status) {
      if (status.length > 0)
        await new Promise<void>((resolve) => channels.send(CHANNELS.error, status, () => resolve()));
      channels.close();
      await channels.closed;
    },
  };
}

/** Resolves when the client has opened every stream that the request announced. */
function overSpdy(socket: Duplex, head: Uint8Array, protocol: string, options: Options): Promise<Carrier> {
  return new Promise((resolve, reject) => {
    const wanted = new Set(['error']);
    for (const name of ['stdin', 'stdout', 'stderr'] as const) if (options[name]) wanted.add(name);
    if (options.tty && canResize(protocol)) wanted.add('resize');
    const streams = new Map<string, SpdyStream>();
    const timer = setTimeout(() => connection.close(), STREAM_CREATION_TIMEOUT_MS);
    timer.unref();
    const connection = new SpdyConnection(socket, {
      side: 'server',
      head,
      onStream(stream) {
        const type = stream.headers['streamtype'] ?? '';
        if (!wanted.has(type) || streams.has(type)) throw new Error(`unexpected stream type: "${type}"`);
        streams.set(type, stream);
        if (streams.size === wanted.size) {
          clearTimeout(timer);
          resolve(spdyCarrier(connection, streams));
        }
      },
    });
    void connection.closed.then(() => {
      clearTimeout(timer);
      reject(new Error('the client left before it opened its streams'));
    });
  });
}

function spdyCarrier(connection: SpdyConnection, streams: Map<string, SpdyStream>): Carrier {
  const resizes = new TerminalSizes();
  streams.get('resize')?.on('data', (chunk: Buffer) => resizes.pushJson(chunk));
  const [stdin, stdout, stderr] = ['stdin', 'stdout', 'stderr'].map((type) => streams.get(type));
  const error = streams.get('error')!;
  // Nothing comes on what we write, but its end does.
  for (const stream of [stdout, stderr, error]) stream?.resume();
  return {
    ...(stdin ? { stdin } : {}),
    ...(stdout ? { stdout } : {}),
    ...(stderr ? { stderr } : {}),
    resizes,
    closed: connection.closed,
    async finish(status) {
      if (status.length > 0) error.write(status);
      await flushed(error);
      connection.close();
      await connection.closed;
    },
  };
}
