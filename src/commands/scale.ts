// `scale`: through the scale subresource. Upstream: kubectl/pkg/cmd/scale/scale.go, kubectl/pkg/scale.
import { isConflict, isNotFound } from '../api/status.ts';
import { resourcePath, type Unstructured } from '../api/types.ts';
import { CHANGE_CAUSE, Command } from '../cli/base.ts';
import { Builder, type Info } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { type DryRun, dryRunFlag, dryRunOf, filenameFlags, recordFlag, selectorFlag } from '../cli/flags.ts';
import { operationPrinter, patchObject } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';
import { waitFor } from '../cli/wait/conditions.ts';

const flags = {
  all: flag.bool('Select all resources in the namespace of the specified resource types'),
  'current-replicas': flag.int(
    'Precondition for current size. Requires that the current size of the resource match this value in order to scale. -1 (default) for no condition.',
    { default: -1 },
  ),
  ...dryRunFlag,
  ...filenameFlags('Filename, directory, or URL to files identifying the resource to set a new size'),
  ...printFlags,
  ...recordFlag,
  replicas: flag.int('The new desired number of replicas. Required.'),
  'resource-version': flag.string(
    'Precondition for resource version. Requires that the current resource version match this value in order to scale.',
  ),
  ...selectorFlag,
  timeout: flag.duration(
    "The length of time to wait before giving up on a scale operation, zero means don't wait. Any other values should contain a corresponding time unit (e.g. 1s, 2m, 3h).",
  ),
};

interface Scale extends Unstructured {
  spec: { replicas?: number };
}

export default class ScaleCommand extends Command {
  static override summary = 'Set a new size for a deployment, replica set, replication controller, or stateful set';
  static description = `Scale also allows users to specify one or more preconditions for the scale action.

If --current-replicas or --resource-version is specified, it is validated before the scale is attempted, and it is guaranteed that the precondition holds true when the scale is sent to the server.`;
  static examples = `# Scale a replica set named 'foo' to 3
{program} scale --replicas=3 rs/foo

# Scale a resource identified by type and name specified in "foo.yaml" to 3
{program} scale --replicas=3 -f foo.yaml

# If the deployment named mysql's current size is 2, scale mysql to 3
{program} scale --current-replicas=2 --replicas=3 deployment/mysql

# Scale multiple replication controllers
{program} scale --replicas=5 rc/example1 rc/example2 rc/example3

# Scale stateful set named 'web' to 3
{program} scale --replicas=3 statefulset/web`;
  static override usage =
    '[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  private dryRun: DryRun = 'none';

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(ScaleCommand);
    this.opts = opts;
    this.dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    if (!this.changed('replicas')) throw new CliError('required flag(s) "replicas" not set');
    if (opts.replicas < 0) {
      throw new CliError('The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0');
    }
    if (opts['current-replicas'] < -1) {
      throw new CliError('The --current-replicas must specify an integer of -1 or greater');
    }
    const print = await operationPrinter(printOptionsOf(opts), this.dryRun);
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      files: opts,
      labelSelector: opts.selector,
      all: opts.all,
      typeAlone: opts.all,
    }).build();
    if (opts['resource-version'] && built.infos.length > 1) {
      throw new CliError('cannot use --resource-version with multiple resources');
    }
    if (built.infos.length === 0) {
      const first = built.errors[0];
      throw new CliError(`no objects passed to scale${first instanceof Error ? ` ${first.message}` : ''}`);
    }
    for (const info of built.infos) {
      if (this.dryRun !== 'client') await this.scale(info);
      if (this.dryRun !== 'client' && this.changeCause !== undefined) await this.recordCause(info, this.changeCause);
      this.out(print(info.object!, 'scaled'));
    }
    throwCollected(built.errors);
  }

  /** What becomes of it is nobody's trouble. */
  private async recordCause(info: Info, cause: string): Promise<void> {
    const body = { metadata: { annotations: { [CHANGE_CAUSE]: cause } } };
    await patchObject(await this.cluster(), info, 'merge', body, { dryRun: this.dryRun }).catch(() => undefined);
  }

  private async scale(info: Info): Promise<void> {
    const { opts } = this;
    if (opts['current-replicas'] !== -1 || opts['resource-version']) await this.scaleIf(info);
    else await this.patch(info);
    if (opts.timeout > 0 && this.dryRun === 'none') await this.waitForSize(info);
  }

  /** Without a precondition one patch is enough. */
  private async patch(info: Info): Promise<void> {
    const cluster = await this.cluster();
    await cluster.json('PATCH', resourcePath(info.mapping, { ...info, subresource: 'scale' }), {
      body: { spec: { replicas: this.opts.replicas } },
      contentType: 'application/merge-patch+json',
      query: this.dryRun === 'server' ? { dryRun: 'All' } : {},
    });
  }

  private async scaleIf(info: Info): Promise<void> {
    const { opts } = this;
    const cluster = await this.cluster();
    const path = resourcePath(info.mapping, { ...info, subresource: 'scale' });
    for (let attempt = 0; ; attempt++) {
      const scale = await cluster.json<Scale>('GET', path);
      const version = opts['resource-version'];
      if (opts['current-replicas'] !== -1 && (scale.spec.replicas ?? 0) !== opts['current-replicas']) {
        throw new CliError(`Expected replicas to be ${opts['current-replicas']}, was ${scale.spec.replicas ?? 0}`);
      }
      if (version && scale.metadata.resourceVersion !== version) {
        throw new CliError(`Expected resource version to be ${version}, was ${scale.metadata.resourceVersion}`);
      }
      const body = { ...scale, spec: { ...scale.spec, replicas: opts.replicas } };
      try {
        await cluster.json('PUT', path, { body, query: this.dryRun === 'server' ? { dryRun: 'All' } : {} });
        return;
      } catch (error) {
        if (!isConflict(error) || attempt >= 10) throw error;
      }
    }
  }

  private async waitForSize(info: Info): Promise<void> {
    const deadline = this.io.nowMs() + this.opts.timeout;
    const reached = (object: Unstructured | undefined): boolean => {
      const spec = object?.['spec'] as { replicas?: number } | undefined;
      const status = object?.['status'] as { replicas?: number; observedGeneration?: number } | undefined;
      if (!object) return true;
      if ((spec?.replicas ?? 1) !== this.opts.replicas) return true;
      const observed = (status?.observedGeneration ?? 0) >= (object.metadata.generation ?? 0);
      return observed && (status?.replicas ?? 0) === (spec?.replicas ?? 1);
    };
    try {
      const { done } = await waitFor(await this.cluster(), info, reached, deadline);
      if (!done) throw new CliError(`timed out waiting for ${JSON.stringify(info.name)} to be synced`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
