// `rollout status`. Upstream: kubectl/pkg/cmd/rollout/rollout_status.go.
import { Command } from '../../cli/base.ts';
import { Builder, type Info } from '../../cli/builder/builder.ts';
import { CliError, throwCollected } from '../../cli/errors.ts';
import { filenameFlags, selectorFlag } from '../../cli/flags.ts';
import { flag } from '../../cli/pflag.ts';
import { statusViewerFor } from '../../cli/rollout/status.ts';
import { showsProgress, withProgress } from '../../cli/progress/progress.ts';
import type { RolloutWatch } from '../../cli/rollout/watch.ts';
import { type Test, waitFor } from '../../cli/wait/conditions.ts';

const YEAR_MS = 365 * 24 * 3_600_000;

export default class RolloutStatus extends Command {
  static override summary = 'Show the status of the rollout';
  static description = `By default 'rollout status' will watch the status of the latest rollout until it's done. If you don't want to wait for the rollout to finish then you can use --watch=false. Note that if a new rollout starts in-between, then 'rollout status' will continue watching the latest revision. If you want to pin to a specific revision and abort if it is rolled over by another revision, use --revision=N where N is the revision you need to watch for.`;
  static examples = `# Watch the rollout status of a deployment
{program} rollout status deployment/nginx`;
  static override usage = '(TYPE NAME | TYPE/NAME) [flags]';
  static override flags = {
    ...filenameFlags('Filename, directory, or URL to files identifying the resource to get from a server.'),
    revision: flag.int('Pin to a specific revision for showing its status. Defaults to 0 (last revision).'),
    ...selectorFlag,
    timeout: flag.duration(
      'The length of time to wait before ending watch, zero means never. Any other values should contain a corresponding time unit (e.g. 1s, 2m, 3h).',
    ),
    watch: flag.bool("Watch the status of the rollout until it's done.", { short: 'w', default: true }),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(RolloutStatus);
    if (args.length === 0 && flags.filename.length === 0 && !flags.kustomize) {
      throw new CliError('required resource not specified');
    }
    if (flags.revision < 0) throw new CliError(`revision must be a positive integer: ${flags.revision}`);
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      files: flags,
      labelSelector: flags.selector,
      typeAlone: true,
      fetch: 'latest',
      typed: true,
    }).build();
    const cluster = await this.cluster();
    this.context.interrupts.exitCode = 1;
    for (const info of built.infos) {
      const view = statusViewerFor(info.mapping.group, info.mapping.kind);
      const deadline = this.io.nowMs() + (flags.timeout || YEAR_MS);
      const watch = await this.watching(info);
      let seen = false;
      const test: Test = (object) => {
        if (!object) {
          if (seen) throw new CliError('object has been deleted');
          return false;
        }
        seen = true;
        if (watch) watch.object = object;
        const status = view(object, flags.revision);
        this.out(status.message);
        return status.done || !flags.watch;
      };
      const wait = () => waitFor(cluster, info, test, deadline);
      const { done } = await (watch ? withProgress(this.io, () => watch.view(), wait) : wait());
      if (!done) throw new CliError('timed out waiting for the condition');
    }
    throwCollected(built.errors);
    if (built.infos.length === 0) this.err(`No resources found in ${cluster.namespace} namespace.\n`);
  }

  /** What a terminal shows meanwhile. */
  private async watching(info: Info): Promise<RolloutWatch | undefined> {
    if (!showsProgress(this.io)) return undefined;
    const { RolloutWatch: Watch } = await import('../../cli/rollout/watch.ts');
    return new Watch(await this.cluster(), info);
  }
}
