// `replace`, and `replace --force`: delete, then create. Upstream: kubectl/pkg/cmd/replace/replace.go.
import { isNotFound } from '../api/status.ts';
import { Command } from '../cli/base.ts';
import { Builder, type BuildRequest, type Built, type Info } from '../cli/builder/builder.ts';
import { deleteObject, deletionLine, type DeletionOptions } from '../cli/deletion.ts';
import { AggregateCliError, CliError, throwCollected } from '../cli/errors.ts';
import {
  type DryRun,
  deletionFlags,
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  fieldValidationOf,
  filenameFlags,
  propagationOf,
  recordFlag,
  saveConfigFlag,
  validateFlag,
} from '../cli/flags.ts';
import { updatedLastApplied } from '../cli/last-applied.ts';
import {
  createObject,
  operationPrinter,
  type OperationPrinter,
  replaceObject,
  withSource,
  type WriteOptions,
} from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';
import { rawRules } from '../cli/raw.ts';
import { deleted, waitFor } from '../cli/wait/conditions.ts';

const FIVE_MINUTES_MS = 5 * 60_000;

const flags = {
  ...deletionFlags,
  ...dryRunFlag,
  ...fieldManagerFlag('kubectl-replace'),
  ...filenameFlags('The files that contain the configurations to replace.'),
  ...printFlags,
  raw: flag.string('Raw URI to PUT to the server.  Uses the transport specified by the kubeconfig file.'),
  ...recordFlag,
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
{program} replace --force -f ./pod.json

# Another image tag for a pod with one container
{program} get pod mypod -o yaml | sed 's/\\(image: myimage\\):.*$/\\1:v4/' | {program} replace -f -`;
  static override usage = '-f FILENAME';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  private dryRun: DryRun = 'none';
  private writing!: WriteOptions;
  private deletion!: DeletionOptions;

  async run(): Promise<void> {
    const { flags: opts } = this.parse(Replace);
    this.opts = opts;
    const fieldValidation = fieldValidationOf(opts.validate);
    this.dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    const print = await operationPrinter({ ...printOptionsOf(opts), cwd: this.io.cwd }, this.dryRun);
    const propagationPolicy = propagationOf(opts.cascade, (t) => this.err(t));
    // Zero is taken for one, and waited for, so that nothing is lost by a slip.
    const gracePeriod = opts['grace-period'] === 0 ? 1 : opts['grace-period'];
    this.deletion = { propagationPolicy, gracePeriod };
    if (opts.filename.length === 0 && !opts.kustomize) {
      throw new CliError('must specify one of -f and -k');
    }
    this.validate(gracePeriod);
    this.writing = {
      dryRun: this.dryRun,
      fieldManager: opts['field-manager'],
      fieldValidation,
      subresource: opts.subresource,
    };
    if (opts.raw) return this.raw();
    if (opts.force) return this.forceReplace(print);
    const built = await this.build({ validation: fieldValidation });
    const errors: unknown[] = [];
    for (const info of built.infos) {
      try {
        info.object = this.recorded(updatedLastApplied(info.object!, opts['save-config']));
        if (this.dryRun !== 'client') info.object = await replaceObject(await this.cluster(), info, this.writing);
        this.out(print(info.object, 'replaced'));
      } catch (error) {
        errors.push(withSource('replacing', info.source, error));
      }
    }
    throwCollected([...errors, ...built.errors]);
  }

  private validate(gracePeriod: number): void {
    const { opts } = this;
    const { filename } = opts;
    const rules: [boolean, string][] = [
      [gracePeriod >= 0 && !opts.force, '--grace-period must have --force specified'],
      [opts.timeout !== 0 && !opts.force, '--timeout must have --force specified'],
      [opts.force && this.dryRun !== 'none', '--dry-run can not be used when --force is set'],
    ];
    if (opts.raw) rules.push(...rawRules(opts.raw, { ...opts, filename }));
    const broken = rules.find(([isBroken]) => isBroken);
    if (broken) throw new CliError(broken[1]);
  }

  private build(request: BuildRequest): Promise<Built> {
    const { opts } = this;
    const builder = new Builder(() => this.cluster(), this.io, this.context.program, { files: opts, ...request });
    return builder.build();
  }

  /** Deletes all, waits until they are gone, creates them anew. Standard input is read once, for both. */
  private async forceReplace(print: OperationPrinter): Promise<void> {
    const { opts } = this;
    const cluster = await this.cluster();
    const built = await this.build({});
    const errors: unknown[] = [];
    const gone: Info[] = [];
    for (const info of built.infos) {
      try {
        await deleteObject(cluster, info, this.deletion);
        this.out(deletionLine(info, this.deletion, opts.output));
        gone.push(info);
      } catch (error) {
        if (!isNotFound(error)) errors.push(withSource('deleting', info.source, error));
      }
    }
    throwCollected([...errors, ...built.errors]);
    if (built.infos.length === 0) this.out('No resources found\n');
    const late: Error[] = [];
    for (const info of gone) {
      const deadline = this.io.nowMs() + (opts.timeout || FIVE_MINUTES_MS);
      const { done } = await waitFor(cluster, info, deleted(undefined), deadline);
      if (!done) late.push(new CliError('context deadline exceeded'));
    }
    if (late.length > 1) throw new AggregateCliError(late);
    throwCollected(late);
    await this.createAll(built.infos, print);
    if (built.infos.length === 0) throw new CliError('no objects passed to replace');
  }

  private async createAll(infos: readonly Info[], print: OperationPrinter): Promise<void> {
    const cluster = await this.cluster();
    const errors: unknown[] = [];
    for (const info of infos) {
      try {
        info.object = updatedLastApplied(info.object!, this.opts['save-config']);
        info.object = await createObject(cluster, info, this.writing);
        this.out(print(info.object, 'replaced'));
      } catch (error) {
        errors.push(error);
      }
    }
    throwCollected(errors);
  }

  private async raw(): Promise<void> {
    const { readFiles } = await import('../cli/builder/files.ts');
    const { texts } = await readFiles({ filename: this.opts.filename }, this.io);
    const body = Buffer.from(texts.map((t) => t.text).join(''));
    this.out(await (await this.cluster()).text('PUT', this.opts.raw, { body, raw: true }));
  }
}
