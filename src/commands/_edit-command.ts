// What `edit` and `apply edit-last-applied` share: their flags, the objects that they read, one edit of all of them.
import { Command } from '../cli/base.ts';
import { Builder, type BuildRequest, type Info } from '../cli/builder/builder.ts';
import { throwCollected } from '../cli/errors.ts';
import type { EditMode, EditResults } from '../cli/edit/results.ts';
import type { Saving } from '../cli/edit/save.ts';
import { EditSession } from '../cli/edit/session.ts';
import { fieldManagerFlag, fieldValidationOf, filenameFlags, validateFlag } from '../cli/flags.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';

export const editFlags = (manager: string) => ({
  ...fieldManagerFlag(manager),
  ...filenameFlags('Filename, directory, or URL to files to use to edit the resource'),
  ...printFlags,
  ...validateFlag,
  'windows-line-endings': flag.bool('Defaults to the line ending native to your platform.'),
});

type EditFlags = FlagValues<ReturnType<typeof editFlags>>;

export abstract class EditCommand extends Command {
  protected abstract readonly mode: EditMode;

  protected abstract save(
    edited: readonly Info[],
    originals: readonly Info[],
    results: EditResults,
    saving: Saving,
  ): Promise<void>;

  protected build(request: BuildRequest): Promise<Info[]> {
    const builder = new Builder(() => this.cluster(), this.io, this.context.program, request);
    return builder.build().then((built) => {
      throwCollected(built.errors);
      return built.infos;
    });
  }

  /** Reads what the arguments name, anew from the server. */
  protected targets(args: readonly string[], flags: EditFlags, subresource?: string): Promise<Info[]> {
    return this.build({ args, files: flags, subresource, typeAlone: true, fetch: 'latest' });
  }

  protected async edit(
    infos: readonly Info[],
    flags: EditFlags,
    options: { saveConfig?: boolean; subresource?: string; outputPatch?: boolean } = {},
  ): Promise<void> {
    const { saveConfig = false, subresource, outputPatch = false } = options;
    const validation = fieldValidationOf(flags.validate);
    const saving: Saving = {
      cluster: await this.cluster(),
      write: { fieldManager: flags['field-manager'], fieldValidation: validation, subresource },
      print: { ...printOptionsOf(flags), cwd: this.io.cwd },
      outputPatch,
      out: (text) => this.out(text),
      err: (text) => this.err(text),
    };
    this.context.interrupts.exitCode = 1;
    const session = new EditSession({
      mode: this.mode,
      output: flags.output,
      validation,
      saveConfig,
      windowsLineEndings: flags['windows-line-endings'],
      program: this.context.program,
      io: this.io,
      cluster: () => this.cluster(),
      save: (edited, originals, results) => this.save(edited, originals, results, saving),
    });
    await session.run(infos);
  }
}
