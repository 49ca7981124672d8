// `drain`: cordons nodes and evicts their pods. Upstream: kubectl/pkg/cmd/drain/drain.go, kubectl/pkg/drain.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { isNotFound, isReason } from '../api/status.ts';
import type { Info } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { chunkSizeFlag, dryRunOf, dryRunSuffix } from '../cli/flags.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
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
  static description = `The given node will be marked unschedulable to prevent new pods from arriving. 'drain' evicts the pods if the API server supports eviction. Otherwise, it will use normal DELETE to delete the pods. The 'drain' evicts or deletes all pods except mirror pods (which cannot be deleted through the API server).`;
  static examples = `# Drain node "foo", even if there are pods not managed by a replication controller, replica set, job, daemon set, or stateful set on it
{program} drain foo --force

# As above, but abort if there are pods not managed by a replication controller, replica set, job, daemon set, or stateful set, and use a grace period of 15 minutes
{program} drain foo --grace-period=900`;
  static override usage = 'NODE';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Drain);
    this.opts = opts;
    this.dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    const infos = await this.nodes(args, opts.selector);
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
        fatal.push(error);
        pending.push(info.name);
      }
    }
    if (pending.length > 0)
      this.err(`There are pending nodes to be drained:\n${pending.map((n) => ` ${n}\n`).join('')}`);
    throwCollected(fatal);
  }

  private async drain(info: Info): Promise<void> {
    const cluster = await this.cluster();
    const list = await cluster.json<{ items?: Pod[] }>('GET', '/api/v1/pods', {
      query: { fieldSelector: `spec.nodeName=${info.name}`, labelSelector: this.opts['pod-selector'] || undefined },
    });
    const { pods, warnings, problems } = sortOut(list.items ?? [], this.opts);
    if (problems.length > 0) throw new CliError(bracketed(problems));
    if (warnings !== '') this.err(`Warning: ${warnings}\n`);
    const deadline = this.io.nowMs() + (this.opts.timeout || FOREVER_MS);
    await Promise.all(pods.map((pod) => this.evict(pod, deadline)));
  }

  private async evict(pod: Pod, deadline: number): Promise<void> {
    const { name = '', namespace = '', uid } = pod.metadata ?? {};
    const evicting = !this.opts['disable-eviction'];
    const suffix = dryRunSuffix(this.dryRun);
    this.out(`${evicting ? 'evicting' : 'deleting'} pod ${namespace}/${name}${suffix}\n`);
    if (this.dryRun === 'client') return;
    if (!(await this.request(pod, evicting, deadline))) return;
    if (this.dryRun === 'server') return;
    const mapping = await (await (await this.cluster()).mapper()).resource('pods');
    const { done } = await waitFor(await this.cluster(), { mapping, name, namespace }, deleted(uid), deadline);
    if (!done) {
      throw new CliError(
        `error when waiting for pod ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)} to terminate: global timeout reached: ${this.opts.timeout}`,
      );
    }
    this.out(`pod/${name} ${evicting ? 'evicted' : 'deleted'}\n`);
  }

  /** Asks until the disruption budget allows it; false when the pod is gone already. */
  private async request(pod: Pod, evicting: boolean, deadline: number): Promise<boolean> {
    const { name = '', namespace = '' } = pod.metadata ?? {};
    const cluster = await this.cluster();
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
    const grace = this.opts['grace-period'] >= 0 ? { gracePeriodSeconds: this.opts['grace-period'] } : {};
    const query = this.dryRun === 'server' ? { dryRun: 'All' } : {};
    const deleteOptions = { kind: 'DeleteOptions', apiVersion: 'v1', ...grace };
    const eviction = { kind: 'Eviction', apiVersion: 'policy/v1', metadata: { name, namespace }, deleteOptions };
    for (;;) {
      try {
        if (evicting) await cluster.json('POST', `${path}/eviction`, { body: eviction, query });
        else await cluster.json('DELETE', path, { body: deleteOptions, query });
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        const what = `pods/${JSON.stringify(name)} -n ${JSON.stringify(namespace)}`;
        if (!isReason(error, 'TooManyRequests') || this.io.nowMs() + RETRY_MS > deadline) {
          throw new CliError(`error when evicting ${what}: ${(error as Error).message}`);
        }
        this.err(`error when evicting ${what} (will retry after 5s): ${(error as Error).message}\n`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

const bracketed = (problems: readonly string[]): string =>
  problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`;

/** Which pods go, and what stands in the way. Upstream: kubectl/pkg/drain/filters.go. */
function sortOut(
  all: readonly Pod[],
  opts: FlagValues<typeof flags>,
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
    if (pod.metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined) continue;
    const controller = pod.metadata?.ownerReferences?.find((o) => o.controller);
    const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (controller?.kind === 'DaemonSet' && !ended) {
      if (opts['ignore-daemonsets']) note(warned, 'ignoring DaemonSet-managed Pods', pod);
      else note(fatal, 'DaemonSet-managed Pods (use --ignore-daemonsets to ignore)', pod);
      continue;
    }
    const local = !ended && (pod.spec?.volumes ?? []).some((v) => v.emptyDir);
    if (local && !opts['delete-emptydir-data']) {
      note(fatal, 'Pods with local storage (use --delete-emptydir-data to override)', pod);
      continue;
    }
    if (local) note(warned, 'deleting Pods with local storage', pod);
    if (!controller && !ended) {
      if (!opts.force) {
        note(fatal, 'cannot delete Pods that declare no controller (use --force to override)', pod);
        continue;
      }
      note(warned, 'deleting Pods that declare no controller', pod);
    }
    pods.push(pod);
  }
  return {
    pods,
    warnings: [...warned].map(([message, list]) => `${message}: ${list.join(', ')}`).join('; '),
    problems: [...fatal].map(([message, list]) => `cannot delete ${message}: ${list.join(', ')}`),
  };
}
