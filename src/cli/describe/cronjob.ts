// As of 1.32, which does not tell the time zone. Upstream: kubectl/pkg/describe describeCronJob, describeJobTemplate.
import type { CronJob, JobTemplateSpec } from 'kubernetes-types/batch/v1.js';
import { selectorFromObject } from '../../api/selector.ts';
import type { KubeObject } from '../../api/types.ts';
import { Document, boolText, rfc1123z } from './_document.ts';
import { eventLines } from './_events.ts';
import { annotationLines, labelLines } from './_metadata.ts';
import { podTemplateLines } from './_pod-template.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<CronJob>({
  group: 'batch',
  kind: 'CronJob',
  async describe(cronJob, context) {
    const doc = new Document();
    const object = { ...cronJob, kind: 'CronJob' } as KubeObject;
    const { metadata, spec, status } = cronJob;
    doc.field(0, 'Name', metadata?.name);
    doc.field(0, 'Namespace', metadata?.namespace ?? '');
    labelLines(doc, 'Labels', metadata?.labels);
    annotationLines(doc, 'Annotations', metadata?.annotations);
    const deadline = spec?.startingDeadlineSeconds;
    doc.field(0, 'Schedule', spec?.schedule);
    doc.field(0, 'Concurrency Policy', spec?.concurrencyPolicy ?? '');
    doc.field(0, 'Suspend', spec?.suspend == null ? '<unset>' : boolText(spec.suspend));
    doc.field(0, 'Successful Job History Limit', spec?.successfulJobsHistoryLimit ?? '<unset>');
    doc.field(0, 'Failed Job History Limit', spec?.failedJobsHistoryLimit ?? '<unset>');
    doc.field(0, 'Starting Deadline Seconds', deadline == null ? '<unset>' : `${deadline}s`);
    templateLines(doc, spec?.jobTemplate);
    const last = status?.lastScheduleTime as string | undefined;
    doc.field(0, 'Last Schedule Time', last ? rfc1123z(last) : '<unset>');
    const active = (status?.active ?? []).map((reference) => reference.name).join(', ');
    doc.field(0, 'Active Jobs', active || '<none>');
    await eventLines(doc, object, context);
    return doc.toString();
  },
});

function templateLines(doc: Document, template: JobTemplateSpec | undefined): void {
  const { selector, parallelism, completions, activeDeadlineSeconds: deadline } = template?.spec ?? {};
  doc.field(0, 'Selector', selector ? selectorFromObject(selector).toString() : '<unset>');
  doc.field(0, 'Parallelism', parallelism ?? '<unset>');
  doc.field(0, 'Completions', completions ?? '<unset>');
  if (deadline != null) doc.field(0, 'Active Deadline Seconds', `${deadline}s`);
  podTemplateLines(doc, template?.spec?.template);
}
