// `delete`: by names, files, selectors or all; waits until the objects are gone. Upstream: kubectl/pkg/cmd/delete.
import { isNotFound, isReason } from '../api/status.ts';
import { Command } from '../cli/base.ts';
import { Builder, type Info } from '../cli/builder/builder.ts';
import type { Unstructured } from '../api/types.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import {
  allNamespacesFlag,
  deletionFlags,
  dryRunFlag,
  dryRunOf,
  type DryRun,
  fieldSelectorFlag,
  filenameFlags,
  propagationOf,
  selectorFlag,
} from '../cli/flags.ts';
import { deleteObject, deletionLine, type DeletionOptions } from '../cli/deletion.ts';
import { kindOf, withSource } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { deleted, type Test, timedOut, waitFor, type WaitResult } from '../cli/wait/conditions.ts';
import { sayWhenSlow, whyStillThere } from '../cli/wait/going.ts';

const WEEK_MS = 7 * 24 * 3_600_000;

const flags = {
  all: flag.bool('Delete all resources, in the namespace of the specified resource types.'),
  ...allNamespacesFlag,
  ...deletionFlags,
  ...dryRunFlag,
  ...fieldSelectorFlag,
  ...filenameFlags('containing the resource to delete.'),
  'ignore-not-found': flag.bool(
    'Treat "resource not found" as a successful delete. Defaults to "true" when --all is specified.',
  ),
  interactive: flag.bool('If true, delete resource only when user confirms.', { short: 'i' }),
  now: flag.bool('If true, resources are signaled for immediate shutdown (same as --grace-period=1).'),
  output: flag.string('Output mode. Use "-o name" for shorter output (resource/name).', { short: 'o' }),
  raw: flag.string('Raw URI to DELETE to the server.  Uses the transport specified by the kubeconfig file.'),
  ...selectorFlag,
  wait: { ...deletionFlags.wait, default: true },
};

export default class Delete extends Command {
  static override summary =
    'Delete resources by file names, stdin, resources and names, or by resources and label selector';
  static description = `JSON and YAML formats are accepted. Only one type of argument may be specified: file names, resources and names, or resources and label selector.

Some resources, such as pods, support graceful deletion. These resources define a default period before they are forcibly terminated (the grace period) but you may override that value with the --grace-period flag, or pass --now to set a grace-period of 1.

Note that the delete command does NOT do resource version checks, so if someone submits an update to a resource right when you submit a delete, their update will be lost along with the rest of the resource.`;
  static examples = `# Delete a pod using the type and name specified in pod.json
{program} delete -f ./pod.json

# Delete pods and services with same names "baz" and "foo"
{program} delete pod,service baz foo

# Delete pods and services with label name=myLabel
{program} delete pods,services -l name=myLabel

# Delete a pod with minimal delay
{program} delete pod foo --now

# Force delete a pod on a dead node
{program} delete pod foo --force

# Delete all pods
{program} delete pods --all`;
  static override usage = '([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)])';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  private dryRun: DryRun = 'none';
  private gracePeriod = -1;
  private deletion!: DeletionOptions;
  private ignoreNotFound = false;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Delete);
    this.opts = opts;
    this.prepare();
    if (opts.raw) return this.out(await (await this.cluster()).text('DELETE', opts.raw));
    const builder = new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      files: opts,
      labelSelector: opts.selector,
      fieldSelector: opts['field-selector'],
      all: opts.all,
      allNamespaces: opts['all-namespaces'],
      fetch: 'none',
    });
    const built = await builder.build();
    if (opts.interactive && !(await this.confirmed(built.infos))) return;
    await this.deleteAll(built.infos, built.errors);
  }

  private prepare(): void {
    const { opts } = this;
    this.ignoreNotFound = opts['ignore-not-found'];
    if ((opts.all || opts.selector || opts['field-selector']) && !this.changed('ignore-not-found')) {
      this.ignoreNotFound = true;
    }
    this.gracePeriod = opts['grace-period'];
    if (opts.now) {
      if (this.gracePeriod !== -1) throw new CliError('--now and --grace-period cannot be specified together');
      this.gracePeriod = 1;
    }
    if (this.gracePeriod === 0 && !opts.force) this.gracePeriod = 1;
    if (opts.force && this.gracePeriod < 0) this.gracePeriod = 0;
    this.dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    if (opts.output && opts.output !== 'name') {
      throw new CliError(`unexpected -o output mode: ${opts.output}. We only support '-o name'`);
    }
    if (opts.all && opts['field-selector'])
      throw new CliError('cannot set --all and --field-selector at the same time');
    if (opts.force && this.gracePeriod > 0) {
      throw new CliError('--force and --grace-period greater than 0 cannot be specified together');
    }
    if (opts.force && this.gracePeriod === 0) {
      this.err(
        'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n',
      );
    }
    const { gracePeriod, dryRun } = this;
    this.deletion = { gracePeriod, dryRun, propagationPolicy: propagationOf(opts.cascade, (t) => this.err(t)) };
  }

  private async deleteAll(infos: readonly Info[], problems: readonly unknown[]): Promise<void> {
    const errors = problems.filter((e) => !(this.ignoreNotFound && isNotFound(e)));
    const gone: { info: Info; uid?: string }[] = [];
    let found = 0;
    let warned = !(await this.scoped());
    for (const info of infos) {
      found++;
      if (!warned && !info.mapping.namespaced) {
        this.err('Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n');
        warned = true;
      }
      if (this.dryRun === 'client') {
        this.say(info);
        continue;
      }
      try {
        gone.push({ info, uid: await this.deleteOne(info) });
      } catch (error) {
        if (!(this.ignoreNotFound && isNotFound(error))) errors.push(withSource('deleting', info.source, error));
      }
    }
    throwCollected(errors);
    if (found === 0) return this.out('No resources found\n');
    if (this.opts.wait && this.dryRun === 'none') await this.waitUntilGone(gone);
  }

  private async scoped(): Promise<boolean> {
    return this.context.globals.namespace !== '' && !this.opts['all-namespaces'];
  }

  private async deleteOne(info: Info): Promise<string | undefined> {
    const uid = await deleteObject(await this.cluster(), info, this.deletion);
    this.say(info);
    return uid;
  }

  private say(info: Info): void {
    this.out(deletionLine(info, this.deletion, this.opts.output));
  }

  private async waitUntilGone(gone: readonly { info: Info; uid?: string }[]): Promise<void> {
    const cluster = await this.cluster();
    const deadline = this.io.nowMs() + (this.opts.timeout || WEEK_MS);
    for (const { info, uid } of gone) {
      try {
        const { done } = await this.watched(info, deleted(uid), (test) => waitFor(cluster, info, test, deadline));
        if (!done) throw timedOut(info);
      } catch (error) {
        if (!isReason(error, 'Forbidden', 'MethodNotAllowed')) throw error;
      }
    }
  }

  /** At a terminal, a wait that takes longer than a moment is explained. */
  private async watched(info: Info, test: Test, wait: (test: Test) => Promise<WaitResult>): Promise<WaitResult> {
    if (!this.io.stderr.isTTY) return wait(test);
    let latest: Unstructured | undefined;
    const end = sayWhenSlow(() => {
      if (!latest) return;
      const why = whyStillThere(latest, this.io.nowMs());
      this.err(`waiting for ${kindOf(info)} ${JSON.stringify(info.name)}: ${why}\n`);
    });
    return wait((object) => {
      latest = object;
      return test(object);
    }).finally(end);
  }

  private async confirmed(infos: readonly Info[]): Promise<boolean> {
    if (infos.length === 0) return true;
    this.out(`You are about to delete the following ${infos.length} resource(s):\n`);
    for (const info of infos) this.out(`${kindOf(info)}/${info.name}\n`);
    this.out('Do you want to continue? (y/n): ');
    const { createInterface } = await import('node:readline');
    const lines = createInterface({ input: this.io.stdin });
    const answer = await new Promise<string>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(''));
    });
    lines.close();
    if (answer.trim().toLowerCase() === 'y') return true;
    this.out('deletion is cancelled\n');
    return false;
  }
}
