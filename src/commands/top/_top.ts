// What `top pod` and `top node` share: metrics.k8s.io and how amounts are shown.
// Upstream: kubectl/pkg/metricsutil/metrics_printer.go.
import { Command } from '../../cli/base.ts';
import { CliError } from '../../cli/errors.ts';
import { quantityMillis, quantityNumber } from '../../api/quantity.ts';

export interface Usage {
  cpu?: string;
  memory?: string;
}

export const cpuText = (usage: Usage): string => `${Math.ceil(quantityMillis(usage.cpu ?? '0'))}m`;
export const memoryText = (usage: Usage): string =>
  `${Math.trunc(quantityNumber(usage.memory ?? '0') / (1024 * 1024))}Mi`;

export abstract class TopCommand extends Command {
  protected async metrics<T>(path: string, query: Record<string, string | undefined>): Promise<T> {
    const cluster = await this.cluster();
    const mapper = await cluster.mapper();
    if (!(await mapper.kind('metrics.k8s.io', 'v1beta1', 'PodMetrics'))) {
      throw new CliError('Metrics API not available');
    }
    return cluster.json<T>('GET', `/apis/metrics.k8s.io/v1beta1${path}`, { query });
  }
}
