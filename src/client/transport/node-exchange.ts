// Exchanges over node:http and node:https, with kept-alive connections.
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import tls, { type ConnectionOptions, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { Request, Response } from '../../wire/http.ts';
import { type Deadline, watchDeadline } from './deadline.ts';
import { type Endpoint, type Exchange, handedOver, handsOver, hostOf, portOf, type Sent } from './exchange.ts';
import { codeOf, malformed } from './failures.ts';
import { openTunnel } from './tunnel.ts';
import { upgradeFailure } from './upgrade-failure.ts';

const EMPTY = Buffer.alloc(0);

type Connect = (options: ConnectionOptions, callback: (error: Error | null, socket?: Duplex) => void) => undefined;

export function nodeExchange(endpoint: Endpoint): Exchange {
  return new NodeExchange(endpoint);
}

class NodeExchange implements Exchange {
  private readonly endpoint: Endpoint;
  private readonly agent: http.Agent;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
    this.agent = makeAgent(endpoint);
  }

  send(request: Request, sent: Sent): Promise<Response> {
    const { body } = sent;
    const headers = body ? { ...sent.headers, 'content-length': String(body.length) } : sent.headers;
    const outgoing = this.start({ ...sent, headers }, { agent: this.agent });
    return new Promise((resolve, reject) => {
      const deadline = watchDeadline(request, this.endpoint.timeoutMs, (why) => {
        // A request that waits for its connection would tell of it only then.
        reject(why);
        outgoing.destroy(why);
      });
      const certificate = follow(outgoing, deadline);
      outgoing.on('error', (error) => {
        deadline.finish();
        reject(Object.assign(worded(error, certificate()), { reused: outgoing.reusedSocket }));
      });
      outgoing.on('response', (response) => {
        deadline.stage = 'answered';
        response.once('close', () => deadline.finish());
        resolve(toResponse(response, deadline));
      });
      outgoing.end(body ?? EMPTY);
    });
  }

  upgrade(method: string, path: string, headers: Sent['headers']): ReturnType<Exchange['upgrade']> {
    const { proxy, tls: options } = this.endpoint;
    const tunnel =
      proxy && !handsOver(this.endpoint) ? { createConnection: connector(this.endpoint, proxy) as never } : {};
    const request = this.start({ method, path, headers, body: undefined }, { ...options, ...tunnel, agent: false });
    request.end();
    return new Promise((resolve, reject) => {
      request.on('error', (error) => reject(worded(error)));
      request.on('upgrade', (response, socket, head) => {
        resolve({ socket, head, headers: response.headers as Record<string, string> });
      });
      request.on('response', (response) => {
        upgradeFailure(toResponse(response)).then(reject, reject);
      });
    });
  }

  close(): void {
    this.agent.destroy();
  }

  private start(sent: Sent, options: https.RequestOptions): http.ClientRequest {
    const { endpoint } = this;
    const { base, proxy, secure, tls: tlsOptions } = endpoint;
    const handed = handsOver(endpoint);
    const { method, path, headers } = handed ? handedOver(endpoint, sent) : sent;
    const at = handed ? proxy! : base;
    const name = tlsOptions.servername === undefined ? {} : { servername: tlsOptions.servername };
    const target = { host: hostOf(at), port: portOf(at), ...name, ...options, method, path, headers };
    return secure ? https.request(target) : http.request(target);
  }
}

function makeAgent(endpoint: Endpoint): http.Agent {
  const { secure, tls: tlsOptions, proxy } = endpoint;
  const options = { keepAlive: true, maxSockets: Infinity, noDelay: true, scheduling: 'lifo' as const };
  const agent = secure ? new https.Agent({ ...options, ...tlsOptions }) : new http.Agent(options);
  if (proxy && !handsOver(endpoint)) {
    (agent as unknown as { createConnection: Connect }).createConnection = connector(endpoint, proxy);
  }
  return agent;
}

/** Makes connections through the proxy. */
function connector({ base, secure, authorities }: Endpoint, proxy: URL): Connect {
  const to = { host: hostOf(base), port: portOf(base) };
  return (options, callback) => {
    openTunnel(proxy, to, { authorities }).then((socket) => {
      if (!secure) return callback(null, socket);
      const { port: _, path: __, ...rest } = options;
      // A name that is an address cannot be asked for; Node warns of it.
      const servername = rest.servername ?? (isIP(to.host) > 0 ? '' : to.host);
      callback(null, tls.connect({ ...rest, servername, socket }));
    }, callback);
    return undefined;
  };
}

/** Notes when the connection is there, and whose certificate it showed. */
function follow(outgoing: http.ClientRequest, deadline: Deadline): () => PeerCertificate | undefined {
  let certificate: PeerCertificate | undefined;
  outgoing.once('socket', (socket) => {
    const secure = 'getPeerCertificate' in socket ? (socket as TLSSocket) : undefined;
    if (outgoing.reusedSocket || !(socket.connecting || secure)) return void (deadline.stage = 'connected');
    socket.once(secure ? 'secureConnect' : 'connect', () => (deadline.stage = 'connected'));
    // Before it is looked at: of one that is not believed nothing is left afterwards.
    secure?.prependOnceListener('secure', () => (certificate = secure.getPeerCertificate()));
  });
  return () => certificate;
}

/** What Go has words for is said in them; other errors stay as they are. */
function worded(error: NodeJS.ErrnoException & { rawPacket?: Uint8Array }, certificate?: PeerCertificate): Error {
  if (codeOf(error).startsWith('HPE_')) return malformed(error.rawPacket);
  return certificate ? Object.assign(error, { certificate }) : error;
}

function toResponse(message: http.IncomingMessage, deadline?: Deadline): Response {
  return {
    status: message.statusCode ?? 500,
    headers: message.headers as Record<string, string | string[]>,
    body: { bytes: () => (deadline ? stoppable(message, deadline) : message) },
  };
}

/** Node says of an answer that was ended that its connection was: the reason is what its reader wants to hear. */
async function* stoppable(message: http.IncomingMessage, deadline: Deadline): AsyncGenerator<Uint8Array> {
  try {
    yield* message as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw deadline.reason ?? error;
  }
}
