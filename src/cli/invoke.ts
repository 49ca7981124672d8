// One command line: finds the command in the generated table, parses its flags together with the global ones, runs it, prints
// its error, answers the exit code. No command is loaded but the one that runs; no plug-in discovery.
import type { CommandClass, CommandContext, Interrupts } from './base.ts';
import type { Cluster } from './cluster.ts';
import { AggregateCliError, FlagError, formatError, PlainError, UsageError } from './errors.ts';
import { type GlobalFlags, globalFlags } from './globals.ts';
import { type Io, processIo } from './io.ts';
import { type CommandTable, type Found, findCommand } from './find-command.ts';
import { loadPreference } from './kuberc.ts';
import { HelpRequested, type ParsedFlags, parseFlags } from './pflag.ts';
import { topics } from './topics.ts';

export interface MainOptions {
  commands: CommandTable;
  program?: string;
  io?: Io;
  signal?: AbortSignal;
  interrupts?: Interrupts;
  /** The process ends right after: connections are left to the system, which closes them for nothing. */
  ends?: boolean;
  /** Replaces the connection that kubeconfig and flags name (tests, embedders). */
  connect?: (globals: GlobalFlags) => Promise<Cluster>;
}

/** Runs one command line and answers its exit code. Throws nothing. */
export async function run(argv: readonly string[], options: MainOptions): Promise<number> {
  const io = options.io ?? processIo();
  const program = options.program ?? 'sampan';
  if (argv[0] === '__complete' || argv[0] === '__completeNoDesc') return completeLine(argv, options, io);
  let preferred: readonly string[];
  try {
    preferred = await withPreferences(argv, options.commands, program, io);
  } catch (error) {
    io.stderr.write(`error occurred while applying preferences ${(error as Error).message}\n`);
    return 1;
  }
  const wanted = preferred[0] === 'help' ? await helpLine(preferred.slice(1), options, program, io) : preferred;
  if (!wanted) return 0;
  const found = findCommand(wanted, options.commands);
  const invocation = new Invocation(found, program, io, options);
  return invocation.run();
}

/** `help get` is `get --help`; undefined when there is no such command, which was told. Upstream: cobra's help command. */
async function helpLine(
  words: readonly string[],
  { commands }: MainOptions,
  program: string,
  io: Io,
): Promise<string[] | undefined> {
  const { path, unknown } = findCommand(words, commands);
  if (path.length > 0 || unknown === undefined) return [...path, '--help'];
  const [{ rootHelp }, { rootGroups }] = await Promise.all([import('./help.ts'), import('./topics.ts')]);
  const topics = words.map((word) => `\`${word}\``).join(' ');
  io.stderr.write(`Unknown help topic [${topics}]\n${rootHelp(rootGroups, program, '')}`);
  return undefined;
}

/** The command line with what the user's kuberc says. Upstream: kubectl/pkg/kuberc. */
async function withPreferences(
  argv: readonly string[],
  commands: CommandTable,
  program: string,
  io: Io,
): Promise<readonly string[]> {
  const preference = await loadPreference(argv, io);
  if (!preference) return argv;
  const { applyPreference } = await import('./preferences.ts');
  return applyPreference(argv, preference, commands, program, io);
}

/** Answers a shell's completion script. Nothing that goes wrong may disturb the line that is being typed. */
async function completeLine(argv: readonly string[], options: MainOptions, io: Io): Promise<number> {
  const { complete } = await import('./completion.ts');
  const connected: Cluster[] = [];
  const connect = async (globals: GlobalFlags): Promise<Cluster> => {
    const cluster = await (options.connect
      ? options.connect(globals)
      : import('./connect.ts').then((m) => m.connect(globals, new Set(), io)));
    connected.push(cluster);
    return cluster;
  };
  let answer = { items: [] as string[], directive: 4 };
  try {
    const line = await withPreferences(argv.slice(1), options.commands, options.program ?? 'sampan', io);
    answer = await complete(line, { commands: options.commands, io, connect });
  } catch {
    answer.directive = 4;
  }
  for (const cluster of connected) cluster.close();
  const described = argv[0] === '__complete';
  const lines = answer.items.map((i) => (described ? i.split('\n')[0]! : i.split('\t')[0]!));
  io.stdout.write([...lines, `:${answer.directive}`, ''].join('\n'));
  const bits = ['Error', 'NoSpace', 'NoFileComp', 'FilterFileExt'].filter((_, bit) => answer.directive & (1 << bit));
  const word = (bits.length > 0 ? bits : ['Default']).map((b) => `ShellCompDirective${b}`).join(', ');
  io.stderr.write(`Completion ended with directive: ${word}\n`);
  return 0;
}

/** The global flags as given; a command's own flag of the same name (`--user` of a role binding) is not meant. */
function globalsOf({ values }: ParsedFlags, command: CommandClass): GlobalFlags {
  const shadowed = Object.keys(command.flags).filter((name) => Object.hasOwn(globalFlags, name));
  const defaults = shadowed.map((name) => [name, globalFlags[name as keyof GlobalFlags].default] as const);
  return { ...values, ...Object.fromEntries(defaults) } as unknown as GlobalFlags;
}

/** `--no-color` is NO_COLOR for this command and all that it starts. */
const withoutColour = (io: Io): Io => Object.create(io, { env: { value: { ...io.env, NO_COLOR: '1' } } }) as Io;

class Invocation {
  private readonly found: Found;
  private readonly program: string;
  private readonly io: Io;
  private readonly options: MainOptions;
  private connected?: Promise<Cluster>;

  constructor(found: Found, program: string, io: Io, options: MainOptions) {
    this.found = found;
    this.program = program;
    this.io = io;
    this.options = options;
  }

  private get commandPath(): string {
    return [this.program, ...this.found.path].join(' ');
  }

  async run(): Promise<number> {
    let globals: GlobalFlags | undefined;
    let command: CommandClass | undefined;
    try {
      if (!this.found.loader) return await this.topic();
      command = (await this.found.loader()).default as CommandClass;
      let parsed: ParsedFlags;
      try {
        parsed = parseFlags({ ...globalFlags, ...command.flags }, this.found.rest);
      } catch (error) {
        if (error instanceof FlagError && command.flagErrorCode !== undefined) {
          const { text } = formatError(new UsageError(error.message), this.commandPath);
          throw new PlainError(text, command.flagErrorCode);
        }
        if (!(error instanceof HelpRequested)) throw error;
        await this.help(command);
        return 0;
      }
      globals = globalsOf(parsed, command);
      for (const given of parsed.given) {
        const name = given.slice(2, given.indexOf('='));
        const why = command.flags[name]?.deprecated;
        if (why) this.io.stderr.write(`Flag --${name} has been deprecated, ${why}\n`);
      }
      const code = await new command(this.contextFor(parsed, globals)).run();
      return await this.warningsAsErrors(globals, code ?? 0);
    } catch (error) {
      const code = await this.report(error, globals);
      await this.hint(error, command, globals);
      return code;
    } finally {
      if (this.connected && !this.options.ends) await this.connected.then((c) => c.close()).catch(() => undefined);
    }
  }

  private contextFor(parsed: ParsedFlags, globals: GlobalFlags): CommandContext {
    return {
      io: globals['no-color'] ? withoutColour(this.io) : this.io,
      program: this.program,
      path: this.found.path,
      parsed,
      globals,
      signal: this.options.signal ?? new AbortController().signal,
      interrupts: this.options.interrupts ?? { ends: false },
      cluster: () => (this.connected ??= this.connect(globals, parsed)),
    };
  }

  private async connect(globals: GlobalFlags, parsed: ParsedFlags): Promise<Cluster> {
    if (this.options.connect) return this.options.connect(globals);
    const { connect } = await import('./connect.ts');
    return connect(globals, parsed.changed, this.io);
  }

  private async warningsAsErrors(globals: GlobalFlags, code: number): Promise<number> {
    const count = (await this.connected)?.warnings.count ?? 0;
    if (!globals['warnings-as-errors'] || count === 0) return code;
    this.io.stderr.write(`error: ${count} warning${count === 1 ? '' : 's'} received\n`);
    return code === 0 ? 1 : code;
  }

  private async report(error: unknown, globals: GlobalFlags | undefined): Promise<number> {
    const server = await this.connected?.then((c) => c.server).catch(() => undefined);
    const { text, exitCode } = formatError(error, this.commandPath, server);
    if ((globals?.v ?? 0) >= 4) {
      const { traceStatus } = await import('./trace.ts');
      traceStatus(error, this.io);
    }
    if (text !== '') this.io.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
    if ((globals?.v ?? 0) >= 9 && error instanceof Error && !(error instanceof AggregateCliError)) {
      this.io.stderr.write(`${error.stack ?? ''}\n`);
    }
    return exitCode;
  }

  /** For people: what was probably meant. */
  private async hint(
    error: unknown,
    command: CommandClass | undefined,
    globals: GlobalFlags | undefined,
  ): Promise<void> {
    if (!this.io.stderr.isTTY) return;
    const { hintFor } = await import('./hints.ts');
    const { text } = formatError(error, this.commandPath);
    const { unknown } = this.found;
    const words = { children: this.childNames, unknown };
    const hint = await hintFor(error, text, { io: this.io, cluster: () => this.connected, command, globals, ...words });
    if (hint !== undefined) this.io.stderr.write(`${hint}\n`);
  }

  private get childNames(): string[] {
    return this.found.children.map((path) => path.slice(path.lastIndexOf('/') + 1));
  }

  /** A group of commands: its help, or that what was asked for is not there. */
  private async topic(): Promise<number> {
    const { path, rest, unknown } = this.found;
    const wantsHelp = rest.includes('--help') || rest.includes('-h');
    if (unknown !== undefined && !wantsHelp && !topics[path.join('/')]?.helpIsAnswer) {
      if (path.length > 0) {
        this.io.stderr.write(
          `error: unknown command "${unknown}"\nSee '${this.commandPath} -h' for help and examples\n`,
        );
        if (this.io.stderr.isTTY) {
          const { nearest } = await import('./suggest.ts');
          const near = nearest(unknown, this.childNames);
          if (near) this.io.stderr.write(`Did you mean ${near}?\n`);
        }
        return 1;
      }
      const plugin = await this.plugin(rest, 1);
      if (plugin !== undefined) return plugin;
      const { suggestionsFor } = await import('./suggest.ts');
      const near = suggestionsFor(unknown);
      const hint = near.length > 0 ? `\n\nDid you mean this?\n${near.map((n) => `\t${n}`).join('\n')}\n` : '';
      this.io.stderr.write(`error: unknown command "${unknown}" for "${this.program}"${hint}\n`);
      return 1;
    }
    if (!wantsHelp) parseFlags(globalFlags, rest);
    // A group of commands alone is a mistake: help goes to stderr. Upstream: cmdutil.DefaultSubCommandRun.
    const mistake = !wantsHelp && path.length > 0 && !topics[path.join('/')]?.helpIsAnswer;
    const toStdout = !mistake || topics[path.join('/')]?.helpToStdout === true;
    await this.help(undefined, toStdout ? this.io.stdout : this.io.stderr);
    return mistake ? 1 : 0;
  }

  /** Runs the plug-in that these words name; undefined when there is none. */
  private async plugin(argv: readonly string[], least: number): Promise<number | undefined> {
    if (argv[0]?.startsWith('-')) return undefined;
    const { findPlugin, runPlugin } = await import('./plugins.ts');
    const found = findPlugin(argv, this.io, least);
    return found && runPlugin(found, this.io);
  }

  private async help(command?: CommandClass, to: NodeJS.WritableStream = this.io.stdout): Promise<void> {
    const { commandHelp, rootHelp } = await import('./help.ts');
    const { path } = this.found;
    if (path.length === 0) {
      const { rootGroups } = await import('./topics.ts');
      const opening = `${this.program} controls the Kubernetes cluster manager.\n\n Every command of kubectl is here under the same name.`;
      to.write(rootHelp(rootGroups, this.program, opening));
      return;
    }
    const about = command ?? topics[path.join('/')] ?? { summary: path.join(' ') };
    to.write(commandHelp(about, path, this.program, await this.childSummaries()));
  }

  private async childSummaries(): Promise<{ name: string; summary: string }[]> {
    return Promise.all(
      [...this.found.children].sort().map(async (child) => {
        const loaded = this.options.commands[child];
        const command = loaded && ((await loaded()).default as CommandClass);
        const summary = command
          ? (command.short ?? command.summary)
          : (topics[child]?.short ?? topics[child]?.summary ?? '');
        return { name: child.split('/').at(-1)!, summary };
      }),
    );
  }
}
