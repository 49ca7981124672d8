// Upstream: kubectl/pkg/describe describeCSINode.
import type { CSINode } from 'kubernetes-types/storage/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { Document, rfc1123z } from './_document.ts';
import { eventLines } from './_events.ts';
import { nameAndLabels } from './_metadata.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<CSINode>({
  group: 'storage.k8s.io',
  kind: 'CSINode',
  async describe(node, context) {
    const doc = new Document();
    nameAndLabels(doc, node as KubeObject, false);
    doc.field(0, 'CreationTimestamp', rfc1123z(node.metadata?.creationTimestamp));
    doc.line(0, 'Spec:');
    const drivers = node.spec.drivers as typeof node.spec.drivers | null;
    if (drivers) doc.line(1, 'Drivers:');
    for (const { name, nodeID, allocatable, topologyKeys } of drivers ?? []) {
      doc.line(2, `${name}:`);
      doc.field(3, 'Node ID', nodeID);
      if (allocatable?.count != null) {
        doc.line(3, 'Allocatables:');
        doc.field(4, 'Count', allocatable.count);
      }
      if (topologyKeys) doc.field(3, 'Topology Keys', `[${topologyKeys.join(' ')}]`);
    }
    await eventLines(doc, { ...node, kind: 'CSINode' } as KubeObject, context);
    return doc.toString();
  },
});
