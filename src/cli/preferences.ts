// What a kuberc does to a command line: an alias becomes the command that it stands for, and options get other defaults
// where the line does not name them. Loaded only when there is a kuberc (kuberc.ts).
// Upstream (1.34): kubectl/pkg/kuberc/kuberc.go Preferences.Apply, applyAliases, applyOverrides, searchInArgs.
import type { CommandClass } from './base.ts';
import { type CommandTable, findCommand } from './find-command.ts';
import { globalFlags } from './globals.ts';
import type { Io } from './io.ts';
import type { Preference } from './kuberc.ts';
import { type FlagTable, parseFlags } from './pflag.ts';

type Option = Preference['defaults'][number]['options'][number];

/** The command line as it is run. Throws what upstream says after `error occurred while applying preferences`. */
export async function applyPreference(
  argv: readonly string[],
  preference: Preference,
  commands: CommandTable,
  program: string,
  io: Io,
): Promise<readonly string[]> {
  const { unknown, path, at } = findCommand(argv, commands);
  if (unknown !== undefined && path.length === 0) {
    const alias = preference.aliases.find((a) => a.name === unknown);
    if (!alias) return argv;
    for (const { command } of preference.defaults) {
      if (command.trim() === alias.name) throw new Error(`alias ${alias.name} can not be overridden`);
    }
    warnOfUnknown(preference, commands, io);
    return unaliased(argv, at, alias, commands, program);
  }
  warnOfUnknown(preference, commands, io);
  return withDefaults(argv, preference, commands);
}

function warnOfUnknown({ aliases, defaults }: Preference, commands: CommandTable, io: Io): void {
  for (const { command } of defaults) {
    const isAlias = aliases.some((a) => a.name === command.trim());
    if (!isAlias && !pathOf(command, commands)) {
      io.stderr.write(`Warning: command ${JSON.stringify(command)} not found to set kuberc override\n`);
    }
  }
}

/** The path of a command that is written as `set env`. */
function pathOf(command: string, commands: CommandTable): string | undefined {
  const words = command.split(/\s+/).filter((w) => w !== '');
  const { path, unknown } = findCommand(words, commands);
  return path.length === 0 || unknown !== undefined ? undefined : path.join('/');
}

async function flagsOf(path: string, commands: CommandTable): Promise<FlagTable> {
  const loader = commands[path];
  const command = loader && ((await loader()).default as CommandClass);
  return { ...globalFlags, ...command?.flags };
}

async function unaliased(
  argv: readonly string[],
  at: number,
  alias: Preference['aliases'][number],
  commands: CommandTable,
  program: string,
): Promise<string[]> {
  const path = pathOf(alias.command, commands);
  if (path === undefined) {
    const words = alias.command.split(/\s+/).filter((w) => w !== '');
    throw new Error(
      `command ${JSON.stringify(alias.command)} not found to set alias ${JSON.stringify(alias.name)}: [${words.join(' ')}]`,
    );
  }
  const table = await flagsOf(path, commands);
  const given = chosen(alias.options, table, argv, {
    unknown: (name) => `invalid alias flag ${name} in alias ${program}`,
    refused: ({ name, default: value }, why) =>
      `could not apply value ${value} to flag ${name} in alias ${program} err: ${why}`,
  });
  const before = argv.slice(0, at);
  return [...before, ...path.split('/'), ...given, ...alias.prependArgs, ...argv.slice(at + 1), ...alias.appendArgs];
}

async function withDefaults(
  argv: readonly string[],
  { defaults }: Preference,
  commands: CommandTable,
): Promise<readonly string[]> {
  const { path } = findCommand(argv, commands);
  const name = path.join('/');
  const entries = defaults.filter((d) => name !== '' && pathOf(d.command, commands) === name);
  if (entries.length === 0) return argv;
  const table = await flagsOf(name, commands);
  const given = entries.flatMap(({ command, options }) =>
    chosen(options, table, argv, {
      unknown: (option) => `invalid flag ${option} for command ${command}`,
      refused: ({ name: option, default: value }, why) =>
        `could not apply override value ${value} to flag ${option} in command ${command} err: ${why}`,
    }),
  );
  // In front of everything: flags may stand before their command, and a later default of the same flag wins.
  return [...given, ...argv];
}

/** The options that the line does not name, as words of a command line. */
function chosen(
  options: readonly Option[],
  table: FlagTable,
  argv: readonly string[],
  messages: { unknown(name: string): string; refused(option: Option, why: string): string },
): string[] {
  const words: string[] = [];
  for (const option of options) {
    const spec = table[option.name];
    if (!spec) throw new Error(messages.unknown(option.name));
    if (isNamed(option.name, spec.short, argv)) continue;
    const word = `--${option.name}=${option.default}`;
    try {
      parseFlags(table, [word]);
    } catch (error) {
      throw new Error(messages.refused(option, (error as Error).message), { cause: error });
    }
    words.push(word);
  }
  return words;
}

/** Upstream's search is rough: any letter of `-abc` may be the flag, or a part of a value. */
function isNamed(name: string, short: string | undefined, argv: readonly string[]): boolean {
  return argv.some((arg) => {
    if (arg === `--${name}` || arg.startsWith(`--${name}=`)) return true;
    if (!short) return false;
    return arg.startsWith(`-${short}`) || (/^-[a-zA-Z]+$/.test(arg) && arg.includes(short));
  });
}
