// Upstream: kubectl/pkg/describe describePodDisruptionBudget.
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { formatLabelSelector } from '../../api/selector.ts';
import type { KubeObject } from '../../api/types.ts';
import { Document } from './_document.ts';
import { eventLines } from './_events.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<PodDisruptionBudget>({
  group: 'policy',
  kind: 'PodDisruptionBudget',
  async describe(budget, context) {
    const doc = new Document();
    const { metadata, spec, status } = budget;
    doc.field(0, 'Name', metadata?.name ?? '');
    doc.field(0, 'Namespace', metadata?.namespace ?? '');
    if (spec?.minAvailable != null) doc.field(0, 'Min available', spec.minAvailable);
    else if (spec?.maxUnavailable != null) doc.field(0, 'Max unavailable', spec.maxUnavailable);
    doc.field(0, 'Selector', spec?.selector ? formatLabelSelector(spec.selector) : '<unset>');
    doc.line(0, 'Status:');
    doc.field(2, 'Allowed disruptions', status?.disruptionsAllowed ?? 0);
    doc.field(2, 'Current', status?.currentHealthy ?? 0);
    doc.field(2, 'Desired', status?.desiredHealthy ?? 0);
    doc.field(2, 'Total', status?.expectedPods ?? 0);
    await eventLines(doc, { ...budget, kind: 'PodDisruptionBudget' } as KubeObject, context);
    return doc.toString();
  },
});
