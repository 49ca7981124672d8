// A server over TLS for programs that run on their own, with containers whose shell is a function of this process.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RemoteStatus } from '../../src/wire/streams.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type Commands, startStreamsServer, testCommands } from '../wire/streams-server.ts';

export interface TerminalServer {
  server: TestServer;
  env: Record<string, string>;
  /** A pod that runs, with the containers `main` (which has a terminal) and `plain`. */
  startPod(name: string): Promise<void>;
  /** Sets the status of a pod. */
  setStatus(name: string, status: object): Promise<void>;
  close(): Promise<void>;
}

const pods = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
export const running = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

export async function startTerminalServer(): Promise<TerminalServer> {
  const server = await startTestServer();
  const tls = await startStreamsServer(shell, () => Promise.reject(new Error('no ports')), server.handler);
  const home = mkdtempSync(join(tmpdir(), 'pty-'));
  const ca = Buffer.from(tls.ca).toString('base64');
  writeFileSync(
    join(home, 'config'),
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${tls.port}`, 'certificate-authority-data': ca } }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    }),
  );
  const client = server.client();
  const setStatus = async (name: string, status: object): Promise<void> => {
    const path = `/api/v1/namespaces/default/pods/${name}/status`;
    await client.request('PATCH', path, { body: { status }, contentType: 'application/merge-patch+json' });
  };
  return {
    server,
    env: { HOME: home, KUBECONFIG: join(home, 'config') },
    setStatus,
    async startPod(name) {
      const containers = [
        { name: 'main', image: 'x', stdin: true, tty: true },
        { name: 'plain', image: 'x' },
      ];
      await client.create(pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default' },
        spec: { containers },
      } as never);
      await setStatus(name, running);
    },
    async close() {
      rmSync(home, { recursive: true, force: true });
      await tls.close();
      await server.close();
    },
  };
}

/** Says its size, repeats lines, survives ^C, ends with `exit N` or ^D. `sh` and what is attached to. */
const shell: Commands = async (command, session) => {
  if (command.length > 0 && command[0] !== 'sh') return testCommands(command, session);
  const { stdin, stdout } = session;
  void sayResizes();
  let line = '';
  for await (const chunk of stdin ?? []) {
    for (const character of String(chunk)) {
      if (character === '\u0003') stdout!.write('^C\r\n');
      else if (character === '\u0004') return { status: 'Success' };
      else if (character !== '\r') line += character;
      else if (line.startsWith('exit ')) return exited(line.slice(5));
      else {
        stdout!.write(`ran ${line}\r\n`);
        line = '';
      }
    }
  }
  return { status: 'Success' };

  async function sayResizes(): Promise<void> {
    for await (const { width, height } of session.resizes) stdout!.write(`size ${width}x${height}\r\n`);
  }
};

/** How a node tells the end of a command. */
export const exited = (code: string): RemoteStatus =>
  code === '0'
    ? { status: 'Success' }
    : {
        status: 'Failure',
        message: `command terminated with non-zero exit code: exit status ${code}`,
        reason: 'NonZeroExitCode',
        details: { causes: [{ reason: 'ExitCode', message: code }] },
      };
