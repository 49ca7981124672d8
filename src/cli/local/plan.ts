// What `up` is to bring about: its flags, completed by what runs already. What contradicts that is refused and said,
// never ignored.
import { CliError } from '../errors.ts';
import { lastPort } from './context.ts';
import { gitUrl } from './preflight.ts';
import type { Processes } from './processes.ts';

export const DEFAULT_PORT = 6443;
const MAX_NODES = 100;

export interface UpFlags {
  port: number;
  nodes: number;
  runtime: string;
  git: string;
  branch: string;
  path: string;
}

export interface Plan {
  port: number;
  nodes: number;
  docker: boolean;
  /** Undefined: the examples. */
  git?: string;
  branch: string;
  path: string;
}

/** `changed`: the flags that were given. Throws CliError for what cannot be. */
export function planOf(flags: UpFlags, changed: ReadonlySet<string>, processes: Processes): Plan {
  if (flags.runtime !== 'docker' && flags.runtime !== 'simulated') {
    throw new CliError(`invalid --runtime "${flags.runtime}": must be docker or simulated`);
  }
  if (flags.nodes < 1 || flags.nodes > MAX_NODES) {
    throw new CliError(`invalid --nodes ${flags.nodes}: must be between 1 and ${MAX_NODES}`);
  }
  if (flags.port === 0) throw new CliError('invalid --port 0: must be between 1 and 65535');
  for (const name of ['branch', 'path'] as const) {
    if (changed.has(name) && !flags.git) throw new CliError(`--${name} needs --git: say which repository`);
  }
  const names = processes.names();
  const simulated = names.includes('node-simulated');
  const dockerNodes = names.filter((name) => name.startsWith('node-') && name !== 'node-simulated').length;
  const known = simulated ? false : dockerNodes > 0 ? true : undefined;
  const docker = changed.has('runtime') ? flags.runtime === 'docker' : (known ?? true);
  const differs = (what: string) =>
    new CliError(`the cluster in ${processes.dataDir} ${what}; leave the flag out, or run "down" first`);
  if (known !== undefined && known !== docker) {
    throw differs(`has ${known ? 'Docker' : 'simulated'} nodes, not --runtime ${flags.runtime}`);
  }
  const count = simulated ? Number(processes.argument('node-simulated', '--count') ?? 0) : dockerNodes;
  if (changed.has('nodes') && flags.nodes < count)
    throw differs(`has ${count} nodes, more than --nodes ${flags.nodes}`);
  return {
    port: portOf(flags, changed, processes, differs),
    nodes: changed.has('nodes') ? flags.nodes : Math.max(count, 1),
    docker,
    ...(flags.git ? { git: gitUrl(flags.git) } : {}),
    branch: flags.branch,
    path: flags.path || (flags.git ? './' : './hello'),
  };
}

/** A cluster keeps its port: its nodes and kubeconfigs know it. */
function portOf(
  flags: UpFlags,
  changed: ReadonlySet<string>,
  processes: Processes,
  differs: (what: string) => CliError,
): number {
  const last = lastPort(processes.dataDir);
  if (!changed.has('port')) return last ?? flags.port;
  const others = processes.names().filter((name) => processes.alive(name) !== undefined && !name.startsWith('dockerd'));
  if (last !== undefined && last !== flags.port && others.length > 0) {
    throw differs(`runs on port ${last}, not --port ${flags.port}`);
  }
  return flags.port;
}
