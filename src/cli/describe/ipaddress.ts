// Upstream: kubectl/pkg/describe describeIPAddressV1.
import type { KubeObject } from '../../api/types.ts';
import { Document } from './_document.ts';
import { eventLines } from './_events.ts';
import { nameAndLabels } from './_metadata.ts';
import { defineDescriber } from './types.ts';

interface IPAddress extends KubeObject {
  spec?: { parentRef?: { group?: string; resource?: string; namespace?: string; name?: string } };
}

export default defineDescriber<IPAddress>({
  group: 'networking.k8s.io',
  kind: 'IPAddress',
  async describe(address, context) {
    const doc = new Document();
    nameAndLabels(doc, address, false);
    const parent = address.spec?.parentRef;
    if (parent) {
      doc.line(0, 'Parent Reference:');
      doc.field(1, 'Group', parent.group ?? '');
      doc.field(1, 'Resource', parent.resource ?? '');
      doc.field(1, 'Namespace', parent.namespace ?? '');
      doc.field(1, 'Name', parent.name ?? '');
    }
    await eventLines(doc, { ...address, kind: 'IPAddress' }, context);
    return doc.toString();
  },
});
