// Upstream: kubectl/pkg/describe DescribeResourceQuota. It tells of no events and no labels.
import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import { Document } from './_document.ts';
import { quotaRows, scopeTexts } from './_quota.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<ResourceQuota>({
  group: '',
  kind: 'ResourceQuota',
  async describe(quota) {
    const doc = new Document();
    doc.field(0, 'Name', quota.metadata?.name ?? '');
    doc.field(0, 'Namespace', quota.metadata?.namespace ?? '');
    const scopes = [...(quota.spec?.scopes ?? [])].sort();
    if (scopes.length > 0) doc.field(0, 'Scopes', scopes.join(', '));
    for (const text of scopeTexts(scopes)) doc.line(0, ` * ${text}`);
    doc.line(0, 'Resource\tUsed\tHard');
    doc.line(0, '--------\t----\t----');
    for (const row of quotaRows(quota)) doc.line(0, row);
    return doc.toString();
  },
});
