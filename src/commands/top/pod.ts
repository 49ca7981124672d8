// `top pod`. Upstream: kubectl/pkg/cmd/top/top_pod.go.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { formatDuration } from '../../api/duration.ts';
import { quantityMillis, quantityNumber } from '../../api/quantity.ts';
import { allNamespacesFlag, fieldSelectorFlag, selectorFlag } from '../../cli/flags.ts';
import { CliError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { cpuText, memoryText, PaddedColumns, swapText, TopCommand, type Usage } from './_top.ts';

interface PodMetrics {
  metadata: { name: string; namespace: string };
  containers: { name: string; usage: Usage }[];
}

export default class TopPod extends TopCommand {
  static override summary = 'Display resource (CPU/memory) usage of pods';
  static description = `The 'top pod' command allows you to see the resource consumption of pods.

Due to the metrics pipeline delay, they may be unavailable for a few minutes since pod creation.`;
  static aliases = ['pods', 'po'];
  static examples = `# Show metrics for all pods in the default namespace
{program} top pod

# Show metrics for a given pod and its containers
{program} top pod POD_NAME --containers

# Measurements of all pods of a namespace
{program} top pod --namespace=NAMESPACE

# Measurements of the pods with a label
{program} top pod -l name=myLabel`;
  static override usage = '[NAME | -l label]';
  static override flags = {
    ...allNamespacesFlag,
    containers: flag.bool('If present, print usage of containers within a pod.'),
    ...fieldSelectorFlag,
    'no-headers': flag.bool('If present, print output without headers.'),
    ...selectorFlag,
    'show-swap': flag.bool('Print pod resources related to swap memory.'),
    'sort-by': flag.string(
      "If non-empty, sort pods list using specified field. The field can be either 'cpu' or 'memory'.",
    ),
    sum: flag.bool('Print the sum of the resource usage'),
    'use-protocol-buffers': flag.bool('Enables using protocol-buffers to access Metrics API.', { default: true }),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(TopPod);
    this.checkSortBy(flags['sort-by']);
    const { namespace } = await this.cluster();
    const where = flags['all-namespaces'] ? '/pods' : `/namespaces/${encodeURIComponent(namespace)}/pods`;
    const query = { labelSelector: flags.selector || undefined, fieldSelector: flags['field-selector'] || undefined };
    const pods = args[0]
      ? [await this.metrics<PodMetrics>(`${where}/${encodeURIComponent(args[0])}`, {})]
      : ((await this.metrics<{ items?: PodMetrics[] }>(where, query)).items ?? []);
    if (pods.length === 0) {
      const podsPath = flags['all-namespaces'] ? '/api/v1/pods' : `/api/v1${where}`;
      const { items = [] } = await (await this.cluster()).json<{ items?: Pod[] }>('GET', podsPath, { query });
      for (const pod of items) checkAge(pod, this.io.nowMs());
      if (items.length > 0) throw new CliError('metrics not available yet');
      return this.err(
        flags['all-namespaces'] ? 'No resources found\n' : `No resources found in ${namespace} namespace.\n`,
      );
    }
    const rows = pods.flatMap((pod) =>
      flags.containers
        ? pod.containers.map((c) => ({ pod, name: [pod.metadata.name, c.name], usage: c.usage }))
        : [{ pod, name: [pod.metadata.name], usage: totalOf(pod) }],
    );
    rows.sort((a, b) => compare(a, b, flags['sort-by']));
    const columns = new PaddedColumns();
    const head = flags.containers ? ['POD', 'NAME'] : ['NAME'];
    const prefix = (ns: string): string[] => (flags['all-namespaces'] ? [ns] : []);
    const withSwap = flags['show-swap'];
    const amounts = (usage: Usage): string[] => [
      cpuText(usage),
      memoryText(usage),
      ...(withSwap ? [swapText(usage)] : []),
    ];
    const titles = ['CPU(cores)', 'MEMORY(bytes)', ...(withSwap ? ['SWAP(bytes)'] : [])];
    if (!flags['no-headers']) columns.add([...prefix('NAMESPACE'), ...head, ...titles]);
    for (const { pod, name, usage } of rows)
      columns.add([...prefix(pod.metadata.namespace), ...name, ...amounts(usage)]);
    if (flags.sum) {
      // Upstream forgets the widths of what stands before when there are no headers.
      const inset = Array<string>(flags['no-headers'] ? 1 : head.length + prefix('').length).fill('');
      columns.add([...inset, ...titles.map(() => '________')]);
      columns.add([...inset, ...amounts(sumOf(pods.map(totalOf)))]);
    }
    this.out(columns.flush());
  }
}

interface Row {
  pod: PodMetrics;
  usage: Usage;
}

/** Upstream: checkPodAge, which waits two minutes for the first metrics of a pod. */
function checkAge({ metadata }: Pod, nowMs: number): void {
  const age = nowMs - Date.parse(metadata?.creationTimestamp ?? '');
  if (age <= 120_000) return;
  const text = formatDuration(age);
  throw new CliError(`Metrics not available for pod ${metadata?.namespace}/${metadata?.name}, age: ${text}`);
}

function totalOf(pod: PodMetrics): Usage {
  const cpu = pod.containers.reduce((sum, c) => sum + quantityMillis(c.usage.cpu ?? '0'), 0);
  const memory = pod.containers.reduce((sum, c) => sum + quantityNumber(c.usage.memory ?? '0'), 0);
  const swap = pod.containers.reduce((sum, c) => sum + quantityNumber(c.usage.swap ?? '0'), 0);
  return { cpu: `${cpu}m`, memory: String(memory), swap: String(swap) };
}

function sumOf(usages: readonly Usage[]): Usage {
  const cpu = usages.reduce((sum, u) => sum + quantityMillis(u.cpu ?? '0'), 0);
  const [memory, swap] = (['memory', 'swap'] as const).map((of) =>
    String(usages.reduce((sum, u) => sum + quantityNumber(u[of] ?? '0'), 0)),
  );
  return { cpu: `${cpu}m`, memory: memory!, swap: swap! };
}

function compare(a: Row, b: Row, by: string): number {
  if (by === 'cpu') return quantityMillis(b.usage.cpu ?? '0') - quantityMillis(a.usage.cpu ?? '0');
  if (by === 'memory') return quantityNumber(b.usage.memory ?? '0') - quantityNumber(a.usage.memory ?? '0');
  const key = (r: Row): string => `${r.pod.metadata.namespace}/${r.pod.metadata.name}`;
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}
