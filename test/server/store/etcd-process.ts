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

interface Member {
  name: string;
  client: number;
  peer: number;
  /** `name=peer URL`, of all members. */
  cluster: string;
}

export class EtcdProcess {
  readonly #directory = mkdtempSync(join(tmpdir(), 'etcd-'));
  #child: ChildProcess | undefined;
  #member: Member | undefined;

  /** Without a member's place in a cluster: one of its own. */
  constructor(member?: Member) {
    this.#member = member;
  }

  get host(): string {
    return `http://127.0.0.1:${this.#member?.client ?? 0}`;
  }

  async start(): Promise<void> {
    this.#member ??= (await places(['default']))[0]!;
    const { name, peer, cluster } = this.#member;
    const child = spawn(
      'etcd',
      [
        `--name=${name}`,
        `--data-dir=${this.#directory}/data`,
        `--listen-client-urls=${this.host}`,
        `--advertise-client-urls=${this.host}`,
        `--listen-peer-urls=http://127.0.0.1:${peer}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
        `--initial-cluster=${cluster}`,
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

  /** Error: an HTTP error of etcd's gateway. */
  async isLeader(): Promise<boolean> {
    const answer = await fetch(`${this.host}/v3/maintenance/status`, { method: 'POST', body: '{}' });
    const { leader, header } = (await answer.json()) as { leader: string; header: { member_id: string } };
    return leader === header.member_id;
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

async function places(names: readonly string[]): Promise<Member[]> {
  const ports = await Promise.all(names.flatMap(() => [freePort(), freePort()]));
  const members = names.map((name, i) => ({ name, client: ports[2 * i]!, peer: ports[2 * i + 1]! }));
  const cluster = members.map(({ name, peer }) => `${name}=http://127.0.0.1:${peer}`).join(',');
  return members.map((member) => ({ ...member, cluster }));
}

/** A cluster of several members that has a leader. */
export async function startEtcdCluster(size: number): Promise<EtcdProcess[]> {
  const names = Array.from({ length: size }, (_, i) => `m${i}`);
  const members = (await places(names)).map((member) => new EtcdProcess(member));
  await Promise.all(members.map((member) => member.start()));
  return members;
}
