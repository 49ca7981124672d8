// Where names, labels, images, variables and references stand in which kinds: tables of facts, from kustomize's
// api/internal/konfig/builtinpluginconsts. A user's `configurations` and `crds` are laid over them (config.ts).
import type { FieldSpec } from './types.ts';

/** Fields that hold the name of an object of a kind. A path to a map means its `name` (and `namespace`). */
export interface ReferenceSpec {
  group?: string;
  version?: string;
  kind?: string;
  fieldSpecs: FieldSpec[];
}

export interface FieldTables {
  namePrefix: FieldSpec[];
  nameSuffix: FieldSpec[];
  namespace: FieldSpec[];
  commonLabels: FieldSpec[];
  labels: FieldSpec[];
  templateLabels: FieldSpec[];
  commonAnnotations: FieldSpec[];
  varReference: FieldSpec[];
  images: FieldSpec[];
  replicas: FieldSpec[];
  nameReference: ReferenceSpec[];
}

const of = (kind: string, ...paths: string[]): FieldSpec[] => paths.map((path) => ({ kind, path }));
const made = (specs: FieldSpec[]): FieldSpec[] => specs.map((spec) => ({ ...spec, create: true }));
const inGroup = (group: string, specs: FieldSpec[]): FieldSpec[] => specs.map((spec) => ({ group, ...spec }));
const below = (prefix: string, paths: readonly string[]): string[] => paths.map((path) => `${prefix}/${path}`);

const templates = ['Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet', 'Job'];

/** Paths below a pod spec, in every kind that has one. */
function inPods(paths: readonly string[], kinds: readonly string[] = ['PodTemplate', ...templates]): FieldSpec[] {
  return [
    ...below('spec', paths).map((path) => ({ version: 'v1', kind: 'Pod', path })),
    ...kinds.flatMap((kind) =>
      of(kind, ...below(kind === 'PodTemplate' ? 'template/spec' : 'spec/template/spec', paths)),
    ),
    ...of('CronJob', ...below('spec/jobTemplate/spec/template/spec', paths)),
  ];
}

/** The workloads of the rows that speak of whole pods; ReplicaSet is absent there, ReplicationController is not. */
function inWorkloads(path: string): FieldSpec[] {
  const kinds = ['StatefulSet', 'Deployment', 'ReplicationController', 'Job', 'DaemonSet'];
  return [
    ...of('Pod', `spec/${path}`),
    ...kinds.flatMap((kind) => of(kind, `spec/template/spec/${path}`)),
    ...of('CronJob', `spec/jobTemplate/spec/template/spec/${path}`),
  ];
}

const templateMetadata = (field: string): FieldSpec[] =>
  made([
    { version: 'v1', kind: 'ReplicationController', path: `spec/template/metadata/${field}` },
    ...of('Deployment', `spec/template/metadata/${field}`),
    ...of('ReplicaSet', `spec/template/metadata/${field}`),
    ...of('DaemonSet', `spec/template/metadata/${field}`),
  ]);
const jobMetadata = (field: string): FieldSpec[] =>
  made(
    inGroup('batch', [
      ...of('Job', `spec/template/metadata/${field}`),
      ...of('CronJob', `spec/jobTemplate/metadata/${field}`, `spec/jobTemplate/spec/template/metadata/${field}`),
    ]),
  );

const metadataLabels: FieldSpec[] = [
  { path: 'metadata/labels', create: true },
  ...templateMetadata('labels'),
  ...made(
    inGroup('apps', of('StatefulSet', 'spec/template/metadata/labels', 'spec/volumeClaimTemplates[]/metadata/labels')),
  ),
  ...jobMetadata('labels'),
];

const affinity = 'spec/template/spec/affinity';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels';
const required = 'requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels';
const scheduling = [
  `${affinity}/podAffinity/${preferred}`,
  `${affinity}/podAffinity/${required}`,
  `${affinity}/podAntiAffinity/${preferred}`,
  `${affinity}/podAntiAffinity/${required}`,
  'spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels',
];

const commonLabels: FieldSpec[] = [
  { version: 'v1', kind: 'Service', path: 'spec/selector', create: true },
  { version: 'v1', kind: 'ReplicationController', path: 'spec/selector', create: true },
  ...made(of('Deployment', 'spec/selector/matchLabels')),
  ...inGroup('apps', of('Deployment', ...scheduling)),
  ...made(of('ReplicaSet', 'spec/selector/matchLabels')),
  ...made(of('DaemonSet', 'spec/selector/matchLabels')),
  ...made(inGroup('apps', of('StatefulSet', 'spec/selector/matchLabels'))),
  ...inGroup('apps', of('StatefulSet', ...scheduling)),
  ...inGroup('batch', of('Job', 'spec/selector/matchLabels')),
  ...inGroup('batch', of('CronJob', 'spec/jobTemplate/spec/selector/matchLabels')),
  ...inGroup('policy', of('PodDisruptionBudget', 'spec/selector/matchLabels')),
  ...inGroup(
    'networking.k8s.io',
    of(
      'NetworkPolicy',
      'spec/podSelector/matchLabels',
      'spec/ingress/from/podSelector/matchLabels',
      'spec/egress/to/podSelector/matchLabels',
    ),
  ),
  ...metadataLabels,
];

const containers = ['containers', 'initContainers'];
const inContainers = (...paths: string[]): string[] =>
  paths.flatMap((path) => containers.map((list) => `${list}/${path}`));

const configMapReferences: FieldSpec[] = [
  ...inPods([
    'volumes/configMap/name',
    ...inContainers('env/valueFrom/configMapKeyRef/name', 'envFrom/configMapRef/name'),
    'volumes/projected/sources/configMap/name',
  ]),
  ...of('Node', 'spec/configSource/configMap'),
  ...of('Role', 'rules/resourceNames'),
  ...of('ClusterRole', 'rules/resourceNames'),
  ...of('Ingress', 'metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap'),
];

const secretReferences: FieldSpec[] = [
  ...inPods([
    'volumes/secret/secretName',
    ...inContainers('env/valueFrom/secretKeyRef/name', 'envFrom/secretRef/name'),
    'imagePullSecrets/name',
    'volumes/projected/sources/secret/name',
  ]),
  ...of(
    'Ingress',
    'spec/tls/secretName',
    'metadata/annotations/ingress.kubernetes.io\\/auth-secret',
    'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret',
    'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret',
  ),
  ...of('ServiceAccount', 'imagePullSecrets/name'),
  ...of(
    'StorageClass',
    'parameters/secretName',
    'parameters/adminSecretName',
    'parameters/userSecretName',
    'parameters/secretRef',
  ),
  ...of('Role', 'rules/resourceNames'),
  ...of('ClusterRole', 'rules/resourceNames'),
  {
    group: 'serving.knative.dev',
    version: 'v1',
    kind: 'Service',
    path: 'spec/template/spec/containers/env/valueFrom/secretKeyRef/name',
  },
  ...of('PersistentVolume', 'spec/azureFile/secretName'),
];

const rbac = 'rbac.authorization.k8s.io';
const admission = 'admissionregistration.k8s.io';

const nameReference: ReferenceSpec[] = [
  ...['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].map((kind) => ({
    kind,
    fieldSpecs: of('HorizontalPodAutoscaler', 'spec/scaleTargetRef/name'),
  })),
  { kind: 'ConfigMap', version: 'v1', fieldSpecs: configMapReferences },
  { kind: 'Secret', version: 'v1', fieldSpecs: secretReferences },
  {
    kind: 'Service',
    version: 'v1',
    fieldSpecs: [
      ...inGroup('apps', of('StatefulSet', 'spec/serviceName')),
      ...of(
        'Ingress',
        'spec/rules/http/paths/backend/serviceName',
        'spec/backend/serviceName',
        'spec/rules/http/paths/backend/service/name',
        'spec/defaultBackend/service/name',
      ),
      ...inGroup('apiregistration.k8s.io', of('APIService', 'spec/service/name')),
      ...inGroup(admission, of('ValidatingWebhookConfiguration', 'webhooks/clientConfig/service')),
      ...inGroup(admission, of('MutatingWebhookConfiguration', 'webhooks/clientConfig/service')),
    ],
  },
  { kind: 'Role', group: rbac, fieldSpecs: inGroup(rbac, of('RoleBinding', 'roleRef/name')) },
  {
    kind: 'ClusterRole',
    group: rbac,
    fieldSpecs: inGroup(rbac, [...of('RoleBinding', 'roleRef/name'), ...of('ClusterRoleBinding', 'roleRef/name')]),
  },
  {
    kind: 'ServiceAccount',
    version: 'v1',
    fieldSpecs: [
      ...inGroup(rbac, [...of('RoleBinding', 'subjects'), ...of('ClusterRoleBinding', 'subjects')]),
      ...inWorkloads('serviceAccountName'),
    ],
  },
  {
    kind: 'PersistentVolumeClaim',
    version: 'v1',
    fieldSpecs: inWorkloads('volumes/persistentVolumeClaim/claimName'),
  },
  {
    kind: 'PersistentVolume',
    version: 'v1',
    fieldSpecs: [...of('PersistentVolumeClaim', 'spec/volumeName'), ...of('ClusterRole', 'rules/resourceNames')],
  },
  {
    kind: 'StorageClass',
    group: 'storage.k8s.io',
    version: 'v1',
    fieldSpecs: [
      ...of('PersistentVolume', 'spec/storageClassName'),
      ...of('PersistentVolumeClaim', 'spec/storageClassName'),
      ...of('StatefulSet', 'spec/volumeClaimTemplates/spec/storageClassName'),
    ],
  },
  {
    kind: 'PriorityClass',
    group: 'scheduling.k8s.io',
    version: 'v1',
    fieldSpecs: inWorkloads('priorityClassName'),
  },
  {
    // Upstream's own slip, kept: no group is called so, and the row never applies.
    kind: 'IngressClass',
    group: 'networking.k8s.io/v1',
    version: 'v1',
    fieldSpecs: of('Ingress', 'spec/ingressClassName'),
  },
  {
    kind: 'ValidatingAdmissionPolicy',
    group: admission,
    fieldSpecs: inGroup(admission, of('ValidatingAdmissionPolicyBinding', 'spec/policyName')),
  },
];

const variablePaths = inContainers('args', 'command', 'env/value', 'volumeMounts/mountPath');

const varReference: FieldSpec[] = [
  ...of('CronJob', ...below('spec/jobTemplate/spec/template/spec', variablePaths)),
  ...of('CronJob', 'spec/jobTemplate/spec/template/volumes/nfs/server'),
  ...templates.flatMap((kind) => of(kind, ...below('spec/template/spec', variablePaths))),
  ...['DaemonSet', 'Deployment', 'Job', 'ReplicaSet'].flatMap((kind) =>
    of(kind, 'spec/template/spec/volumes/nfs/server'),
  ),
  ...of('Deployment', 'spec/template/metadata/annotations'),
  ...of('Ingress', 'spec/rules/host', 'spec/tls/hosts', 'spec/tls/secretName'),
  ...of('Pod', ...below('spec', variablePaths), 'spec/volumes/nfs/server'),
  ...of('Service', 'spec/ports/port', 'spec/ports/targetPort'),
  ...of('StatefulSet', 'spec/volumeClaimTemplates/spec/nfs/server'),
  ...of('PersistentVolume', 'spec/nfs/server'),
  { path: 'metadata/labels' },
  { path: 'metadata/annotations' },
];

const imagePaths = ['spec', 'spec/template/spec'].flatMap((at) =>
  below(at, ['containers[]/image', 'initContainers[]/image']),
);

export const builtinTables: FieldTables = {
  namePrefix: [{ path: 'metadata/name' }],
  nameSuffix: [{ path: 'metadata/name' }],
  namespace: [
    { path: 'metadata/name', kind: 'Namespace', create: true },
    { path: 'spec/service/namespace', group: 'apiregistration.k8s.io', kind: 'APIService', create: true },
    {
      path: 'spec/conversion/webhook/clientConfig/service/namespace',
      group: 'apiextensions.k8s.io',
      kind: 'CustomResourceDefinition',
    },
  ],
  commonLabels,
  labels: [],
  templateLabels: metadataLabels,
  commonAnnotations: [
    { path: 'metadata/annotations', create: true },
    ...templateMetadata('annotations'),
    ...made(of('StatefulSet', 'spec/template/metadata/annotations')),
    ...jobMetadata('annotations'),
  ],
  varReference,
  images: imagePaths.map((path) => ({ path, create: true })),
  replicas: ['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].flatMap((kind) =>
    made(of(kind, 'spec/replicas')),
  ),
  nameReference,
};

/** kustomize's legacy order of kinds. */
export const ORDER_FIRST: readonly string[] = [
  'Namespace', 'ResourceQuota', 'StorageClass', 'CustomResourceDefinition', 'ServiceAccount', 'PodSecurityPolicy',
  'Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding', 'ConfigMap', 'Secret', 'Endpoints', 'Service',
  'LimitRange', 'PriorityClass', 'PersistentVolume', 'PersistentVolumeClaim', 'Deployment', 'StatefulSet', 'CronJob',
  'PodDisruptionBudget',
]; // prettier-ignore
export const ORDER_LAST: readonly string[] = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];
