// What could stand at the cursor: `__complete WORDS… LAST` prints one candidate a line and a directive for the shell's
// script, as cobra's programs do. Failures complete nothing. Upstream: spf13/cobra completions.go,
// kubectl/pkg/util/completion/completion.go.
import type { CommandClass } from './base.ts';
import type { Cluster } from './cluster.ts';
import { type GlobalFlags, globalFlags } from './globals.ts';
import { type CommandTable, findCommand } from './find-command.ts';
import type { Io } from './io.ts';
import { type FlagSpec, type FlagTable, parseFlags } from './pflag.ts';
import { rootGroups, topics } from './topics.ts';
import { resourcePath, type Unstructured } from '../api/types.ts';

/** What the shell does with the candidates. Cobra's ShellCompDirective. */
const DEFAULT = 0;
const NO_SPACE = 2;
const NO_FILES = 4;
const FILE_EXTENSIONS = 8;

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

const nothing = (directive = NO_FILES): Completion => ({ items: [], directive });
const starting = (items: readonly string[], prefix: string): Completion => ({
  items: items.filter((i) => i.startsWith(prefix)),
  directive: NO_FILES,
});

export async function complete(words: readonly string[], context: CompletionContext): Promise<Completion> {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const found = findCommand(before, context.commands);
  const command = found.loader ? ((await found.loader()).default as CommandClass) : undefined;
  const table: FlagTable = { ...globalFlags, ...command?.flags };
  const dashed = before.includes('--');
  const valueOf = dashed ? undefined : flagAwaitingValue(table, before);
  const at = last.indexOf('=');
  if (!dashed && valueOf === undefined && last.startsWith('-') && at > 0) {
    const values = await flagValues(last.slice(0, at).replace(/^-+/, ''), table, last.slice(at + 1), before, context);
    return values;
  }
  if (valueOf !== undefined) return flagValues(valueOf, table, last, before, context);
  if (!dashed && last.startsWith('-')) return { items: flagNames(table, last), directive: NO_FILES };
  const path = found.path.join('/');
  const subcommands = found.unknown === undefined ? await childNames(path, found.children, last, context) : [];
  const args = parsedArgs(table, found.rest);
  if (subcommands.length > 0 && args.length === 0) return { items: subcommands, directive: NO_FILES };
  if (!command || dashed) return nothing(dashed ? DEFAULT : NO_FILES);
  return argumentsOf(path, args, last, table, found.rest, context);
}

function flagAwaitingValue(table: FlagTable, before: readonly string[]): string | undefined {
  const word = before.at(-1);
  if (word === undefined || !word.startsWith('-') || word.includes('=') || word === '-') return undefined;
  const spec = (name: string): FlagSpec<unknown> | undefined => table[name];
  const name = word.startsWith('--')
    ? word.slice(2)
    : Object.keys(table).find((n) => spec(n)?.short === word.at(-1) && word.length === 2);
  const of = name === undefined ? undefined : spec(name);
  if (!of || of.kind === 'bool' || of.kind === 'count' || of.noOpt !== undefined) return undefined;
  return name;
}

function flagNames(table: FlagTable, last: string): string[] {
  const shown = Object.entries(table).filter(([, s]) => !s.hidden && !s.deprecated);
  const names = shown.flatMap(([name, s]) => [
    ...(s.short && last.length < 2 ? [`-${s.short}\t${s.help}`] : []),
    `--${name}\t${s.help}`,
  ]);
  return names.filter((n) => n.startsWith(last)).sort();
}

async function childNames(
  path: string,
  children: readonly string[],
  last: string,
  context: CompletionContext,
): Promise<string[]> {
  if (path === '') {
    const all = rootGroups.flatMap((g) => g.commands).map(([name, about]) => `${name}\t${about}`);
    return all.filter((n) => n.startsWith(last)).sort();
  }
  const lines = await Promise.all(
    children.map(async (child) => {
      const name = child.split('/').at(-1)!;
      if (!name.startsWith(last) || child === path) return '';
      const loader = context.commands[child];
      const of = loader && ((await loader()).default as CommandClass);
      return `${name}\t${of ? (of.short ?? of.summary) : (topics[child]?.short ?? topics[child]?.summary ?? '')}`;
    }),
  );
  return lines.filter((l) => l !== '').sort();
}

function parsedArgs(table: FlagTable, rest: readonly string[]): string[] {
  try {
    return parseFlags(table, rest).args;
  } catch {
    return rest.filter((w) => !w.startsWith('-'));
  }
}

const FORMATS =
  'json yaml name go-template go-template-file template templatefile jsonpath jsonpath-as-json jsonpath-file'.split(
    ' ',
  );

async function flagValues(
  name: string,
  table: FlagTable,
  last: string,
  before: readonly string[],
  context: CompletionContext,
): Promise<Completion> {
  if (name === 'output') {
    const isGet = before.includes('get');
    return starting(isGet ? [...FORMATS, 'custom-columns', 'custom-columns-file', 'wide'] : FORMATS, last);
  }
  if (name === 'filename') return { items: ['json', 'yaml', 'yml'], directive: FILE_EXTENSIONS };
  if (name === 'dry-run') return starting(['none', 'server', 'client'], last);
  const sections: Record<string, 'contexts' | 'clusters' | 'users'> = {
    context: 'contexts',
    cluster: 'clusters',
    user: 'users',
  };
  if (sections[name]) return starting(await configNames(sections[name], table, before, context), last);
  if (name === 'namespace' || name === 'n') return starting(await names('namespaces', table, before, context), last);
  return nothing(DEFAULT);
}

async function configNames(
  section: 'contexts' | 'clusters' | 'users',
  table: FlagTable,
  before: readonly string[],
  context: CompletionContext,
): Promise<string[]> {
  const { kubeConfigPaths, loadKubeConfig } = await import('../client/kubeconfig.ts');
  const explicit = globalsOf(table, before).kubeconfig || undefined;
  const config = loadKubeConfig(kubeConfigPaths(explicit, context.io.env), { explicit: explicit !== undefined });
  const entries = (config as unknown as Record<string, { name?: string }[] | Map<string, unknown> | undefined>)[
    section
  ];
  if (entries instanceof Map) return [...entries.keys()].sort();
  return Object.values(entries ?? {})
    .map((e) => e.name ?? '')
    .sort();
}

function globalsOf(table: FlagTable, words: readonly string[]): GlobalFlags {
  for (let end = words.length; end > 0; end--) {
    try {
      return parseFlags(table, words.slice(0, end)).values as unknown as GlobalFlags;
    } catch {
      continue;
    }
  }
  return parseFlags(table, []).values as unknown as GlobalFlags;
}

/** Names of a resource's objects, in the namespace that the line names. */
async function names(
  type: string,
  table: FlagTable,
  words: readonly string[],
  context: CompletionContext,
): Promise<string[]> {
  const cluster = await context.connect(globalsOf(table, words));
  const mapping = await (await cluster.mapper()).resource(type);
  const path = resourcePath(mapping, mapping.namespaced ? { namespace: cluster.namespace } : {});
  const list = await cluster.json<{ items?: Unstructured[] }>('GET', path, {
    headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json' },
  });
  return (list.items ?? []).map((i) => i.metadata.name ?? '');
}

const nodeCommands = new Set(['cordon', 'uncordon', 'drain', 'top/node']);
const podCommands = new Set(['why', 'logs', 'exec', 'attach', 'port-forward', 'debug', 'top/pod']);
const typedCommands: Record<string, readonly string[]> = {
  autoscale: ['deployment', 'replicaset', 'replicationcontroller', 'statefulset'],
  expose: ['deployment', 'pod', 'replicaset', 'replicationcontroller', 'service'],
  'rollout/history': ['deployment', 'daemonset', 'statefulset'],
  'rollout/pause': ['deployment'],
  'rollout/restart': ['deployment', 'daemonset', 'statefulset'],
  'rollout/resume': ['deployment'],
  'rollout/status': ['deployment', 'daemonset', 'statefulset'],
  'rollout/undo': ['deployment', 'daemonset', 'statefulset'],
  scale: ['deployment', 'replicaset', 'replicationcontroller', 'statefulset'],
  taint: ['node'],
};
const anyResource = new Set('get describe delete edit label annotate patch wait events tree neat'.split(' '));
const contextCommands = new Set(['ctx', 'config/use-context', 'config/delete-context', 'config/rename-context']);

async function argumentsOf(
  path: string,
  args: readonly string[],
  last: string,
  table: FlagTable,
  rest: readonly string[],
  context: CompletionContext,
): Promise<Completion> {
  const others = (found: readonly string[]): Completion =>
    starting(
      found.filter((n) => !args.includes(n)),
      last,
    );
  if (path === 'completion')
    return args.length === 0 ? starting(['bash', 'zsh', 'fish', 'powershell'], last) : nothing();
  if (contextCommands.has(path))
    return args.length === 0 ? others(await configNames('contexts', table, rest, context)) : nothing();
  if (path === 'ns') return args.length === 0 ? others(await names('namespaces', table, rest, context)) : nothing();
  if (path === 'config/delete-cluster') return others(await configNames('clusters', table, rest, context));
  if (path === 'config/delete-user') return others(await configNames('users', table, rest, context));
  if (nodeCommands.has(path)) return others(await names('nodes', table, rest, context));
  const types = typedCommands[path];
  if (!types && !anyResource.has(path) && !podCommands.has(path)) {
    return path === 'explain' && args.length === 0 ? resourceTypes(last, table, rest, context) : nothing(DEFAULT);
  }
  const [type, start] = last.split(/\/(.*)/s);
  if (start !== undefined && type) {
    const found = await names(type, table, rest, context);
    return others(found.map((n) => `${type}/${n}`));
  }
  if (podCommands.has(path)) return args.length === 0 ? podsAndTypes(last, table, rest, context) : nothing();
  if (args.length === 0) return types ? starting(types, last) : resourceTypes(last, table, rest, context);
  return others(await names(args[0]!, table, rest, context));
}

const typesWithPods = 'daemonsets deployments pods jobs replicasets replicationcontrollers services statefulsets'.split(
  ' ',
);

/** Pods, and the types whose pods can be meant. Upstream: doPodResourceCompletion. */
async function podsAndTypes(
  last: string,
  table: FlagTable,
  rest: readonly string[],
  context: CompletionContext,
): Promise<Completion> {
  const pods = (await names('pods', table, rest, context)).filter((n) => n.startsWith(last));
  const types = typesWithPods.filter((t) => t.startsWith(last)).map((t) => `${t}/`);
  return { items: [...pods, ...types], directive: pods.length === 0 ? NO_FILES | NO_SPACE : NO_FILES };
}

/** `pods`, `deployments.apps`: by group, then name, as `api-resources` lists them. */
async function resourceTypes(
  last: string,
  table: FlagTable,
  rest: readonly string[],
  context: CompletionContext,
): Promise<Completion> {
  const { resources } = await (await (await context.connect(globalsOf(table, rest))).mapper()).fresh();
  const listed = resources.filter((r) => r.verbs.includes('list') || r.verbs.includes('create'));
  const sortKey = ({ group, plural }: { group: string; plural: string }): string => `${group} ${plural}`;
  const sorted = listed.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const typed = [...new Set(sorted.map((r) => (r.group ? `${r.plural}.${r.group}` : r.plural)))];
  return starting(typed, last);
}
