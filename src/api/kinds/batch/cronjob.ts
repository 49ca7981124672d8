// CronJob. Upstream: pkg/registry/batch/cronjob/strategy.go, validateCronJobSpec, printCronJob.
import type { CronJob as BatchCronJob } from 'kubernetes-types/batch/v1.js';
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
import { deprecated } from '../shared/deprecations.ts';
import { nonNegative, oneOf } from '../shared/field-rules.ts';
import { type JobSpec, validateJobSpec } from '../shared/job-spec.ts';
import { defaultTemplate } from '../shared/pod-defaults.ts';
import { podWarnings } from '../shared/pod-warnings.ts';
import { status } from '../shared/workloads.ts';

type Spec = Omit<NonNullable<BatchCronJob['spec']>, 'jobTemplate'> & {
  jobTemplate: { metadata?: KubeObject['metadata']; spec?: JobSpec };
};
export type CronJob = Omit<BatchCronJob, 'spec' | 'status'> & { spec?: Spec; status?: BatchCronJob['status'] };

const FIELD = String.raw`(?:\*|\?|[0-9A-Za-z]+)(?:-[0-9A-Za-z]+)?(?:\/[0-9]+)?`;
const SCHEDULE = new RegExp(String.raw`^(?:${FIELD}(?:,${FIELD})*)(?:\s+${FIELD}(?:,${FIELD})*){4}$`);
const DESCRIPTOR = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every\s+\S+)$/;
const ZONE_PREFIX = /^(?:TZ|CRON_TZ)=/;

function validateSchedule(errors: FieldErrors, spec: Spec): void {
  const { schedule } = spec;
  if (!schedule) return errors.required('spec.schedule');
  if (ZONE_PREFIX.test(schedule)) {
    const why = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
    return errors.invalid('spec.schedule', schedule, why);
  }
  const text = schedule.trim();
  if (SCHEDULE.test(text) || DESCRIPTOR.test(text)) return;
  const fields = text.split(/\s+/);
  const why =
    fields.length === 5 || text.startsWith('@')
      ? `failed to parse int from ${fields.find((f) => !new RegExp(`^${FIELD}(?:,${FIELD})*$`).test(f)) ?? text}`
      : `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  errors.invalid('spec.schedule', schedule, why);
}

function validateTimeZone(errors: FieldErrors, zone: string | undefined): void {
  if (zone === undefined) return;
  if (zone === '') return errors.invalid('spec.timeZone', zone, 'timeZone must be nil or non-empty string');
  if (zone.toLowerCase() === 'local') {
    return errors.invalid(
      'spec.timeZone',
      zone,
      'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
    );
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch {
    errors.invalid('spec.timeZone', zone, `unknown time zone ${zone}`);
  }
}

const containers = (job: CronJob) => job.spec?.jobTemplate?.spec?.template?.spec?.containers;

export default defineKind<CronJob>({
  group: 'batch',
  kind: 'CronJob',
  plural: 'cronjobs',
  short: ['cj'],
  categories: ['all'],
  scope: 'Namespaced',
  storage: { group: 'batch', version: 'v1' },
  served: [
    { group: 'batch', version: 'v1' },
    {
      group: 'batch',
      version: 'v1beta1',
      deprecated: deprecated({ group: 'batch', version: 'v1beta1' }, 'CronJob', '1.21', '1.25', 'batch/v1 CronJob'),
    },
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
    defaultTemplate(template.spec?.template);
  },
  prepareCreate(draft) {
    draft.status = {};
  },
  // Jobs are named after it, with eleven characters more.
  nameRule: (name) => (name.length > 52 ? ['must be no more than 52 characters'] : []),
  validate({ spec }, errors) {
    if (!spec) return errors.required('spec');
    validateSchedule(errors, spec);
    validateTimeZone(errors, spec.timeZone);
    nonNegative(errors, 'spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
    oneOf(errors, 'spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']);
    nonNegative(errors, 'spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
    nonNegative(errors, 'spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
    if (spec.jobTemplate?.spec) validateJobSpec(errors, 'spec.jobTemplate.spec', spec.jobTemplate.spec);
    else errors.required('spec.jobTemplate.spec');
  },
  warnings: (job) => podWarnings('spec.jobTemplate.spec.template.spec', job.spec?.jobTemplate?.spec?.template?.spec),
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
