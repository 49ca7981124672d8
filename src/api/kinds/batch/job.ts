// Job. Upstream: pkg/registry/batch/job/strategy.go, printJob.
import type { Job as BatchJob } from 'kubernetes-types/batch/v1.js';
import { humanDuration } from '../../duration.ts';
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import { selectorFromObject } from '../../selector.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, containersColumn, imagesColumn, selectorColumn } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { immutable } from '../shared/field-rules.ts';
import { type JobSpec, defaultJobSpec, validateJobSpec } from '../shared/job-spec.ts';
import { defaultTemplate } from '../shared/pod-defaults.ts';
import { status, workloadWarnings } from '../shared/workloads.ts';

export type Job = Omit<BatchJob, 'spec' | 'status'> & { spec?: JobSpec; status?: BatchJob['status'] };

/** Labels by which a job finds its pods; upstream's generateSelector, both old names and new. */
function generateSelector(job: Job): void {
  const { spec, metadata } = job;
  if (!spec || spec.manualSelector) return;
  const template = (spec.template ??= {});
  const labels = ((template.metadata ??= {}).labels ??= {});
  const [uid, name] = [metadata?.uid ?? '', metadata?.name ?? ''];
  for (const prefix of ['', 'batch.kubernetes.io/']) {
    labels[`${prefix}controller-uid`] ??= uid;
    labels[`${prefix}job-name`] ??= name;
  }
  ((spec.selector ??= {}).matchLabels ??= {})['batch.kubernetes.io/controller-uid'] ??= uid;
}

function validateSelector(job: Job, errors: FieldErrors): void {
  const { spec } = job;
  if (!spec?.selector) return errors.required('spec.selector');
  try {
    if (!selectorFromObject(spec.selector).matches(spec.template?.metadata?.labels)) {
      const why = '`selector` does not match template `labels`';
      errors.invalid('spec.template.metadata.labels', spec.template?.metadata?.labels ?? {}, why);
    }
  } catch {
    errors.invalid('spec.selector', spec.selector, 'invalid label selector');
  }
}

function state(job: Job): string {
  const has = (type: string) => job.status?.conditions?.find((c) => c.type === type)?.status === 'True';
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (job.metadata?.deletionTimestamp) return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  return has('FailureTarget') ? 'FailureTarget' : 'Running';
}

function completions({ spec, status: s }: Job): string {
  const succeeded = s?.succeeded ?? 0;
  if (spec?.completions != null) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function duration({ status: s }: Job, nowMs: number): string {
  if (!s?.startTime) return '';
  return humanDuration((s.completionTime ? Date.parse(s.completionTime) : nowMs) - Date.parse(s.startTime));
}

export default defineKind<Job>({
  group: 'batch',
  kind: 'Job',
  plural: 'jobs',
  categories: ['all'],
  scope: 'Namespaced',
  storage: { group: 'batch', version: 'v1' },
  served: [{ group: 'batch', version: 'v1' }],
  subresources: { status },
  generation: true,
  defaults(draft) {
    const { spec } = draft;
    if (!spec) return;
    defaultJobSpec(spec);
    const labels = spec.template?.metadata?.labels;
    if (labels && draft.metadata && !Object.keys(draft.metadata.labels ?? {}).length)
      draft.metadata.labels = { ...labels };
    defaultTemplate(spec.template);
  },
  prepareCreate(draft) {
    draft.status = {};
    generateSelector(draft);
  },
  validate(job, errors) {
    if (!job.spec) return errors.required('spec');
    validateSelector(job, errors);
    validateJobSpec(errors, 'spec', job.spec);
  },
  validateUpdate(job, old, errors) {
    const [now, before] = [job.spec!, old.spec!];
    immutable(errors, 'spec.selector', now.selector, before.selector);
    // A suspended job that has not started may still be placed elsewhere.
    const open = before.suspend && !old.status?.startTime;
    if (!open && !semanticEqual(now.template, before.template)) {
      errors.invalid('spec.template', now.template, 'field is immutable');
    }
    immutable(errors, 'spec.completionMode', now.completionMode, before.completionMode);
    immutable(errors, 'spec.podFailurePolicy', now.podFailurePolicy, before.podFailurePolicy);
    immutable(errors, 'spec.backoffLimitPerIndex', now.backoffLimitPerIndex, before.backoffLimitPerIndex);
    if (now.completionMode !== 'Indexed') immutable(errors, 'spec.completions', now.completions, before.completions);
  },
  warnings: workloadWarnings,
  selectableFields: { 'status.successful': (job) => String(job.status?.succeeded ?? 0) },
  columns: [
    column('Status', 'string', 'Status of the job.', state),
    column('Completions', 'string', texts['JobStatus.succeeded']!, completions),
    column('Duration', 'string', 'Time required to complete the job.', duration),
    ageColumn,
    containersColumn,
    imagesColumn,
    selectorColumn(texts['JobSpec.selector']!),
  ],
});
