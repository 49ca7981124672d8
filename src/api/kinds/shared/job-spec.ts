// What Job and CronJob share: a job's spec, its defaults and rules. Upstream: pkg/apis/batch/v1/defaults.go,
// pkg/apis/batch/validation/validation.go.
import type { JobSpec as CoreJobSpec } from 'kubernetes-types/batch/v1.js';
import type { FieldErrors } from '../../validation.ts';
import { nonNegative } from './field-rules.ts';
import { validateTemplate } from './pod-spec.ts';
import type { PodTemplate } from './pod-types.ts';

export type JobSpec = Omit<CoreJobSpec, 'template'> & { template: PodTemplate };

const MAX_INT32 = 2147483647;

export function defaultJobSpec(spec: JobSpec): void {
  if (spec.completions == null && spec.parallelism == null) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex == null ? 6 : MAX_INT32;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  }
}

const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

export function validateJobSpec(errors: FieldErrors, path: string, spec: JobSpec): void {
  for (const field of COUNTS) nonNegative(errors, `${path}.${field}`, spec[field] ?? undefined);
  const mode = spec.completionMode;
  if (mode != null && mode !== 'NonIndexed' && mode !== 'Indexed') {
    errors.notSupported(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed']);
  }
  if (mode === 'Indexed') {
    if (spec.completions == null) errors.required(`${path}.completions`, 'when completion mode is Indexed');
    if ((spec.parallelism ?? 0) > 100000) {
      errors.invalid(
        `${path}.parallelism`,
        spec.parallelism,
        'must be less than or equal to 100000 when completion mode is Indexed',
      );
    }
  } else if (spec.backoffLimitPerIndex != null) {
    errors.invalid(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, 'requires indexed completion mode');
  }
  validateTemplate(errors, `${path}.template`, spec.template);
  const restart = spec.template?.spec?.restartPolicy ?? '';
  if (restart === 'Always' || restart === '') {
    errors.required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"');
  } else if (restart !== 'OnFailure' && restart !== 'Never') {
    errors.notSupported(`${path}.template.spec.restartPolicy`, restart, ['OnFailure', 'Never']);
  } else if (spec.podFailurePolicy && restart !== 'Never') {
    errors.invalid(
      `${path}.template.spec.restartPolicy`,
      restart,
      'only "Never" is supported when podFailurePolicy is specified',
    );
  }
}
