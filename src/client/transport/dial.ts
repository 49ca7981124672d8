// Opens a connection to a server: TCP, through an HTTP proxy where one leads there, and TLS over either.
import net, { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { type Endpoint, handsOver, hostOf, portOf } from './exchange.ts';
import { once } from './sockets.ts';
import { openTunnel } from './tunnel.ts';

/** Resolves when the server may be spoken to. `started` is called with each socket, so that it can be ended before. */
export async function dial(endpoint: Endpoint, started: (socket: Duplex) => void): Promise<Duplex> {
  const { base, secure, proxy } = endpoint;
  const target = { host: hostOf(base), port: portOf(base) };
  const { authorities } = endpoint;
  const handed = handsOver(endpoint);
  const tunnel = proxy && !handed ? await openTunnel(proxy, target, { authorities, started }) : undefined;
  if (secure) return secured(endpoint, target, tunnel, started);
  if (tunnel) return tunnel;
  const at = handed ? { host: hostOf(proxy!), port: portOf(proxy!) } : target;
  const socket = net.connect({ ...at, noDelay: true });
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
