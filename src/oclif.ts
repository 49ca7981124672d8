// Sampan as an oclif program: every command of the table as an oclif Command, for oclif's own tools (manifest, readme,
// packaging) and for programs that take Sampan in as a plug-in. The `sampan` binary itself never loads this: oclif's core
// costs as much time as a whole `get`, and its parser does not have kubectl's grammar, so parsing stays with cli/pflag.ts.
import { Args, Command as OclifCommand, Flags } from '@oclif/core';
import type { CommandClass } from './cli/base.ts';
import { run } from './cli/invoke.ts';
import type { FlagSpec } from './cli/pflag.ts';
import commands from './commands/index.gen.ts';

type OclifFlags = NonNullable<(typeof OclifCommand)['flags']>;

/** A flag as oclif describes it; an optional value (`--dry-run`) is an option there. */
function oclifFlag(spec: FlagSpec<unknown>): OclifFlags[string] {
  const common = {
    description: spec.help,
    ...(spec.short ? { char: spec.short as 'a' } : {}),
    ...(spec.hidden ? { hidden: true } : {}),
    ...(spec.deprecated ? { deprecated: { message: spec.deprecated } } : {}),
  };
  if (spec.kind === 'bool') return Flags.boolean({ ...common, allowNo: false });
  const multiple = spec.kind === 'slice' || spec.kind === 'array';
  const shown = spec.default === '' || spec.default === undefined ? {} : { default: String(spec.default) };
  return multiple ? Flags.string({ ...common, multiple: true }) : Flags.string({ ...common, ...shown });
}

function oclifCommand(id: string, source: CommandClass): typeof OclifCommand {
  const path = id.split('/');
  const Adapted = class extends OclifCommand {
    static override id = path.join(':');
    static override summary = source.summary;
    static override description = source.description ?? '';
    static override examples = source.examples ? [source.examples.replaceAll('{program}', '<%= config.bin %>')] : [];
    static override usage = [`${path.join(' ')} ${source.usage}`];
    static override hidden = source.hidden ?? false;
    static override strict = false;
    static override args = { args: Args.string({ required: false }) };
    static override flags = Object.fromEntries(
      Object.entries(source.flags).map(([name, spec]) => [name, oclifFlag(spec as FlagSpec<unknown>)]),
    );

    async run(): Promise<void> {
      this.parsed = true; // by our own parser
      const code = await run([...path, ...this.argv], { commands, program: this.config.bin });
      if (code !== 0) this.exit(code);
    }
  };
  return Adapted as unknown as typeof OclifCommand;
}

/** oclif's explicit command discovery: id → class. */
export const COMMANDS: Record<string, typeof OclifCommand> = Object.fromEntries(
  await Promise.all(
    Object.entries(commands).map(async ([id, load]) => {
      const { default: source } = (await load()) as { default: CommandClass };
      return [id.replaceAll('/', ':'), oclifCommand(id, source)] as const;
    }),
  ),
);
