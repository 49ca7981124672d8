// Upstream: kubectl/pkg/describe describeReplicaSet.
import type { ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { formatLabelSelector, selectorFromObject } from '../../api/selector.ts';
import type { KubeObject } from '../../api/types.ts';
import { conditionLines } from './_conditions.ts';
import { Document } from './_document.ts';
import { eventLines } from './_events.ts';
import { annotationLines, controllerOf, labelLines } from './_metadata.ts';
import { podStatuses, podTemplateLines } from './_pod-template.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<ReplicaSet>({
  group: 'apps',
  kind: 'ReplicaSet',
  async describe(set, context) {
    const doc = new Document();
    const object = { ...set, kind: 'ReplicaSet' } as KubeObject;
    const { metadata, spec, status } = set;
    doc.field(0, 'Name', metadata?.name);
    doc.field(0, 'Namespace', metadata?.namespace);
    doc.field(0, 'Selector', formatLabelSelector(spec?.selector));
    labelLines(doc, 'Labels', metadata?.labels);
    annotationLines(doc, 'Annotations', metadata?.annotations);
    const controller = controllerOf(object);
    if (controller) doc.field(0, 'Controlled By', controller);
    doc.field(0, 'Replicas', `${status?.replicas ?? 0} current / ${spec?.replicas ?? 1} desired`);
    try {
      doc.field(0, 'Pods Status', await podStatuses(context, object, selectorFromObject(spec?.selector).toString()));
    } catch (error) {
      doc.field(0, 'Pods Status', `error in fetching pods: ${(error as Error).message}`);
    }
    podTemplateLines(doc, spec?.template);
    conditionLines(doc, status?.conditions);
    await eventLines(doc, object, context);
    return doc.toString();
  },
});
