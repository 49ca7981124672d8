// What Job and CronJob share: a job's spec, its defaults and rules. Upstream: pkg/apis/batch/v1/defaults.go,
// pkg/apis/batch/validation/validation.go (validateJobSpec), pkg/api/job/warnings.go.
import type { JobSpec as CoreJobSpec } from 'kubernetes-types/batch/v1.js';
import { domainPrefixedPath } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { nonNegative } from './field-rules.ts';
import { validatePodFailurePolicy, validateSuccessPolicy } from './job-policies.ts';
import { validateTemplate } from './pod-spec.ts';
import type { PodTemplate } from './pod-types.ts';

export type JobSpec = Omit<CoreJobSpec, 'template'> & { template: PodTemplate };

const MAX_INT32 = 2147483647;
const MAX_PARALLELISM = 100_000;
const MAX_FAILED_INDEXES = 100_000;
/** More completions than this are watched more closely. */
const MANY_COMPLETIONS = 100_000;
const LIMIT_FOR_MANY = 10_000;
const MAX_MANAGED_BY = 63;

/** Upstream: SetDefaults_Job; a CronJob's template gets these too. */
export function defaultJobSpec(spec: JobSpec): void {
  if (spec.completions == null && spec.parallelism == null) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex == null ? 6 : MAX_INT32;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
  defaultPolicyRules(spec);
}

/** SetDefaults_PodFailurePolicyOnPodConditionsPattern, which reaches into a CronJob's template as well. */
export function defaultPolicyRules(spec: JobSpec | undefined): void {
  for (const rule of spec?.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  }
}

function counts(errors: FieldErrors, path: string, spec: JobSpec): void {
  nonNegative(errors, `${path}.parallelism`, spec.parallelism);
  nonNegative(errors, `${path}.completions`, spec.completions);
  nonNegative(errors, `${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds);
  nonNegative(errors, `${path}.backoffLimit`, spec.backoffLimit);
  nonNegative(errors, `${path}.ttlSecondsAfterFinished`, spec.ttlSecondsAfterFinished);
  nonNegative(errors, `${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex);
  if (spec.maxFailedIndexes != null) {
    nonNegative(errors, `${path}.maxFailedIndexes`, spec.maxFailedIndexes);
    if (spec.backoffLimitPerIndex == null) {
      errors.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified');
    }
  }
  if (spec.managedBy != null) {
    domainPrefixedPath(errors, `${path}.managedBy`, spec.managedBy);
    if (spec.managedBy.length > MAX_MANAGED_BY) errors.tooLong(`${path}.managedBy`, MAX_MANAGED_BY);
  }
}

function indexed(errors: FieldErrors, path: string, spec: JobSpec): void {
  const { completions, parallelism, maxFailedIndexes: failed } = spec;
  if (completions == null) errors.required(`${path}.completions`, 'when completion mode is Indexed');
  const most = (limit: number): string => `must be less than or equal to ${limit}`;
  if (parallelism != null && parallelism > MAX_PARALLELISM) {
    errors.invalid(`${path}.parallelism`, parallelism, `${most(MAX_PARALLELISM)} when completion mode is Indexed`);
  }
  if (completions != null && failed != null && failed > completions) {
    errors.invalid(`${path}.maxFailedIndexes`, failed, 'must be less than or equal to completions');
  }
  if (failed != null && failed > MAX_FAILED_INDEXES) {
    errors.invalid(`${path}.maxFailedIndexes`, failed, most(MAX_FAILED_INDEXES));
  }
  if (completions == null || completions <= MANY_COMPLETIONS || spec.backoffLimitPerIndex == null) return;
  if (failed == null) {
    errors.required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${MANY_COMPLETIONS}`);
  }
  const why = `${most(LIMIT_FOR_MANY)} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;
  if (parallelism != null && parallelism > LIMIT_FOR_MANY) errors.invalid(`${path}.parallelism`, parallelism, why);
  if (failed != null && failed > LIMIT_FOR_MANY) errors.invalid(`${path}.maxFailedIndexes`, failed, why);
}

function completionMode(errors: FieldErrors, path: string, spec: JobSpec): void {
  const mode = spec.completionMode;
  if (mode != null && mode !== 'NonIndexed' && mode !== 'Indexed') {
    errors.notSupported(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed']);
  }
  if (mode === 'Indexed') return indexed(errors, path, spec);
  if (mode != null && mode !== 'NonIndexed') return;
  for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
    if (spec[field] != null) errors.invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode');
  }
}

function policies(errors: FieldErrors, path: string, spec: JobSpec): void {
  if (spec.podFailurePolicy) validatePodFailurePolicy(errors, `${path}.podFailurePolicy`, spec);
  if (spec.successPolicy) {
    if (spec.completionMode === 'Indexed') validateSuccessPolicy(errors, `${path}.successPolicy`, spec);
    else errors.invalid(`${path}.successPolicy`, spec.successPolicy, 'requires indexed completion mode');
  }
  const policy = spec.podReplacementPolicy;
  const allowed = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  if (policy != null && !allowed.includes(policy)) errors.notSupported(`${path}.podReplacementPolicy`, policy, allowed);
}

export function validateJobSpec(errors: FieldErrors, path: string, spec: JobSpec): void {
  counts(errors, path, spec);
  completionMode(errors, path, spec);
  policies(errors, path, spec);
  validateTemplate(errors, `${path}.template`, spec.template);
  const restart = spec.template?.spec?.restartPolicy ?? '';
  const field = `${path}.template.spec.restartPolicy`;
  if (restart === 'Always' || restart === '') errors.required(field, 'valid values: "OnFailure", "Never"');
  else if (restart !== 'OnFailure' && restart !== 'Never') errors.notSupported(field, restart, ['OnFailure', 'Never']);
  else if (spec.podFailurePolicy && restart !== 'Never') {
    errors.invalid(field, restart, 'only "Never" is supported when podFailurePolicy is specified');
  }
}

/** Upstream: job.WarningsForJobSpec without those of the template. */
export function jobSpecWarnings(path: string, spec: JobSpec | undefined): string[] {
  const { completionMode: mode, completions, parallelism } = spec ?? {};
  if (mode !== 'Indexed' || (completions ?? 0) <= MANY_COMPLETIONS || (parallelism ?? 0) <= LIMIT_FOR_MANY) return [];
  const sizes = 'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4';
  return [
    `${path}: ${sizes}, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
  ];
}
