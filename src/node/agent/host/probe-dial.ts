// The network side of probes and hooks: one HTTP request, one TCP connection, one gRPC health check. Messages are
// worded as Go's net and net/http word them, because they end up in events. Upstream: pkg/probe/{http,tcp,grpc}.
import { request as httpRequest } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect, isIPv6 } from 'node:net';

export interface DialResult {
  /** A warning counts as success, and is told of. */
  result: 'success' | 'warning' | 'failure';
  output: string;
}

const MAX_BODY = 10 * 1024;
const MAX_REDIRECTS = 10;
/** Those that Go's client goes after. */
const FOLLOWED = new Set([301, 302, 303, 307, 308]);
const USER_AGENT = 'kube-probe/1.34';
const SYSTEM_ERRORS: Record<string, string> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ECONNRESET: 'read: connection reset by peer',
  ETIMEDOUT: 'i/o timeout',
};

export const joinHostPort = (host: string, port: number): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;

const dialMessage = (host: string, port: number, error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const known = SYSTEM_ERRORS[code];
  return known ? `dial tcp ${joinHostPort(host, port)}: ${known}` : (error as Error).message;
};

export interface HttpTarget {
  scheme: 'HTTP' | 'HTTPS';
  host: string;
  port: number;
  path: string;
  headers: { name: string; value: string }[];
}

/** Success is 200 to 299; redirects to the same host are followed, all else below 400 is success with a warning. */
export async function dialHttp(target: HttpTarget, timeoutMs: number): Promise<DialResult> {
  let url = `${target.scheme.toLowerCase()}://${joinHostPort(target.host, target.port)}${withSlash(target.path)}`;
  const deadline = AbortSignal.timeout(timeoutMs);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    let answer: { status: number; body: string; location?: string };
    try {
      answer = await getOnce(url, target.headers, deadline);
    } catch (error) {
      const why = deadline.aborted
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : dialMessage(target.host, target.port, error);
      return { result: 'failure', output: `Get "${url}": ${why}` };
    }
    const { status, body, location } = answer;
    if (FOLLOWED.has(status) && location !== undefined) {
      const next = new URL(location, url);
      if (next.hostname === new URL(url).hostname) {
        url = next.href;
        continue;
      }
    }
    if (status >= 200 && status < 300) return { result: 'success', output: body };
    if (status >= 300 && status < 400) {
      return { result: 'warning', output: 'Probe terminated redirects, Response body: ' + body };
    }
    return { result: 'failure', output: `HTTP probe failed with statuscode: ${status}` };
  }
  return { result: 'failure', output: `Get "${url}": stopped after ${MAX_REDIRECTS} redirects` };
}

const withSlash = (path: string): string => (path.startsWith('/') ? path : `/${path}`);

function getOnce(url: string, given: HttpTarget['headers'], signal: AbortSignal) {
  const headers: Record<string, string> = { 'user-agent': USER_AGENT, accept: '*/*', connection: 'close' };
  for (const { name, value } of given) headers[name.toLowerCase()] = value;
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise<{ status: number; body: string; location?: string }>((resolve, reject) => {
    const request = send(url, { headers, signal, agent: false, rejectUnauthorized: false }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const { location } = response.headers;
      const done = () => {
        const body = Buffer.concat(chunks).subarray(0, MAX_BODY).toString('utf8');
        resolve({ status: response.statusCode ?? 0, body, ...(location !== undefined && { location }) });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if ((size += chunk.length) > MAX_BODY) {
          response.destroy();
          done();
        }
      });
      response.on('end', done).on('error', reject);
    });
    request.on('error', reject).end();
  });
}

export function dialTcp(host: string, port: number, timeoutMs: number): Promise<DialResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (result: DialResult) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(timeoutMs, () =>
      finish({ result: 'failure', output: `dial tcp ${joinHostPort(host, port)}: i/o timeout` }),
    );
    socket.on('connect', () => finish({ result: 'success', output: '' }));
    socket.on('error', (error) => finish({ result: 'failure', output: dialMessage(host, port, error) }));
  });
}

/**
 * grpc.health.v1.Health/Check over plaintext HTTP/2. Request: field 1, the service's name. Answer: field 1, a varint
 * where 1 is SERVING. Each message is framed by a flag byte and four length bytes.
 */
export function dialGrpc(host: string, port: number, service: string, timeoutMs: number): Promise<DialResult> {
  const name = Buffer.from(service, 'utf8');
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  return new Promise((resolve) => {
    const session = http2Connect(`http://${joinHostPort(host, port)}`);
    const timer = setTimeout(
      () =>
        finish(
          'failure',
          `timeout: failed to connect service "${joinHostPort(host, port)}" within ${timeoutMs / 1000}s`,
        ),
      timeoutMs,
    );
    const finish = (result: DialResult['result'], output: string) => {
      clearTimeout(timer);
      session.destroy();
      resolve({ result, output });
    };
    session.on('error', (error) => finish('failure', `error: ${dialMessage(host, port, error)}`));
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': USER_AGENT,
    });
    const chunks: Buffer[] = [];
    let grpcStatus: string | undefined;
    stream.on('response', (headers) => (grpcStatus = headers['grpc-status'] as string | undefined));
    stream.on('trailers', (headers) => (grpcStatus = headers['grpc-status'] as string | undefined));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', (error) => finish('failure', `error: ${dialMessage(host, port, error.cause ?? error)}`));
    stream.on('end', () => {
      const body = Buffer.concat(chunks).subarray(5);
      if (grpcStatus !== '0') finish('failure', `error: health rpc failed with code ${grpcStatus ?? 'unknown'}`);
      else if (body[0] === 0x08 && body[1] === 1) finish('success', 'service healthy');
      else finish('failure', `service unhealthy (responded with "${body[1] === 2 ? 'NOT_SERVING' : 'UNKNOWN'}")`);
    });
    stream.end(Buffer.concat([frame, message]));
  });
}
