// `down`: stops the cluster on this machine and removes what it put there. What it stored stays, for the next `up`.
import { existsSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { kubeConfigPaths } from '../client/kubeconfig.ts';
import { Command } from '../cli/base.ts';
import { CliError } from '../cli/errors.ts';
import { removeContext } from '../cli/local/context.ts';
import { removeExtraNodes } from '../cli/local/machine.ts';
import { noArguments } from '../cli/local/daemon.ts';
import { exclusively, serverOf } from '../cli/local/busy.ts';
import { Processes } from '../cli/local/processes.ts';
import { type Step, runSteps } from '../cli/local/steps.ts';
import { flag } from '../cli/pflag.ts';
import { defaultDataDir } from './up.ts';

/** What a cluster keeps in its data directory. Whatever else somebody put there is not ours to delete. */
const OURS = [
  ...['version', 'lock', 'pki', 'store', 'run', 'log', 'nodes', 'git', 'examples.git', 'admin.kubeconfig'],
  'node.token',
];

function deleteData(dataDir: string): void {
  for (const name of OURS) rmSync(join(dataDir, name), { recursive: true, force: true });
  if (existsSync(dataDir) && readdirSync(dataDir).length === 0) rmdirSync(dataDir);
}

function hasCluster(dataDir: string): boolean {
  try {
    return readdirSync(dataDir).some((name) => name === 'version' || name === 'run');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    const why = code === 'EACCES' ? 'permission denied; run it as who started the cluster' : message;
    throw new CliError(`cannot read the data directory ${dataDir}: ${code === 'ENOTDIR' ? 'it is a file' : why}`);
  }
}

const isPermission = (error: unknown): boolean =>
  ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');

export default class Down extends Command {
  static override summary = 'Stop the cluster on this machine and remove what it started';
  static description = `Stop the cluster on this machine: processes, containers, networks, rules and mounts go, the kubeconfig context too. The data directory stays; "up" brings back what was stored. A Docker Engine is stopped only when "up" started it.`;
  static examples = `# Stop the cluster
{program} down

# Stop it and forget everything that it stored
{program} down --delete-data`;
  static override flags = {
    'data-dir': flag.string(
      'The directory that "up" was given. Default: /var/lib/sampan, without root ~/.local/share/sampan.',
    ),
    'delete-data': flag.bool('Remove the data directory as well.'),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Down);
    noArguments(args);
    const dataDir = resolve(flags['data-dir'] || defaultDataDir());
    if (!hasCluster(dataDir)) {
      this.out(`There is no cluster in ${dataDir}.\n`);
      return;
    }
    const processes = new Processes(dataDir);
    const stranger = serverOf(dataDir);
    if (stranger !== undefined && stranger !== processes.alive('server')) {
      throw new CliError(`a server that "up" did not start (process ${stranger}) runs on ${dataDir}: stop it first`);
    }
    try {
      await exclusively(dataDir, `${this.context.program} down`, () =>
        runSteps(this.steps(dataDir, processes), this.io),
      );
    } catch (error) {
      if (!isPermission(error)) throw error;
      throw new CliError(`cannot stop the cluster in ${dataDir}: permission denied; run it as who started it`);
    }
    if (flags['delete-data']) deleteData(dataDir);
    this.out(
      flags['delete-data']
        ? 'The cluster and its data are gone.\n'
        : `The cluster is down. Its data is kept in ${dataDir}.\n`,
    );
  }

  private steps(dataDir: string, processes: Processes): Step[] {
    const names = processes.names();
    const engines = names.filter((name) => /^dockerd-\d+$/.test(name));
    const docker = names.some((name) => name.startsWith('node-') && name !== 'node-simulated') || engines.length > 0;
    const stop = (title: string, wanted: (name: string) => boolean): Step => ({
      title,
      run: async () => {
        const chosen = names.filter(wanted);
        await Promise.all(chosen.map((name) => processes.stop(name)));
        return chosen.length > 0;
      },
    });
    const paths = kubeConfigPaths(this.context.globals.kubeconfig || undefined, this.io.env);
    return [
      stop('Stopped the GitOps loop', (name) => name === 'gitops'),
      stop('Stopped the nodes', (name) => name.startsWith('node-')),
      ...(docker || this.hasNodes(dataDir) ? [this.cleanStep(dataDir, engines)] : []),
      stop('Stopped the control plane', (name) => name === 'server'),
      stop('Stopped the Docker Engines of further nodes', (name) => engines.includes(name)),
      { title: 'Removed network namespaces', run: async () => this.removeNamespaces(dataDir, engines) },
      stop('Stopped the Docker Engine', (name) => name === 'dockerd'),
      { title: 'Removed the kubeconfig context', run: async () => removeContext(dataDir, paths) },
    ];
  }

  private hasNodes(dataDir: string): boolean {
    return process.getuid?.() === 0 && existsSync(join(dataDir, 'nodes'));
  }

  /** Containers, networks, rules, tunnels and mounts of Docker nodes, here and in the namespaces of further nodes. */
  private cleanStep(dataDir: string, engines: readonly string[]): Step {
    return {
      title: 'Removed containers, networks, rules and mounts',
      run: async () => {
        const sockets = [
          '/var/run/docker.sock',
          ...engines.map((e) => `/run/sampan/${e.slice('dockerd-'.length)}/docker.sock`),
        ];
        const { cleanupDocker, cleanupHost } = await import('../node/cleanup.ts');
        const failures: string[] = [];
        for (const socket of sockets.filter(existsSync)) {
          await cleanupDocker(dataDir, socket).catch((error: Error) => failures.push(`${socket}: ${error.message}`));
        }
        // Rules of the namespaces go with them.
        await cleanupHost(dataDir);
        if (failures.length === 0) return true;
        return `Removed rules and mounts; containers and networks may be left, "${this.context.program} down" again removes them (${failures.join('; ')})`;
      },
    };
  }

  private async removeNamespaces(dataDir: string, engines: readonly string[]): Promise<boolean> {
    if (engines.length === 0) return false;
    const { detachBelow } = await import('../node/volumes/mounts.ts');
    await removeExtraNodes(engines.map((name) => Number(name.slice('dockerd-'.length))));
    for (const name of engines) {
      const run = `/run/sampan/${name.slice('dockerd-'.length)}`;
      // An engine that was killed leaves namespaces, and its folders, mounted.
      for (const folder of [run, join(dataDir, 'nodes')]) await detachBelow(folder);
      rmSync(run, { recursive: true, force: true });
    }
    return true;
  }
}
