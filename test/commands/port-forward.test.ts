// port-forward --reconnect, against a node that forwards to an echo server of this process.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UpgradeDialer } from '../../src/wire/streams.ts';
import { runCli, words } from '../cli/run-cli.ts';
import { freePort } from '../support/cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startStreamsServer, type StreamsServer, testCommands } from '../wire/streams-server.ts';

let server: TestServer;
let streams: StreamsServer;
let echo: Server;
/** The pods that were dialled. */
const dialled: string[] = [];
let dialer: UpgradeDialer;
beforeAll(async () => {
  server = await startTestServer();
  echo = createServer((socket) => socket.pipe(socket));
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  const { port } = echo.address() as AddressInfo;
  streams = await startStreamsServer(testCommands, async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  });
  dialer = {
    upgrade(method, path, headers) {
      dialled.push(/pods\/([^/]+)\//.exec(path)?.[1] ?? '');
      return streams.dialer.upgrade(method, path, headers);
    },
  };
});
afterAll(async () => {
  await streams.close();
  echo.close();
  await server.close();
});

const run = async (name: string): Promise<void> => {
  await runCli(words(`run ${name} --image=x --labels=app=web`), { server });
  await server.client().request('PATCH', `/api/v1/namespaces/default/pods/${name}/status`, {
    body: { status: { phase: 'Running' } },
    contentType: 'application/merge-patch+json',
  });
};

async function say(port: number, text: string): Promise<string> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      socket.write(text);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return answer.toString();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      socket.destroy();
    }
  }
}

describe('port-forward --reconnect', () => {
  it('goes on with the pod that takes the place of one that went', async () => {
    await runCli(words('create service clusterip web --tcp=80:80'), { server });
    await run('a');
    const stop = new AbortController();
    const port = await freePort();
    const forwarding = runCli(words(`port-forward --reconnect service/web ${port}:80 --address 127.0.0.1`), {
      server,
      dialer,
      signal: stop.signal,
    });
    expect(await say(port, 'one')).toBe('one');
    await runCli(words('delete pod a --now'), { server });
    const second = say(port, 'two');
    await run('b');
    expect(await second).toBe('two');
    const deadline = Date.now() + 10_000;
    while (!dialled.includes('b') && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await say(port, 'three')).toBe('three');
    stop.abort();
    const { code, stderr } = await forwarding;
    expect(code).toBe(0);
    expect(stderr).toBe('Lost connection to pod/a, connecting anew\nConnected to pod/b\n');
    expect([...new Set(dialled)]).toEqual(['a', 'b']);
  });
});
