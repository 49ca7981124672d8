// Upstream: kubectl/pkg/describe IngressClassDescriber.
import type { IngressClass } from 'kubernetes-types/networking/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { Document } from './_document.ts';
import { eventLines } from './_events.ts';
import { nameAndLabels } from './_metadata.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<IngressClass>({
  group: 'networking.k8s.io',
  kind: 'IngressClass',
  async describe(ingressClass, context) {
    const doc = new Document();
    nameAndLabels(doc, ingressClass as KubeObject, false);
    doc.field(0, 'Controller', ingressClass.spec?.controller ?? '');
    const parameters = ingressClass.spec?.parameters;
    if (parameters) {
      doc.line(0, 'Parameters:');
      if (parameters.apiGroup != null) doc.field(1, 'APIGroup', parameters.apiGroup);
      doc.field(1, 'Kind', parameters.kind);
      doc.field(1, 'Name', parameters.name);
    }
    await eventLines(doc, { ...ingressClass, kind: 'IngressClass' } as KubeObject, context);
    return doc.toString();
  },
});
