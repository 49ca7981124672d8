// Colour and width in a real terminal: the CLI as a process of its own on a pty, against a server over TLS.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, words } from '../cli/run-cli.ts';
import { root } from '../support/cli.ts';
import { Terminal } from '../support/terminal.ts';
import { startTerminalServer, type TerminalServer } from './terminal-server.ts';

let bench: TerminalServer;
beforeAll(async () => {
  bench = await startTerminalServer();
  await runCli(words('run waits --image=x'), { server: bench.server });
});
afterAll(() => bench.close());

async function onTerminal(line: string, env: Record<string, string>): Promise<string> {
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
  const command = `${process.execPath} ${tsx} src/cli/run.ts ${line}`;
  const terminal = new Terminal(command, { env: { ...bench.env, ...env }, columns: 120 });
  await terminal.end();
  return terminal.screen;
}

describe('in a terminal', () => {
  it('what is abnormal has a colour, unless that is not wanted', async () => {
    const [coloured, plain] = await Promise.all([
      onTerminal('get pods', { NO_COLOR: '' }),
      onTerminal('get pods', { NO_COLOR: '1' }),
    ]);
    expect(coloured).toMatch(/waits +\u001b\[33m0\/1\u001b\[39m +\u001b\[33mPending\u001b\[39m/);
    expect(plain).toMatch(/waits +0\/1 +Pending/);
    expect(plain).not.toContain('\u001b');
  });
});
