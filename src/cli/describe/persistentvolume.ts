// Upstream: kubectl/pkg/describe describePersistentVolume, printVolumeNodeAffinity.
import type { PersistentVolume, Volume } from 'kubernetes-types/core/v1.js';
import { accessModesText } from '../../api/kinds/shared/storage-rules.ts';
import type { KubeObject } from '../../api/types.ts';
import { capacityOf, classNameOf } from '../../api/volumes.ts';
import { Document } from './_document.ts';
import { eventLines } from './_events.ts';
import { nameAndLabels } from './_metadata.ts';
import { finalizerText, phaseText, selectorLines } from './_storage.ts';
import { attributeLines, sourceLines } from './_volumes.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<PersistentVolume>({
  group: '',
  kind: 'PersistentVolume',
  async describe(volume, context) {
    const doc = new Document();
    const { spec = {}, status } = volume;
    nameAndLabels(doc, volume as KubeObject, false);
    doc.field(0, 'Finalizers', finalizerText(volume));
    doc.field(0, 'StorageClass', classNameOf(volume));
    doc.field(0, 'Status', phaseText(volume, context.nowMs));
    doc.field(0, 'Claim', spec.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}` : '');
    doc.field(0, 'Reclaim Policy', spec.persistentVolumeReclaimPolicy ?? '');
    doc.field(0, 'Access Modes', accessModesText(spec.accessModes));
    if (spec.volumeMode !== undefined) doc.field(0, 'VolumeMode', spec.volumeMode);
    doc.field(0, 'Capacity', capacityOf(volume));
    affinityLines(doc, spec.nodeAffinity);
    doc.field(0, 'Message', status?.message ?? '');
    doc.line(0, 'Source:');
    if (spec.local) {
      doc.field(2, 'Type', 'LocalVolume (a persistent volume backed by local storage on a node)');
      doc.field(2, 'Path', spec.local.path);
    } else if (spec.csi) csiLines(doc, spec.csi);
    else sourceLines(doc, spec as Volume, true);
    await eventLines(doc, { ...volume, kind: 'PersistentVolume' } as KubeObject, context);
    return doc.toString();
  },
});

/** Upstream: printCSIPersistentVolumeSource, printCSIPersistentVolumeAttributesMultiline. */
function csiLines(doc: Document, csi: NonNullable<NonNullable<PersistentVolume['spec']>['csi']>): void {
  doc.field(2, 'Type', 'CSI (a Container Storage Interface (CSI) volume source)');
  doc.field(2, 'Driver', csi.driver);
  doc.field(2, 'FSType', csi.fsType ?? '');
  doc.field(2, 'VolumeHandle', csi.volumeHandle);
  doc.field(2, 'ReadOnly', csi.readOnly ?? false);
  attributeLines(doc, csi.volumeAttributes);
}

function affinityLines(doc: Document, affinity: NonNullable<PersistentVolume['spec']>['nodeAffinity']): void {
  if (!affinity?.required) return doc.line(0, 'Node Affinity:\t<none>');
  doc.line(0, 'Node Affinity:\t');
  const terms = affinity.required.nodeSelectorTerms ?? [];
  if (terms.length === 0) return doc.line(1, 'Required Terms:\t<none>');
  doc.line(1, 'Required Terms:\t');
  terms.forEach(({ matchExpressions }, i) => selectorLines(doc, 2, `Term ${i}`, matchExpressions));
}
