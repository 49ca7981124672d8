// Colour and width in a real terminal: the CLI as a process of its own on a pty, against a server over TLS.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startStreamsServer, type StreamsServer, testCommands } from '../wire/streams-server.ts';

const root = resolve(import.meta.dirname, '../..');
let server: TestServer;
let tls: StreamsServer;
let home: string;
beforeAll(async () => {
  server = await startTestServer();
  tls = await startStreamsServer(testCommands, () => Promise.reject(new Error('no ports')), server.handler);
  home = mkdtempSync(join(tmpdir(), 'pty-'));
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
  await runCli(words('run waits --image=x'), { server });
});
afterAll(async () => {
  rmSync(home, { recursive: true, force: true });
  await tls.close();
  await server.close();
});

/** `script` of util-linux gives the command a pty. */
async function onTerminal(line: string, env: Record<string, string> = {}): Promise<string> {
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
  const command = `stty cols 120; ${process.execPath} ${tsx} src/cli/run.ts ${line}`;
  const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], {
    cwd: root,
    env: { PATH: process.env['PATH'], TERM: 'xterm', HOME: home, KUBECONFIG: join(home, 'config'), ...env },
  });
  return stdout.replaceAll('\r\n', '\n');
}

describe('in a terminal', () => {
  it('what is abnormal has a colour, unless that is not wanted', async () => {
    const [coloured, plain] = await Promise.all([onTerminal('get pods'), onTerminal('get pods', { NO_COLOR: '1' })]);
    expect(coloured).toMatch(/waits +\u001b\[33m0\/1\u001b\[39m +\u001b\[33mPending\u001b\[39m/);
    expect(plain).toMatch(/waits +0\/1 +Pending/);
    expect(plain).not.toContain('\u001b');
  });
});
