// `delete`: by names, files, selectors or all; waits until the objects are gone. Upstream: kubectl/pkg/cmd/delete.
import { isNotFound, isReason } from '../api/status.ts';
import { Command } from '../cli/base.ts';
import { Builder, type Info } from '../cli/builder/builder.ts';
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
import { type DeletionAnswer, deleteObject, deletionLine, type DeletionOptions } from '../cli/deletion.ts';
import { infoName, kindOf, withSource } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { age, type ProgressView, rate, withProgress } from '../cli/progress/progress.ts';
import { timedOut, waitFor } from '../cli/wait/conditions.ts';
import { Going } from '../cli/wait/going.ts';

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

Note that the delete command does NOT do resource version checks, so if someone submits an update to a resource right when you submit a delete, their update will be lost along with the rest of the resource.

Objects often stand for something in the cluster, and a deletion may not be confirmed at once: while the node of a pod is down or out of reach, its end takes far longer than the grace period. --force deletes such an object all the same. Objects without graceful deletion ignore --grace-period.

IMPORTANT: forced deletion of a pod waits for nobody to confirm that its processes have ended. They may run on until the node hears of it. Where processes share storage, or a remote API knows them by the name of their pod, two pods of one name can be at work at once and spoil data. Use force only when you are sure that the pod has ended, or when several copies at once do no harm. The scheduler may also put new pods on the node before it has room for them, and they are evicted again.

After the deletion of a CustomResourceDefinition a client may know its kinds for a while; "{program} api-resources" reads the list anew.`;
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
{program} delete pods --all

# Delete the objects of a folder with a kustomization.yaml
{program} delete -k dir

# Delete what the files whose names end in '.json' contain
cat *.json | {program} delete -f -

# Delete the pod that JSON on stdin names
cat pod.json | {program} delete -f -

# Delete all pods after asking
{program} delete pod --all --interactive`;
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
    if (opts.raw) {
      this.validate();
      return this.out(await (await this.cluster()).text('DELETE', opts.raw, { raw: true }));
    }
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
    // What is named wrongly is told of first, as upstream does: its Complete comes before its Validate.
    this.validate();
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
    const { gracePeriod, dryRun } = this;
    this.deletion = { gracePeriod, dryRun, propagationPolicy: propagationOf(opts.cascade, (t) => this.err(t)) };
  }

  private validate(): void {
    const { opts } = this;
    if (opts.output && opts.output !== 'name') {
      throw new CliError(`unexpected -o output mode: ${opts.output}. We only support '-o name'`);
    }
    if (opts.force && this.gracePeriod > 0) {
      throw new CliError('--force and --grace-period greater than 0 cannot be specified together');
    }
    if (opts.force && this.gracePeriod === 0) {
      this.err(
        'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n',
      );
    }
  }

  private async deleteAll(infos: readonly Info[], problems: readonly unknown[]): Promise<void> {
    const errors = problems.filter((e) => !(this.ignoreNotFound && isNotFound(e)));
    const going: Going[] = [];
    const started = this.io.nowMs();
    let asked = 0;
    const view = (): ProgressView => ({
      title: `deleting ${Math.min(asked + 1, infos.length)} of ${infos.length}, ${rate(asked, started, this.io.nowMs())} a second`,
      rows: infos[asked] ? [infoName(infos[asked]!)] : [],
    });
    let warned = !(await this.scoped());
    const work = async (): Promise<void> => {
      for (const info of infos) {
        if (!warned && !info.mapping.namespaced) {
          this.err('Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n');
          warned = true;
        }
        try {
          const latest = this.dryRun === 'client' ? undefined : await this.deleteOne(info);
          if (this.dryRun === 'client') this.say(info);
          else going.push(new Going(info, latest));
        } catch (error) {
          if (!(this.ignoreNotFound && isNotFound(error))) errors.push(withSource('deleting', info.source, error));
        }
        asked++;
      }
    };
    await withProgress(this.io, view, work, { when: this.opts.output === '', count: infos.length });
    throwCollected(errors);
    if (infos.length === 0) return this.out('No resources found\n');
    if (this.opts.wait && this.dryRun === 'none') await this.waitUntilGone(going);
  }

  private async scoped(): Promise<boolean> {
    return this.context.globals.namespace !== '' && !this.opts['all-namespaces'];
  }

  private async deleteOne(info: Info): Promise<DeletionAnswer> {
    const answer = await deleteObject(await this.cluster(), info, this.deletion);
    this.say(info);
    return answer;
  }

  private say(info: Info): void {
    this.out(deletionLine(info, this.deletion, this.opts.output));
  }

  private async waitUntilGone(going: readonly Going[]): Promise<void> {
    this.context.interrupts.exitCode = 1;
    const started = this.io.nowMs();
    const left = new Set(going);
    const view = (): ProgressView => {
      const now = this.io.nowMs();
      const title = `waiting until ${left.size} of ${going.length} are gone, ${age(started, now)}`;
      return { title, rows: [...left].map((one) => one.line(now)) };
    };
    const deadline = started + (this.opts.timeout || WEEK_MS);
    const work = async (): Promise<void> => {
      for (const one of going) {
        await this.waitForEnd(one, deadline);
        left.delete(one);
      }
    };
    await withProgress(this.io, view, work, { when: this.opts.output === '' });
  }

  /** At a terminal, who waits in vain is told why. */
  private async waitForEnd(one: Going, deadline: number): Promise<void> {
    try {
      if ((await waitFor(await this.cluster(), one.info, one.test, deadline)).done) return;
    } catch (error) {
      if (!isReason(error, 'Forbidden', 'MethodNotAllowed')) throw error;
      return;
    }
    if (this.io.stderr.isTTY) this.err(`${one.line(this.io.nowMs())}\n`);
    throw timedOut(one.info);
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
