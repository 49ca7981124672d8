// `top node`. Upstream: kubectl/pkg/cmd/top/top_node.go.
import type { Node } from 'kubernetes-types/core/v1.js';
import { quantityMillis, quantityNumber } from '../../api/quantity.ts';
import { CliError } from '../../cli/errors.ts';
import { selectorFlag } from '../../cli/flags.ts';
import { flag } from '../../cli/pflag.ts';
import { cpuText, memoryText, PaddedColumns, swapText, TopCommand, type Usage } from './_top.ts';

interface NodeMetrics {
  metadata: { name: string };
  usage: Usage;
}

export default class TopNode extends TopCommand {
  static override summary = 'Display resource (CPU/memory) usage of nodes';
  static description = 'The top-node command allows you to see the resource consumption of nodes.';
  static aliases = ['nodes', 'no'];
  static examples = `# Show metrics for all nodes
{program} top node

# Show metrics for a given node
{program} top node NODE_NAME`;
  static override usage = '[NAME | -l label]';
  static override flags = {
    'no-headers': flag.bool('If present, print output without headers'),
    ...selectorFlag,
    'show-capacity': flag.bool('Print node resources based on Capacity instead of Allocatable(default) of the nodes.'),
    'show-swap': flag.bool('Print node resources related to swap memory.'),
    'sort-by': flag.string(
      "If non-empty, sort nodes list using specified field. The field can be either 'cpu' or 'memory'.",
    ),
    'use-protocol-buffers': flag.bool('Enables using protocol-buffers to access Metrics API.', { default: true }),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(TopNode);
    this.checkSortBy(flags['sort-by']);
    const withSwap = flags['show-swap'];
    const query = { labelSelector: flags.selector || undefined };
    const metrics = args[0]
      ? [await this.metrics<NodeMetrics>(`/nodes/${encodeURIComponent(args[0])}`, {})]
      : ((await this.metrics<{ items?: NodeMetrics[] }>('/nodes', query)).items ?? []);
    if (metrics.length === 0) throw new CliError('metrics not available yet');
    const cluster = await this.cluster();
    const nodes = (await cluster.json<{ items?: Node[] }>('GET', '/api/v1/nodes', { query })).items ?? [];
    const columns = new PaddedColumns();
    if (!flags['no-headers']) columns.add([...HEAD, ...(withSwap ? ['SWAP(bytes)', 'SWAP(%)'] : [])]);
    for (const { metadata, usage } of metrics.sort((a, b) => compare(a, b, flags['sort-by']))) {
      const status = nodes.find((n) => n.metadata?.name === metadata.name)?.status;
      const whole = (flags['show-capacity'] ? status?.capacity : status?.allocatable) ?? {};
      const share = (part: number, total: number): string =>
        total > 0 ? `${Math.trunc((part / total) * 100)}%` : '<unknown>';
      columns.add([
        metadata.name,
        cpuText(usage),
        share(quantityMillis(usage.cpu ?? '0'), quantityMillis(whole['cpu'] ?? '0')),
        memoryText(usage),
        share(quantityNumber(usage.memory ?? '0'), quantityNumber(whole['memory'] ?? '0')),
        ...(withSwap ? swapCells(usage, swapCapacity(status)) : []),
      ]);
    }
    const measured = new Set(metrics.map((m) => m.metadata.name));
    const unmeasured = nodes.map((n) => n.metadata?.name ?? '').filter((name) => !args[0] && !measured.has(name));
    for (const name of unmeasured.sort()) columns.add([name, ...Array<string>(withSwap ? 6 : 4).fill('<unknown>')]);
    this.out(columns.flush());
  }
}

const HEAD = ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'];

const swapCapacity = (status: Node['status']): number | undefined =>
  (status?.nodeInfo as { swap?: { capacity?: number } } | undefined)?.swap?.capacity;

function swapCells(usage: Usage, capacity: number | undefined): string[] {
  if (capacity === undefined) return ['<unknown>', '<unknown>'];
  const share = capacity === 0 ? 0 : (quantityNumber(usage.swap ?? '0') / capacity) * 100;
  return [swapText(usage), `${Math.trunc(share)}%`];
}

function compare(a: NodeMetrics, b: NodeMetrics, by: string): number {
  if (by === 'cpu') return quantityMillis(b.usage.cpu ?? '0') - quantityMillis(a.usage.cpu ?? '0');
  if (by === 'memory') return quantityNumber(b.usage.memory ?? '0') - quantityNumber(a.usage.memory ?? '0');
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
