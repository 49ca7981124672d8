// Background processes of `up`: started detached with their own log, found again by a pid file that also says when the
// process started, so that a reused pid is never taken for ours.
import { type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../errors.ts';

export class Processes {
  readonly dataDir: string;
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
    return startTime(pid) === startedAt ? pid : undefined;
  }

  /** Starts unless it runs. True when it was started now. */
  start(name: string, command: string, args: readonly string[], options: SpawnOptions = {}): boolean {
    if (this.alive(name) !== undefined) return false;
    const file = this.logFile(name);
    for (const path of [file, this.pidFile(name)]) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const log = openSync(file, 'a', 0o600);
    try {
      const child = spawn(command, [...args], { detached: true, ...options, stdio: ['ignore', log, log] });
      child.unref();
      // A program that is not there: the missing pid file says so to who waits.
      child.on('error', () => {});
      if (child.pid === undefined) return true;
      writeFileSync(this.pidFile(name), `${child.pid} ${startTime(child.pid) ?? ''}\n`);
    } finally {
      closeSync(log);
    }
    return true;
  }

  /** Waits until `ready` answers true; fails with the log's last error when the process dies, or when time is up. */
  async waitFor(
    name: string,
    what: string,
    ready: () => Promise<boolean>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (let pause = 10; ; pause = Math.min(pause * 1.5, 200)) {
      if (await ready().catch(() => false)) return;
      signal.throwIfAborted();
      if (this.alive(name) === undefined) {
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
        await sleep(20);
      }
    }
    rmSync(this.pidFile(name), { force: true });
  }

  private lastError(name: string): string {
    let text = '';
    try {
      text = readFileSync(this.logFile(name), 'utf8');
    } catch {
      return 'it wrote no log';
    }
    const lines = text.trimEnd().split('\n').slice(-40).reverse();
    const error =
      lines.find((line) => /^error: /.test(line)) ?? lines.find((line) => /"level":50|Error:/.test(line)) ?? lines[0];
    const structured = error?.startsWith('{') ? (JSON.parse(error) as { msg?: string; error?: string }) : undefined;
    if (structured) return [structured.msg, structured.error].filter(Boolean).join(': ');
    return (error ?? '').replace(/^error: /, '') || 'it wrote no log';
  }
}

/** Jiffies since boot at which a process started: the same pid with another one is another process. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}
