// `apply set-last-applied`. Upstream: kubectl/pkg/cmd/apply/apply_set_last_applied.go.
import { stringifySorted } from '../../api/codec/json.ts';
import { Command } from '../../cli/base.ts';
import { Builder } from '../../cli/builder/builder.ts';
import { CliError } from '../../cli/errors.ts';
import { dryRunFlag, dryRunOf, filenameFlags } from '../../cli/flags.ts';
import { LAST_APPLIED, lastAppliedOf } from '../../cli/last-applied.ts';
import { operationPrinter, patchObject, readObject } from '../../cli/operation.ts';
import { flag } from '../../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../../cli/print/object.ts';

export default class SetLastApplied extends Command {
  static short = 'Set the last-applied-configuration annotation on a live object to match the contents of a file';
  static override summary =
    "Set the latest last-applied-configuration annotations by setting it to match the contents of a file. This results in the last-applied-configuration being updated as though '{program} apply -f <file>' was run, without updating any other parts of the object";
  static examples = `# Set the last-applied-configuration of a resource to match the contents of a file
{program} apply set-last-applied -f deploy.yaml

# Set the last-applied-configuration of a resource to match the contents of a file; will create the annotation if it does not already exist
{program} apply set-last-applied -f deploy.yaml --create-annotation=true

# The files of a folder, each for itself
{program} apply set-last-applied -f path/`;
  static override usage = '-f FILENAME';
  static override flags = {
    'create-annotation': flag.bool(
      "Will create 'last-applied-configuration' annotations if current objects doesn't have one",
    ),
    ...dryRunFlag,
    ...filenameFlags('Filename, directory, or URL to files that contains the last-applied-configuration annotations'),
    ...printFlags,
  };

  async run(): Promise<void> {
    const { flags } = this.parse(SetLastApplied);
    const dryRun = dryRunOf(flags['dry-run'], (t) => this.err(t));
    if (flags.filename.length === 0 && !flags.kustomize) throw new CliError('must specify one of -f and -k');
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, { files: flags }).build();
    // Upstream stops at the first.
    if (built.errors.length > 0) throw built.errors[0];
    const print = await operationPrinter(printOptionsOf(flags), dryRun);
    const cluster = await this.cluster();
    for (const info of built.infos) {
      let live = await readObject(cluster, info);
      if (lastAppliedOf(live) === undefined && !flags['create-annotation']) {
        throw new CliError(
          `no ${LAST_APPLIED.split('/')[1]} annotation found on resource: ${info.name}, to create the annotation, run the command with --create-annotation`,
        );
      }
      // As the file has it: no empty annotations are added here.
      const annotation = `${stringifySorted(info.object)}\n`;
      if (lastAppliedOf(live) === annotation) {
        this.err(`set-last-applied ${info.name}: no changes required.\n`);
        continue;
      }
      if (dryRun !== 'client') {
        const patch = { metadata: { annotations: { [LAST_APPLIED]: annotation } } };
        live = await patchObject(cluster, info, 'merge', patch, { dryRun });
      }
      this.out(print(live, 'configured'));
    }
  }
}
