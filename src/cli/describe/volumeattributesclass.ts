// Upstream: kubectl/pkg/describe describeVolumeAttributesClass.
import type { KubeObject } from '../../api/types.ts';
import { formatLabels } from '../print/table.ts';
import { Document } from './_document.ts';
import { eventLines } from './_events.ts';
import { defineDescriber } from './types.ts';

interface VolumeAttributesClass extends KubeObject {
  driverName?: string;
  parameters?: Record<string, string>;
}

export default defineDescriber<VolumeAttributesClass>({
  group: 'storage.k8s.io',
  kind: 'VolumeAttributesClass',
  async describe(attributes, context) {
    const doc = new Document();
    doc.field(0, 'Name', attributes.metadata?.name ?? '');
    doc.field(0, 'Annotations', formatLabels(attributes.metadata?.annotations));
    doc.field(0, 'DriverName', attributes.driverName ?? '');
    doc.field(0, 'Parameters', formatLabels(attributes.parameters));
    await eventLines(doc, { ...attributes, kind: 'VolumeAttributesClass' }, context);
    return doc.toString();
  },
});
