// Rows of quotas and limits, which their own pages and those of namespaces show.
// Upstream: kubectl/pkg/describe describeLimitRangeSpec, helpTextForResourceQuotaScope.
import type { LimitRangeItem, ResourceQuota } from 'kubernetes-types/core/v1.js';
import { canonicalQuantity } from '../../api/quantity.ts';

/** One row for each resource that a limit names. */
export function limitRows(limits: readonly LimitRangeItem[] = []): string[] {
  return limits.flatMap((item) => {
    const columns = [item.min, item.max, item.defaultRequest, item.default, item.maxLimitRequestRatio];
    const names = new Set(columns.flatMap((c) => Object.keys(c ?? {})));
    return [...names].sort().map((name) => {
      const cells = columns.map((c) => (c?.[name] === undefined ? '-' : canonicalQuantity(c[name]!)));
      return `${item.type}\t${name}\t${cells.join('\t')}`;
    });
  });
}

export function quotaRows({ status }: ResourceQuota): string[] {
  const { hard = {}, used = {} } = status ?? {};
  return Object.keys(hard)
    .sort()
    .map((name) => `${name}\t${canonicalQuantity(used[name] ?? '0')}\t${canonicalQuantity(hard[name]!)}`);
}

const texts: Readonly<Record<string, string>> = {
  Terminating:
    'Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system.',
  NotTerminating:
    'Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate.',
  BestEffort:
    'Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.',
  NotBestEffort:
    'Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service.',
};

/** What kubectl says of each scope; of some it says nothing. */
export const scopeTexts = (scopes: readonly string[]): string[] => scopes.flatMap((scope) => texts[scope] ?? []);
