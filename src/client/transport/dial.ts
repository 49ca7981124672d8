// Opens a connection to a server: TCP, through an HTTP proxy where one leads there, and TLS over either.
import net, { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { AnswerReader } from './answer-reader.ts';
import { type Endpoint, hostOf, portOf } from './exchange.ts';

/** Resolves when the server may be spoken to. `started` is called with each socket, so that it can be ended before. */
export async function dial(endpoint: Endpoint, started: (socket: Duplex) => void): Promise<Duplex> {
  const { base, secure, proxy } = endpoint;
  const target = { host: hostOf(base), port: portOf(base) };
  const tunnel = proxy && secure ? await throughProxy(proxy, target, started) : undefined;
  if (secure) return secured(endpoint, target, tunnel, started);
  const socket = net.connect({ ...target, noDelay: true });
  started(socket);
  await once(socket, 'connect');
  return socket;
}

interface Target {
  host: string;
  port: number;
}

async function secured(
  { tls: options }: Endpoint,
  { host, port }: Target,
  tunnel: Duplex | undefined,
  started: (socket: Duplex) => void,
): Promise<Duplex> {
  const servername = options.servername ?? (isIP(host) ? undefined : host);
  const socket = tls.connect({
    ...options,
    ...(servername ? { servername } : {}),
    host,
    ...(tunnel ? { socket: tunnel } : { port }),
    ALPNProtocols: ['http/1.1'],
  });
  started(socket);
  try {
    await once(socket, 'secureConnect');
  } catch (error) {
    throw notTls(error as NodeJS.ErrnoException);
  }
  socket.setNoDelay(true);
  if (!socket.authorized && options.rejectUnauthorized !== false) {
    socket.destroy();
    throw socket.authorizationError;
  }
  return socket;
}

/** Bun says of a server that speaks no TLS that its certificate, which it has not shown, has another name. */
function notTls(error: NodeJS.ErrnoException & { cert?: { subject?: unknown } }): Error {
  if (error.code !== 'ERR_TLS_CERT_ALTNAME_INVALID' || error.cert?.subject) return error;
  return Object.assign(new Error('wrong version number'), { code: 'EPROTO' });
}

async function throughProxy(proxy: URL, { host, port }: Target, started: (socket: Duplex) => void): Promise<Duplex> {
  const at = { host: hostOf(proxy), port: portOf(proxy) };
  const socket = proxy.protocol === 'https:' ? tls.connect({ ...at, servername: at.host }) : net.connect(at);
  started(socket);
  await once(socket, proxy.protocol === 'https:' ? 'secureConnect' : 'connect');
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const credentials = Buffer.from(decodeURIComponent(`${proxy.username}:${proxy.password}`)).toString('base64');
  const authorization = proxy.username ? `Proxy-Authorization: Basic ${credentials}\r\n` : '';
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`);
  const status = await connectStatus(socket);
  if (status === 200) return socket;
  socket.destroy();
  throw new Error(`proxy ${proxy.host} refused CONNECT to ${authority}: ${status}`);
}

/** Nothing of the server's comes before its client speaks: what is read is the proxy's answer alone. */
function connectStatus(socket: Duplex): Promise<number> {
  return new Promise((resolve, reject) => {
    const reader = new AnswerReader('CONNECT', { head: ({ status }) => settle(status), data: () => {}, end: () => {} });
    const onData = (bytes: Buffer): void => {
      try {
        reader.push(bytes);
      } catch (error) {
        settle(error as Error);
      }
    };
    const onEnd = (error?: Error): void => settle(error ?? hungUp());
    const settle = (outcome: number | Error): void => {
      socket.off('data', onData).off('error', onEnd).off('close', onEnd);
      socket.pause();
      if (typeof outcome === 'number') resolve(outcome);
      else reject(outcome);
    };
    socket.on('data', onData).on('error', onEnd).on('close', onEnd);
  });
}

function once(socket: Duplex, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onEnd = (error?: unknown): void => settle(error instanceof Error ? error : hungUp());
    const settle = (error?: Error): void => {
      socket.off(event, onDone).off('error', onEnd).off('close', onEnd);
      if (error) reject(error);
      else resolve();
    };
    const onDone = (): void => settle();
    socket.on(event, onDone).on('error', onEnd).on('close', onEnd);
    // A destroyed socket may still fail, and nobody is left to hear of it.
    socket.on('error', () => {});
  });
}

export const hungUp = (): Error => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
