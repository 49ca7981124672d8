// `edit`: objects in the user's editor, patched with what changed; an error opens the editor again with the reason.
// Upstream: kubectl/pkg/cmd/edit, kubectl/pkg/cmd/util/editor/editoptions.go.
import { createMergePatch } from '../api/patch/merge-patch.ts';
import { createTwoWayMergePatch } from '../api/patch/strategic.ts';
import { builtinSchemas } from '../api/schema/builtin.ts';
import { stringifySorted } from '../api/codec/json.ts';
import type { Unstructured } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { Builder, type Info } from '../cli/builder/builder.ts';
import { parseManifest } from '../cli/builder/manifest.ts';
import { editText } from '../cli/editor.ts';
import { CliError, plainMessage, PlainError, throwCollected } from '../cli/errors.ts';
import { fieldManagerFlag, fieldValidationOf, filenameFlags, saveConfigFlag, validateFlag } from '../cli/flags.ts';
import { operationPrinter, patchObject } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { printFlags } from '../cli/print/object.ts';

const HEADER = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`;

const flags = {
  ...fieldManagerFlag('kubectl-edit'),
  ...filenameFlags('Filename, directory, or URL to files to use to edit the resource'),
  ...printFlags,
  'output-patch': flag.bool('Output the patch if the resource is edited.'),
  ...saveConfigFlag,
  subresource: flag.string(
    'If specified, edit will operate on the subresource of the requested object. This flag is beta and may change in the future.',
  ),
  ...validateFlag,
  'windows-line-endings': flag.bool('Defaults to the line ending native to your platform.'),
};

export default class Edit extends Command {
  static short = 'Edit a resource on the server';
  static override summary = 'Edit a resource from the default editor';
  static description = `The edit command allows you to directly edit any API resource you can retrieve via the command-line tools. It will open the editor defined by your KUBE_EDITOR, or EDITOR environment variables, or fall back to 'vi' for Linux. You can edit multiple objects, although changes are applied one at a time. The command accepts file names as well as command-line arguments, although the files you point to must be previously saved versions of resources.

The default format is YAML. If you would like to edit in JSON, specify "-o json".`;
  static examples = `# Edit the service named 'registry'
{program} edit svc/registry

# Use an alternative editor
KUBE_EDITOR="nano" {program} edit svc/registry

# Edit the job 'myjob' in JSON using the v1 API format
{program} edit job.v1.batch/myjob -o json`;
  static override usage = '(RESOURCE/NAME | -f FILENAME)';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Edit);
    this.opts = opts;
    if (!['', 'yaml', 'json'].includes(opts.output)) {
      throw new CliError('The edit mode is invalid. Only json and yaml are supported with -o');
    }
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      files: opts,
      subresource: opts.subresource,
      typeAlone: true,
      fetch: 'latest',
    }).build();
    throwCollected(built.errors);
    if (built.infos.length === 0) throw new CliError('edit cancelled, no objects found');
    for (const info of built.infos) await this.editOne(info);
  }

  private async editOne(info: Info): Promise<void> {
    const original = withoutManagedFields(info.object!);
    const json = this.opts.output === 'json';
    const { toYaml } = await import('../cli/yaml.ts');
    const initial = json ? `${stringifySorted(original, 4)}\n` : toYaml(original);
    let text = `${HEADER}${initial}`;
    for (;;) {
      const edited = editText(text, json ? '.json' : '.yaml', this.io);
      const body = edited.text.replaceAll(/^#.*\n?/gm, '');
      if (body.trim() === '') {
        edited.discard();
        throw new PlainError('Edit cancelled, saved file was empty.');
      }
      if (body.trim() === initial.trim() || (edited.text === text && text !== `${HEADER}${initial}`)) {
        const failed = text !== `${HEADER}${initial}`;
        if (!failed) edited.discard();
        this.out(failed ? `Edit cancelled, no valid changes were saved.\n` : 'Edit cancelled, no changes made.\n');
        if (failed) throw new PlainError(`A copy of your changes has been stored to ${JSON.stringify(edited.file)}`);
        return;
      }
      try {
        await this.save(info, original, body);
        edited.discard();
        return;
      } catch (error) {
        const reasons = plainMessage(error)
          .split('\n')
          .map((line) => `# ${line}\n`)
          .join('');
        text = `${HEADER}${reasons}#\n${body}`;
        this.err(`error: ${info.mapping.plural} ${JSON.stringify(info.name)} is invalid\n`);
        if (!this.io.stdin.isTTY) {
          throw new PlainError(
            `${plainMessage(error)}\nA copy of your changes has been stored to ${JSON.stringify(edited.file)}`,
          );
        }
        edited.discard();
      }
    }
  }

  private async save(info: Info, original: Unstructured, text: string): Promise<void> {
    const [after] = await parseManifest(text, 'edited-file');
    if (!after) throw new CliError('The edited file failed validation: no object');
    if (after.metadata.name !== original.metadata.name || after.kind !== original.kind) {
      throw new CliError('At least one of apiVersion, kind and name was changed');
    }
    const { group, version, kind } = info.mapping;
    const schema = builtinSchemas.forKind(group, version, kind);
    const patch = schema
      ? createTwoWayMergePatch(original, after, schema, builtinSchemas)
      : createMergePatch(original, after);
    if (this.opts['output-patch']) this.out(`Patch: ${stringifySorted(patch)}\n`);
    const answer = await patchObject(await this.cluster(), info, schema ? 'strategic' : 'merge', patch, {
      fieldManager: this.opts['field-manager'],
      fieldValidation: fieldValidationOf(this.opts.validate),
      subresource: this.opts.subresource,
    });
    const print = await operationPrinter({ output: '' }, 'none');
    this.out(print(answer, 'edited'));
  }
}

function withoutManagedFields(object: Unstructured): Unstructured {
  const metadata = { ...object.metadata };
  delete metadata.managedFields;
  return { ...object, metadata };
}
