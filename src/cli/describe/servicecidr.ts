// Upstream: kubectl/pkg/describe describeServiceCIDRV1.
import type { Condition } from 'kubernetes-types/meta/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { Document, rfc1123z } from './_document.ts';
import { eventLines } from './_events.ts';
import { nameAndLabels } from './_metadata.ts';
import { defineDescriber } from './types.ts';

interface ServiceCIDR extends KubeObject {
  spec?: { cidrs?: string[] };
  status?: { conditions?: Condition[] };
}

export default defineDescriber<ServiceCIDR>({
  group: 'networking.k8s.io',
  kind: 'ServiceCIDR',
  async describe(range, context) {
    const doc = new Document();
    nameAndLabels(doc, range, false);
    doc.field(0, 'CIDRs', (range.spec?.cidrs ?? []).join(', '));
    const conditions = range.status?.conditions ?? [];
    if (conditions.length > 0) {
      doc.line(0, 'Status:');
      doc.line(0, 'Conditions:');
      doc.line(1, 'Type\tStatus\tLastTransitionTime\tReason\tMessage');
      doc.line(1, '----\t------\t------------------\t------\t-------');
    }
    for (const { type, status, lastTransitionTime, reason = '', message = '' } of conditions) {
      doc.line(1, `${type}\t${status}\t${rfc1123z(lastTransitionTime)}\t${reason}\t${message}`);
    }
    await eventLines(doc, { ...range, kind: 'ServiceCIDR' }, context);
    return doc.toString();
  },
});
