// Upstream: kubectl/pkg/describe describeReplicationController.
import type { ReplicationController } from 'kubernetes-types/core/v1.js';
import { formatLabels, selectorFromSet } from '../../api/selector.ts';
import type { KubeObject } from '../../api/types.ts';
import { conditionLines } from './_conditions.ts';
import { Document } from './_document.ts';
import { eventLines } from './_events.ts';
import { annotationLines, labelLines } from './_metadata.ts';
import { podStatuses, podTemplateLines } from './_pod-template.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<ReplicationController>({
  group: '',
  kind: 'ReplicationController',
  async describe(controller, context) {
    const doc = new Document();
    const object = { ...controller, kind: 'ReplicationController' } as KubeObject;
    const { metadata, spec, status } = controller;
    const pods = await podStatuses(context, object, selectorFromSet(spec?.selector ?? {}).toString());
    doc.field(0, 'Name', metadata?.name);
    doc.field(0, 'Namespace', metadata?.namespace);
    doc.field(0, 'Selector', formatLabels(spec?.selector));
    labelLines(doc, 'Labels', metadata?.labels);
    annotationLines(doc, 'Annotations', metadata?.annotations);
    doc.field(0, 'Replicas', `${status?.replicas ?? 0} current / ${spec?.replicas ?? 1} desired`);
    doc.field(0, 'Pods Status', pods);
    podTemplateLines(doc, spec?.template);
    conditionLines(doc, status?.conditions);
    await eventLines(doc, object, context);
    return doc.toString();
  },
});
