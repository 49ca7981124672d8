// The user's terminal for exec, attach and run: raw mode while something remote is on it, its size as it changes.
import { spawnSync } from 'node:child_process';
import type { RemoteCommandStreams, RemoteStatus, TerminalSize } from '../wire/streams.ts';
import { CliError, PlainError } from './errors.ts';
import type { Io } from './io.ts';

export interface StreamWishes {
  stdin: boolean;
  tty: boolean;
  quiet?: boolean;
  /** The program runs already: another size first makes it draw itself anew. */
  redraw?: boolean;
}

export interface LocalStreams extends RemoteCommandStreams {
  /** Gives the terminal back. */
  restore(): void;
}

/** What the user asked for, as far as this terminal can do it. Upstream: exec.StreamOptions.SetupTTY. */
export function localStreams(io: Io, wishes: StreamWishes): LocalStreams {
  const wantsTty = wishes.stdin && wishes.tty;
  const tty = wantsTty && io.stdin.isTTY === true;
  if (wantsTty && !tty && !wishes.quiet) {
    io.stderr.write('Unable to use a TTY - input is not a terminal or the right kind of file\n');
  }
  const base = {
    tty,
    ...(wishes.stdin ? { stdin: io.stdin } : {}),
    stdout: io.stdout,
    ...(tty ? {} : { stderr: io.stderr }),
  };
  if (!tty) return { ...base, restore: () => undefined };
  makeRaw(io);
  const sizes = new SizeQueue(io, wishes.redraw === true);
  return {
    ...base,
    resizes: sizes,
    restore() {
      sizes.close();
      io.stdin.setRawMode?.(false);
      io.stdin.pause();
    },
  };
}

/** Node leaves line ends to be translated, which garbles what a remote terminal's program draws. */
function makeRaw(io: Io): void {
  io.stdin.setRawMode?.(true);
  if ((io.stdin as unknown) !== process.stdin) return;
  // Without stty lines look the same, and only few programs draw otherwise. What it sets goes with raw mode.
  spawnSync('stty', ['-opost', '-iexten'], { stdio: ['inherit', 'ignore', 'ignore'] });
}

/** The size now and after every change. */
class SizeQueue implements AsyncIterable<TerminalSize> {
  private readonly io: Io;
  private pending = true;
  private redraw: boolean;
  private closed = false;
  private wake?: () => void;
  private readonly onResize = (): void => {
    this.pending = true;
    this.wake?.();
  };

  constructor(io: Io, redraw: boolean) {
    this.io = io;
    this.redraw = redraw;
    io.stdout.on('resize', this.onResize);
  }

  close(): void {
    this.closed = true;
    this.io.stdout.off('resize', this.onResize);
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TerminalSize> {
    while (!this.closed) {
      if (!this.pending) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        continue;
      }
      this.pending = false;
      const { columns, rows } = this.io.stdout;
      if (!columns || !rows) continue;
      if (this.redraw) yield { width: columns + 1, height: rows + 1 };
      this.redraw = false;
      yield { width: columns, height: rows };
    }
  }
}

/** Throws what a remote command's end means: its exit code, or why it could not run. */
export function checkRemoteStatus(status: RemoteStatus): void {
  if (status.status === 'Success') return;
  if (status.reason === 'NonZeroExitCode') {
    const cause = status.details?.causes?.find((c) => c.reason === 'ExitCode');
    const code = Number(cause?.message ?? 1);
    throw new PlainError(`command terminated with exit code ${code}`, code);
  }
  throw new CliError(status.message ?? 'unknown error');
}
