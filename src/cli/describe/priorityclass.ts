// Upstream: kubectl/pkg/describe describePriorityClass.
import type { PriorityClass } from 'kubernetes-types/scheduling/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { formatLabels } from '../print/table.ts';
import { Document } from './_document.ts';
import { eventLines } from './_events.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<PriorityClass>({
  group: 'scheduling.k8s.io',
  kind: 'PriorityClass',
  async describe(priorityClass, context) {
    const doc = new Document();
    doc.field(0, 'Name', priorityClass.metadata?.name ?? '');
    doc.field(0, 'Value', priorityClass.value);
    doc.field(0, 'GlobalDefault', priorityClass.globalDefault ?? false);
    if (priorityClass.preemptionPolicy) doc.field(0, 'PreemptionPolicy', priorityClass.preemptionPolicy);
    doc.field(0, 'Description', priorityClass.description ?? '');
    doc.field(0, 'Annotations', formatLabels(priorityClass.metadata?.annotations));
    await eventLines(doc, { ...priorityClass, kind: 'PriorityClass' } as KubeObject, context);
    return doc.toString();
  },
});
