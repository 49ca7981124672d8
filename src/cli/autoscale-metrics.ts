// What --cpu and --memory of `autoscale` mean: a share of what is requested, or an amount for each pod.
// Upstream (1.34): kubectl/pkg/cmd/autoscale/autoscale.go parseResourceInput, createHorizontalPodAutoscalerV2.
import { canonicalQuantity, tryParseQuantity } from '../api/quantity.ts';
import { CliError } from './errors.ts';

const units = { cpu: 'm', memory: 'Mi' };

type Target = { type: 'Utilization'; averageUtilization: number } | { type: 'AverageValue'; averageValue: string };

/** `70%`, `500m`, `200Mi`; a number alone is in the resource's usual unit. */
export function metricTarget(resource: 'cpu' | 'memory', text: string): Target {
  const input = text.trim();
  if (input === '') throw new CliError('empty input');
  if (input.endsWith('%')) {
    const share = input.slice(0, -1);
    const value = Number(share);
    if (!/^\+?\d+$/.test(share) || value > 2 ** 31 - 1) throw new CliError(`invalid percentage value: ${share}`);
    return { type: 'Utilization', averageUtilization: value };
  }
  const amount = /^[-+]?(?:\d+\.?\d*|\.\d+)$/.test(input) ? `${Number(input)}${units[resource]}` : input;
  if (!tryParseQuantity(amount)) throw new CliError(`invalid resource ${resource} value: ${input}`);
  return { type: 'AverageValue', averageValue: canonicalQuantity(amount) };
}

/** One entry of spec.metrics. */
export const metricOf = (resource: 'cpu' | 'memory', target: Target): object => ({
  type: 'Resource',
  resource: { name: resource, target },
});
