// The real kubectl runs exec, attach and port-forward against our stream servers: by WebSocket, which it prefers since
// 1.31, and by SPDY, which is all that an elder one has.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Handler } from '../../src/wire/http.ts';
import { json, startStreamsServer, testCommands } from './streams-server.ts';
import type { StreamsServer } from './streams-server.ts';

const KUBECTL = process.env['KUBECTL'] ?? 'kubectl';
const version = JSON.parse(execFileSync(KUBECTL, ['version', '--client', '-o', 'json']).toString()) as {
  clientVersion: { minor: string };
};
const preferred = Number.parseInt(version.clientVersion.minor) >= 31 ? 'GET websocket' : 'POST SPDY/3.1';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', uid: '0' },
  spec: { containers: [{ name: 'main', image: 'x', stdin: true }] },
  status: { phase: 'Running' },
};
const podResource = { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get', 'list'] };
const answers: Record<string, object> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: [podResource] },
  '/api/v1/namespaces/default/pods/web': pod,
};
const api: Handler = async ({ path }) => (answers[path] ? json(answers[path]) : { status: 404, headers: {} });

let server: StreamsServer;
let echo: Server;
let home = '';
beforeAll(async () => {
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  const dial = async (port: number) => {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect').catch(() => Promise.reject(new Error(`nothing listens on ${port}`)));
    return socket;
  };
  // Attach names no command: it gets one that echoes.
  const commands: typeof testCommands = (command, session) =>
    testCommands(command.length > 0 ? command : ['cat'], session);
  server = await startStreamsServer(commands, dial, api);
  home = mkdtempSync(join(tmpdir(), 'kubectl-'));
  writeFileSync(join(home, 'ca.crt'), server.ca);
});
afterAll(async () => {
  await server.close();
  echo.close();
  rmSync(home, { recursive: true });
});
beforeEach(() => {
  server.seen.length = 0;
});

const base = () => [
  `--server=https://127.0.0.1:${server.port}`,
  `--certificate-authority=${join(home, 'ca.crt')}`,
  // Without a credential kubectl asks for a name.
  '--token=x',
];

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

function kubectl(args: string[], env: Record<string, string>, input?: Buffer): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, HOME: home, ...env }, maxBuffer: 64 * 2 ** 20 };
    const child = execFile(KUBECTL, [...base(), ...args], options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
    child.stdin!.end(input);
  });
}

describe.each([
  ['what it prefers', {}, preferred],
  ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' }, 'POST SPDY/3.1'],
])('kubectl exec and attach over %s', (_, env: Record<string, string>, seen) => {
  it('prints both outputs', async () => {
    expect(await kubectl(['exec', 'web', '--', 'both'], env)).toEqual({
      code: 0,
      stdout: 'to stdout\n',
      stderr: 'to stderr\n',
    });
    expect(server.seen).toEqual([seen]);
  });

  it('exits as the command does', async () => {
    const { code, stderr } = await kubectl(['exec', 'web', '--', 'exit', '7'], env);
    expect({ code, stderr }).toEqual({ code: 7, stderr: 'command terminated with exit code 7\n' });
  });

  it('says why a command cannot run', async () => {
    const { code, stderr } = await kubectl(['exec', 'web', '--', 'nonsense'], env);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'error: Internal error occurred: no such command: nonsense\n',
    });
  });

  it('sends stdin and its end, and gets all of it back', async () => {
    const input = Buffer.alloc(2_000_000, 'abcdefg');
    const outcome = await kubectl(['exec', '-i', 'web', '--', 'cat'], env, input);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toBe('');
    expect(outcome.stdout === input.toString()).toBe(true);
  });

  it('gets much output whole', async () => {
    const { code, stdout } = await kubectl(['exec', 'web', '--', 'big', '20000000'], env);
    expect(code).toBe(0);
    expect(stdout.length).toBe(20_000_000);
  });

  it('attaches', async () => {
    const outcome = await kubectl(['attach', '-i', 'web'], env, Buffer.from('hello'));
    expect(outcome).toMatchObject({ code: 0, stdout: 'hello' });
    expect(server.seen).toEqual([seen]);
  });
});

describe.each([
  ['what it prefers', {}, preferred],
  ['SPDY', { KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }, 'POST SPDY/3.1'],
])('kubectl port-forward over %s', (_, env: Record<string, string>, seen) => {
  async function forward(port: number): Promise<{ local: number; stop(): Promise<string> }> {
    const args = [...base(), 'port-forward', '--address=127.0.0.1', 'pod/web', `:${port}`];
    const child = spawn(KUBECTL, args, { env: { ...process.env, HOME: home, ...env } });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    const stop = async () => {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return errors;
    };
    return { local: Number(/127\.0\.0\.1:(\d+)/.exec(String(line))![1]), stop };
  }

  it('carries connections, many and large', async () => {
    const { local, stop } = await forward((echo.address() as AddressInfo).port);
    const inputs = Array.from({ length: 8 }, (_, i) => Buffer.alloc(200_000 * (i + 1), `${i}.`));
    const outputs = await Promise.all(
      inputs.map(async (input) => {
        const socket = connect({ port: local, host: '127.0.0.1' });
        socket.write(input);
        let size = 0;
        const chunks: Buffer[] = [];
        for await (const chunk of socket) {
          chunks.push(chunk as Buffer);
          if ((size += (chunk as Buffer).length) >= input.length) break;
        }
        return Buffer.concat(chunks);
      }),
    );
    outputs.forEach((output, i) => expect(output.equals(inputs[i]!)).toBe(true));
    expect(server.seen).toEqual([seen]);
    expect(await stop()).toBe('');
  });

  it('reports a port that nobody listens on', async () => {
    const { local, stop } = await forward(1);
    const socket = connect({ port: local, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    await once(socket.resume(), 'close');
    expect(await stop()).toContain('nothing listens on 1');
  });
});
