// Exchanges over node:http and node:https, with kept-alive connections.
import http from 'node:http';
import https from 'node:https';
import type { Request, Response } from '../../wire/http.ts';
import { watchDeadline } from './deadline.ts';
import { type Endpoint, type Exchange, hostOf, portOf, type RequestHeaders } from './exchange.ts';
import { connectThroughProxy } from './tunnel.ts';
import { upgradeFailure } from './upgrade-failure.ts';

const EMPTY = Buffer.alloc(0);

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

  send(request: Request, path: string, headers: RequestHeaders, body: Uint8Array | undefined): Promise<Response> {
    const outgoing = this.start({
      method: request.method,
      path,
      headers: body ? { ...headers, 'content-length': body.length } : headers,
      agent: this.agent,
    });
    return new Promise((resolve, reject) => {
      const { base, timeoutMs } = this.endpoint;
      const deadline = watchDeadline(request, timeoutMs, { origin: base.origin, path }, (why) => outgoing.destroy(why));
      outgoing.on('error', (error) => {
        deadline.finish();
        reject(Object.assign(error, { reused: outgoing.reusedSocket }));
      });
      outgoing.on('response', (response) => {
        deadline.answered();
        response.once('close', () => deadline.finish());
        resolve(toResponse(response));
      });
      outgoing.end(body ?? EMPTY);
    });
  }

  upgrade(method: string, path: string, headers: RequestHeaders): ReturnType<Exchange['upgrade']> {
    const request = this.start({ ...this.endpoint.tls, method, path, headers, agent: false });
    request.end();
    return new Promise((resolve, reject) => {
      request.on('error', reject);
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

  private start(options: https.RequestOptions): http.ClientRequest {
    const { base, secure, tls } = this.endpoint;
    const servername = tls.servername ? { servername: tls.servername } : {};
    const target = { host: hostOf(base), port: portOf(base), ...servername, ...options };
    return secure ? https.request(target) : http.request(target);
  }
}

function makeAgent({ secure, tls, proxy }: Endpoint): http.Agent {
  const options = { keepAlive: true, maxSockets: Infinity, noDelay: true, scheduling: 'lifo' as const };
  if (!secure) return new http.Agent(options);
  const agent = new https.Agent({ ...options, ...tls });
  if (proxy) connectThroughProxy(agent, proxy);
  return agent;
}

function toResponse(message: http.IncomingMessage): Response {
  return {
    status: message.statusCode ?? 500,
    headers: message.headers as Record<string, string | string[]>,
    body: { bytes: () => message },
  };
}
