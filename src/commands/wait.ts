// `wait --for=create|delete|condition=…|jsonpath=…`. Upstream: kubectl/pkg/cmd/wait/wait.go. Beyond upstream: several
// conditions, `done`, an end as soon as it is clear that nothing will come of it, and an account of the waiting.
import { conditionsOf } from '../api/health/conditions.ts';
import { isNotFound } from '../api/status.ts';
import type { Unstructured } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { Builder, type Built, type Info } from '../cli/builder/builder.ts';
import type { Cluster } from '../cli/cluster.ts';
import { CliError, plainMessage, PlainError, throwCollected } from '../cli/errors.ts';
import { allNamespacesFlag, fieldSelectorFlag } from '../cli/flags.ts';
import { operationPrinter } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';
import { age, type ProgressView, withProgress } from '../cli/progress/progress.ts';
import {
  conditionIs,
  deleted,
  FAILED_EXIT,
  jsonpathIs,
  type Test,
  notMet,
  timedOut,
  waitFor,
  type WaitResult,
} from '../cli/wait/conditions.ts';
import { whyStillThere } from '../cli/wait/going.ts';
import type { progressOf as Progress } from '../cli/wait/outcome.ts';

const WEEK_MS = 7 * 24 * 3_600_000;
const POLL_MS = 500;

const flags = {
  all: flag.bool('Select all resources in the namespace of the specified resource types'),
  ...allNamespacesFlag,
  ...fieldSelectorFlag,
  'fail-fast': flag.bool(
    'End with exit code 3 as soon as an object has failed for good: a failed job or pod, an image that cannot be pulled, containers that end again and again. Implied by --for=done.',
    { own: true },
  ),
  filename: flag.slice('identifying the resource.', { short: 'f' }),
  for: flag.string(
    "The condition to wait on: [create|delete|condition=condition-name[=condition-value]|jsonpath='{JSONPath expression}'=[JSONPath value]]. The default condition-value is true. Condition values are compared after Unicode simple case folding, which is a more general form of case-insensitivity.",
  ),
  local: flag.bool('If true, annotation will NOT contact api-server but run locally.'),
  ...printFlags,
  progress: flag.bool(
    'Say on standard error what is being waited for, a line for every change. At a terminal it is shown without this.',
    { own: true },
  ),
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

# Wait for the job "import" to complete, or end with exit code 3 and the reason when it fails
{program} wait --for=done job/import --timeout=10m

# Several conditions must hold at the same time
{program} wait --for=condition=Available --for=jsonpath='{.status.updatedReplicas}'=3 deployment/web

# Wait for the pod "busybox1" to be deleted, with a timeout of 60s, after having issued the "delete" command
{program} delete pod/busybox1
{program} wait --for=delete pod/busybox1 --timeout=60s

# A condition's status, in any case
{program} wait --for='jsonpath={.status.conditions[?(@.type=="Ready")].status}=True' pod/busybox1

# A service that has an ingress
{program} wait --for=jsonpath='{.status.loadBalancer.ingress}' service/loadbalancer

# A secret that is to be created within 30 seconds
{program} create secret generic busybox1
{program} wait --for=create secret/busybox1 --timeout=30s`;
  static override usage =
    "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]]";
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  /** What is waited for, and how it stands. */
  private readonly waiting = new Map<Info, string>();
  private readonly told = new Map<Info, string>();

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Wait);
    this.opts = opts;
    const print = await operationPrinter(printOptionsOf(opts), 'none');
    const testFor = await this.testFor();
    const deadline = this.io.nowMs() + (opts.timeout < 0 ? WEEK_MS : opts.timeout);
    const modes = this.conditions.map((c) => c.toLowerCase());
    const mode = modes.includes('create') ? 'create' : modes[0]!;
    if (modes.length > 1 && modes.includes('delete')) throw new CliError('--for=delete goes with no other condition');
    const built = mode === 'create' ? await this.created(args, deadline) : await this.build(args);
    const errors = built.errors.filter((e) => !(mode === 'delete' && isNotFound(e)));
    const cluster = await this.cluster();
    this.context.interrupts.exitCode = 1;
    const waits = built.infos.map((info) =>
      this.waitOne(cluster, info, testFor(info), deadline).catch((error: unknown) => error),
    );
    const work = async (): Promise<void> => {
      for (const [i, info] of built.infos.entries()) {
        const result = await waits[i]!;
        if (!isResult(result)) this.waiting.delete(info);
        if (!isResult(result)) errors.push(result);
        else if (!result.done) errors.push(this.inVain(info));
        else this.out(print(result.object ?? info.object!, 'condition met'));
      }
    };
    const started = this.io.nowMs();
    await withProgress(this.io, () => this.view(built.infos.length, started), work, {
      when: opts.output === '' && !this.changed('progress'),
    });
    const failed = errors.find((e) => e instanceof CliError && e.exitCode === FAILED_EXIT);
    if (failed && errors.length > 1) {
      throw new PlainError(errors.map((e) => plainMessage(e)).join('\n'), FAILED_EXIT);
    }
    throwCollected(errors);
    if (built.infos.length === 0 && mode !== 'delete') throw new CliError('no matching resources found');
  }

  /** What --for says, each time it was given. */
  private get conditions(): readonly string[] {
    return this.context.parsed.repeated.get('for') ?? [this.opts.for];
  }

  private get failsFast(): boolean {
    return this.opts['fail-fast'] || this.conditions.some((c) => c.toLowerCase() === 'done');
  }

  private async testFor(): Promise<(info: Info) => Test> {
    const tests = await Promise.all(this.conditions.map((text) => this.testOf(text)));
    if (tests.length === 1) return tests[0]!;
    return (info) => {
      const each = tests.map((test) => test(info));
      return (object) => each.every((test) => test(object));
    };
  }

  private async testOf(text: string): Promise<(info: Info) => Test> {
    const mode = text.toLowerCase();
    if (mode === 'delete') return (info) => deleted(info.object?.metadata.uid);
    if (mode === 'create') return () => (object) => object !== undefined;
    if (mode === 'done') {
      const { isDone } = await import('../cli/wait/outcome.ts');
      return () => isDone;
    }
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

  private view(count: number, started: number): ProgressView {
    const left = [...this.waiting];
    const title = `waiting for ${left.length} of ${count}, ${age(started, this.io.nowMs())}`;
    return { title, rows: left.map(([info, state]) => `${info.mapping.plural}/${info.name}: ${state}`) };
  }

  /** The time is up. At a terminal one is told how it stands. */
  private inVain(info: Info): CliError {
    if (this.tells || this.watched) this.tell(info);
    return this.opts.timeout === 0 ? notMet(info) : timedOut(info);
  }

  /** Somebody sits there, who did not say otherwise. */
  private get watched(): boolean {
    return this.io.stderr.isTTY === true && !this.changed('progress');
  }

  private get tells(): boolean {
    return this.changed('progress') && this.opts.progress;
  }

  /** What is seen of an object that is waited for, once. */
  private tell(info: Info): void {
    const state = this.waiting.get(info);
    if (state !== undefined && state !== this.told.get(info)) {
      this.err(`waiting for ${info.mapping.plural}/${info.name}: ${state}\n`);
      this.told.set(info, state);
    }
  }

  /** As upstream waits; and tells what it sees, and ends early when that is wanted. */
  private async waitOne(cluster: Cluster, info: Info, test: Test, deadline: number): Promise<WaitResult> {
    if (!this.tells && !this.watched && !this.failsFast) {
      return waitFor(cluster, info, test, deadline);
    }
    const { failureOf, progressOf, WaitFailed, watchPodsForFailure } = await import('../cli/wait/outcome.ts');
    const look = (object: Unstructured | undefined): boolean => {
      if (test(object)) {
        this.waiting.delete(info);
        return true;
      }
      const why = this.failsFast && object ? failureOf(object, this.io.nowMs()) : undefined;
      if (why !== undefined) throw new WaitFailed(info, why);
      this.waiting.set(info, this.stateOf(object, progressOf));
      if (this.tells) this.tell(info);
      return false;
    };
    const stop = new AbortController();
    const waiting = waitFor(cluster, info, look, deadline, stop.signal);
    if (!this.failsFast) return waiting;
    try {
      const pods = watchPodsForFailure(cluster, info, stop.signal).then(() => waiting);
      return await Promise.race([waiting, pods]);
    } finally {
      stop.abort();
      waiting.catch(() => undefined);
    }
  }

  /** Who waits for an end wants to know why it is still there; who waits for what the kind has not, what it has. */
  private stateOf(object: Unstructured | undefined, progressOf: typeof Progress): string {
    if (!object) return progressOf(object, this.io.nowMs());
    if (this.conditions.some((c) => c.toLowerCase() === 'delete')) return whyStillThere(object, this.io.nowMs());
    const known = conditionsOf(object).map(({ type }) => type);
    const types = this.conditions.flatMap((c) => /^condition=([^=]+)/.exec(c)?.[1] ?? []);
    const unknown = types.find((type) => !known.some((k) => k.toLowerCase() === type.toLowerCase()));
    if (unknown === undefined || known.length === 0) return progressOf(object, this.io.nowMs());
    return `it has no condition ${unknown} yet, only ${known.join(', ')}`;
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
