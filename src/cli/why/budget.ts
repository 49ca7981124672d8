// Why a disruption budget lets no pod be evicted, which is what keeps `drain` waiting.
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { type LabelSelector, selectorFromObject } from '../../api/selector.ts';
import { listPods } from '../pods.ts';
import { type Finding, inNamespace, type WhyContext } from './finding.ts';
import { groupedPodFindings } from './workload.ts';

export async function budgetFindings(context: WhyContext, budget: PodDisruptionBudget): Promise<Finding[]> {
  const { name = '', namespace = '', generation = 0 } = budget.metadata ?? {};
  const about = `poddisruptionbudget.policy/${name}`;
  const { status } = budget;
  if ((status?.observedGeneration ?? 0) < generation) {
    return [{ severity: 'warning', about, reason: 'NotSeen', message: 'no controller has looked at it yet' }];
  }
  const failed = status?.conditions?.find((c) => c.type === 'DisruptionAllowed' && c.reason === 'SyncFailed');
  if (failed) return [{ severity: 'error', about, reason: 'SyncFailed', message: failed.message }];
  if ((status?.disruptionsAllowed ?? 0) > 0) return [];
  const selector = selectorFromObject(budget.spec?.selector as LabelSelector | undefined).toString();
  const where = inNamespace(context, namespace);
  const pods = await listPods(context.cluster, namespace, selector).catch(() => []);
  if (pods.length === 0) {
    const message = `no pod has the labels ${selector}: it protects nothing`;
    return [{ severity: 'warning', about, reason: 'NoPods', message, next: `get pods --show-labels${where}` }];
  }
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = status ?? {};
  const message = `no pod may be evicted: ${currentHealthy} of ${expectedPods} pods are healthy, and ${desiredHealthy} must be`;
  if (currentHealthy < desiredHealthy) {
    const troubles = await groupedPodFindings(context, pods);
    return [{ severity: 'error', about, reason: 'InsufficientPods', message }, ...troubles];
  }
  const hint =
    desiredHealthy >= expectedPods
      ? 'With so many pods it never allows an eviction: nodes cannot be drained. Run more pods, or ask for less.'
      : 'An eviction is under way; the next is allowed once the pod that takes its place is ready.';
  return [
    {
      severity: 'warning',
      about,
      reason: 'NoDisruptionAllowed',
      message,
      hint,
      next: `get pods -l ${selector}${where}`,
    },
  ];
}
