// The pods that a job makes: its template with the tracking finalizer and, for an indexed job, the index as annotation,
// label, host name and environment variable. Upstream: manageJob in pkg/controller/job/job_controller.go,
// addCompletionIndexEnvVariables, podGenerateNameWithIndex.
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Container, Pod, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { Jobs } from '../../../api/resources.ts';
import { newControllerRef } from '../shared/owners.ts';
import { podFromTemplate } from '../shared/pod-control.ts';
import {
  COMPLETION_INDEX,
  INDEX_FAILURES,
  INDEX_IGNORED_FAILURES,
  TRACKING_FINALIZER,
  ignoredIndexFailures,
  indexFailures,
  isIndexed,
  limitsEachIndex,
} from './pods.ts';
import { failureVerdict } from './policies.ts';

const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX';
/** What the server leaves of a name that it completes. Upstream: names.MaxGeneratedNameLength. */
const MAX_GENERATED_NAME = 58;

const indexVariable = {
  name: INDEX_VARIABLE,
  valueFrom: { fieldRef: { fieldPath: `metadata.labels['${COMPLETION_INDEX}']` } },
};

const withIndexVariable = (container: Container): Container =>
  container.env?.some((v) => v.name === INDEX_VARIABLE)
    ? container
    : { ...container, env: [...(container.env ?? []), indexVariable] };

/** What all pods of one reconcile share. */
export function jobTemplate(job: Job): PodTemplateSpec {
  const template = job.spec?.template ?? {};
  const finalizers = [...new Set([...(template.metadata?.finalizers ?? []), TRACKING_FINALIZER])];
  const metadata = { ...template.metadata, finalizers };
  if (!isIndexed(job) || !template.spec) return { ...template, metadata };
  const { initContainers, containers } = template.spec;
  const spec = {
    ...template.spec,
    ...(initContainers ? { initContainers: initContainers.map(withIndexVariable) } : {}),
    containers: containers.map(withIndexVariable),
  };
  return { ...template, metadata, spec };
}

/** `replaced` is the failed pod whose place it takes, where failures are limited for each index. */
export function jobPod(job: Job, template: PodTemplateSpec, index?: number, replaced?: Pod): Pod {
  const reference = newControllerRef(Jobs, job);
  if (index === undefined) return podFromTemplate(template, job, reference);
  const number = String(index);
  const annotations = {
    ...template.metadata?.annotations,
    [COMPLETION_INDEX]: number,
    ...(limitsEachIndex(job) ? failureCounts(job, replaced) : {}),
  };
  const labels = { ...template.metadata?.labels, [COMPLETION_INDEX]: number };
  const spec = { ...template.spec!, hostname: `${job.metadata?.name}-${index}` };
  const pod = podFromTemplate({ metadata: { ...template.metadata, annotations, labels }, spec }, job, reference);
  return { ...pod, metadata: { ...pod.metadata, generateName: generateName(job, index) } };
}

function generateName(job: Job, index: number): string {
  const suffix = `-${index}-`;
  return `${(job.metadata?.name ?? '').slice(0, MAX_GENERATED_NAME - suffix.length)}${suffix}`;
}

/** Upstream: addIndexFailureCountAnnotation. */
function failureCounts(job: Job, replaced: Pod | undefined): Record<string, string> {
  if (!replaced) return { [INDEX_FAILURES]: '0' };
  const { counts } = failureVerdict(job.spec?.podFailurePolicy, replaced);
  const failures = indexFailures(replaced) + (counts ? 1 : 0);
  const ignored = ignoredIndexFailures(replaced) + (counts ? 0 : 1);
  return { [INDEX_FAILURES]: String(failures), ...(ignored > 0 ? { [INDEX_IGNORED_FAILURES]: String(ignored) } : {}) };
}
