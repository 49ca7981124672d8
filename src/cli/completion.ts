// What could stand at the cursor: `__complete WORDS… LAST` prints one candidate a line and a directive for the shell's
// script, as cobra's programs do. Failures complete nothing. Upstream: spf13/cobra completions.go,
// kubectl/pkg/util/completion/completion.go.
import type { CommandClass } from './base.ts';
import {
  argumentsOf,
  type Completion,
  type CompletionContext,
  DEFAULT,
  FILE_EXTENSIONS,
  type Line,
  NO_FILES,
  starting,
} from './completion-arguments.ts';
import { configNames, containersOf, names } from './completion-names.ts';
import { globalFlags } from './globals.ts';
import { findCommand } from './find-command.ts';
import { flag, type FlagSpec, type FlagTable, parseFlags } from './pflag.ts';
import { rootGroups, topics } from './topics.ts';

/** Offered before a dash was typed: nothing works without them. Upstream: MarkFlagRequired. */
const required: Record<string, readonly string[]> = {
  autoscale: ['max'],
  'create/clusterrolebinding': ['clusterrole'],
  'create/cronjob': ['image', 'schedule'],
  'create/deployment': ['image'],
  'create/service/externalname': ['external-name'],
  run: ['image'],
  scale: ['replicas'],
};

export async function complete(words: readonly string[], context: CompletionContext): Promise<Completion> {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  if (before[0] === 'help') return helpTopics(before.slice(1), last, context);
  const found = findCommand(before, context.commands);
  const command = found.loader ? ((await found.loader()).default as CommandClass) : undefined;
  const path = found.path.join('/');
  const line: Line = { path, table: { ...globalFlags, ...command?.flags }, words: before, context };
  const dashed = before.includes('--');
  const awaiting = dashed ? undefined : flagAwaitingValue(line.table, before);
  const given = /^-+([^=]+)=(.*)$/s.exec(last);
  if (!dashed && awaiting === undefined && given) return flagValues(given[1]!, given[2]!, found.rest, line);
  if (awaiting !== undefined) return flagValues(awaiting, last, found.rest, line);
  const flags = parsed(line.table, found.rest);
  // What cannot be read completes nothing.
  if (!flags) return { items: [], directive: DEFAULT };
  const { args, changed } = flags;
  const missing = command ? (required[path] ?? []).filter((name) => !changed.has(name)) : [];
  const wanted = missing.map((name) => described(`--${name}`, line.table[name]!)).filter((n) => n.startsWith(last));
  if (!dashed && last.startsWith('-')) {
    return { items: wanted.length > 0 ? wanted : flagNames(line, changed, last), directive: NO_FILES };
  }
  const plain = found.unknown === undefined && args.length === 0;
  const onlyGlobal = [...changed].every((name) => Object.hasOwn(globalFlags, name));
  const subcommands = plain && onlyGlobal ? await childNames(path, found.children, last, context) : [];
  if (subcommands.length > 0) return { items: subcommands, directive: NO_FILES };
  if (!command) return { items: [], directive: found.unknown === undefined ? NO_FILES : DEFAULT };
  const answer = await argumentsOf(args, last, line);
  return { ...answer, items: [...wanted, ...answer.items] };
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

/** `help rollout un`: the commands below one. */
async function helpTopics(words: readonly string[], last: string, context: CompletionContext): Promise<Completion> {
  const { path, children, unknown } = findCommand(words, context.commands);
  if (unknown !== undefined) return { items: [], directive: NO_FILES };
  return { items: await childNames(path.join('/'), children, last, context), directive: NO_FILES };
}

const described = (name: string, { help }: FlagSpec<unknown>): string => `${name}\t${help}`;

/** Those of every command first. What was given stays out, unless it may be given again. */
function flagNames({ path, table }: Line, changed: ReadonlySet<string>, last: string): string[] {
  const help = flag.bool(`help for ${path.split('/').at(-1) || 'sampan'}`, { short: 'h' });
  const offered = Object.entries({ ...table, help })
    .filter(([name, s]) => !s.hidden && !s.deprecated && (!changed.has(name) || ['array', 'slice'].includes(s.kind)))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const isGlobal = ([name]: [string, unknown]): boolean => path !== '' && Object.hasOwn(globalFlags, name);
  return [...offered.filter(isGlobal), ...offered.filter((o) => !isGlobal(o))]
    .flatMap(([name, s]) => [described(`--${name}`, s), ...(s.short ? [described(`-${s.short}`, s)] : [])])
    .filter((n) => n.startsWith(last));
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

/** Undefined when there is something that no flag takes. */
function parsed(
  table: FlagTable,
  rest: readonly string[],
): { args: string[]; changed: ReadonlySet<string> } | undefined {
  try {
    return parseFlags(table, rest);
  } catch {
    return undefined;
  }
}

const FORMATS =
  'json yaml name go-template go-template-file template templatefile jsonpath jsonpath-as-json jsonpath-file'.split(
    ' ',
  );

/** What -o takes where it prints no objects. */
const OTHER_FORMATS: Record<string, readonly string[]> = {
  version: ['json', 'yaml'],
  'api-resources': ['json', 'yaml', 'name', 'wide'],
  explain: ['plaintext', 'plaintext-openapiv2'],
};

const sections = { context: 'contexts', cluster: 'clusters', user: 'users' } as const;

async function flagValues(name: string, last: string, rest: readonly string[], line: Line): Promise<Completion> {
  const { path, table } = line;
  if (name === 'output') {
    const formats = OTHER_FORMATS[path] ?? (table['template'] ? FORMATS : []);
    if (formats.length === 0) return { items: [], directive: DEFAULT };
    return starting(path === 'get' ? [...formats, 'custom-columns', 'custom-columns-file', 'wide'] : formats, last);
  }
  if (name === 'filename') return { items: ['json', 'yaml', 'yml'], directive: FILE_EXTENSIONS };
  if (name === 'dry-run') return starting(['none', 'server', 'client'], last);
  if (name === 'subresource') return starting(['status', 'scale', 'resize'], last);
  if (name === 'namespace' || name === 'n') return starting(await names('namespaces', line), last);
  if (Object.hasOwn(sections, name)) {
    return starting(await configNames(sections[name as keyof typeof sections], line), last);
  }
  if (name === 'clusterrole' && path.startsWith('create/')) return starting(await names('clusterroles', line), last);
  if (name === 'container' && ['exec', 'logs', 'attach', 'cp'].includes(path)) {
    const [pod] = parsed(table, rest.slice(0, -1))?.args ?? [];
    return starting(pod === undefined ? [] : await containersOf(pod, line), last);
  }
  return { items: [], directive: DEFAULT };
}
