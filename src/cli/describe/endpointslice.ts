// Upstream: kubectl/pkg/describe describeEndpointSliceV1.
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { Document, orNone } from './_document.ts';
import { eventLines } from './_events.ts';
import { nameAndLabels } from './_metadata.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<EndpointSlice>({
  group: 'discovery.k8s.io',
  kind: 'EndpointSlice',
  async describe(slice, context) {
    const doc = new Document();
    nameAndLabels(doc, slice as KubeObject);
    doc.field(0, 'AddressType', slice.addressType);
    const ports = slice.ports ?? [];
    if (ports.length === 0) doc.line(0, 'Ports: <unset>');
    else {
      doc.line(0, 'Ports:');
      doc.line(1, 'Name\tPort\tProtocol');
      doc.line(1, '----\t----\t--------');
      for (const port of ports)
        doc.line(1, `${port.name || '<unset>'}\t${port.port ?? '<unset>'}\t${port.protocol ?? 'TCP'}`);
    }
    const endpoints = slice.endpoints ?? [];
    doc.line(0, endpoints.length === 0 ? 'Endpoints: <none>' : 'Endpoints:');
    for (const endpoint of endpoints) {
      doc.field(1, '- Addresses', orNone(endpoint.addresses.join(', ')));
      doc.line(2, 'Conditions:');
      doc.field(3, 'Ready', endpoint.conditions?.ready ?? '<unset>');
      doc.field(2, 'Hostname', endpoint.hostname ?? '<unset>');
      if (endpoint.targetRef) doc.field(2, 'TargetRef', `${endpoint.targetRef.kind}/${endpoint.targetRef.name}`);
      doc.field(2, 'NodeName', endpoint.nodeName ?? '<unset>');
      doc.field(2, 'Zone', endpoint.zone ?? '<unset>');
    }
    await eventLines(doc, { ...slice, kind: 'EndpointSlice' } as KubeObject, context);
    return doc.toString();
  },
});
