// Job. Upstream: pkg/registry/batch/job/strategy.go, printJob.
import type { Job as BatchJob } from 'kubernetes-types/batch/v1.js';
import { humanDuration } from '../../duration.ts';
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import { dns1123LabelErrors } from '../../names.ts';
import { selectorFromObject } from '../../selector.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, containersColumn, imagesColumn, selectorColumn } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { IMMUTABLE, immutable, labelSelector } from '../shared/field-rules.ts';
import { type JobSpec, defaultJobSpec, jobSpecWarnings, validateJobSpec } from '../shared/job-spec.ts';
import { validateJobStatus } from '../shared/job-status.ts';
import { defaultTemplate } from '../shared/pod-defaults.ts';
import { dropTemplate } from '../shared/pod-disabled.ts';
import type { PodTemplate } from '../shared/pod-types.ts';
import { namedWorkloadWarnings, status } from '../shared/workloads.ts';

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

const LABELS = ['controller-uid', 'job-name', 'batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name'];

/** What generateSelector made must be as it made it. Upstream: validateGeneratedSelector. */
function validateGenerated({ spec, metadata }: Job, errors: FieldErrors): void {
  if (!spec?.selector || spec.manualSelector) return;
  if (!metadata?.uid) errors.required('metadata.uid');
  const labels = spec.template?.metadata?.labels;
  const expected: Record<string, string> = {};
  for (const key of LABELS) {
    const value = (key.endsWith('uid') ? metadata?.uid : metadata?.name) ?? '';
    expected[key] = value;
    const field = `spec.template.metadata.labels[${key}]`;
    if (labels?.[key] === undefined) errors.required(field, `must be '${value}'`);
    else if (labels[key] !== value) errors.invalid(field, labels, `must be '${value}'`);
  }
  if (matches(spec.selector, expected) === false) {
    errors.invalid('spec.selector', spec.selector, '`selector` not auto-generated');
  }
}

/** Undefined when the selector is none. */
function matches(selector: JobSpec['selector'], labels: Record<string, string> | undefined): boolean | undefined {
  try {
    return selectorFromObject(selector).matches(labels);
  } catch {
    return undefined;
  }
}

function validate(job: Job, errors: FieldErrors): void {
  const { spec, metadata } = job;
  if (!spec) return errors.required('spec');
  validateGenerated(job, errors);
  validateJobSpec(errors, 'spec', spec);
  if (spec.selector) labelSelector(errors, 'spec.selector', spec.selector);
  else errors.required('spec.selector');
  const labels = spec.template?.metadata?.labels;
  if (matches(spec.selector, labels) === false) {
    errors.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
  }
  if (spec.completionMode !== 'Indexed' || !((spec.completions ?? 0) > 0)) return;
  // The last pod's host name.
  const last = `${metadata?.name}-${spec.completions! - 1}`;
  if (dns1123LabelErrors(last).length) {
    const why = `will not able to create pod with invalid DNS label: ${last}`;
    errors.invalid('metadata.name', metadata?.name, why);
  }
}

/** What a suspended job that has not started may still change: where its pods may run, and how they are labelled. */
function withoutDirectives(template: PodTemplate): object {
  const { labels: _labels, annotations: _annotations, ...metadata } = template.metadata ?? {};
  const { nodeSelector: _node, tolerations: _tolerations, schedulingGates: _gates, affinity, ...spec } = template.spec!;
  const { nodeAffinity: _affinity, ...others } = affinity ?? {};
  return { metadata, spec: { ...spec, affinity: others } };
}

function validateUpdate(job: Job, old: Job, errors: FieldErrors): void {
  const [now, before] = [job.spec, old.spec];
  if (!now || !before) return;
  const indexed = now.completionMode === 'Indexed';
  if (!indexed) immutable(errors, 'spec.completions', now.completions, before.completions);
  else if (now.completions != null && now.completions !== before.completions && now.completions !== now.parallelism) {
    errors.invalid('spec.completions', now.completions, 'can only be modified in tandem with spec.parallelism');
  }
  immutable(errors, 'spec.selector', now.selector, before.selector);
  const movable = before.suspend === true && !old.status?.startTime && now.template?.spec && before.template?.spec;
  const same = movable
    ? semanticEqual(withoutDirectives(now.template), withoutDirectives(before.template))
    : semanticEqual(now.template, before.template);
  if (!same) errors.invalid('spec.template', now.template, IMMUTABLE);
  for (const field of [
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const) {
    immutable(errors, `spec.${field}`, now[field], before[field]);
  }
}

function state(job: Job): string {
  const has = (type: string) => job.status?.conditions?.find((c) => c.type === type)?.status === 'True';
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (job.metadata?.deletionTimestamp) return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  if (has('FailureTarget')) return 'FailureTarget';
  return has('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
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
  orphansIn: ['batch/v1'],
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
    dropTemplate(draft.spec?.template);
  },
  prepareUpdate: (draft, old) => dropTemplate(draft.spec?.template, old.spec?.template),
  validate,
  validateUpdate,
  validateStatus: validateJobStatus,
  warnings: (job, old) => namedWorkloadWarnings(job, old, () => jobSpecWarnings('spec', job.spec)),
  unknownField: (field) => `field label ${JSON.stringify(field)} not supported for batchv1.Job`,
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
