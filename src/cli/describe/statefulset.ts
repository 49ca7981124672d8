// Upstream: kubectl/pkg/describe describeStatefulSet, describeVolumeClaimTemplates.
import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { selectorFromObject } from '../../api/selector.ts';
import type { KubeObject } from '../../api/types.ts';
import { Document, rfc1123z } from './_document.ts';
import { eventLines } from './_events.ts';
import { annotationLines, labelLines, multiline } from './_metadata.ts';
import { podStatuses, podTemplateLines } from './_pod-template.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<StatefulSet>({
  group: 'apps',
  kind: 'StatefulSet',
  async describe(set, context) {
    const doc = new Document();
    const object = { ...set, kind: 'StatefulSet' } as KubeObject;
    const { metadata, spec } = set;
    const selector = selectorFromObject(spec?.selector).toString();
    const pods = await podStatuses(context, object, selector);
    doc.field(0, 'Name', metadata?.name);
    doc.field(0, 'Namespace', metadata?.namespace);
    doc.field(0, 'CreationTimestamp', rfc1123z(metadata?.creationTimestamp));
    doc.field(0, 'Selector', selector);
    labelLines(doc, 'Labels', metadata?.labels);
    annotationLines(doc, 'Annotations', metadata?.annotations);
    specLines(doc, set);
    doc.field(0, 'Pods Status', pods);
    podTemplateLines(doc, spec?.template);
    claimLines(doc, spec?.volumeClaimTemplates ?? []);
    await eventLines(doc, object, context);
    return doc.toString();
  },
});

function specLines(doc: Document, { spec, status }: StatefulSet): void {
  doc.field(0, 'Replicas', `${spec?.replicas ?? 1} desired | ${status?.replicas ?? 0} total`);
  doc.field(0, 'Update Strategy', spec?.updateStrategy?.type ?? '');
  const { partition, maxUnavailable } = spec?.updateStrategy?.rollingUpdate ?? {};
  if (partition !== undefined) {
    doc.field(1, 'Partition', partition);
    if (maxUnavailable !== undefined) doc.field(1, 'MaxUnavailable', maxUnavailable);
  }
}

function claimLines(doc: Document, templates: readonly PersistentVolumeClaim[]): void {
  if (templates.length === 0) return doc.field(0, 'Volume Claims', '<none>');
  doc.line(0, 'Volume Claims:');
  for (const { metadata, spec } of templates) {
    doc.field(1, 'Name', metadata?.name);
    const { 'volume.beta.kubernetes.io/storage-class': old } = metadata?.annotations ?? {};
    doc.field(1, 'StorageClass', old ?? spec?.storageClassName ?? '');
    for (const [title, values] of [
      ['Labels', metadata?.labels],
      ['Annotations', metadata?.annotations],
    ] as const) {
      const lines = Object.keys(values ?? {}).sort();
      multiline(
        doc,
        title,
        lines.map((key) => `${key}=${values![key]}`),
        '  ',
      );
    }
    doc.field(1, 'Capacity', spec?.resources?.requests?.['storage'] ?? '<default>');
    doc.field(1, 'Access Modes', `[${(spec?.accessModes ?? []).join(' ')}]`);
  }
}
