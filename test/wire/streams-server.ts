// A server of exec, attach and port-forward on a real socket, whose commands are functions of this test process; and
// a dialer to it. For both our own client and kubectl.
import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Handler, Response } from '../../src/wire/http.ts';
import { createHttpServer } from '../../src/wire/http-server.ts';
import type { HttpServer } from '../../src/wire/http-server.ts';
import { servePortForward } from '../../src/wire/port-forward.ts';
import { serveRemoteCommand } from '../../src/wire/remote-command.ts';
import type { RemoteCommandSession, RemoteStatus, UpgradeDialer } from '../../src/wire/streams.ts';
import { testAuthority } from './certificates.ts';

export interface StreamsServer {
  port: number;
  ca: string;
  server: HttpServer;
  dialer: UpgradeDialer;
  /** `METHOD upgrade` of each upgraded request. */
  seen: string[];
  close(): Promise<void>;
}

export type Commands = (command: string[], session: RemoteCommandSession) => Promise<RemoteStatus>;

/** A request with the query `refuse=websocket` is refused when it comes over WebSocket. */
export async function startStreamsServer(
  commands: Commands,
  dial: (port: number) => Promise<Duplex>,
  fallback: Handler = async () => ({ status: 404, headers: {} }),
): Promise<StreamsServer> {
  const authority = await testAuthority();
  const seen: string[] = [];
  const handler: Handler = async (request) => {
    const action = request.path.slice(request.path.lastIndexOf('/') + 1);
    if (!['exec', 'attach', 'portforward'].includes(action)) return fallback(request);
    seen.push(`${request.method} ${request.headers.upgrade}`);
    if (request.query.get('refuse') === request.headers.upgrade?.toLowerCase()) return { status: 403, headers: {} };
    if (action === 'portforward') return servePortForward(request, dial);
    return serveRemoteCommand(request, (session) => commands(request.query.getAll('command'), session));
  };
  const server = createHttpServer({ handler, tls: await authority.issue('streams') });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return { port, ca: authority.ca, server, seen, dialer: dialerTo(port, authority.ca), close: () => server.close(0) };
}

export function dialerTo(port: number, ca: string): UpgradeDialer {
  return {
    async upgrade(method, path, headers) {
      const request = httpsRequest({ host: '127.0.0.1', port, ca, method, path, headers, agent: false });
      request.end();
      const [response, socket, head] = await Promise.race([
        once(request, 'upgrade'),
        once(request, 'response').then(([message]) => {
          message.resume();
          throw Object.assign(new Error(`refused with ${message.statusCode}`), {
            status: { code: message.statusCode },
          });
        }),
      ]);
      return { socket, head, headers: response.headers as Record<string, string> };
    },
  };
}

export const json = (value: object): Response => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: { bytes: () => Buffer.from(JSON.stringify(value)) },
});

const success: RemoteStatus = { status: 'Success' };

/** cat, big, both, exit N, size, wait, throw: what tests run. */
export const testCommands: Commands = async ([name, argument], session) => {
  const { stdin, stdout, stderr } = session;
  switch (name) {
    case 'cat':
      for await (const chunk of stdin!) if (!stdout!.write(chunk)) await once(stdout!, 'drain');
      return success;
    case 'big':
      for (let left = Number(argument); left > 0; left -= 65_536) {
        if (!stdout!.write(Buffer.alloc(Math.min(left, 65_536), 'x'))) await once(stdout!, 'drain');
      }
      return success;
    case 'both':
      stdout!.write('to stdout\n');
      stderr?.write('to stderr\n');
      return success;
    case 'exit':
      return {
        status: 'Failure',
        message: `command terminated with non-zero exit code: exit status ${argument}`,
        reason: 'NonZeroExitCode',
        details: { causes: [{ reason: 'ExitCode', message: argument! }] },
      };
    case 'size':
      for await (const { width, height } of session.resizes) {
        stdout!.write(`${width}x${height}\n`);
        return success;
      }
      return success;
    case 'wait':
      stdout!.write('waiting\n');
      if (!session.signal.aborted) await once(session.signal, 'abort');
      return success;
    default:
      throw new Error(`no such command: ${name}`);
  }
};
