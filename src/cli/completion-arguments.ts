// What could stand as an argument, command by command. Upstream: the ValidArgsFunctions of kubectl/pkg/cmd, and
// kubectl/pkg/util/completion/completion.go. `debug`, `wait`, `events` and `explain` are completed here only.
import { readdirSync } from 'node:fs';
import type { Cluster } from './cluster.ts';
import { configNames, containersOf, names, portsOf, resourceTypes } from './completion-names.ts';
import type { CommandTable } from './find-command.ts';
import type { GlobalFlags } from './globals.ts';
import type { Io } from './io.ts';
import type { FlagTable } from './pflag.ts';

/** What the shell does with the candidates. Cobra's ShellCompDirective. */
export const DEFAULT = 0;
export const NO_SPACE = 2;
export const NO_FILES = 4;
export const FILE_EXTENSIONS = 8;

export interface Completion {
  /** `candidate` or `candidate\tdescription`. */
  items: string[];
  directive: number;
}

export interface CompletionContext {
  commands: CommandTable;
  io: Io;
  connect(globals: GlobalFlags): Promise<Cluster>;
}

/** The line before the cursor. */
export interface Line {
  /** `rollout/status` */
  path: string;
  table: FlagTable;
  words: readonly string[];
  context: CompletionContext;
}

export const starting = (items: readonly string[], prefix: string, directive = NO_FILES): Completion => ({
  items: items.filter((i) => i.startsWith(prefix)),
  directive,
});
const nothing = (directive = NO_FILES): Completion => ({ items: [], directive });

const scalable = ['deployment', 'replicaset', 'replicationcontroller', 'statefulset'];
const rolled = ['deployment', 'daemonset', 'statefulset'];
const typedCommands: Record<string, readonly string[]> = {
  autoscale: scalable,
  expose: ['pod', 'service', 'replicationcontroller', 'deployment', 'replicaset'],
  'rollout/history': rolled,
  'rollout/pause': ['deployment'],
  'rollout/restart': rolled,
  'rollout/resume': ['deployment'],
  'rollout/status': rolled,
  'rollout/undo': rolled,
  scale: scalable,
  'set/image': 'daemonsets deployments pods cronjobs replicasets replicationcontrollers statefulsets'.split(' '),
  taint: ['node'],
};
const anyResource = new Set(
  'get describe delete edit label annotate patch wait events tree neat apply/edit-last-applied apply/view-last-applied'.split(
    ' ',
  ),
);
/** One object alone. */
const single = new Set(['rollout/status', 'set/image']);
const nodeCommands = new Set(['cordon', 'uncordon', 'drain', 'top/node']);
const podCommands = new Set(['why', 'logs', 'exec', 'attach', 'port-forward', 'debug']);
const configCommands: Record<string, 'contexts' | 'clusters' | 'users'> = {
  ctx: 'contexts',
  'config/use-context': 'contexts',
  'config/delete-context': 'contexts',
  'config/rename-context': 'contexts',
  'config/set-context': 'contexts',
  'config/delete-cluster': 'clusters',
  'config/delete-user': 'users',
};

/** Names that are the only argument. */
const onlyArgument: Record<string, (line: Line) => Promise<string[]>> = {
  completion: () => Promise.resolve(['bash', 'zsh', 'fish', 'powershell']),
  ns: (line) => names('namespaces', line),
  'create/token': (line) => names('serviceaccounts', line),
  'top/pod': (line) => names('pods', line),
  explain: resourceTypes,
};

export async function argumentsOf(args: readonly string[], last: string, line: Line): Promise<Completion> {
  const { path } = line;
  const only =
    onlyArgument[path] ??
    (configCommands[path] ? () => configNames(configCommands[path]!, line) : undefined) ??
    (nodeCommands.has(path) ? () => names('nodes', line) : undefined);
  if (only) return args.length === 0 ? starting(await only(line), last) : nothing();
  if (podCommands.has(path)) return podArguments(args, last, line);
  if (path === 'cp') return args.length === 0 ? copyArgument(last, line) : nothing(NO_SPACE);
  const types = typedCommands[path];
  return types || anyResource.has(path) ? typeAndName(types, args, last, line) : nothing(DEFAULT);
}

/** `TYPE NAME…` or `TYPE/NAME…`. Upstream: resourceTypeAndNameCompletionFunc. */
async function typeAndName(
  types: readonly string[] | undefined,
  args: readonly string[],
  last: string,
  line: Line,
): Promise<Completion> {
  const others = (found: readonly string[]): Completion =>
    starting(
      found.filter((n) => !args.includes(n)),
      last,
    );
  const [first] = args;
  const isLast = single.has(line.path);
  if (first !== undefined && !first.includes('/')) {
    return isLast && args.length > 1 ? nothing() : others(await names(first, line));
  }
  if (isLast && first !== undefined) return nothing();
  const slash = last.indexOf('/');
  if (slash >= 0) return others((await names(last.slice(0, slash), line)).map((n) => last.slice(0, slash + 1) + n));
  // Types of a list are completed one by one.
  const listed = types ? '' : last.slice(0, last.lastIndexOf(',') + 1);
  const known = (types ?? (await resourceTypes(line))).map((t) => listed + t);
  if (first === undefined) return starting(known, last);
  return starting(
    known.map((t) => `${t}/`),
    last,
    NO_FILES | NO_SPACE,
  );
}

const typesWithPods = 'daemonsets deployments pods jobs replicasets replicationcontrollers services statefulsets'.split(
  ' ',
);

/** Pods, and the types whose pods can be meant; after one its containers or ports. Upstream: doPodResourceCompletion. */
async function podArguments(args: readonly string[], last: string, line: Line): Promise<Completion> {
  const [target] = args;
  if (target !== undefined) {
    if (args.length > 1) return nothing(line.path === 'debug' ? DEFAULT : NO_FILES);
    if (line.path === 'logs') return starting(await containersOf(target, line), last);
    if (line.path === 'port-forward') return starting(await portsOf(target, last, line), last);
    return nothing(line.path === 'debug' ? DEFAULT : NO_FILES);
  }
  const slash = last.indexOf('/');
  if (slash >= 0) {
    const found = await names(last.slice(0, slash), line);
    return starting(
      found.map((n) => last.slice(0, slash + 1) + n),
      last,
    );
  }
  const pods = (await names('pods', line)).filter((n) => n.startsWith(last));
  const types = typesWithPods.filter((t) => t.startsWith(last)).map((t) => `${t}/`);
  return { items: [...pods, ...types], directive: pods.length === 0 ? NO_FILES | NO_SPACE : NO_FILES };
}

/** A path here, `POD:`, `NAMESPACE/POD:`. */
async function copyArgument(last: string, line: Line): Promise<Completion> {
  if (/^[/.~]|:/.test(last)) return nothing(NO_SPACE);
  const slash = last.indexOf('/');
  if (slash > 0) {
    const found = await names('pods', line, last.slice(0, slash));
    return starting(
      found.map((n) => `${last.slice(0, slash + 1)}${n}:`),
      last,
      NO_SPACE,
    );
  }
  const [namespaces, pods] = await Promise.all([names('namespaces', line), names('pods', line)]);
  const remote = [...namespaces.map((n) => `${n}/`), ...pods.map((n) => `${n}:`)].filter((n) => n.startsWith(last));
  if (last === '') return { items: [...remote, './', '/'], directive: NO_SPACE };
  return { items: [...remote, ...(remote.length > 0 ? localFiles(last, line) : [])], directive: NO_SPACE };
}

function localFiles(prefix: string, { context }: Line): string[] {
  return readdirSync(context.io.cwd, { withFileTypes: true })
    .filter((entry) => entry.name.startsWith(prefix))
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort();
}
