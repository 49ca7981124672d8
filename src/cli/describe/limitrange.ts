// Upstream: kubectl/pkg/describe describeLimitRange. It tells of no events and no labels.
import type { LimitRange } from 'kubernetes-types/core/v1.js';
import { Document } from './_document.ts';
import { limitRows } from './_quota.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<LimitRange>({
  group: '',
  kind: 'LimitRange',
  async describe({ metadata, spec }) {
    const doc = new Document();
    doc.field(0, 'Name', metadata?.name ?? '');
    doc.field(0, 'Namespace', metadata?.namespace ?? '');
    doc.line(0, 'Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio');
    doc.line(0, '----\t--------\t---\t---\t---------------\t-------------\t-----------------------');
    for (const row of limitRows(spec?.limits)) doc.line(0, row);
    return doc.toString();
  },
});
