// Background processes of `up`: started detached with their own log, found again by a pid file that also says when the
// process started, so that a reused pid is never taken for ours.
import { type SpawnOptions, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, PlainError } from '../errors.ts';
import { commandLine, isSame, startTime } from './process-identity.ts';

/** A log that is larger when its daemon starts is put aside, as NAME.log.1. */
const LOG_BYTES = 16 * 1024 * 1024;

const KILL_MS = 5_000;

export class Processes {
  readonly dataDir: string;
  /** Where in its log each process began that was started here: what stands before is of an earlier time. */
  private readonly logStart = new Map<string, number>();
  private readonly notStarted = new Map<string, string>();
  constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  logFile(name: string): string {
    return join(this.dataDir, 'log', `${name}.log`);
  }
  private pidFile(name: string): string {
    return join(this.dataDir, 'run', `${name}.pid`);
  }

  /** Names of processes that were started and not stopped, alive or not. */
  names(): string[] {
    const folder = join(this.dataDir, 'run');
    if (!existsSync(folder)) return [];
    return readdirSync(folder).flatMap((f) => (f.endsWith('.pid') ? [f.slice(0, -'.pid'.length)] : []));
  }

  /** The pid when the process lives. */
  alive(name: string): number | undefined {
    let text: string;
    try {
      text = readFileSync(this.pidFile(name), 'utf8');
    } catch {
      return undefined;
    }
    const [pid = 0, startedAt = ''] = text
      .trim()
      .split(' ')
      .map((part, i) => (i === 0 ? Number(part) : part)) as [number, string];
    return isSame(pid, startedAt) ? pid : undefined;
  }

  /** The value that a living process was given for a flag. */
  argument(name: string, flag: string): string | undefined {
    const pid = this.alive(name);
    const args = pid === undefined ? [] : commandLine(pid);
    const at = args.indexOf(flag);
    return at < 0 ? undefined : args[at + 1];
  }

  /** Starts unless it runs. True when it was started now. */
  start(name: string, command: string, args: readonly string[], options: SpawnOptions = {}): boolean {
    if (this.alive(name) !== undefined) return false;
    const file = this.logFile(name);
    for (const path of [file, this.pidFile(name)]) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.logStart.set(name, rotate(file));
    this.notStarted.delete(name);
    const log = openSync(file, 'a', 0o600);
    try {
      const child = spawn(command, [...args], { detached: true, ...options, stdio: ['ignore', log, log] });
      child.unref();
      // A program that is not there: the missing pid file says so to who waits.
      child.on('error', (error) => this.notStarted.set(name, error.message));
      if (child.pid === undefined) return true;
      writeFileSync(this.pidFile(name), `${child.pid} ${startTime(child.pid) ?? ''}\n`);
    } finally {
      closeSync(log);
    }
    return true;
  }

  /**
   * Waits until `ready` answers true; fails with the log's last error when the process dies, or when time is up. An error
   * that is meant for the user ends the wait, too; any other means that it is not ready yet.
   */
  async waitFor(
    name: string,
    what: string,
    ready: () => Promise<boolean>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (let pause = 10; ; pause = Math.min(pause * 1.5, 200)) {
      if (await ready().catch(notYet)) return;
      signal.throwIfAborted();
      if (this.alive(name) === undefined) {
        rmSync(this.pidFile(name), { force: true });
        throw new CliError(`${what} stopped: ${this.lastError(name)} (log: ${this.logFile(name)})`);
      }
      if (Date.now() > deadline) {
        throw new CliError(
          `${what} is not ready after ${timeoutMs / 1000} s: ${this.lastError(name)} (log: ${this.logFile(name)})`,
        );
      }
      await sleep(pause);
    }
  }

  /** Asks it to stop, insists after `graceMs`. */
  async stop(name: string, graceMs = 15_000): Promise<void> {
    const pid = this.alive(name);
    if (pid !== undefined) {
      signalProcess(pid, 'SIGTERM');
      const deadline = Date.now() + graceMs;
      while (this.alive(name) !== undefined) {
        if (Date.now() > deadline) signalProcess(pid, 'SIGKILL');
        if (Date.now() > deadline + KILL_MS) throw new CliError(`${name} (process ${pid}) cannot be killed`);
        await sleep(20);
      }
    }
    rmSync(this.pidFile(name), { force: true });
  }

  private lastError(name: string): string {
    const lines = this.logTail(name);
    const error =
      lines.find((line) => /^error: /.test(line)) ?? lines.find((line) => /"level":50|Error:/.test(line)) ?? lines[0];
    if (!error) return this.notStarted.get(name) ?? 'it wrote no log';
    return structured(error) ?? error.replace(/^error: /, '');
  }

  /** The newest lines of this process first. */
  private logTail(name: string): string[] {
    try {
      const text = readFileSync(this.logFile(name)).subarray(this.logStart.get(name) ?? 0);
      return text.toString('utf8').trimEnd().split('\n').slice(-40).reverse();
    } catch {
      return [];
    }
  }
}

const notYet = (error: unknown): boolean => {
  if (error instanceof CliError || error instanceof PlainError) throw error;
  return false;
};

/** The message of a JSON line; undefined for any other line, or half a one. */
function structured(line: string): string | undefined {
  try {
    const { msg, error } = JSON.parse(line) as { msg?: string; error?: string };
    return [msg, error?.split('\n')[0]].filter(Boolean).join(': ');
  } catch {
    return undefined;
  }
}

/** Answers where new lines will begin. */
function rotate(file: string): number {
  if (!existsSync(file)) return 0;
  const { size } = statSync(file);
  if (size <= LOG_BYTES) return size;
  renameSync(file, `${file}.1`);
  return 0;
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Else it is gone already.
    if ((error as NodeJS.ErrnoException).code === 'EPERM') throw error;
  }
}
