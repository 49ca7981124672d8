// Upstream: kubectl/pkg/describe describeDaemonSet; up to 1.32 it shows no namespace.
import type { DaemonSet } from 'kubernetes-types/apps/v1.js';
import { formatLabels, selectorFromObject } from '../../api/selector.ts';
import type { KubeObject } from '../../api/types.ts';
import { Document } from './_document.ts';
import { eventLines } from './_events.ts';
import { annotationLines, labelLines } from './_metadata.ts';
import { podStatuses, podTemplateLines } from './_pod-template.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<DaemonSet>({
  group: 'apps',
  kind: 'DaemonSet',
  async describe(set, context) {
    const doc = new Document();
    const object = { ...set, kind: 'DaemonSet' } as KubeObject;
    const { metadata, spec, status } = set;
    const selector = selectorFromObject(spec?.selector).toString();
    const pods = await podStatuses(context, object, selector);
    doc.field(0, 'Name', metadata?.name);
    doc.field(0, 'Selector', selector);
    doc.field(0, 'Node-Selector', formatLabels(spec?.template.spec?.nodeSelector));
    labelLines(doc, 'Labels', metadata?.labels);
    annotationLines(doc, 'Annotations', metadata?.annotations);
    // No columns here: upstream writes a blank where other lines have a tab.
    doc.line(0, `Desired Number of Nodes Scheduled: ${status?.desiredNumberScheduled ?? 0}`);
    doc.line(0, `Current Number of Nodes Scheduled: ${status?.currentNumberScheduled ?? 0}`);
    doc.line(0, `Number of Nodes Scheduled with Up-to-date Pods: ${status?.updatedNumberScheduled ?? 0}`);
    doc.line(0, `Number of Nodes Scheduled with Available Pods: ${status?.numberAvailable ?? 0}`);
    doc.line(0, `Number of Nodes Misscheduled: ${status?.numberMisscheduled ?? 0}`);
    doc.field(0, 'Pods Status', pods);
    podTemplateLines(doc, spec?.template);
    await eventLines(doc, object, context);
    return doc.toString();
  },
});
