// Help texts in kubectl's layout, made from the statics of commands. Upstream: kubectl/pkg/util/templates/templates.go.
import type { CommandClass } from './base.ts';
import { globalFlags } from './globals.ts';
import { type FlagTable, formatDefault } from './pflag.ts';

/** The title of the flags that kubectl does not have. */
export const OWN_OPTIONS = 'Options beyond those of kubectl';

export interface Topic {
  summary: string;
  /** Where the list of commands says it shorter. */
  short?: string;
  description?: string;
  examples?: string;
  usage?: string;
  aliases?: readonly string[];
  /** Its help goes to stdout even when it was not asked for. */
  helpToStdout?: boolean;
  /** Naming the group alone is no mistake. */
  helpIsAnswer?: boolean;
}

const indent = (text: string): string =>
  text
    .replace(/^\n+|\s+$/g, '')
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');

function optionList(flags: FlagTable, own = false): string {
  const rows = Object.entries(flags)
    .filter(([, spec]) => !spec.hidden && !spec.deprecated && Boolean(spec.own) === own)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, spec]) => {
      const short = spec.short && name !== spec.short ? `-${spec.short}, ` : name === 'v' ? '-v, ' : '';
      return `    ${short}--${name}=${formatDefault(spec)}:\n\t${spec.help}`;
    });
  return rows.join('\n\n');
}

/** What kubectl does not have stands under a title of its own. */
function ownOptions(flags: FlagTable): string[] {
  const options = optionList(flags, true);
  return options === '' ? [] : [`${OWN_OPTIONS}:\n${options}`];
}

function withProgram(text: string, program: string): string {
  return text.replaceAll('{program}', program);
}

/** `sampan get --help` */
export function commandHelp(
  command: CommandClass | Topic,
  path: readonly string[],
  program: string,
  children: readonly { name: string; summary: string }[],
): string {
  const full = [program, ...path].join(' ');
  const flags = 'flags' in command ? command.flags : {};
  const parts: string[] = [];
  const description = command.description ? `\n\n ${command.description.trim().replaceAll('\n', '\n ')}` : '';
  const sentence = /[.:]$/.test(command.summary) ? command.summary : `${command.summary}.`;
  parts.push(`${sentence}${description.replaceAll(/ +\n/g, '\n')}`);
  if (command.aliases?.length) {
    parts.push(`Aliases:\n${[path.at(-1), ...command.aliases].join(', ')}`);
  }
  if (command.examples) parts.push(`Examples:\n${indent(command.examples)}`);
  if (children.length > 0) {
    const width = Math.max(11, ...children.map((c) => c.name.length)) + 2;
    parts.push(`Available Commands:\n${children.map((c) => `  ${c.name.padEnd(width)} ${c.summary}`).join('\n')}`);
  }
  const options = optionList(flags);
  if (options !== '') parts.push(`Options:\n${options}`);
  parts.push(...ownOptions(flags));
  const usage = 'flags' in command ? command.usage : (command.usage ?? 'SUBCOMMAND');
  parts.push(`Usage:\n  ${`${full} ${usage}`.trimEnd()} [options]`);
  const more =
    children.length > 0 ? `Use "${full} <command> --help" for more information about a given command.\n` : '';
  parts.push(`${more}Use "${program} options" for a list of global command-line options (applies to all commands).`);
  return `${withProgram(parts.join('\n\n'), program)}\n`;
}

/** `sampan options` */
export function globalHelp(): string {
  const own = ownOptions(globalFlags).map((text) => `\n${text}\n`);
  return `The following options can be passed to any command:\n\n${optionList(globalFlags)}\n${own.join('')}`;
}

export interface CommandGroup {
  title: string;
  /** kubectl has none of them. */
  own?: boolean;
  commands: readonly (readonly [name: string, summary: string])[];
}

/** `sampan` and `sampan --help` */
export function rootHelp(groups: readonly CommandGroup[], program: string, opening: string): string {
  const blocks = groups.map(
    ({ title, commands }) =>
      `${title}:\n${commands.map(([name, summary]) => `  ${name.padEnd(15)} ${summary}`).join('\n')}`,
  );
  return (
    `${opening}\n\n${blocks.join('\n\n')}\n\nUsage:\n  ${program} [flags] [options]\n\n` +
    `Use "${program} <command> --help" for more information about a given command.\n` +
    `Use "${program} options" for a list of global command-line options (applies to all commands).\n`
  );
}
