// The client side of exec and attach. It pumps local streams, which stay open: they are the caller's. Upstream:
// client-go/tools/remotecommand (fallback.go, websocket.go, spdy.go, v1.go to v5.go).
import type { Readable, Writable } from 'node:stream';
import { CHANNELS, decodeStatus, V1, V2, V3, V4, V5 } from './remote-command-protocol.ts';
import { SpdyConnection } from './spdy.ts';
import { isUpgradeFailure, PROTOCOL_VERSION_HEADER, spdyRequestHeaders } from './stream-handshake.ts';
import type { RemoteCommandStreams, RemoteStatus, RunRemoteCommand, TerminalSize, UpgradeDialer } from './streams.ts';
import { sizeJson } from './terminal-sizes.ts';
import { CLOSE_NORMAL, clientHandshake } from './websocket.ts';
import { WebSocketChannels } from './websocket-streams.ts';

const HEARTBEAT_MS = 5000;

/** Tries WebSocket first, then SPDY. Rejects when the server refuses both, or with the signal's reason. */
export const runRemoteCommand: RunRemoteCommand = async (dialer, pathAndQuery, streams, signal) => {
  signal.throwIfAborted();
  const remote = (await overWebSocket(dialer, pathAndQuery)) ?? (await overSpdy(dialer, pathAndQuery, streams));
  const onAbort = () => remote.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await pumpAll(remote, streams);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    remote.close();
  }
};

/** The far ends of the streams, whichever the protocol. They are made when first asked for. */
interface Remote {
  stdin(): Writable;
  stdout(): Readable;
  stderr(): Readable;
  resize(): Writable | undefined;
  /** What the server says at the end; rejects when the connection broke before. */
  status(): Promise<RemoteStatus>;
  close(): void;
  destroy(): void;
}

async function overWebSocket(dialer: UpgradeDialer, pathAndQuery: string): Promise<Remote | undefined> {
  const handshake = clientHandshake([V5]);
  let upgraded: Awaited<ReturnType<UpgradeDialer['upgrade']>>;
  try {
    upgraded = await dialer.upgrade('GET', pathAndQuery, handshake.headers);
  } catch (error) {
    if (isUpgradeFailure(error)) return undefined;
    throw error;
  }
  try {
    handshake.check(upgraded.headers);
  } catch {
    upgraded.socket.destroy();
    return undefined;
  }
  const channels = new WebSocketChannels(upgraded.socket, { side: 'client', head: upgraded.head, closeSignal: true });
  channels.keepAlive(HEARTBEAT_MS);
  const error = collected(channels.readable(CHANNELS.error));
  const stdout = channels.readable(CHANNELS.stdout);
  const stderr = channels.readable(CHANNELS.stderr);
  return {
    stdin: () => channels.writable(CHANNELS.stdin),
    stdout: () => stdout,
    stderr: () => stderr,
    resize: () => channels.writable(CHANNELS.resize),
    async status() {
      const { code, reason } = await channels.closed;
      const bytes = await error;
      if (bytes.length === 0 && code !== CLOSE_NORMAL) {
        throw new Error(`error reading from error stream: next reader: websocket: close ${code}: ${reason}`);
      }
      return decodeStatus(V5, bytes);
    },
    close: () => channels.close(),
    destroy: () => channels.destroy(),
  };
}

async function overSpdy(dialer: UpgradeDialer, pathAndQuery: string, wanted: RemoteCommandStreams): Promise<Remote> {
  const { socket, head, headers } = await dialer.upgrade('POST', pathAndQuery, spdyRequestHeaders([V4, V3, V2, V1]));
  // A server that negotiates nothing speaks v1.
  const protocol = headers[PROTOCOL_VERSION_HEADER] ?? V1;
  const connection = new SpdyConnection(socket, { side: 'client', head });
  const open = (streamtype: string) => connection.openStream({ streamtype });
  const error = open('error');
  error.end();
  const bytes = collected(error);
  // In upstream's order: error first, so that a failure has somewhere to go.
  const stdin = wanted.stdin ? open('stdin') : undefined;
  const stdout = wanted.stdout ? open('stdout') : undefined;
  const stderr = wanted.stderr && !wanted.tty ? open('stderr') : undefined;
  const resize = wanted.tty && [V4, V3].includes(protocol) ? open('resize') : undefined;
  stdin?.resume();
  resize?.resume();
  return {
    stdin: () => stdin!,
    stdout: () => stdout!,
    stderr: () => stderr!,
    resize: () => resize,
    async status() {
      const text = await bytes;
      if (text.length === 0 && !error.endedByPeer) {
        throw new Error('error reading from error stream: the connection was closed');
      }
      return decodeStatus(protocol, text);
    },
    close: () => connection.close(),
    destroy: () => connection.destroy(),
  };
}

async function pumpAll(remote: Remote, local: RemoteCommandStreams): Promise<RemoteStatus> {
  const outputs: Promise<void>[] = [];
  if (local.stdout) outputs.push(copyOut(remote.stdout(), local.stdout));
  if (local.stderr && !local.tty) outputs.push(copyOut(remote.stderr(), local.stderr));
  const stopInput = local.stdin ? copyIn(local.stdin, remote.stdin()) : undefined;
  const stopSizes = local.resizes && local.tty ? sendSizes(local.resizes, remote.resize()) : undefined;
  try {
    const [status] = await Promise.all([remote.status(), ...outputs]);
    return status;
  } finally {
    stopInput?.();
    stopSizes?.();
  }
}

/** Resolves when the remote stream ended and the local one took everything; a broken connection is status()'s news. */
function copyOut(from: Readable, to: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => (to.writableNeedDrain && !to.destroyed ? to.once('drain', resolve) : resolve());
    from.once('end', done);
    from.once('close', done);
    from.pipe(to, { end: false });
  });
}

/** The local stream is paused afterwards, so that a terminal does not keep the process alive. */
function copyIn(from: Readable, to: Writable): () => void {
  from.pipe(to);
  return () => {
    from.unpipe(to);
    from.pause();
  };
}

function sendSizes(sizes: AsyncIterable<TerminalSize>, to: Writable | undefined): () => void {
  if (!to) return () => undefined;
  const iterator = sizes[Symbol.asyncIterator]();
  let stopped = false;
  void (async () => {
    for (let next = await iterator.next(); !stopped && !next.done; next = await iterator.next()) {
      to.write(sizeJson(next.value));
    }
  })().catch(() => undefined);
  return () => {
    stopped = true;
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  };
}

/** All that a stream says; what came before a broken end, too. */
function collected(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('close', () => resolve(Buffer.concat(chunks)));
    stream.once('end', () => resolve(Buffer.concat(chunks)));
  });
}
