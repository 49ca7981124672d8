// A pseudo-terminal with a shell's command line on it: what is typed, what is seen, its size. Made by script(1) of
// util-linux, which every Linux has; sizes are set by stty(1) from outside.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './cli.ts';

const PATIENCE_MS = 30_000;

export interface TerminalOptions {
  env?: Record<string, string>;
  cwd?: string;
  columns?: number;
  rows?: number;
}

export class Terminal {
  private readonly child: ChildProcess;
  private readonly folder = mkdtempSync(join(tmpdir(), 'terminal-'));
  private readonly ended: Promise<number>;
  private text = '';
  private seen = 0;

  constructor(line: string, { env = {}, cwd = root, columns = 100, rows = 30 }: TerminalOptions = {}) {
    const prepared = `stty cols ${columns} rows ${rows}; tty > ${this.folder}/tty; ${line}`;
    this.child = spawn('script', ['-qec', prepared, '/dev/null'], {
      cwd,
      env: { PATH: process.env['PATH'], TERM: 'xterm', SHELL: '/bin/sh', NO_COLOR: '1', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdout!.on('data', (chunk: Buffer) => (this.text += chunk.toString('utf8')));
    this.child.stdin!.on('error', () => undefined);
    this.ended = new Promise((done) => {
      this.child.once('close', (code) => {
        rmSync(this.folder, { recursive: true, force: true });
        done(code ?? 1);
      });
    });
  }

  /** All that was on it, with line ends of files. */
  get screen(): string {
    return this.text.replaceAll('\r\n', '\n');
  }

  send(text: string): void {
    this.child.stdin!.write(text);
  }

  /** Waits for a text after the last one that was waited for. */
  async until(wanted: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const at = this.screen.indexOf(wanted, this.seen);
      if (at >= 0) {
        this.seen = at + wanted.length;
        return;
      }
      if (Date.now() > deadline) throw new Error(`${JSON.stringify(wanted)} was not seen in:\n${this.screen}`);
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  async resize(columns: number, rows: number): Promise<void> {
    const tty = readFileSync(join(this.folder, 'tty'), 'utf8').trim();
    await promisify(execFile)('stty', ['-F', tty, 'cols', String(columns), 'rows', String(rows)]);
  }

  /** The exit code, once all has ended. */
  end(): Promise<number> {
    return this.ended;
  }

  close(): void {
    this.child.kill('SIGKILL');
  }
}
