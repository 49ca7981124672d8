// CronJob. Upstream: pkg/registry/batch/cronjob/strategy.go, validateCronJobSpec, printCronJob.
import type { CronJob as BatchCronJob } from 'kubernetes-types/batch/v1.js';
import { parseCron } from '../../cron.ts';
import { ageOf } from '../../duration.ts';
import { defineKind } from '../../kind.ts';
import { formatLabelSelector } from '../../selector.ts';
import type { KubeObject } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import {
  CONTAINERS_TEXT,
  IMAGES_TEXT,
  ageColumn,
  booleanText,
  column,
  containerImages,
  containerNames,
  wide,
} from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { oldVersion } from '../shared/deprecations.ts';
import { nonNegative, oneOf } from '../shared/field-rules.ts';
import { type JobSpec, defaultPolicyRules, jobSpecWarnings, validateJobSpec } from '../shared/job-spec.ts';
import { defaultTemplate } from '../shared/pod-defaults.ts';
import { dropTemplate } from '../shared/pod-disabled.ts';
import { podWarnings } from '../shared/pod-warnings.ts';
import { nameWarnings, status } from '../shared/workloads.ts';

type Spec = Omit<NonNullable<BatchCronJob['spec']>, 'jobTemplate'> & {
  jobTemplate: { metadata?: KubeObject['metadata']; spec?: JobSpec };
};
export type CronJob = Omit<BatchCronJob, 'spec' | 'status'> & { spec?: Spec; status?: BatchCronJob['status'] };

const TZ_PREFIX = /^(?:CRON_)?TZ=/;

/** Upstream: validateScheduleFormat. A zone in the schedule is allowed to those that have one. */
function validateSchedule(errors: FieldErrors, spec: Spec, allowZone: boolean): void {
  const { schedule, timeZone } = spec;
  if (!schedule) return errors.required('spec.schedule');
  try {
    parseCron(TZ_PREFIX.test(schedule) ? withoutZone(schedule) : schedule);
  } catch (error) {
    errors.invalid('spec.schedule', schedule, (error as Error).message);
  }
  if (!schedule.includes('TZ')) return;
  if (!allowZone) {
    errors.invalid('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  } else if (timeZone != null) {
    errors.invalid('spec.schedule', schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule');
  }
}

function withoutZone(schedule: string): string {
  const space = schedule.indexOf(' ');
  const zone = schedule.slice(schedule.indexOf('=') + 1, space < 0 ? undefined : space);
  if (!zoneExists(zone)) throw new Error(`provided bad location ${zone}: unknown time zone ${zone}`);
  return space < 0 ? '' : schedule.slice(space).trim();
}

const ZONE_PART = /^[A-Za-z._0-9+][A-Za-z.\-_0-9+]{0,13}$/;
const OFFSET = /^[+-]/;

function zoneExists(zone: string): boolean {
  // Intl knows offsets as well, which are no files of a zone database.
  if (OFFSET.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

function validateTimeZone(errors: FieldErrors, zone: string | undefined): void {
  if (zone == null) return;
  const field = 'spec.timeZone';
  if (zone === '') return errors.invalid(field, zone, 'timeZone must be nil or non-empty string');
  const unknown = `unknown time zone ${zone}`;
  if (zone.split('/').some((part) => part === '.' || part === '..' || !ZONE_PART.test(part))) {
    return errors.invalid(field, zone, unknown);
  }
  if (zone.toLowerCase() === 'local') {
    const why = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    errors.invalid(field, zone, why);
    if (zone === 'Local') return;
  }
  if (!zoneExists(zone)) errors.invalid(field, zone, unknown);
}

/** Upstream: ValidateJobTemplateSpec. */
function validateJobTemplate(errors: FieldErrors, path: string, spec: JobSpec): void {
  validateJobSpec(errors, path, spec);
  if (spec.selector) errors.invalid(`${path}.selector`, spec.selector, '`selector` will be auto-generated');
  if (spec.manualSelector) errors.notSupported(`${path}.manualSelector`, spec.manualSelector, ['nil', 'false']);
}

/** Upstream: validateCronJobSpec. What was wrong already in `old` may stay. */
function validateSpec(errors: FieldErrors, spec: Spec | undefined, old: Spec | undefined): void {
  if (!spec) return errors.required('spec');
  validateSchedule(errors, spec, old?.schedule?.includes('TZ') ?? false);
  nonNegative(errors, 'spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
  if (!old || spec.timeZone !== old.timeZone) validateTimeZone(errors, spec.timeZone);
  oneOf(errors, 'spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']);
  if (spec.jobTemplate?.spec) validateJobTemplate(errors, 'spec.jobTemplate.spec', spec.jobTemplate.spec);
  else errors.required('spec.jobTemplate.spec');
  nonNegative(errors, 'spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
  nonNegative(errors, 'spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
}

function warnings(job: CronJob, old: CronJob | undefined): string[] {
  const list = nameWarnings(job, old);
  const path = 'spec.jobTemplate.spec';
  if (job.metadata?.generation !== old?.metadata?.generation) {
    const spec = job.spec?.jobTemplate?.spec;
    list.push(...jobSpecWarnings(path, spec), ...podWarnings(`${path}.template`, spec?.template));
  }
  if (job.spec?.schedule?.includes('TZ')) {
    const more = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details';
    list.push(`CRON_TZ or TZ used in spec.schedule is not officially supported, see ${more}`);
  }
  return list;
}

const templateOf = (job: CronJob) => job.spec?.jobTemplate?.spec?.template;
const containers = (job: CronJob) => templateOf(job)?.spec?.containers;

export default defineKind<CronJob>({
  group: 'batch',
  kind: 'CronJob',
  plural: 'cronjobs',
  short: ['cj'],
  categories: ['all'],
  orphansIn: ['batch/v1beta1', 'batch/v2alpha1'],
  scope: 'Namespaced',
  storage: { group: 'batch', version: 'v1' },
  served: [
    { group: 'batch', version: 'v1' },
    oldVersion('batch', 'v1beta1', 'CronJob', '1.21', '1.25', 'batch/v1 CronJob'),
    oldVersion('batch', 'v2alpha1', 'CronJob', '1.8', '1.21', 'batch/v1 CronJob'),
  ],
  subresources: { status },
  generation: true,
  defaults({ spec }) {
    if (!spec) return;
    spec.concurrencyPolicy ||= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    const template = (spec.jobTemplate ??= {});
    template.metadata ??= {};
    defaultPolicyRules(template.spec);
    defaultTemplate(template.spec?.template);
  },
  prepareCreate(draft) {
    draft.status = {};
    dropTemplate(templateOf(draft));
  },
  prepareUpdate: (draft, old) => dropTemplate(templateOf(draft), templateOf(old)),
  validateCreate({ spec, metadata }, errors) {
    validateSpec(errors, spec, undefined);
    // Jobs are named after it, with eleven characters more.
    const name = metadata?.name ?? '';
    if (name.length > 52) errors.invalid('metadata.name', name, 'must be no more than 52 characters');
  },
  validateUpdate: ({ spec }, old, errors) => validateSpec(errors, spec, old.spec),
  warnings,
  columns: [
    column('Schedule', 'string', texts['CronJobSpec.schedule']!, (j) => j.spec?.schedule ?? ''),
    column('Timezone', 'string', texts['CronJobSpec.timeZone']!, (j) => j.spec?.timeZone ?? '<none>'),
    column('Suspend', 'boolean', texts['CronJobSpec.suspend']!, (j) => booleanText(j.spec?.suspend)),
    column('Active', 'integer', texts['CronJobStatus.active']!, (j) => j.status?.active?.length ?? 0),
    column('Last Schedule', 'string', texts['CronJobStatus.lastScheduleTime']!, (j, nowMs) =>
      j.status?.lastScheduleTime ? ageOf(j.status.lastScheduleTime, nowMs) : '<none>',
    ),
    ageColumn,
    wide('Containers', 'string', CONTAINERS_TEXT, (j) => containerNames(containers(j))),
    wide('Images', 'string', IMAGES_TEXT, (j) => containerImages(containers(j))),
    wide('Selector', 'string', texts['JobSpec.selector']!, (j) =>
      formatLabelSelector(j.spec?.jobTemplate?.spec?.selector),
    ),
  ],
});
