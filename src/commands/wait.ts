// `wait --for=create|delete|condition=…|jsonpath=…`. Upstream: kubectl/pkg/cmd/wait/wait.go.
import { isNotFound } from '../api/status.ts';
import { Command } from '../cli/base.ts';
import { Builder, type Built, type Info } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { allNamespacesFlag, fieldSelectorFlag } from '../cli/flags.ts';
import { operationPrinter } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';
import {
  conditionIs,
  deleted,
  jsonpathIs,
  type Test,
  timedOut,
  waitFor,
  type WaitResult,
} from '../cli/wait/conditions.ts';

const WEEK_MS = 7 * 24 * 3_600_000;
const POLL_MS = 500;

const flags = {
  all: flag.bool('Select all resources in the namespace of the specified resource types'),
  ...allNamespacesFlag,
  ...fieldSelectorFlag,
  filename: flag.slice('identifying the resource.', { short: 'f' }),
  for: flag.string(
    "The condition to wait on: [create|delete|condition=condition-name[=condition-value]|jsonpath='{JSONPath expression}'=[JSONPath value]]. The default condition-value is true. Condition values are compared after Unicode simple case folding, which is a more general form of case-insensitivity.",
  ),
  local: flag.bool('If true, annotation will NOT contact api-server but run locally.'),
  ...printFlags,
  recursive: flag.bool(
    'Process the directory used in -f, --filename recursively. Useful when you want to manage related manifests organized within the same directory.',
    { short: 'R', default: true },
  ),
  selector: flag.string(
    "Selector (label query) to filter on, supports '=', '==', and '!='.(e.g. -l key1=value1,key2=value2)",
    { short: 'l' },
  ),
  timeout: flag.duration(
    "The length of time to wait before giving up. Zero means check once and don't wait, negative means wait for a week.",
    { default: 30_000 },
  ),
};

export default class Wait extends Command {
  static override summary = 'Experimental: Wait for a specific condition on one or many resources';
  static description = `The command takes multiple resources and waits until the specified condition is seen in the Status field of every given resource.

Alternatively, the command can wait for the given set of resources to be created or deleted by providing the "create" or "delete" keyword as the value to the --for flag.

A successful message will be printed to stdout indicating when the specified condition has been met. You can use -o option to change to output destination.`;
  static examples = `# Wait for the pod "busybox1" to contain the status condition of type "Ready"
{program} wait --for=condition=Ready pod/busybox1

# The default value of status condition is true; you can wait for other targets after an equal delimiter
{program} wait --for=condition=Ready=false pod/busybox1

# Wait for the pod "busybox1" to contain the status phase to be "Running"
{program} wait --for=jsonpath='{.status.phase}'=Running pod/busybox1

# Wait for the pod "busybox1" to be deleted, with a timeout of 60s, after having issued the "delete" command
{program} delete pod/busybox1
{program} wait --for=delete pod/busybox1 --timeout=60s`;
  static override usage =
    "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]]";
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Wait);
    this.opts = opts;
    const print = await operationPrinter(printOptionsOf(opts), 'none');
    const testFor = await this.testFor();
    const deadline = this.io.nowMs() + (opts.timeout < 0 ? WEEK_MS : opts.timeout);
    const mode = opts.for.toLowerCase();
    const built = mode === 'create' ? await this.created(args, deadline) : await this.build(args);
    const errors = built.errors.filter((e) => !(mode === 'delete' && isNotFound(e)));
    const cluster = await this.cluster();
    this.context.interrupts.exitCode = 1;
    const waits = built.infos.map((info) =>
      waitFor(cluster, info, testFor(info), deadline).catch((error: unknown) => error),
    );
    for (const [i, info] of built.infos.entries()) {
      const result = await waits[i]!;
      if (!isResult(result)) errors.push(result);
      else if (!result.done) errors.push(timedOut(info));
      else this.out(print(result.object ?? info.object!, 'condition met'));
    }
    throwCollected(errors);
    if (built.infos.length === 0 && mode !== 'delete') throw new CliError('no matching resources found');
  }

  private async testFor(): Promise<(info: Info) => Test> {
    const text = this.opts.for;
    const mode = text.toLowerCase();
    if (mode === 'delete') return (info) => deleted(info.object?.metadata.uid);
    if (mode === 'create') return () => (object) => object !== undefined;
    if (text.startsWith('condition=')) {
      const test = conditionIs(text.slice('condition='.length));
      return () => test;
    }
    if (text.startsWith('jsonpath=')) {
      const test = await jsonpathIs(text.slice('jsonpath='.length));
      return () => test;
    }
    throw new CliError(`unrecognized condition: ${JSON.stringify(text)}`);
  }

  private build(args: readonly string[]): Promise<Built> {
    const { opts } = this;
    return new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      files: { filename: opts.filename, recursive: opts.recursive },
      labelSelector: opts.selector,
      fieldSelector: opts['field-selector'],
      all: opts.all,
      allNamespaces: opts['all-namespaces'],
      local: opts.local,
      fetch: 'latest',
    }).build();
  }

  /** Asks again until every object is there. */
  private async created(args: readonly string[], deadline: number): Promise<Built> {
    for (;;) {
      const built = await this.build(args);
      if (!built.errors.some(isNotFound) || built.errors.some((e) => !isNotFound(e))) return built;
      if (this.io.nowMs() + POLL_MS > deadline) throw new CliError('timed out waiting for the condition');
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

const isResult = (value: unknown): value is WaitResult =>
  typeof value === 'object' && value !== null && 'done' in value;
