// Upstream: kubectl/pkg/describe describeNamespace, with its quotas and limits.
import type { LimitRange, Namespace, ResourceQuota } from 'kubernetes-types/core/v1.js';
import { isNotFound } from '../../api/status.ts';
import { Document, rfc1123z } from './_document.ts';
import { annotationLines, labelLines } from './_metadata.ts';
import { limitRows, quotaRows, scopeTexts } from './_quota.ts';
import { type DescribeContext, defineDescriber } from './types.ts';

export default defineDescriber<Namespace>({
  group: '',
  kind: 'Namespace',
  async describe(namespace, context) {
    const doc = new Document();
    const name = namespace.metadata?.name ?? '';
    doc.field(0, 'Name', name);
    labelLines(doc, 'Labels', namespace.metadata?.labels);
    annotationLines(doc, 'Annotations', namespace.metadata?.annotations);
    doc.field(0, 'Status', namespace.status?.phase ?? '');
    const conditions = namespace.status?.conditions ?? [];
    if (conditions.length > 0) {
      doc.line(0, 'Conditions:');
      doc.line(1, 'Type\tStatus\tLastTransitionTime\tReason\tMessage');
      doc.line(1, '----\t------\t------------------\t------\t-------');
      for (const c of conditions) {
        doc.line(1, `${c.type}\t${c.status}\t${rfc1123z(c.lastTransitionTime)}\t${c.reason ?? ''}\t${c.message ?? ''}`);
      }
    }
    quotaLines(doc, await listOf<ResourceQuota>(context, name, 'resourcequotas'));
    limitLines(doc, await listOf<LimitRange>(context, name, 'limitranges'));
    return doc.toString();
  },
});

/** Undefined when the server does not have the kind. */
async function listOf<T>({ cluster }: DescribeContext, namespace: string, plural: string): Promise<T[] | undefined> {
  try {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/${plural}`;
    return (await cluster.json<{ items?: T[] }>('GET', path)).items ?? [];
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function quotaLines(doc: Document, quotas: ResourceQuota[] | undefined): void {
  if (!quotas) return;
  doc.write(0, '\n');
  if (quotas.length === 0) return doc.line(0, 'No resource quota.');
  doc.line(0, 'Resource Quotas');
  for (const quota of quotas.sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1))) {
    doc.field(1, 'Name', quota.metadata?.name);
    const scopes = [...(quota.spec?.scopes ?? [])].sort();
    if (scopes.length > 0) doc.field(1, 'Scopes', scopes.join(', '));
    for (const text of scopeTexts(scopes)) doc.line(1, `* ${text}`);
    doc.line(1, 'Resource\tUsed\tHard');
    doc.line(1, '--------\t---\t---');
    for (const row of quotaRows(quota)) doc.line(1, row);
  }
}

function limitLines(doc: Document, ranges: LimitRange[] | undefined): void {
  if (!ranges) return;
  doc.write(0, '\n');
  if (ranges.length === 0) return doc.line(0, 'No LimitRange resource.');
  doc.line(0, 'Resource Limits\n Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio');
  doc.line(0, ' ----\t--------\t---\t---\t---------------\t-------------\t-----------------------');
  for (const row of limitRows(ranges.flatMap((r) => r.spec?.limits ?? []))) doc.line(0, ` ${row}`);
}
