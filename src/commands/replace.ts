// `replace`, and `replace --force`: delete, then create. Upstream: kubectl/pkg/cmd/replace/replace.go.
import { isNotFound } from '../api/status.ts';
import { resourcePath } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { Builder, type Info } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import {
  type DryRun,
  deletionFlags,
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  fieldValidationOf,
  filenameFlags,
  saveConfigFlag,
  validateFlag,
} from '../cli/flags.ts';
import { updatedLastApplied } from '../cli/last-applied.ts';
import {
  createObject,
  kindOf,
  operationPrinter,
  replaceObject,
  withSource,
  type WriteOptions,
} from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';
import { deleted, waitFor } from '../cli/wait/conditions.ts';

const WEEK_MS = 7 * 24 * 3_600_000;

const flags = {
  ...deletionFlags,
  ...dryRunFlag,
  ...fieldManagerFlag('kubectl-replace'),
  ...filenameFlags('The files that contain the configurations to replace.'),
  ...printFlags,
  raw: flag.string('Raw URI to PUT to the server.  Uses the transport specified by the kubeconfig file.'),
  ...saveConfigFlag,
  subresource: flag.string(
    'If specified, replace will operate on the subresource of the requested object. This flag is beta and may change in the future.',
  ),
  ...validateFlag,
};

export default class Replace extends Command {
  static override summary = 'Replace a resource by file name or stdin';
  static description = `JSON and YAML formats are accepted. If replacing an existing resource, the complete resource spec must be provided. This can be obtained by

  $ {program} get TYPE NAME -o yaml`;
  static examples = `# Replace a pod using the data in pod.json
{program} replace -f ./pod.json

# Replace a pod based on the JSON passed into stdin
cat pod.json | {program} replace -f -

# Force replace, delete and then re-create the resource
{program} replace --force -f ./pod.json`;
  static override usage = '-f FILENAME';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  private dryRun: DryRun = 'none';
  private writing!: WriteOptions;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Replace);
    this.opts = opts;
    this.dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    if (args.length > 0) this.usageError(`Unexpected args: [${args.join(' ')}]`);
    if (opts['grace-period'] >= 0 && !opts.force) throw new CliError('--grace-period must have --force specified');
    if (opts.timeout !== 0 && !opts.force) throw new CliError('--timeout must have --force specified');
    if (opts.filename.length === 0 && !opts.kustomize) {
      throw new CliError('must specify one of -f and -k');
    }
    this.writing = {
      dryRun: this.dryRun,
      fieldManager: opts['field-manager'],
      fieldValidation: fieldValidationOf(opts.validate),
      subresource: opts.subresource,
    };
    if (opts.raw) return this.raw();
    const print = await operationPrinter(printOptionsOf(opts), this.dryRun);
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      files: opts,
      validation: this.writing.fieldValidation,
    }).build();
    const errors = [...built.errors];
    if (opts.force) for (const info of built.infos) await this.remove(info).catch((e) => errors.push(e));
    for (const info of built.infos) {
      try {
        info.object = updatedLastApplied(info.object!, opts['save-config']);
        if (this.dryRun !== 'client') info.object = await this.put(info);
        this.out(print(info.object, 'replaced'));
      } catch (error) {
        errors.push(withSource('replacing', info.source, error));
      }
    }
    throwCollected(errors);
    if (built.infos.length === 0) throw new CliError('no objects passed to replace');
  }

  /** What upstream overwrites unconditionally keeps no version of the file's. */
  private async put(info: Info) {
    const cluster = await this.cluster();
    return this.opts.force ? createObject(cluster, info, this.writing) : replaceObject(cluster, info, this.writing);
  }

  private async remove(info: Info): Promise<void> {
    const { opts } = this;
    const cluster = await this.cluster();
    const grace = opts['grace-period'] < 0 ? 0 : opts['grace-period'];
    try {
      await cluster.json('DELETE', resourcePath(info.mapping, info), {
        body: { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: grace, propagationPolicy: 'Background' },
      });
    } catch (error) {
      if (isNotFound(error)) return;
      throw withSource('deleting', info.source, error);
    }
    const word = grace === 0 ? 'force deleted' : 'deleted';
    this.out(`${kindOf(info)} ${JSON.stringify(info.name)} ${word}\n`);
    const { done } = await waitFor(cluster, info, deleted(undefined), this.io.nowMs() + (opts.timeout || WEEK_MS));
    if (!done) throw new CliError('timed out waiting for the condition');
  }

  private async raw(): Promise<void> {
    const { readFiles } = await import('../cli/builder/files.ts');
    const { texts } = await readFiles({ filename: this.opts.filename }, this.io);
    const body = Buffer.from(texts.map((t) => t.text).join(''));
    this.out(await (await this.cluster()).text('PUT', this.opts.raw, { body }));
  }
}
