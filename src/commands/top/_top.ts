// What `top pod` and `top node` share: metrics.k8s.io and how amounts are shown.
// Upstream: kubectl/pkg/metricsutil/metrics_printer.go.
import { Command } from '../../cli/base.ts';
import { CliError } from '../../cli/errors.ts';
import { Columns } from '../../cli/print/columns.ts';
import { quantityMillis, quantityNumber } from '../../api/quantity.ts';

export interface Usage {
  cpu?: string;
  memory?: string;
  swap?: string;
}

export const cpuText = (usage: Usage): string => `${Math.ceil(quantityMillis(usage.cpu ?? '0'))}m`;
const mebibytes = (amount: string | undefined): string => `${Math.trunc(quantityNumber(amount ?? '0') / 2 ** 20)}Mi`;
export const memoryText = (usage: Usage): string => mebibytes(usage.memory);
export const swapText = (usage: Usage): string => mebibytes(usage.swap);

/** Rows whose last cell is padded, too, as upstream's lines end with a tab. */
export class PaddedColumns extends Columns {
  override add(cells: string[]): void {
    super.add([...cells, '']);
  }
}

export abstract class TopCommand extends Command {
  protected checkSortBy(by: string): void {
    if (!['', 'cpu', 'memory'].includes(by)) throw new CliError('--sort-by accepts only cpu or memory');
  }

  protected async metrics<T>(path: string, query: Record<string, string | undefined>): Promise<T> {
    const cluster = await this.cluster();
    const mapper = await cluster.mapper();
    if (!(await mapper.kind('metrics.k8s.io', 'v1beta1', 'PodMetrics'))) {
      throw new CliError('Metrics API not available');
    }
    return cluster.json<T>('GET', `/apis/metrics.k8s.io/v1beta1${path}`, { query });
  }
}
