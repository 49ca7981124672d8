// What `up` needs of the machine for Docker nodes: packages, a Docker Engine, network namespaces for further nodes.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../errors.ts';
import { startTime } from './process-identity.ts';
import type { Processes } from './processes.ts';
import { runCommand, succeeds } from './run-command.ts';

/** Debian's packages by the program that shows that they are there. */
const packages: Record<string, string> = {
  dockerd: 'docker.io',
  iptables: 'iptables',
  conntrack: 'conntrack',
  ip: 'iproute2',
  git: 'git',
  nsenter: 'util-linux',
};

export const onPath = (program: string): boolean =>
  `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
    .split(':')
    .some((folder) => folder !== '' && existsSync(join(folder, program)));

/** Packages that are missing; `busybox-static` makes the example's image. */
export function missingPackages(): string[] {
  const missing = Object.entries(packages).flatMap(([program, name]) => (onPath(program) ? [] : [name]));
  return existsSync('/bin/busybox') ? missing : [...missing, 'busybox-static'];
}

export async function installPackages(names: readonly string[]): Promise<void> {
  if (!onPath('apt-get')) {
    throw new CliError(
      `these packages are missing and cannot be installed without apt-get: ${names.join(' ')}; install them, then run up again`,
    );
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = () => runCommand('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], { env });
  try {
    await install();
  } catch {
    // The list of packages may be absent or old.
    await runCommand('apt-get', ['update', '-qq'], { env });
    await install();
  }
}

const DOCKER = 'unix:///var/run/docker.sock';

export const dockerAnswers = (host = DOCKER): Promise<boolean> =>
  succeeds('docker', ['-H', host, 'version', '--format', '{{.Server.Version}}']);

const DOCKER_RUN = { pid: '/var/run/docker.pid', exec: '/var/run/docker' };
const STOPPING_SECONDS = 30;

function stillRuns(pidFile: string): boolean {
  try {
    return startTime(Number(readFileSync(pidFile, 'utf8'))) !== undefined;
  } catch {
    return false;
  }
}

/**
 * Whether a Docker Engine answers there. One that was told to stop answers no more, and lets no other start until its
 * containers have ended: it is waited for. One that was killed, and its containerd with it, leave files that keep others
 * from starting while their numbers are in use, if only by dead processes that nobody has collected: those go.
 */
async function answersOrIsGone(
  host: string,
  run: { pid: string; exec: string },
  signal: AbortSignal,
): Promise<boolean> {
  for (let left = STOPPING_SECONDS; left > 0; left--) {
    if (await dockerAnswers(host)) return true;
    if (!stillRuns(run.pid)) break;
    await sleep(1000, undefined, { signal });
  }
  for (const file of [run.pid, join(run.exec, 'containerd/containerd.pid')]) {
    if (!stillRuns(file)) rmSync(file, { force: true });
  }
  return false;
}

/** Starts the machine's own Docker Engine when none answers; `down` stops what was started here. */
export async function startDocker(processes: Processes, signal: AbortSignal): Promise<boolean> {
  if (await answersOrIsGone(DOCKER, DOCKER_RUN, signal)) return false;
  processes.start('dockerd', 'dockerd', []);
  await processes.waitFor('dockerd', 'the Docker Engine', () => dockerAnswers(), 60_000, signal);
  return true;
}

/** A node beyond the first: its own network namespace, joined to the host by a bridge, and its own Docker Engine. */
export interface ExtraNode {
  /** 2, 3, … */
  number: number;
  name: string;
  namespace: string;
  docker: string;
}

const BRIDGE = 'sampan0';
const SUBNET = '10.245.0';

export const extraNode = (number: number, name: string): ExtraNode => ({
  number,
  name,
  namespace: `sampan-${number}`,
  docker: `unix:///run/sampan/${number}/docker.sock`,
});

export async function startExtraNode(node: ExtraNode, processes: Processes, signal: AbortSignal): Promise<void> {
  await ensureBridge();
  await ensureNamespace(node);
  const run = `/run/sampan/${node.number}`;
  if (await answersOrIsGone(node.docker, { pid: `${run}/docker.pid`, exec: `${run}/exec` }, signal)) return;
  const data = join(processes.dataDir, 'nodes', node.name, 'docker');
  for (const folder of [run, data]) mkdirSync(folder, { recursive: true, mode: 0o711 });
  // Not `ip netns exec`: it would hide the cgroups. Pods in the host's network are called as their host is: the node has
  // a host name of its own, too.
  const named = ['unshare', '--uts', 'sh', '-c', 'hostname "$0" && exec "$@"', node.name];
  processes.start(`dockerd-${node.number}`, 'nsenter', [
    `--net=/run/netns/${node.namespace}`,
    ...named,
    'dockerd',
    ...['--data-root', data, '--exec-root', `${run}/exec`, '--pidfile', `${run}/docker.pid`, '-H', node.docker],
  ]);
  await processes.waitFor(
    `dockerd-${node.number}`,
    `the Docker Engine of ${node.name}`,
    () => dockerAnswers(node.docker),
    60_000,
    signal,
  );
}

const ACCEPT = ['FORWARD', '-i', BRIDGE, '-o', BRIDGE, '-m', 'comment', '--comment', 'sampan nodes', '-j', 'ACCEPT'];

async function ensureBridge(): Promise<void> {
  if (!(await succeeds('ip', ['link', 'show', BRIDGE]))) {
    await runCommand('ip', ['link', 'add', BRIDGE, 'type', 'bridge']);
    await runCommand('ip', ['addr', 'add', `${SUBNET}.1/24`, 'dev', BRIDGE]);
    await runCommand('ip', ['link', 'set', BRIDGE, 'up']);
  }
  if (!(await succeeds('iptables', ['-w', '-C', ...ACCEPT]))) await runCommand('iptables', ['-w', '-I', ...ACCEPT]);
}

async function ensureNamespace({ namespace, number }: ExtraNode): Promise<void> {
  if (existsSync(`/run/netns/${namespace}`)) return;
  const [host, inside] = [`smp-h${number}`, `smp-n${number}`];
  await runCommand('ip', ['netns', 'add', namespace]);
  await runCommand('ip', ['link', 'add', host, 'type', 'veth', 'peer', 'name', inside]);
  await runCommand('ip', ['link', 'set', host, 'master', BRIDGE, 'up']);
  // A node must reach itself through another node's port of a service: the machine may turn the packet on the bridge.
  await runCommand('ip', ['link', 'set', host, 'type', 'bridge_slave', 'hairpin', 'on']);
  await runCommand('ip', ['link', 'set', inside, 'netns', namespace]);
  const within = (...args: string[]) => runCommand('ip', ['-n', namespace, ...args]);
  await within('link', 'set', 'lo', 'up');
  await within('link', 'set', inside, 'name', 'eth0');
  await within('addr', 'add', `${SUBNET}.${number}/24`, 'dev', 'eth0');
  await within('link', 'set', 'eth0', 'up');
  await within('route', 'add', 'default', 'via', `${SUBNET}.1`);
}

/** Removes namespaces and the bridge; their Docker Engines must have stopped. */
export async function removeExtraNodes(numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    await runCommand('ip', ['netns', 'del', `sampan-${number}`]).catch(() => {});
    await runCommand('ip', ['link', 'del', `smp-h${number}`]).catch(() => {});
  }
  if (await succeeds('iptables', ['-w', '-C', ...ACCEPT])) await runCommand('iptables', ['-w', '-D', ...ACCEPT]);
  await runCommand('ip', ['link', 'del', BRIDGE]).catch(() => {});
}
