// Upstream: kubectl/pkg/describe describeEndpoints.
import type { Endpoints } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { Document, orNone } from './_document.ts';
import { eventLines } from './_events.ts';
import { nameAndLabels } from './_metadata.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<Endpoints>({
  group: '',
  kind: 'Endpoints',
  async describe(endpoints, context) {
    const doc = new Document();
    nameAndLabels(doc, endpoints as KubeObject);
    doc.line(0, 'Subsets:');
    for (const { addresses = [], notReadyAddresses = [], ports = [] } of endpoints.subsets ?? []) {
      doc.field(1, 'Addresses', orNone(addresses.map((a) => a.ip).join(',')));
      doc.field(1, 'NotReadyAddresses', orNone(notReadyAddresses.map((a) => a.ip).join(',')));
      if (ports.length > 0) {
        doc.line(1, 'Ports:');
        doc.line(2, 'Name\tPort\tProtocol');
        doc.line(2, '----\t----\t--------');
        for (const port of ports) doc.line(2, `${port.name || '<unset>'}\t${port.port}\t${port.protocol ?? 'TCP'}`);
      }
      doc.write(0, '\n');
    }
    await eventLines(doc, { ...endpoints, kind: 'Endpoints' } as KubeObject, context);
    return doc.toString();
  },
});
