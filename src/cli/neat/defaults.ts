// A table of facts: the values that every API server fills in, by kind, and the walk that takes them out again.
// Upstream: pkg/apis/{core,apps,batch}/v1/defaults.go, and the admission plug-ins that add to pods.
import { isDeepStrictEqual } from 'node:util';
import type { Unstructured } from '../../api/types.ts';
import { type Fields, tidyMetadata } from './metadata.ts';

const workload = { revisionHistoryLimit: 10 };
const rolling = { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } };

const byKind: Record<string, Fields> = {
  Deployment: { ...workload, progressDeadlineSeconds: 600, strategy: rolling },
  DaemonSet: {
    ...workload,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
  },
  StatefulSet: {
    ...workload,
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  },
  Job: {
    backoffLimit: 6,
    completions: 1,
    parallelism: 1,
    completionMode: 'NonIndexed',
    manualSelector: false,
    podReplacementPolicy: 'TerminatingOrFailed',
    suspend: false,
  },
  CronJob: { concurrencyPolicy: 'Allow', failedJobsHistoryLimit: 1, successfulJobsHistoryLimit: 3, suspend: false },
  Service: {
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    externalTrafficPolicy: 'Cluster',
    allocateLoadBalancerNodePorts: true,
    ipFamilyPolicy: 'SingleStack',
  },
  PersistentVolumeClaim: { volumeMode: 'Filesystem' },
  PersistentVolume: { volumeMode: 'Filesystem' },
  Namespace: { finalizers: ['kubernetes'] },
};

const podDefaults: Fields = {
  restartPolicy: 'Always',
  dnsPolicy: 'ClusterFirst',
  schedulerName: 'default-scheduler',
  securityContext: {},
  terminationGracePeriodSeconds: 30,
  enableServiceLinks: true,
  preemptionPolicy: 'PreemptLowerPriority',
  priority: 0,
  serviceAccountName: 'default',
};
const containerDefaults: Fields = {
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  resources: {},
};
const probeDefaults: Fields = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };

/** Tolerations of the DefaultTolerationSeconds plug-in. */
const givenTolerations = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map((key) => ({
  effect: 'NoExecute',
  key,
  operator: 'Exists',
  tolerationSeconds: 300,
}));

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listAt = (fields: Fields | undefined, name: string): Fields[] =>
  Array.isArray(fields?.[name]) ? (fields[name] as Fields[]) : [];

function drop(from: Fields | undefined, defaults: Fields): void {
  if (!from) return;
  for (const [field, value] of Object.entries(defaults)) if (isDeepStrictEqual(from[field], value)) delete from[field];
}

/** A list without some of its items; an empty list goes. */
function keepItems(from: Fields, field: string, wanted: (item: Fields) => boolean): void {
  if (!Array.isArray(from[field])) return;
  const kept = listAt(from, field).filter(wanted);
  if (kept.length > 0) from[field] = kept;
  else delete from[field];
}

export function tidySpec(object: Unstructured & Fields): void {
  const spec = object['spec'];
  if (!isFields(spec)) return;
  drop(spec, byKind[object.kind] ?? {});
  if (object.kind === 'Service') tidyService(spec);
  if (object.kind === 'Job') tidyJob(spec);
  if (object.kind === 'Pod') {
    delete spec['nodeName'];
    tidyPod(spec);
  }
  if (isFields(spec['jobTemplate'])) tidyTemplate(spec['jobTemplate'], (job) => drop(job, byKind['Job']!));
  tidyTemplate(spec['template'], tidyPod);
  if (Object.keys(spec).length === 0) delete object['spec'];
}

function tidyTemplate(template: unknown, tidy: (spec: Fields) => void): void {
  if (!isFields(template)) return;
  if (isFields(template['metadata'])) {
    tidyMetadata(template['metadata']);
    if (Object.keys(template['metadata']).length === 0) delete template['metadata'];
  }
  if (!isFields(template['spec'])) return;
  tidy(template['spec']);
  tidyTemplate(template['spec']['template'], tidyPod);
}

/** Addresses are the server's; that there shall be none is the user's. */
function tidyService(spec: Fields): void {
  if (spec['clusterIP'] !== 'None') {
    delete spec['clusterIP'];
    delete spec['clusterIPs'];
  } else drop(spec, { clusterIPs: ['None'] });
  if (spec['ipFamilyPolicy'] === undefined) delete spec['ipFamilies'];
  for (const port of listAt(spec, 'ports')) {
    drop(port, { protocol: 'TCP', targetPort: port['port'] });
  }
}

function tidyJob(spec: Fields): void {
  const labels = isFields(spec['selector']) ? spec['selector']['matchLabels'] : undefined;
  const generated = isFields(labels) && Object.keys(labels).every((key) => key.endsWith('controller-uid'));
  if (generated) delete spec['selector'];
}

function tidyPod(spec: Fields): void {
  if (spec['serviceAccount'] === (spec['serviceAccountName'] ?? 'default')) delete spec['serviceAccount'];
  drop(spec, podDefaults);
  keepItems(spec, 'tolerations', (t) => !givenTolerations.some((given) => isDeepStrictEqual(given, t)));
  const isToken = (item: Fields): boolean => /^kube-api-access-\w{5}$/.test(String(item['name']));
  keepItems(spec, 'volumes', (volume) => !isToken(volume));
  for (const volume of listAt(spec, 'volumes')) {
    for (const kind of ['configMap', 'secret', 'projected', 'downwardAPI']) {
      if (isFields(volume[kind])) drop(volume[kind], { defaultMode: 420 });
    }
    if (isFields(volume['hostPath'])) drop(volume['hostPath'], { type: '' });
  }
  for (const field of ['initContainers', 'containers', 'ephemeralContainers']) {
    for (const container of listAt(spec, field)) tidyContainer(container, isToken);
  }
}

function tidyContainer(container: Fields, isToken: (item: Fields) => boolean): void {
  drop(container, containerDefaults);
  drop(container, { imagePullPolicy: pullPolicyOf(String(container['image'] ?? '')) });
  keepItems(container, 'volumeMounts', (mount) => !isToken(mount));
  for (const port of listAt(container, 'ports')) drop(port, { protocol: 'TCP' });
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[name];
    if (!isFields(probe)) continue;
    drop(probe, probeDefaults);
    if (isFields(probe['httpGet'])) drop(probe['httpGet'], { scheme: 'HTTP', path: '/' });
  }
  for (const variable of listAt(container, 'env')) {
    const from = variable['valueFrom'];
    if (isFields(from) && isFields(from['fieldRef'])) drop(from['fieldRef'], { apiVersion: 'v1' });
  }
}

/** Without a tag the image is `latest`, which is pulled always. */
function pullPolicyOf(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(image)?.[1] ?? 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}
