// Upstream: kubectl/pkg/describe describeJob.
import type { Job } from 'kubernetes-types/batch/v1.js';
import { humanDuration } from '../../api/duration.ts';
import { selectorFromObject } from '../../api/selector.ts';
import type { KubeObject } from '../../api/types.ts';
import { Document, rfc1123z } from './_document.ts';
import { eventLines } from './_events.ts';
import { annotationLines, labelLines } from './_metadata.ts';
import { podTemplateLines } from './_pod-template.ts';
import { defineDescriber } from './types.ts';

/** Longer lists of indexes are cut at the next comma. */
const INDEXES_LIMIT = 50;

export default defineDescriber<Job>({
  group: 'batch',
  kind: 'Job',
  async describe(job, context) {
    const doc = new Document();
    const object = { ...job, kind: 'Job' } as KubeObject;
    const { metadata, spec } = job;
    doc.field(0, 'Name', metadata?.name);
    doc.field(0, 'Namespace', metadata?.namespace);
    doc.field(0, 'Selector', selectorFromObject(spec?.selector).toString());
    labelLines(doc, 'Labels', metadata?.labels);
    annotationLines(doc, 'Annotations', metadata?.annotations);
    const owner = metadata?.ownerReferences?.find((r) => r.controller === true);
    if (owner) doc.field(0, 'Controlled By', `${owner.kind}/${owner.name}`);
    specLines(doc, job);
    statusLines(doc, job);
    podTemplateLines(doc, spec?.template);
    await eventLines(doc, object, context);
    return doc.toString();
  },
});

function specLines(doc: Document, { spec = { template: {} } }: Job): void {
  if (spec.parallelism != null) doc.field(0, 'Parallelism', spec.parallelism);
  doc.field(0, 'Completions', spec.completions ?? '<unset>');
  if (spec.completionMode != null) doc.field(0, 'Completion Mode', spec.completionMode);
  if (spec.suspend != null) doc.field(0, 'Suspend', spec.suspend);
  if (spec.backoffLimit != null) doc.field(0, 'Backoff Limit', spec.backoffLimit);
  const ttl = spec.ttlSecondsAfterFinished;
  if (ttl != null) doc.field(0, 'TTL Seconds After Finished', ttl);
}

function statusLines(doc: Document, { spec, status = {} }: Job): void {
  const [start, end] = [status.startTime as string | undefined, status.completionTime as string | undefined];
  if (start) doc.field(0, 'Start Time', rfc1123z(start));
  if (end) doc.field(0, 'Completed At', rfc1123z(end));
  if (start && end) doc.field(0, 'Duration', humanDuration(Date.parse(end) - Date.parse(start)));
  const deadline = spec?.activeDeadlineSeconds;
  if (deadline != null) doc.field(0, 'Active Deadline Seconds', `${deadline}s`);
  const { active = 0, ready, succeeded = 0, failed = 0 } = status;
  const readyText = ready == null ? '' : ` (${ready} Ready)`;
  doc.field(0, 'Pods Statuses', `${active} Active${readyText} / ${succeeded} Succeeded / ${failed} Failed`);
  if (spec?.completionMode === 'Indexed') doc.field(0, 'Completed Indexes', shortened(status.completedIndexes ?? ''));
}

function shortened(indexes: string): string {
  if (indexes === '') return '<none>';
  const comma = indexes.indexOf(',', INDEXES_LIMIT);
  return comma < 0 ? indexes : `${indexes.slice(0, comma + 1)}...`;
}
