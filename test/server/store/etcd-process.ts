// A real etcd of the test's own: on free ports, in a directory that is removed afterwards.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export class EtcdProcess {
  readonly #directory = mkdtempSync(join(tmpdir(), 'etcd-'));
  #child: ChildProcess | undefined;
  #client = 0;
  #peer = 0;

  get host(): string {
    return `http://127.0.0.1:${this.#client}`;
  }

  async start(): Promise<void> {
    this.#client ||= await freePort();
    this.#peer ||= await freePort();
    const peer = `http://127.0.0.1:${this.#peer}`;
    const child = spawn(
      'etcd',
      [
        `--data-dir=${this.#directory}/data`,
        `--listen-client-urls=${this.host}`,
        `--advertise-client-urls=${this.host}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=default=${peer}`,
        '--max-txn-ops=2048',
        '--max-request-bytes=8388608',
        '--unsafe-no-fsync',
        '--logger=zap',
        '--log-level=error',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#child = child;
    let errors = '';
    child.stderr!.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const failed = once(child, 'error').then(([error]) => Promise.reject(error as Error));
    failed.catch(() => undefined);
    while (!(await Promise.race([this.#healthy(), failed]))) {
      if (child.exitCode !== null) throw new Error(`etcd did not start: ${errors}`);
      await sleep(30);
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #healthy(): Promise<boolean> {
    try {
      return (await fetch(`${this.host}/health`)).ok;
    } catch {
      return false;
    }
  }
}
