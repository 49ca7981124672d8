// Connections to 127.0.0.1 inside a pod's network namespace, for port-forward: one small relay process per sandbox,
// entered with nsenter(1) on first use, reached over a unix socket, ended when nobody has used it for a while.
//
//   we → relay:  "<port>\n", then bytes        relay → we:  "ok\n" or "error <message>\n", then bytes
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';

const IDLE_MS = 30_000;

/** Runs inside of the namespace: plain JavaScript, because it is given to `node -e`. */
const RELAY = `
const net = require('net');
const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: false }, (near) => {
  let head = '';
  near.on('error', () => near.destroy());
  const onData = (chunk) => {
    head += chunk.toString('latin1');
    const end = head.indexOf('\\n');
    if (end < 0) return;
    near.pause();
    near.off('data', onData);
    const rest = Buffer.from(head.slice(end + 1), 'latin1');
    open(near, Number(head.slice(0, end)), rest, ['127.0.0.1', '::1'], []);
  };
  near.on('data', onData);
});
function open(near, port, rest, hosts, failures) {
  const host = hosts[0];
  if (!host) return void near.end('error ' + failures.join(', ') + '\\n');
  const far = net.connect({ host, port, allowHalfOpen: true });
  const failed = (error) => open(near, port, rest, hosts.slice(1), [...failures, host + ': ' + (error.code || error.message)]);
  far.once('error', failed);
  far.once('connect', () => {
    far.off('error', failed);
    far.on('error', () => near.destroy());
    near.on('error', () => far.destroy());
    near.on('close', () => far.destroy());
    near.write('ok\\n');
    if (rest.length > 0) far.write(rest);
    far.pipe(near);
    near.pipe(far);
  });
}
server.listen(process.argv[1], () => process.stdout.write('ready\\n'));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
process.on('exit', () => require('fs').rmSync(require('path').dirname(process.argv[1]), { recursive: true, force: true }));
`;

interface Relay {
  process: ChildProcess;
  path: string;
  folder: string;
  connections: number;
  idle?: NodeJS.Timeout;
}

export class NamespaceDialer {
  /** By sandbox: process ids come again. */
  private readonly relays = new Map<string, Promise<Relay>>();

  /** A connection to `port` on the loopback of the sandbox's namespace. Rejects with one sentence. */
  async dial(sandbox: { id: string; pid: number }, port: number): Promise<Duplex> {
    const { id } = sandbox;
    const starting = this.relays.get(id) ?? this.start(sandbox);
    this.relays.set(id, starting);
    let relay: Relay;
    try {
      relay = await starting;
    } catch (error) {
      this.relays.delete(id);
      throw error;
    }
    clearTimeout(relay.idle);
    relay.connections++;
    const release = () => {
      if (--relay.connections === 0) relay.idle = setTimeout(() => void this.end(id, relay), IDLE_MS);
    };
    return new Promise((resolve, reject) => {
      const socket = connect({ path: relay.path, allowHalfOpen: true });
      socket.once('close', release);
      socket.once('error', (error) => reject(new Error(`the relay into the pod's network failed: ${error.message}`)));
      socket.write(`${port}\n`);
      let head = Buffer.alloc(0);
      const onData = (chunk: Buffer) => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf(10);
        if (end < 0) return;
        socket.off('data', onData).pause();
        const answer = head.subarray(0, end).toString('utf8');
        if (answer !== 'ok') {
          socket.destroy();
          reject(new Error(`failed to connect to localhost:${port} inside the pod's network: ${answer.slice(6)}`));
          return;
        }
        if (head.length > end + 1) socket.unshift(head.subarray(end + 1));
        resolve(socket);
      };
      socket.on('data', onData);
    });
  }

  /** Resolves when all relays have ended. */
  async close(): Promise<void> {
    const ending = [...this.relays].map(async ([id, starting]) => this.end(id, await starting));
    await Promise.allSettled(ending);
  }

  private async start({ id, pid }: { id: string; pid: number }): Promise<Relay> {
    const folder = await mkdtemp(join(tmpdir(), 'sampan-relay-'));
    const path = join(folder, 'socket');
    const child = spawn('nsenter', ['-t', String(pid), '-n', process.execPath, '-e', RELAY, path], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const relay: Relay = { process: child, path, folder, connections: 0 };
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString('utf8')));
    // The relay removes its folder itself: it outlives a daemon that is killed, by a moment.
    child.once('exit', () => this.relays.delete(id));
    await new Promise<void>((resolve, reject) => {
      const failed = (why: string) => reject(new Error(`cannot enter the pod's network namespace: ${why}`));
      child.once('error', (error) => failed(error.message));
      child.once('exit', (code) => {
        void rm(folder, { recursive: true, force: true });
        failed(complaint.trim() || `nsenter exited with code ${code}`);
      });
      child.stdout.once('data', () => resolve());
    });
    return relay;
  }

  private async end(id: string, relay: Relay): Promise<void> {
    clearTimeout(relay.idle);
    this.relays.delete(id);
    const { process: child } = relay;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    await ended;
  }
}
