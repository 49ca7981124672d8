// Exec and attach between our own two halves over real sockets, by WebSocket and by SPDY, and what foreign clients
// of elder protocols see.
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { runRemoteCommand } from '../../src/wire/remote-command.ts';
import { SpdyConnection } from '../../src/wire/spdy.ts';
import type { RemoteCommandStreams, RemoteStatus } from '../../src/wire/streams.ts';
import { startStreamsServer, testCommands } from './streams-server.ts';
import type { StreamsServer } from './streams-server.ts';

let server: StreamsServer;
let aborted = 0;
beforeAll(async () => {
  server = await startStreamsServer(
    async (command, session) => {
      session.signal.addEventListener('abort', () => aborted++);
      return testCommands(command, session);
    },
    () => Promise.reject(new Error('no ports here')),
  );
});
afterAll(() => server.close());
beforeEach(() => {
  server.seen.length = 0;
});

interface Run {
  status: RemoteStatus;
  stdout: string;
  stderr: string;
}

async function run(command: string[], query: string, more: Partial<RemoteCommandStreams> = {}): Promise<Run> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const texts = [stdout, stderr].map(async (stream) => Buffer.concat(await stream.toArray()).toString());
  const tty = more.tty ?? false;
  const streams = { stdout, tty, ...(tty ? {} : { stderr }), ...more };
  const asked = [`stdout=true&tty=${tty}`, ...(tty ? [] : ['stderr=true']), ...(more.stdin ? ['stdin=true'] : [])];
  const path = `/exec?${[...asked, ...command.map((each) => `command=${each}`), query].join('&')}`;
  try {
    const status = await runRemoteCommand(server.dialer, path, streams, new AbortController().signal);
    stdout.end();
    stderr.end();
    return { status, stdout: (await texts[0])!, stderr: (await texts[1])! };
  } finally {
    stdout.end();
    stderr.end();
  }
}

describe.each([
  ['WebSocket', '', ['GET websocket']],
  ['SPDY, after WebSocket was refused', 'refuse=websocket', ['GET websocket', 'POST SPDY/3.1']],
])('over %s', (_, query, seen) => {
  it('keeps stdout and stderr apart, and succeeds', async () => {
    expect(await run(['both'], query)).toEqual({
      status: expect.objectContaining({ status: 'Success' }) as RemoteStatus,
      stdout: 'to stdout\n',
      stderr: 'to stderr\n',
    });
    expect(server.seen).toEqual(seen);
  });

  it('brings the exit code', async () => {
    const { status } = await run(['exit', '7'], query);
    expect(status).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode' });
    expect(status.details?.causes).toEqual([{ reason: 'ExitCode', message: '7' }]);
  });

  it('says what went wrong when the command cannot run', async () => {
    const { status } = await run(['nonsense'], query);
    expect(status).toMatchObject({ status: 'Failure', message: 'Internal error occurred: no such command: nonsense' });
  });

  it('brings stdin there and its end, and all of it back', async () => {
    const input = Buffer.alloc(3_000_000, 'abcdefg');
    const { stdout, status } = await run(['cat'], query, {
      stdin: Readable.from([input.subarray(0, 10), input.subarray(10)]),
    });
    expect(status.status).toBe('Success');
    expect(stdout === input.toString()).toBe(true);
  });

  it('brings much output to a slow reader whole', async () => {
    const stdout = new PassThrough({ highWaterMark: 1024 });
    let size = 0;
    const reading = (async () => {
      for await (const chunk of stdout) {
        size += (chunk as Buffer).length;
        if (size % 50 === 0) await sleep(1);
      }
    })();
    const { status } = await run(['big', '8000000'], query, { stdout });
    stdout.end();
    await reading;
    expect(status.status).toBe('Success');
    expect(size).toBe(8_000_000);
  });

  it('brings the size of the terminal, and no stderr with one', async () => {
    async function* sizes() {
      yield { width: 132, height: 43 };
      await sleep(10_000, undefined, { ref: false });
    }
    const { stdout } = await run(['size'], query, { tty: true, stdin: new PassThrough(), resizes: sizes() });
    expect(stdout).toBe('132x43\n');
  });

  it('tells the session when the client leaves', async () => {
    const before = aborted;
    const leave = new AbortController();
    const stdout = new PassThrough();
    const path = `/exec?stdout=true&command=wait&${query}`;
    const running = runRemoteCommand(server.dialer, path, { stdout, tty: false }, leave.signal);
    await once(stdout, 'data');
    leave.abort(new Error('interrupted'));
    await expect(running).rejects.toThrow('interrupted');
    while (aborted === before) await sleep(5);
  });

  it('fails when the connection breaks before a status came', async () => {
    const stdout = new PassThrough();
    const path = `/exec?stdout=true&command=wait&${query}`;
    let cut: (() => void) | undefined;
    const dialer: typeof server.dialer = {
      async upgrade(...ask) {
        const upgraded = await server.dialer.upgrade(...ask);
        cut = () => upgraded.socket.destroy();
        return upgraded;
      },
    };
    const running = runRemoteCommand(dialer, path, { stdout, tty: false }, new AbortController().signal);
    await once(stdout, 'data');
    cut!();
    await expect(running).rejects.toThrow('error reading from error stream');
  });
});

describe('refusals', () => {
  it('are those of the second protocol when both refuse', async () => {
    const path = '/exec?command=cat';
    const streams = { stdout: new PassThrough(), tty: false };
    await expect(runRemoteCommand(server.dialer, path, streams, new AbortController().signal)).rejects.toThrow('400');
    expect(server.seen).toEqual(['GET websocket', 'POST SPDY/3.1']);
  });
});

describe('elder protocols of foreign clients', () => {
  const messages = async (protocol: string | undefined, query: string): Promise<{ chosen: string; seen: string[] }> => {
    const url = `wss://127.0.0.1:${server.port}/exec?${query}`;
    const socket = new WebSocket(url, protocol ?? [], { ca: server.ca });
    const seen: string[] = [];
    socket.on('message', (data: Buffer, binary) =>
      seen.push(binary ? `${data[0]}:${data.subarray(1).toString()}` : data.toString()),
    );
    const [code] = await once(socket, 'close');
    expect(code).toBe(1000);
    return { chosen: socket.protocol, seen };
  };

  it.each(['v4.channel.k8s.io', 'v5.channel.k8s.io'])('%s: binary channels and a Status', async (protocol) => {
    expect(await messages(protocol, 'stdout=1&stderr=1&command=both')).toEqual({
      chosen: protocol,
      seen: ['1:', '1:to stdout\n', '2:to stderr\n', '3:{"metadata":{},"status":"Success"}'],
    });
  });

  it.each(['channel.k8s.io', undefined])('%s: the text of a failure, nothing for success', async (protocol) => {
    expect((await messages(protocol, 'stdout=1&stderr=1&command=both')).seen).toEqual([
      '1:',
      '1:to stdout\n',
      '2:to stderr\n',
    ]);
    const failed = await messages(protocol, 'output=1&command=exit&command=3');
    expect(failed.seen).toEqual(['1:', '3:command terminated with non-zero exit code: exit status 3']);
  });

  it('v4.base64.channel.k8s.io: digits and base64', async () => {
    const { seen } = await messages('v4.base64.channel.k8s.io', 'stdout=1&command=both');
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    expect(seen).toEqual(['1', `1${base64('to stdout\n')}`, `3${base64('{"metadata":{},"status":"Success"}')}`]);
  });

  it('an unknown protocol is refused', async () => {
    const socket = new WebSocket(`wss://127.0.0.1:${server.port}/exec?stdout=1`, 'v9.channel.k8s.io', {
      ca: server.ca,
    });
    const [error] = await once(socket, 'error');
    expect(String(error)).toContain('403');
  });

  it.each(['v3.channel.k8s.io', 'channel.k8s.io'])('SPDY %s: the text of a failure', async (protocol) => {
    const { socket, head } = await server.dialer.upgrade('POST', '/exec?stdout=1&command=exit&command=3', {
      Connection: 'Upgrade',
      Upgrade: 'SPDY/3.1',
      'X-Stream-Protocol-Version': `v9.channel.k8s.io, ${protocol}`,
    });
    const connection = new SpdyConnection(socket, { side: 'client', head });
    await connection.ping();
    const error = connection.openStream({ streamType: 'error' });
    const wrong = connection.openStream({ streamType: 'resize' });
    await expect(wrong.replied).rejects.toThrow('reset');
    connection.openStream({ streamType: 'stdout' }).resume();
    const text = Buffer.concat(await error.toArray()).toString();
    expect(text).toBe('command terminated with non-zero exit code: exit status 3');
    await connection.closed;
  });
});
