// Upstream: kubectl/pkg/describe describeStorageClass, printAllowedTopologies.
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { formatLabels } from '../../api/selector.ts';
import type { KubeObject } from '../../api/types.ts';
import { Document, boolText } from './_document.ts';
import { eventLines } from './_events.ts';
import { selectorLines } from './_storage.ts';
import { defineDescriber } from './types.ts';

const IS_DEFAULT = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

export default defineDescriber<StorageClass>({
  group: 'storage.k8s.io',
  kind: 'StorageClass',
  async describe(storageClass, context) {
    const doc = new Document();
    const { metadata, allowVolumeExpansion, allowedTopologies, mountOptions = [] } = storageClass;
    const annotations = metadata?.annotations;
    doc.field(0, 'Name', metadata?.name ?? '');
    doc.field(0, 'IsDefaultClass', IS_DEFAULT.some((key) => annotations?.[key] === 'true') ? 'Yes' : 'No');
    doc.field(0, 'Annotations', formatLabels(annotations ?? {}));
    doc.field(0, 'Provisioner', storageClass.provisioner);
    doc.field(0, 'Parameters', formatLabels(storageClass.parameters ?? {}));
    const grows = allowVolumeExpansion === undefined ? '<unset>' : boolText(allowVolumeExpansion);
    doc.field(0, 'AllowVolumeExpansion', grows);
    if (mountOptions.length === 0) doc.line(0, 'MountOptions:\t<none>');
    else {
      doc.line(0, 'MountOptions:');
      for (const option of mountOptions) doc.line(1, option);
    }
    if (storageClass.reclaimPolicy !== undefined) doc.field(0, 'ReclaimPolicy', storageClass.reclaimPolicy);
    if (storageClass.volumeBindingMode !== undefined) doc.field(0, 'VolumeBindingMode', storageClass.volumeBindingMode);
    if (allowedTopologies) {
      doc.line(0, `AllowedTopologies:\t${allowedTopologies.length === 0 ? '<none>' : ''}`);
      allowedTopologies.forEach((term, i) => selectorLines(doc, 1, `Term ${i}`, term.matchLabelExpressions));
    }
    await eventLines(doc, { ...storageClass, kind: 'StorageClass' } as KubeObject, context);
    return doc.toString();
  },
});
