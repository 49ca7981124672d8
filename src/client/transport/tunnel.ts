// A connection through a proxy: CONNECT of an HTTP or HTTPS proxy, or SOCKS5 (RFC 1928, 1929). What comes out is as if
// dialled. Failures are worded as Go's net/http and x/net/internal/socks word them.
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { type AnswerHead, AnswerReader } from './answer-reader.ts';
import { hostOf, portOf, proxyAuthorization } from './exchange.ts';
import { Unreachable, malformed, notFound } from './failures.ts';
import { hungUp, once } from './sockets.ts';

export interface Destination {
  host: string;
  port: number;
}

export interface TunnelOptions {
  /** PEM: believed of an HTTPS proxy beside the machine's own. */
  authorities?: string | undefined;
  /** Called with the socket to the proxy, so that it can be ended before. */
  started?(socket: Duplex): void;
}

export function openTunnel(proxy: URL, to: Destination, options: TunnelOptions): Promise<Duplex> {
  return proxy.protocol === 'socks5:' ? throughSocks(proxy, to, options) : throughConnect(proxy, to, options);
}

const authority = ({ host, port }: Destination): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

async function throughConnect(proxy: URL, to: Destination, options: TunnelOptions): Promise<Duplex> {
  const socket = await dialProxy(proxy, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTFOUND') throw error;
    throw new Unreachable(`proxyconnect tcp: ${notFound(hostOf(proxy))}`);
  });
  const headers = Object.entries({ Host: authority(to), ...proxyAuthorization(proxy) });
  const lines = [`CONNECT ${authority(to)} HTTP/1.1`, ...headers.map((header) => header.join(': '))];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const { status, reason } = await connectAnswer(socket);
  if (status === 200) return socket;
  socket.destroy();
  throw new Unreachable(reason || 'unknown status code');
}

async function dialProxy(proxy: URL, { authorities, started }: TunnelOptions): Promise<Duplex> {
  const at = { host: hostOf(proxy), port: portOf(proxy) };
  if (proxy.protocol === 'http:') {
    const socket = net.connect(at);
    started?.(socket);
    await once(socket, 'connect');
    return socket;
  }
  const socket = tls.connect({
    ...at,
    servername: net.isIP(at.host) > 0 ? '' : at.host,
    ...(authorities ? { ca: [...tls.rootCertificates, authorities] } : {}),
  });
  started?.(socket);
  await once(socket, 'secureConnect');
  return socket;
}

/** Nothing of the server's comes before its client speaks: what is read is the proxy's answer alone. */
function connectAnswer(socket: Duplex): Promise<AnswerHead> {
  return new Promise((resolve, reject) => {
    const reader = new AnswerReader('CONNECT', { head: (head) => settle(head), data: () => {}, end: () => {} });
    const onData = (bytes: Buffer): void => {
      try {
        reader.push(bytes);
      } catch {
        settle(malformed(bytes, ''));
      }
    };
    const onEnd = (error?: Error): void => settle(error ?? hungUp());
    const settle = (outcome: AnswerHead | Error): void => {
      socket.off('data', onData).off('error', onEnd).off('close', onEnd);
      socket.pause();
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    socket.on('data', onData).on('error', onEnd).on('close', onEnd);
  });
}

const VERSION = 5;
const BY_PASSWORD = 2;
const NO_METHOD = 255;
const REPLIES: Readonly<Record<number, string>> = {
  1: 'general SOCKS server failure',
  2: 'connection not allowed by ruleset',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'TTL expired',
  7: 'command not supported',
  8: 'address type not supported',
};

async function throughSocks(proxy: URL, to: Destination, { started }: TunnelOptions): Promise<Duplex> {
  const at = { host: hostOf(proxy), port: Number(proxy.port || 1080) };
  const socket = net.connect(at);
  started?.(socket);
  const fail = (why: string): Error => new Unreachable(`socks connect tcp ${authority(at)}->${authority(to)}: ${why}`);
  try {
    await once(socket, 'connect');
    await greet(socket, proxy, fail);
    socket.write(Buffer.concat([Buffer.from([VERSION, 1, 0]), address(to)]));
    const [, reply = 0, , type] = await take(socket, 4, fail);
    if (reply !== 0) throw fail(`unknown error ${REPLIES[reply] ?? `unknown code: ${reply}`}`);
    const length = type === 1 ? 4 : type === 4 ? 16 : (await take(socket, 1, fail))[0]!;
    await take(socket, length + 2, fail);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

type Fail = (why: string) => Error;

async function greet(socket: net.Socket, proxy: URL, fail: Fail): Promise<void> {
  const methods = proxy.username ? [0, BY_PASSWORD] : [0];
  socket.write(Buffer.from([VERSION, methods.length, ...methods]));
  const [version, method] = await take(socket, 2, fail);
  if (version !== VERSION) throw fail(`unexpected protocol version ${version}`);
  if (method === NO_METHOD) throw fail('no acceptable authentication methods');
  if (method !== BY_PASSWORD) return;
  const user = Buffer.from(decodeURIComponent(proxy.username));
  const password = Buffer.from(decodeURIComponent(proxy.password));
  socket.write(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]));
  if ((await take(socket, 2, fail))[1] !== 0) throw fail('username/password authentication failed');
}

function address({ host, port }: Destination): Buffer {
  const family = net.isIP(host);
  const end = Buffer.alloc(2);
  end.writeUInt16BE(port);
  if (family === 4) return Buffer.concat([Buffer.from([1, ...host.split('.').map(Number)]), end]);
  // The proxy resolves names, as with CONNECT; it takes an IPv6 address as a name, too.
  return Buffer.concat([Buffer.from([3, host.length]), Buffer.from(host), end]);
}

/** Exactly so many bytes; what follows stays in the socket. */
async function take(socket: net.Socket, size: number, fail: Fail): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(size) as Buffer | null;
    if (bytes !== null && bytes.length === size) return bytes;
    if (socket.readableEnded || socket.destroyed) throw fail('EOF');
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        for (const event of ['readable', 'end', 'close']) socket.off(event, done);
        socket.off('error', refuse);
        resolve();
      };
      const refuse = (error: Error): void => {
        done();
        reject(error);
      };
      for (const event of ['readable', 'end', 'close']) socket.on(event, done);
      socket.on('error', refuse);
    });
  }
}
