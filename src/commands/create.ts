// `create -f`. The generators are create/*.ts. Upstream: kubectl/pkg/cmd/create/create.go.
import type { Unstructured } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { Builder } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import {
  type DryRun,
  dryRunFlag,
  dryRunOf,
  type FieldValidation,
  fieldManagerFlag,
  fieldValidationOf,
  filenameFlags,
  recordFlag,
  saveConfigFlag,
  selectorFlag,
  validateFlag,
} from '../cli/flags.ts';
import { updatedLastApplied } from '../cli/last-applied.ts';
import { createObject, operationPrinter, withSource } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';
import { rawRules } from '../cli/raw.ts';

const flags = {
  ...dryRunFlag,
  edit: flag.bool('Edit the API resource before creating'),
  ...fieldManagerFlag('kubectl-create'),
  ...filenameFlags('Filename, directory, or URL to files to use to create the resource'),
  ...printFlags,
  raw: flag.string('Raw URI to POST to the server.  Uses the transport specified by the kubeconfig file.'),
  ...recordFlag,
  ...saveConfigFlag,
  ...selectorFlag,
  ...validateFlag,
  'windows-line-endings': flag.bool(
    'Only relevant if --edit=true. Defaults to the line ending native to your platform.',
  ),
};

type Flags = FlagValues<typeof flags>;

export default class Create extends Command {
  static override summary = 'Create a resource from a file or from stdin';
  static description = 'JSON and YAML formats are accepted.';
  static examples = `# Create a pod using the data in pod.json
{program} create -f ./pod.json

# Create a pod based on the JSON passed into stdin
cat pod.json | {program} create -f -

# Edit the data in registry.yaml in JSON then create the resource using the edited data
{program} create -f registry.yaml --edit -o json`;
  static override usage = '-f FILENAME';
  static override flags = flags;

  async run(): Promise<void> {
    const { flags, args } = this.parse(Create);
    if (args.length > 0) this.usageError(`Unexpected args: [${args.join(' ')}]`);
    const dryRun = dryRunOf(flags['dry-run'], (t) => this.err(t));
    const fieldValidation = fieldValidationOf(flags.validate);
    if (flags.filename.length === 0 && !flags.kustomize) {
      throw new CliError('must specify one of -f and -k');
    }
    if (flags.raw) return this.raw(flags);
    if (flags.edit) return this.editFirst(flags, dryRun, fieldValidation);
    const print = await operationPrinter(printOptionsOf(flags), dryRun);
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      files: flags,
      validation: fieldValidation,
    }).build();
    const errors: unknown[] = [];
    const { parseSelector } = await import('../api/selector.ts');
    const selector = parseSelector(flags.selector);
    let count = 0;
    for (const info of built.infos) {
      if (!selector.matches(info.object!.metadata.labels ?? {})) continue;
      count++;
      try {
        info.object = this.recorded(updatedLastApplied(info.object!, flags['save-config']));
        let object: Unstructured = info.object;
        if (dryRun !== 'client') {
          object = await createObject(await this.cluster(), info, {
            dryRun,
            fieldManager: flags['field-manager'],
            fieldValidation,
          });
        }
        this.out(print(object, 'created'));
      } catch (error) {
        errors.push(withSource('creating', info.source, error));
      }
    }
    throwCollected([...errors, ...built.errors]);
    if (count === 0) throw new CliError('no objects passed to create');
  }

  /** Each object by itself in the user's editor. Unlike upstream a dry run stays one, and line ends are as asked for. */
  private async editFirst(flags: Flags, dryRun: DryRun, fieldValidation: FieldValidation): Promise<void> {
    const { EditSession } = await import('../cli/edit/session.ts');
    const { saveNew } = await import('../cli/edit/save.ts');
    const saving = {
      cluster: await this.cluster(),
      write: { dryRun, fieldManager: 'kubectl-create', fieldValidation },
      print: { ...printOptionsOf(flags), cwd: this.io.cwd },
      out: (text: string) => this.out(text),
      err: (text: string) => this.err(text),
    };
    this.context.interrupts.exitCode = 1;
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, { files: flags }).build();
    const errors: unknown[] = [];
    for (const info of built.infos) {
      const session = new EditSession({
        mode: 'create',
        output: flags.output,
        validation: fieldValidation,
        saveConfig: flags['save-config'],
        windowsLineEndings: flags['windows-line-endings'],
        program: this.context.program,
        io: this.io,
        cluster: () => this.cluster(),
        save: (edited) => saveNew(edited, saving),
      });
      await session.run([info]).catch((error: unknown) => errors.push(error));
    }
    throwCollected([...errors, ...built.errors]);
  }

  private checkRaw(flags: Flags): void {
    const rules: [boolean, string][] = [
      [flags.edit, '--raw and --edit are mutually exclusive'],
      ...rawRules(flags.raw, flags),
      [flags.selector !== '', '--raw and --selector (-l) are mutually exclusive'],
    ];
    const broken = rules.find(([isBroken]) => isBroken);
    if (broken) throw new CliError(broken[1]);
  }

  private async raw(flags: Flags): Promise<void> {
    this.checkRaw(flags);
    const { readFiles } = await import('../cli/builder/files.ts');
    const { texts } = await readFiles({ filename: flags.filename }, this.io);
    const body = Buffer.from(texts.map((t) => t.text).join(''));
    this.out(await (await this.cluster()).text('POST', flags.raw, { body, raw: true }));
  }
}
