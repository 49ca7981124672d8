// Runs a command line of the CLI in this process and answers what it printed and its exit code.
import { PassThrough, Readable } from 'node:stream';
import commands from '../../src/commands/index.gen.ts';
import { Cluster } from '../../src/cli/cluster.ts';
import { run } from '../../src/cli/invoke.ts';
import type { Io } from '../../src/cli/io.ts';
import { inProcess } from '../../src/client/transport/in-process.ts';
import type { UpgradeDialer } from '../../src/wire/streams.ts';
import { admin, type TestServer } from '../support/server.ts';

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  stdin?: string;
  env?: Record<string, string>;
  cwd?: string;
  /** Talks to this server instead of the one that a kubeconfig names. */
  server?: TestServer;
  /** Standard output and error are a terminal of so many columns. */
  terminal?: number;
  /** Interrupts the command. */
  signal?: AbortSignal;
  /** Where exec, port-forward and the like go. */
  dialer?: UpgradeDialer;
}

function collect(): { stream: PassThrough; text(): string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}

export async function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const stdout = collect();
  const stderr = collect();
  if (options.terminal !== undefined) {
    Object.assign(stdout.stream, { isTTY: true, columns: options.terminal, rows: 24 });
    Object.assign(stderr.stream, { isTTY: true });
  }
  const io: Io = {
    stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]) as Io['stdin'],
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    nowMs: () => Date.now(),
  };
  const { server } = options;
  const code = await run(argv, {
    commands,
    io,
    ...(options.signal ? { signal: options.signal } : {}),
    ...(server
      ? {
          connect: async (globals) =>
            new Cluster({
              handler: inProcess(server.handler, admin),
              server: '127.0.0.1:6443',
              url: 'https://127.0.0.1:6443',
              namespace: globals.namespace || 'default',
              explicitNamespace: globals.namespace !== '',
              io,
              ...(options.dialer ? { dialer: options.dialer } : {}),
            }),
        }
      : {}),
  });
  await new Promise((resolve) => setImmediate(resolve));
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** Words of a command line; quotes hold words together. */
export function words(line: string): string[] {
  return [...line.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, a?: string, b?: string) => a ?? b ?? ''),
  );
}
