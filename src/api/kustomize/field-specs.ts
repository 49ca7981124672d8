// Where names, labels, images and references stand in which kinds: a table of facts, from kustomize's
// api/internal/konfig/builtinpluginconsts.
import type { FieldSpec } from './types.ts';

const WORKLOADS: { group: string; kind: string }[] = [
  { group: 'apps', kind: 'Deployment' },
  { group: 'apps', kind: 'ReplicaSet' },
  { group: 'apps', kind: 'DaemonSet' },
  { group: 'apps', kind: 'StatefulSet' },
  { group: 'extensions', kind: 'Deployment' },
  { group: 'extensions', kind: 'ReplicaSet' },
  { group: 'extensions', kind: 'DaemonSet' },
  { group: 'batch', kind: 'Job' },
  { group: '', kind: 'ReplicationController' },
];

/** Kinds with a pod template, and the path to its pod spec. */
const podSpecPaths: { group?: string; kind: string; path: string }[] = [
  { kind: 'Pod', path: 'spec' },
  ...WORKLOADS.map((w) => ({ ...w, path: 'spec/template/spec' })),
  { group: 'batch', kind: 'CronJob', path: 'spec/jobTemplate/spec/template/spec' },
];

const inPods = (...paths: string[]): FieldSpec[] =>
  podSpecPaths.flatMap((p) =>
    paths.map((path) => ({
      kind: p.kind,
      ...(p.group !== undefined ? { group: p.group } : {}),
      path: `${p.path}/${path}`,
    })),
  );
const inContainers = (path: string): FieldSpec[] =>
  inPods(`containers[]/${path}`, `initContainers[]/${path}`, `ephemeralContainers[]/${path}`);

export const imageSpecs: FieldSpec[] = inContainers('image');

export const replicaSpecs: FieldSpec[] = [
  { kind: 'Deployment', path: 'spec/replicas', create: true },
  { kind: 'ReplicationController', path: 'spec/replicas', create: true },
  { kind: 'ReplicaSet', path: 'spec/replicas', create: true },
  { kind: 'StatefulSet', path: 'spec/replicas', create: true },
];

const templateMeta = (field: string): FieldSpec[] => [
  { kind: 'ReplicationController', path: `spec/template/metadata/${field}`, create: true },
  { kind: 'Deployment', path: `spec/template/metadata/${field}`, create: true },
  { kind: 'ReplicaSet', path: `spec/template/metadata/${field}`, create: true },
  { kind: 'DaemonSet', path: `spec/template/metadata/${field}`, create: true },
  { group: 'apps', kind: 'StatefulSet', path: `spec/template/metadata/${field}`, create: true },
  { group: 'batch', kind: 'Job', path: `spec/template/metadata/${field}`, create: true },
  { group: 'batch', kind: 'CronJob', path: `spec/jobTemplate/metadata/${field}`, create: true },
  { group: 'batch', kind: 'CronJob', path: `spec/jobTemplate/spec/template/metadata/${field}`, create: true },
];

export const metadataLabelSpecs: FieldSpec[] = [{ path: 'metadata/labels', create: true }];

export const templateLabelSpecs: FieldSpec[] = [
  ...templateMeta('labels'),
  { group: 'apps', kind: 'StatefulSet', path: 'spec/volumeClaimTemplates[]/metadata/labels', create: true },
];

export const selectorLabelSpecs: FieldSpec[] = [
  { version: 'v1', kind: 'Service', path: 'spec/selector', create: true },
  { version: 'v1', kind: 'ReplicationController', path: 'spec/selector', create: true },
  { kind: 'Deployment', path: 'spec/selector/matchLabels', create: true },
  {
    group: 'apps',
    kind: 'Deployment',
    path: 'spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels',
  },
  {
    group: 'apps',
    kind: 'Deployment',
    path: 'spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels',
  },
  {
    group: 'apps',
    kind: 'Deployment',
    path: 'spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels',
  },
  {
    group: 'apps',
    kind: 'Deployment',
    path: 'spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels',
  },
  { group: 'apps', kind: 'Deployment', path: 'spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels' },
  { kind: 'ReplicaSet', path: 'spec/selector/matchLabels', create: true },
  { kind: 'DaemonSet', path: 'spec/selector/matchLabels', create: true },
  { group: 'apps', kind: 'StatefulSet', path: 'spec/selector/matchLabels', create: true },
  {
    group: 'apps',
    kind: 'StatefulSet',
    path: 'spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels',
  },
  { group: 'batch', kind: 'Job', path: 'spec/selector/matchLabels' },
  { group: 'batch', kind: 'CronJob', path: 'spec/jobTemplate/spec/selector/matchLabels' },
  { group: 'policy', kind: 'PodDisruptionBudget', path: 'spec/selector/matchLabels' },
  { group: 'networking.k8s.io', kind: 'NetworkPolicy', path: 'spec/podSelector/matchLabels' },
  { group: 'networking.k8s.io', kind: 'NetworkPolicy', path: 'spec/ingress/from/podSelector/matchLabels' },
  { group: 'networking.k8s.io', kind: 'NetworkPolicy', path: 'spec/egress/to/podSelector/matchLabels' },
];

export const annotationSpecs: FieldSpec[] = [
  { path: 'metadata/annotations', create: true },
  ...templateMeta('annotations'),
];

/** Kinds that exist once in a cluster: the namespace transformer leaves them alone. */
export const clusterKinds = new Set([
  'APIService', 'CSIDriver', 'CSINode', 'CertificateSigningRequest', 'ClusterRole', 'ClusterRoleBinding',
  'ComponentStatus', 'CustomResourceDefinition', 'FlowSchema', 'IngressClass', 'MutatingWebhookConfiguration',
  'Namespace', 'Node', 'PersistentVolume', 'PodSecurityPolicy', 'PriorityClass', 'PriorityLevelConfiguration',
  'RuntimeClass', 'SelfSubjectAccessReview', 'SelfSubjectRulesReview', 'StorageClass', 'SubjectAccessReview',
  'TokenReview', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding', 'ValidatingWebhookConfiguration',
  'VolumeAttachment', 'GatewayClass',
]); // prettier-ignore

/** Kinds whose names prefixes and suffixes leave alone. */
export const unprefixedKinds = new Set(['CustomResourceDefinition', 'APIService', 'Namespace']);

/** Fields that hold the name of an object of `kind`. A path to a map means its `name` (with its `namespace`). */
export interface ReferenceSpec {
  kind: string;
  group?: string;
  fields: FieldSpec[];
}

const autoscaled = (kind: string): ReferenceSpec => ({
  kind,
  fields: [{ kind: 'HorizontalPodAutoscaler', path: 'spec/scaleTargetRef/name' }],
});

export const referenceSpecs: ReferenceSpec[] = [
  ...['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].map(autoscaled),
  {
    kind: 'ConfigMap',
    fields: [
      ...inPods('volumes[]/configMap/name', 'volumes[]/projected/sources[]/configMap/name'),
      ...inContainers('env[]/valueFrom/configMapKeyRef/name'),
      ...inContainers('envFrom[]/configMapRef/name'),
      { kind: 'Node', path: 'spec/configSource/configMap' },
    ],
  },
  {
    kind: 'Secret',
    fields: [
      ...inPods('volumes[]/secret/secretName', 'volumes[]/projected/sources[]/secret/name', 'imagePullSecrets[]/name'),
      ...inContainers('env[]/valueFrom/secretKeyRef/name'),
      ...inContainers('envFrom[]/secretRef/name'),
      { kind: 'ServiceAccount', path: 'imagePullSecrets[]/name' },
      { kind: 'ServiceAccount', path: 'secrets[]/name' },
      { kind: 'Ingress', path: 'spec/tls[]/secretName' },
      { kind: 'Ingress', path: 'metadata/annotations/ingress.kubernetes.io~1auth-secret' },
      { kind: 'Ingress', path: 'metadata/annotations/nginx.ingress.kubernetes.io~1auth-secret' },
      { kind: 'StorageClass', path: 'parameters/secretName' },
    ],
  },
  {
    kind: 'Service',
    fields: [
      { group: 'apps', kind: 'StatefulSet', path: 'spec/serviceName' },
      { kind: 'Ingress', path: 'spec/rules[]/http/paths[]/backend/serviceName' },
      { kind: 'Ingress', path: 'spec/backend/serviceName' },
      { kind: 'Ingress', path: 'spec/rules[]/http/paths[]/backend/service/name' },
      { kind: 'Ingress', path: 'spec/defaultBackend/service/name' },
      { kind: 'APIService', group: 'apiregistration.k8s.io', path: 'spec/service' },
      { kind: 'ValidatingWebhookConfiguration', path: 'webhooks[]/clientConfig/service' },
      { kind: 'MutatingWebhookConfiguration', path: 'webhooks[]/clientConfig/service' },
    ],
  },
  {
    kind: 'Role',
    group: 'rbac.authorization.k8s.io',
    fields: [{ kind: 'RoleBinding', group: 'rbac.authorization.k8s.io', path: 'roleRef/name' }],
  },
  {
    kind: 'ClusterRole',
    group: 'rbac.authorization.k8s.io',
    fields: [
      { kind: 'RoleBinding', group: 'rbac.authorization.k8s.io', path: 'roleRef/name' },
      { kind: 'ClusterRoleBinding', group: 'rbac.authorization.k8s.io', path: 'roleRef/name' },
    ],
  },
  {
    kind: 'ServiceAccount',
    fields: [
      { kind: 'RoleBinding', group: 'rbac.authorization.k8s.io', path: 'subjects' },
      { kind: 'ClusterRoleBinding', group: 'rbac.authorization.k8s.io', path: 'subjects' },
      ...inPods('serviceAccountName'),
    ],
  },
  {
    kind: 'PersistentVolumeClaim',
    fields: inPods('volumes[]/persistentVolumeClaim/claimName'),
  },
  { kind: 'PersistentVolume', fields: [{ kind: 'PersistentVolumeClaim', path: 'spec/volumeName' }] },
  {
    kind: 'StorageClass',
    fields: [
      { kind: 'PersistentVolume', path: 'spec/storageClassName' },
      { kind: 'PersistentVolumeClaim', path: 'spec/storageClassName' },
      { kind: 'StatefulSet', path: 'spec/volumeClaimTemplates[]/spec/storageClassName' },
    ],
  },
  { kind: 'PriorityClass', fields: inPods('priorityClassName') },
  { kind: 'IngressClass', fields: [{ kind: 'Ingress', path: 'spec/ingressClassName' }] },
];

const FIRST = [
  'Namespace', 'ResourceQuota', 'StorageClass', 'CustomResourceDefinition', 'ServiceAccount', 'PodSecurityPolicy',
  'Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding', 'ConfigMap', 'Secret', 'Endpoints', 'Service',
  'LimitRange', 'PriorityClass', 'PersistentVolume', 'PersistentVolumeClaim', 'Deployment', 'StatefulSet', 'CronJob',
  'PodDisruptionBudget',
]; // prettier-ignore
const LAST = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

/** kustomize's legacy order of kinds; equal for kinds that it does not name. */
export function legacyRank(kind: string): number {
  const first = FIRST.indexOf(kind);
  if (first >= 0) return first - FIRST.length;
  return LAST.indexOf(kind) + 1;
}
