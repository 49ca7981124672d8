// The life of daemons: signals end them cleanly, kill -9 loses nothing, a restarted server is found again by what runs
// against it, and `up` and `down` make order whatever they meet.
import { appendFileSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, freePort, run, sampan, start, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder('daemons');
const dataDir = join(folder.path, 'data');
const kubeconfig = join(dataDir, 'admin.kubeconfig');
const env = { ...process.env, CI: 'true', KUBECONFIG: join(folder.path, 'kubeconfig'), HOME: folder.path };
const cli = (...args: string[]) => run(sampan, args, { env });
const up = (...more: string[]) =>
  cli('up', '--runtime', 'simulated', '--data-dir', dataDir, '--port', String(port), ...more);
const pidOf = (name: string) => Number(readFileSync(join(dataDir, 'run', `${name}.pid`), 'utf8').split(' ')[0]);
const daemons = ['gitops', 'node-simulated', 'server'];
let port = 0;

/** Gone, or dead and not collected by its parent. */
function isDead(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
async function kill(name: string, signal: NodeJS.Signals): Promise<void> {
  const pid = pidOf(name);
  process.kill(pid, signal);
  await eventually(() => isDead(pid));
}

beforeAll(async () => {
  port = await freePort();
  expect(await up()).toMatchObject({ code: 0, stderr: '' });
});
afterAll(async () => {
  await cli('down', '--data-dir', dataDir);
  folder.remove();
});

describe('two of one kind', () => {
  it.each([
    ['controller-manager', 'kube-controller-manager'],
    ['scheduler', 'kube-scheduler'],
  ])('%s: one acts, the other takes over', async (command, lease) => {
    const begin = () => start(sampan, [command, '--kubeconfig', kubeconfig, '--log-level', 'info'], env);
    const [first, second] = [begin(), begin()];
    const acts = (daemon: typeof first) => daemon.output().includes('"became leader"');
    await eventually(() => acts(first) || acts(second));
    const [acting, other] = acts(first) ? [first, second] : [second, first];
    const holder = await cli('get', 'lease', '-n', 'kube-system', lease, '--kubeconfig', kubeconfig, '-o', 'name');
    expect(holder.code).toBe(0);
    expect(acts(other)).toBe(false);
    acting.child.kill('SIGTERM');
    await eventually(() => acts(other));
    const ended = new Promise((done) => other.child.on('exit', done));
    other.child.kill('SIGTERM');
    await ended;
  });
});

describe('a signal', () => {
  const foreground: [name: string, args: string[]][] = [
    ['server', ['server', '--store', 'memory', '--data-dir', join(folder.path, 'memory'), '--listen', '127.0.0.1:0']],
    ['node', ['node', '--runtime', 'simulated', '--name', 'passing', '--kubeconfig', kubeconfig]],
    ['gitops', ['gitops', 'run', '--data-dir', join(folder.path, 'git'), '--kubeconfig', kubeconfig]],
    ['scheduler', ['scheduler', '--kubeconfig', kubeconfig]],
    ['controller-manager', ['controller-manager', '--kubeconfig', kubeconfig]],
  ];
  it.each(foreground)('ends %s with a log line and exit code 0', async (_, args) => {
    const daemon = start(sampan, [...args, '--log-level', 'info'], env);
    const exit = new Promise((done) => daemon.child.on('exit', (code, signal) => done(code ?? signal)));
    // The server and the node say when they are ready; the others are given the time to start.
    await eventually(() => daemon.output().includes('"ready"') || !['server', 'node'].includes(args[0]!));
    await new Promise((done) => setTimeout(done, 600));
    daemon.child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(daemon.output()).toMatch(/"msg":"stopped"\}\n$/);
    expect(daemon.output()).not.toMatch(/\n\s+at /);
  });

  it('leaves a node behind, which nobody should get pods for', async () => {
    expect(await cli('delete', 'node', 'passing')).toMatchObject({ code: 0 });
  });

  it('during up says what to do, and up again completes it', async () => {
    await cli('down', '--data-dir', dataDir);
    const first = start(sampan, ['up', '--runtime', 'simulated', '--data-dir', dataDir, '--port', String(port)], env);
    const exit = new Promise((done) => first.child.on('exit', done));
    await eventually(() => existsSync(join(dataDir, 'run/server.pid')));
    first.child.kill('SIGINT');
    expect(await exit).toBe(130);
    expect(first.output()).toBe(
      'error: interrupted; what was started goes on: run "sampan up" again to complete it, or "sampan down"\n',
    );
    expect(await up()).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('two at once', () => {
  it('refuses the second, and names the first', async () => {
    await cli('down', '--data-dir', dataDir);
    const both = await Promise.all([up(), up()]);
    expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(both.find(({ code }) => code === 1)?.stderr).toMatch(
      /^error: "sampan up" \(process \d+\) is at work on .*: wait until it has ended\n$/,
    );
  });
});

describe('kill -9', () => {
  it('of the server loses nothing, and nodes and the GitOps loop find the next one by themselves', async () => {
    expect(await cli('create', 'configmap', 'kept')).toMatchObject({ code: 0 });
    const others = [pidOf('gitops'), pidOf('node-simulated')];
    await kill('server', 'SIGKILL');
    expect(await up()).toMatchObject({ code: 0, stderr: '' });
    expect([pidOf('gitops'), pidOf('node-simulated')]).toEqual(others);
    expect((await cli('get', 'configmap', 'kept', '-o', 'name')).stdout).toBe('configmap/kept\n');
    expect(await cli('run', 'web', '--image', 'example/web:1')).toMatchObject({ code: 0 });
    expect(await cli('wait', '--for=condition=Ready', 'pod/web', '--timeout=20s')).toMatchObject({ code: 0 });
  });

  it('of everything, with the pid files lost as after a reboot, is mended by up', async () => {
    await Promise.all(daemons.map((name) => kill(name, 'SIGKILL')));
    rmSync(join(dataDir, 'run'), { recursive: true });
    const again = await up();
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toContain('The cluster is running.');
    expect((await cli('get', 'configmap', 'kept', '-o', 'name')).stdout).toBe('configmap/kept\n');
  });

  it('of everything leaves nothing in the way of down and up', async () => {
    await Promise.all(daemons.map((name) => kill(name, 'SIGKILL')));
    // A number that another process has by now is not ours to stop.
    writeFileSync(join(dataDir, 'run/gitops.pid'), `${process.pid} 1\n`);
    expect(await cli('down', '--data-dir', dataDir)).toMatchObject({ code: 0, stderr: '' });
    expect(await up()).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('up again', () => {
  it('keeps what runs without being told, and adds nodes', async () => {
    const again = await cli('up', '--data-dir', dataDir);
    expect(again.stdout).toContain(`https://127.0.0.1:${port} (1 simulated node)`);
    expect(await cli('up', '--data-dir', dataDir, '--nodes', '3')).toMatchObject({ code: 0, stderr: '' });
    const less = await cli('up', '--data-dir', dataDir, '--nodes', '2');
    expect(less).toMatchObject({ code: 1, stdout: '' });
    expect(less.stderr).toBe(
      `error: the cluster in ${dataDir} has 3 nodes, more than --nodes 2; leave the flag out, or run "down" first\n`,
    );
  });

  it('puts a large log aside', async () => {
    const log = join(dataDir, 'log/gitops.log');
    await kill('gitops', 'SIGKILL');
    appendFileSync(log, '');
    truncateSync(log, 17 * 1024 * 1024);
    expect(await up()).toMatchObject({ code: 0, stderr: '' });
    expect(statSync(`${log}.1`).size).toBe(17 * 1024 * 1024);
    expect(statSync(log).size).toBeLessThan(1024 * 1024);
  });
});

describe('down', () => {
  it("leaves another cluster's context, and what is not ours in the data directory", async () => {
    writeFileSync(join(dataDir, 'note.txt'), 'mine');
    const other = join(folder.path, 'other');
    const failed = await cli('up', '--runtime', 'simulated', '--data-dir', other, '--port', String(port));
    expect(failed.code).toBe(1);
    expect(await cli('down', '--data-dir', other, '--delete-data')).toMatchObject({ code: 0 });
    expect(existsSync(other)).toBe(false);
    expect((await cli('config', 'current-context')).stdout).toBe('sampan\n');
    expect(await cli('down', '--data-dir', dataDir, '--delete-data')).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(dataDir, 'note.txt'), 'utf8')).toBe('mine');
    expect(existsSync(join(dataDir, 'store'))).toBe(false);
  });
});
