// Upstream: kubectl/pkg/describe describeCertificateSigningRequest.
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import { humanDuration } from '../../api/duration.ts';
import type { KubeObject } from '../../api/types.ts';
import { readCertificateRequest } from '../csr.ts';
import { formatLabels } from '../print/table.ts';
import { Document, rfc1123z } from './_document.ts';
import { eventLines } from './_events.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  kind: 'CertificateSigningRequest',
  async describe(csr, context) {
    const doc = new Document();
    const { metadata, spec } = csr;
    doc.field(0, 'Name', metadata?.name);
    doc.field(0, 'Labels', formatLabels(metadata?.labels));
    doc.field(0, 'Annotations', formatLabels(metadata?.annotations));
    doc.field(0, 'CreationTimestamp', rfc1123z(metadata?.creationTimestamp));
    doc.field(0, 'Requesting User', spec.username ?? '');
    if (spec.signerName) doc.field(0, 'Signer', spec.signerName);
    if (spec.expirationSeconds !== undefined) {
      doc.field(0, 'Requested Duration', humanDuration(spec.expirationSeconds * 1000));
    }
    doc.field(0, 'Status', csrStatus(csr));
    const request = await readCertificateRequest(spec.request);
    doc.line(0, 'Subject:');
    doc.line(0, `\tCommon Name:\t${request.commonName}`);
    doc.line(0, `\tSerial Number:\t${request.serialNumber}`);
    for (const [title, values] of request.subjectLists) listLine(doc, title, values);
    if (request.alternativeNames.some(([, values]) => values.length > 0)) {
      doc.line(0, 'Subject Alternative Names:');
      for (const [title, values] of request.alternativeNames) listLine(doc, title, values);
    }
    await eventLines(doc, { ...csr, kind: 'CertificateSigningRequest' } as KubeObject, context);
    return doc.toString();
  },
});

function listLine(doc: Document, title: string, values: readonly string[]): void {
  if (values.length > 0) doc.line(0, `\t${title}:\t${values.join('\n\t\t')}`);
}

function csrStatus({ status }: CertificateSigningRequest): string {
  const types = new Set((status?.conditions ?? []).map((c) => c.type));
  const word = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending';
  return `${word}${types.has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`;
}
