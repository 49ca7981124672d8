// What `run --generator` made before it made pods only. The API versions are today's: those of that time are not served.
// Upstream: kubectl 1.17 pkg/generate/versioned/run.go and generator.go.
import type { Unstructured } from '../api/types.ts';
import { flag } from './pflag.ts';

/** Hidden: kubectl has none of them today. */
export const generatorFlags = {
  generator: flag.string('The name of the API generator to use.', { hidden: true }),
  hostport: flag.int('The host port mapping for the container port.', { default: -1, hidden: true }),
  limits: flag.string('The resource requirement limits for this container.', { hidden: true }),
  replicas: flag.int('Number of replicas to create for this container.', { short: 'r', default: 1, hidden: true }),
  requests: flag.string('The resource requirement requests for this container.', { hidden: true }),
  schedule: flag.string('A schedule in the Cron format the job should be run with.', { hidden: true }),
  'service-generator': flag.string('The name of the generator to use for creating a service.', { hidden: true }),
  'service-overrides': flag.string('An inline JSON override for the generated service object.', { hidden: true }),
  serviceaccount: flag.string('Service account to set in the pod spec', { hidden: true }),
};

export const POD_GENERATOR = 'run-pod/v1';

const kinds: Record<string, string> = {
  'run/v1': 'ReplicationController',
  [POD_GENERATOR]: 'Pod',
  'deployment/v1beta1': 'Deployment',
  'deployment/apps.v1beta1': 'Deployment',
  'deployment/apps.v1': 'Deployment',
  'job/v1': 'Job',
  'cronjob/v2alpha1': 'CronJob',
  'cronjob/v1beta1': 'CronJob',
};

const groups: Record<string, string> = { Deployment: 'apps', Job: 'batch', CronJob: 'batch' };

/** The generator that the flags ask for; undefined: a pod, as today. */
export function generatorOf(
  flags: { generator: string; schedule: string },
  replicasGiven: boolean,
): string | undefined {
  if (flags.generator !== '') return flags.generator;
  if (flags.schedule !== '') return 'cronjob/v1beta1';
  return replicasGiven ? 'deployment/apps.v1' : undefined;
}

/** Undefined for a generator that never was. */
export const kindOfGenerator = (generator: string): string | undefined => kinds[generator];

export interface Workload {
  name: string;
  namespace?: string;
  labels: Record<string, string>;
  podSpec: Record<string, unknown>;
  replicas: number;
  schedule: string;
}

/** The object of a kind around a pod spec; fields in the order of Go's structs. */
export function workload(kind: string, of: Workload): { group: string; plural: string; object: Unstructured } {
  const { name, namespace, labels, podSpec, replicas, schedule } = of;
  const group = groups[kind] ?? '';
  const template = { metadata: { creationTimestamp: null, labels }, spec: podSpec };
  const jobSpec = { template };
  const specs: Record<string, [spec: object, status: object]> = {
    ReplicationController: [{ replicas, selector: labels, template }, { replicas: 0 }],
    Deployment: [{ replicas, selector: { matchLabels: labels }, template, strategy: {} }, {}],
    Job: [jobSpec, {}],
    CronJob: [
      {
        schedule,
        concurrencyPolicy: 'Allow',
        jobTemplate: { metadata: { creationTimestamp: null }, spec: jobSpec },
      },
      {},
    ],
  };
  const [spec, status] = specs[kind]!;
  const object = {
    kind,
    apiVersion: group ? `${group}/v1` : 'v1',
    metadata: { name, ...(namespace ? { namespace } : {}), creationTimestamp: null, labels },
    spec,
    status,
  } as unknown as Unstructured;
  return { group, plural: `${kind.toLowerCase()}s`, object };
}
