// Upstream: kubectl/pkg/describe describePersistentVolumeClaim.
import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import { accessModesText } from '../../api/kinds/shared/storage-rules.ts';
import type { KubeObject } from '../../api/types.ts';
import { claimNameOf, classNameOf } from '../../api/volumes.ts';
import { Document, rfc1123z } from './_document.ts';
import { eventLines } from './_events.ts';
import { annotationLines, labelLines, multiline } from './_metadata.ts';
import { finalizerText, phaseText } from './_storage.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<PersistentVolumeClaim>({
  group: '',
  kind: 'PersistentVolumeClaim',
  async describe(claim, context) {
    const doc = new Document();
    const { metadata = {}, spec = {}, status } = claim;
    const { namespace = '', name = '' } = metadata;
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
    const pods = (await context.cluster.json<{ items?: Pod[] }>('GET', path)).items ?? [];
    doc.field(0, 'Name', name);
    doc.field(0, 'Namespace', namespace);
    doc.field(0, 'StorageClass', classNameOf(claim));
    doc.field(0, 'Status', phaseText(claim, context.nowMs));
    doc.field(0, 'Volume', spec.volumeName ?? '');
    labelLines(doc, 'Labels', metadata.labels);
    annotationLines(doc, 'Annotations', metadata.annotations);
    doc.field(0, 'Finalizers', finalizerText(claim));
    doc.field(0, 'Capacity', spec.volumeName ? (status?.capacity?.['storage'] ?? '0') : '');
    doc.field(0, 'Access Modes', spec.volumeName ? accessModesText(status?.accessModes) : '');
    if (spec.volumeMode !== undefined) doc.field(0, 'VolumeMode', spec.volumeMode);
    if (spec.dataSource) {
      doc.line(0, 'DataSource:');
      if (spec.dataSource.apiGroup != null) doc.field(1, 'APIGroup', spec.dataSource.apiGroup);
      doc.field(1, 'Kind', spec.dataSource.kind);
      doc.field(1, 'Name', spec.dataSource.name);
    }
    const users = pods.filter((pod) => pod.spec?.volumes?.some((volume) => claimNameOf(pod, volume) === name));
    multiline(doc, 'Used By', users.map((pod) => pod.metadata?.name ?? '').sort());
    conditionLines(doc, status?.conditions ?? []);
    await eventLines(doc, { ...claim, kind: 'PersistentVolumeClaim' } as KubeObject, context);
    return doc.toString();
  },
});

type Conditions = NonNullable<NonNullable<PersistentVolumeClaim['status']>['conditions']>;

function conditionLines(doc: Document, conditions: Conditions): void {
  if (conditions.length === 0) return;
  doc.line(0, 'Conditions:');
  doc.line(1, 'Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage');
  doc.line(1, '----\t------\t-----------------\t------------------\t------\t-------');
  for (const { type, status, lastProbeTime, lastTransitionTime, reason = '', message = '' } of conditions) {
    const times = `${rfc1123z(lastProbeTime)} \t${rfc1123z(lastTransitionTime)}`;
    doc.line(1, `${type} \t${status} \t${times} \t${reason} \t${message}`);
  }
}
