// `drain`: cordons nodes and evicts their pods. Upstream: kubectl/pkg/cmd/drain/drain.go, kubectl/pkg/drain.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { formatDuration } from '../api/duration.ts';
import { DaemonSets } from '../api/resources.ts';
import { isNotFound, isReason, StatusError } from '../api/status.ts';
import { parseSelector } from '../api/selector.ts';
import { resourcePath } from '../api/types.ts';
import { deleteBody } from '../client/rest.ts';
import type { Info } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { chunkSizeFlag, dryRunOf, dryRunSuffix } from '../cli/flags.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { age, type ProgressView, withProgress } from '../cli/progress/progress.ts';
import { deleted, waitFor } from '../cli/wait/conditions.ts';
import { NodeCommand, nodeFlags } from './_node-command.ts';

const RETRY_MS = 5000;
const FOREVER_MS = 365 * 24 * 3_600_000;

const flags = {
  ...nodeFlags,
  ...chunkSizeFlag,
  'delete-emptydir-data': flag.bool(
    'Continue even if there are pods using emptyDir (local data that will be deleted when the node is drained).',
  ),
  'disable-eviction': flag.bool(
    'Force drain to use delete, even if eviction is supported. This will bypass checking PodDisruptionBudgets, use with caution.',
  ),
  force: flag.bool('Continue even if there are pods that do not declare a controller.'),
  'grace-period': flag.int(
    'Period of time in seconds given to each pod to terminate gracefully. If negative, the default value specified in the pod will be used.',
    { default: -1 },
  ),
  'ignore-daemonsets': flag.bool('Ignore DaemonSet-managed pods.'),
  'pod-selector': flag.string('Label selector to filter pods on the node'),
  'skip-wait-for-delete-timeout': flag.int(
    'If pod DeletionTimestamp older than N seconds, skip waiting for the pod.  Seconds must be greater than 0 to skip.',
  ),
  timeout: flag.duration('The length of time to wait before giving up, zero means infinite'),
};

export default class Drain extends NodeCommand {
  static override summary = 'Drain node in preparation for maintenance';
  static description = `The given node will be marked unschedulable to prevent new pods from arriving. 'drain' evicts the pods if the API server supports eviction. Otherwise, it will use normal DELETE to delete the pods. The 'drain' evicts or deletes all pods except mirror pods (which cannot be deleted through the API server).

Pods of daemon sets stop a drain unless --ignore-daemonsets is given, and are left alone even then: their controller would replace them at once, for it does not ask whether a node is schedulable. Pods that no replication controller, replica set, daemon set, stateful set or job looks after are deleted with --force alone, as are those whose owner is gone.

'drain' waits until the pods have ended. Leave the machine alone until the command is through.

"{program} uncordon" makes the node schedulable again. A picture of all this: https://kubernetes.io/images/docs/kubectl_drain.svg`;
  static examples = `# Drain node "foo", even if there are pods not managed by a replication controller, replica set, job, daemon set, or stateful set on it
{program} drain foo --force

# As above, but abort if there are pods not managed by a replication controller, replica set, job, daemon set, or stateful set, and use a grace period of 15 minutes
{program} drain foo --grace-period=900`;
  static override usage = 'NODE';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  /** Empty: pods are deleted. */
  private evictionVersion = '';

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Drain);
    this.opts = opts;
    this.dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    const infos = await this.nodes(args, opts.selector, () => this.checkPodSelector());
    await this.setSchedulable(infos, false);
    const fatal: unknown[] = [];
    const pending: string[] = [];
    for (const info of infos) {
      try {
        await this.drain(info);
        this.say(info, 'drained');
      } catch (error) {
        const message = (error as Error).message;
        this.err(
          `error: unable to drain node ${JSON.stringify(info.name)} due to error: ${message}, continuing command...\n`,
        );
        fatal.push(...(error instanceof Obstacles ? error.each : [error]));
        pending.push(info.name);
      }
    }
    if (pending.length > 0)
      this.err(`There are pending nodes to be drained:\n${pending.map((n) => ` ${n}\n`).join('')}`);
    throwCollected(fatal, true);
  }

  private checkPodSelector(): void {
    try {
      parseSelector(this.opts['pod-selector']);
    } catch {
      throw new CliError('--pod-selector=<pod_selector> must be a valid label selector');
    }
  }

  /** What the server takes for an eviction; nothing where it knows none. Upstream: drain.CheckEvictionSupport. */
  private async findEvictionVersion(): Promise<string> {
    if (this.opts['disable-eviction']) return '';
    const { resources = [] } = await (await this.cluster()).json<ApiResources>('GET', '/api/v1');
    const found = resources.find(({ name, kind }) => name === 'pods/eviction' && kind === 'Eviction');
    return found?.group && found.version ? `${found.group}/${found.version}` : '';
  }

  private async drain(info: Info): Promise<void> {
    const cluster = await this.cluster();
    const list = await cluster.json<{ items?: Pod[] }>('GET', '/api/v1/pods', {
      query: { fieldSelector: `spec.nodeName=${info.name}`, labelSelector: this.opts['pod-selector'] || undefined },
    });
    const all = list.items ?? [];
    const { pods, warnings, problems } = sortOut(all, this.opts, await this.missingDaemonSets(all));
    if (problems.length > 0) throw new Obstacles(problems);
    if (warnings !== '') this.err(`Warning: ${warnings}\n`);
    const deadline = this.io.nowMs() + (this.opts.timeout || FOREVER_MS);
    const started = this.io.nowMs();
    const states = new Map<Pod, EvictionState>();
    const view = (): ProgressView => {
      const now = this.io.nowMs();
      const gone = [...states.values()].filter((state) => state.word === 'gone').length;
      const left = [...states].filter(([, { word }]) => word !== 'gone').sort(([, a], [, b]) => a.sinceMs - b.sinceMs);
      return {
        title: `draining ${info.name}: ${gone} of ${pods.length} pods gone, ${age(started, now)}`,
        rows: left.map(([pod, state]) => evictionLine(pod, state, now)),
      };
    };
    const note = (pod: Pod, word: EvictionState['word'], why?: string): void => {
      const before = states.get(pod);
      const sinceMs = before?.word === word ? before.sinceMs : this.io.nowMs();
      states.set(pod, { word, sinceMs, ...(why === undefined ? {} : { why }) });
    };
    if (pods.length > 0 && this.dryRun !== 'client') this.evictionVersion = await this.findEvictionVersion();
    const evict = (): Promise<unknown> => Promise.all(pods.map((pod) => this.evict(pod, deadline, note)));
    await withProgress(this.io, view, evict);
  }

  /** Why the DaemonSet of a pod cannot be read; nothing for those that are there. */
  private async missingDaemonSets(pods: readonly Pod[]): Promise<Map<Pod, StatusError>> {
    const cluster = await this.cluster();
    const reads = new Map<string, Promise<StatusError | undefined>>();
    const missing = new Map<Pod, StatusError>();
    for (const pod of pods) {
      const controller = daemonSetOf(pod);
      if (!controller || isFinished(pod)) continue;
      const path = resourcePath(DaemonSets, { namespace: pod.metadata?.namespace ?? '', name: controller.name });
      const read = reads.get(path) ?? cluster.json('GET', path).then(() => undefined, asStatus);
      reads.set(path, read);
      const error = await read;
      if (error) missing.set(pod, error);
    }
    return missing;
  }

  private async evict(pod: Pod, deadline: number, note: Note): Promise<void> {
    const { name = '', namespace = '', uid } = pod.metadata ?? {};
    const evicting = this.evictionVersion !== '';
    const suffix = dryRunSuffix(this.dryRun);
    // Upstream's dry run in the client knows of evictions only.
    this.out(`${evicting || this.dryRun === 'client' ? 'evicting' : 'deleting'} pod ${namespace}/${name}${suffix}\n`);
    if (this.dryRun === 'client') return;
    note(pod, 'asked');
    const isThere = await this.request(pod, deadline, note);
    if (!isThere) note(pod, 'gone');
    if (!isThere || this.dryRun === 'server') return;
    note(pod, 'ending');
    const mapping = await (await (await this.cluster()).mapper()).resource('pods');
    const { done } = await waitFor(await this.cluster(), { mapping, name, namespace }, deleted(uid), deadline);
    if (!done) {
      throw new CliError(
        `error when waiting for pod ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)} to terminate: global timeout reached: ${formatDuration(this.opts.timeout)}`,
      );
    }
    note(pod, 'gone');
    this.out(`pod/${name} ${evicting ? 'evicted' : 'deleted'}\n`);
  }

  /** Asks until the disruption budget allows it; false when the pod is gone already. */
  private async request(pod: Pod, deadline: number, note: Note): Promise<boolean> {
    const { name = '', namespace = '' } = pod.metadata ?? {};
    const cluster = await this.cluster();
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
    const grace = this.opts['grace-period'] >= 0 ? { gracePeriodSeconds: this.opts['grace-period'] } : {};
    const deleteOptions = deleteBody({ ...grace, dryRun: this.dryRun === 'server' });
    const apiVersion = this.evictionVersion;
    const eviction = { kind: 'Eviction', apiVersion, metadata: { name, namespace }, deleteOptions };
    for (;;) {
      try {
        if (apiVersion !== '') await cluster.json('POST', `${path}/eviction`, { body: eviction });
        else await cluster.json('DELETE', path, { body: deleteOptions });
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        const what = `pods/${JSON.stringify(name)} -n ${JSON.stringify(namespace)}`;
        if (!isReason(error, 'TooManyRequests') || this.io.nowMs() + RETRY_MS > deadline) {
          throw new CliError(`error when evicting ${what}: ${(error as Error).message}`);
        }
        note(pod, 'refused', budgetOf(error as StatusError));
        this.err(`error when evicting ${what} (will retry after 5s): ${(error as Error).message}\n`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

interface ApiResources {
  resources?: { name: string; kind: string; group?: string; version?: string }[];
}

interface EvictionState {
  word: 'asked' | 'refused' | 'ending' | 'gone';
  sinceMs: number;
  /** Which budget refuses. */
  why?: string;
}
type Note = (pod: Pod, word: EvictionState['word'], why?: string) => void;

function evictionLine(pod: Pod, { word, sinceMs, why }: EvictionState, nowMs: number): string {
  const name = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
  const waited = age(sinceMs, nowMs);
  if (word === 'refused') return `${name}: refused for ${waited}: ${why}`;
  if (word !== 'ending') return `${name}: eviction asked for, ${waited}`;
  const grace = pod.spec?.terminationGracePeriodSeconds;
  return `${name}: ending, ${waited}${grace === undefined ? '' : ` of at most ${grace}s`}`;
}

/** What the server says of the budget; its first sentence is the same for all. */
const budgetOf = (error: StatusError): string =>
  error.status.details?.causes?.map((cause) => cause.message).join('; ') || error.message;

/** What stands in the way of a drain: one sentence when it is told of the node, and each for itself at the end. */
class Obstacles extends CliError {
  readonly each: readonly CliError[];
  constructor(problems: readonly string[]) {
    super(problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`);
    this.each = problems.map((problem) => new CliError(problem));
  }
}

function asStatus(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  throw error;
}

const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
const controllerOf = (pod: Pod) => pod.metadata?.ownerReferences?.find((owner) => owner.controller);
const daemonSetOf = (pod: Pod) => {
  const controller = controllerOf(pod);
  return controller?.kind === 'DaemonSet' ? controller : undefined;
};

type Verdict = { leave?: true; warning?: string; obstacle?: string };

/** The last filter that has something to say decides. Upstream: kubectl/pkg/drain/filters.go. */
function verdictOn(pod: Pod, opts: FlagValues<typeof flags>, missing: StatusError | undefined): Verdict {
  if (pod.metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined) return { leave: true };
  if (isFinished(pod)) return {};
  if (daemonSetOf(pod)) {
    if (missing && !(isNotFound(missing) && opts.force)) return { obstacle: missing.message };
    if (!missing && !opts['ignore-daemonsets']) {
      return { obstacle: 'DaemonSet-managed Pods (use --ignore-daemonsets to ignore)' };
    }
    if (!missing) return { leave: true, warning: 'ignoring DaemonSet-managed Pods' };
  }
  if (!opts['delete-emptydir-data'] && (pod.spec?.volumes ?? []).some((volume) => volume.emptyDir)) {
    return { obstacle: 'Pods with local storage (use --delete-emptydir-data to override)' };
  }
  if (controllerOf(pod)) return {};
  return opts.force
    ? { warning: 'deleting Pods that declare no controller' }
    : { obstacle: 'cannot delete Pods that declare no controller (use --force to override)' };
}

/** Which pods go, and what stands in the way. */
function sortOut(
  all: readonly Pod[],
  opts: FlagValues<typeof flags>,
  missing: ReadonlyMap<Pod, StatusError>,
): { pods: Pod[]; warnings: string; problems: string[] } {
  const pods: Pod[] = [];
  const fatal = new Map<string, string[]>();
  const warned = new Map<string, string[]>();
  const note = (map: Map<string, string[]>, message: string, pod: Pod): void => {
    const list = map.get(message) ?? [];
    list.push(`${pod.metadata?.namespace}/${pod.metadata?.name}`);
    map.set(message, list);
  };
  for (const pod of all) {
    const { leave, warning, obstacle } = verdictOn(pod, opts, missing.get(pod));
    if (warning !== undefined) note(warned, warning, pod);
    if (obstacle !== undefined) note(fatal, obstacle, pod);
    else if (!leave) pods.push(pod);
  }
  return {
    pods,
    warnings: [...warned].map(([message, list]) => `${message}: ${list.join(', ')}`).join('; '),
    problems: [...fatal].map(([message, list]) => `cannot delete ${message}: ${list.join(', ')}`),
  };
}
