// A connection through a proxy: CONNECT of an HTTP or HTTPS proxy, or SOCKS5 (RFC 1928, 1929). What comes out is as if
// dialled. Failures are worded as Go's net/http and x/net/internal/socks word them.
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { rootCertificates } from 'node:tls';
import { Unreachable, malformed, notFound } from './failures.ts';

export interface Destination {
  host: string;
  port: number | string;
}

/** `authorities` are believed of an HTTPS proxy beside the machine's own. */
export function openTunnel(proxy: URL, to: Destination, authorities: string | undefined): Promise<net.Socket> {
  return proxy.protocol === 'socks5:' ? throughSocks(proxy, to) : throughConnect(proxy, to, authorities);
}

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');
const authority = ({ host, port }: Destination): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** `Basic …` for the proxy, where its URL has a user. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (!proxy.username) return {};
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}

function throughConnect(proxy: URL, to: Destination, authorities: string | undefined): Promise<net.Socket> {
  const secure = proxy.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request({
      host: hostOf(proxy),
      port: proxy.port || (secure ? 443 : 80),
      method: 'CONNECT',
      path: authority(to),
      agent: false,
      headers: { host: authority(to), ...proxyAuthorization(proxy) },
      servername: net.isIP(hostOf(proxy)) > 0 ? '' : hostOf(proxy),
      ...(secure && authorities ? { ca: [...rootCertificates, authorities] } : {}),
    });
    request.on('error', (error) => reject(connectFailure(error, proxy)));
    request.on('connect', (response, socket, head) => {
      if (response.statusCode === 200) {
        if (head.length > 0) socket.unshift(head);
        return resolve(socket as net.Socket);
      }
      socket.destroy();
      reject(new Unreachable(response.statusMessage || 'unknown status code'));
    });
    request.end();
  });
}

function connectFailure(error: NodeJS.ErrnoException & { rawPacket?: Uint8Array }, proxy: URL): Error {
  const { code = '' } = error;
  if (code.startsWith('HPE_')) return malformed(error.rawPacket, '');
  if (code === 'ENOTFOUND') return new Unreachable(`proxyconnect tcp: ${notFound(hostOf(proxy))}`);
  return error;
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

async function throughSocks(proxy: URL, to: Destination): Promise<net.Socket> {
  const at = { host: hostOf(proxy), port: Number(proxy.port || 1080) };
  const socket = net.connect(at);
  const fail = (why: string): Error => new Unreachable(`socks connect tcp ${authority(at)}->${authority(to)}: ${why}`);
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
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
  end.writeUInt16BE(Number(port));
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
