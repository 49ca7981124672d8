// Addresses of the kinds that our own controllers, node and GitOps loop use: typed constants, no behaviour, so that
// a program can name a kind without loading what the server knows about it.
import type * as apps from 'kubernetes-types/apps/v1.js';
import type * as authentication from 'kubernetes-types/authentication/v1.js';
import type * as authorization from 'kubernetes-types/authorization/v1.js';
import type * as autoscaling from 'kubernetes-types/autoscaling/v2.js';
import type * as batch from 'kubernetes-types/batch/v1.js';
import type * as certificates from 'kubernetes-types/certificates/v1.js';
import type * as coordination from 'kubernetes-types/coordination/v1.js';
import type * as core from 'kubernetes-types/core/v1.js';
import type * as discovery from 'kubernetes-types/discovery/v1.js';
import type * as node from 'kubernetes-types/node/v1.js';
import type * as rbac from 'kubernetes-types/rbac/v1.js';
import type * as storage from 'kubernetes-types/storage/v1.js';
import type { ResourceType, Unstructured } from './types.ts';

function type<T>(group: string, version: string, plural: string, kind: string, namespaced = true): ResourceType<T> {
  return { group, version, plural, kind, namespaced };
}

export const Namespaces = type<core.Namespace>('', 'v1', 'namespaces', 'Namespace', false);
export const Nodes = type<core.Node>('', 'v1', 'nodes', 'Node', false);
export const Pods = type<core.Pod>('', 'v1', 'pods', 'Pod');
export const Services = type<core.Service>('', 'v1', 'services', 'Service');
export const EndpointsType = type<core.Endpoints>('', 'v1', 'endpoints', 'Endpoints');
export const ConfigMaps = type<core.ConfigMap>('', 'v1', 'configmaps', 'ConfigMap');
export const ResourceQuotas = type<core.ResourceQuota>('', 'v1', 'resourcequotas', 'ResourceQuota');
export const Secrets = type<core.Secret>('', 'v1', 'secrets', 'Secret');
export const ServiceAccounts = type<core.ServiceAccount>('', 'v1', 'serviceaccounts', 'ServiceAccount');
export const CoreEvents = type<core.Event>('', 'v1', 'events', 'Event');
export const PersistentVolumeClaims = type<core.PersistentVolumeClaim>(
  '',
  'v1',
  'persistentvolumeclaims',
  'PersistentVolumeClaim',
);
export const PersistentVolumes = type<core.PersistentVolume>('', 'v1', 'persistentvolumes', 'PersistentVolume', false);
export const StorageClasses = type<storage.StorageClass>(
  'storage.k8s.io',
  'v1',
  'storageclasses',
  'StorageClass',
  false,
);
export const RuntimeClasses = type<node.RuntimeClass>('node.k8s.io', 'v1', 'runtimeclasses', 'RuntimeClass', false);
export const CsiDrivers = type<storage.CSIDriver>('storage.k8s.io', 'v1', 'csidrivers', 'CSIDriver', false);
export const CsiStorageCapacities = type<storage.CSIStorageCapacity>(
  'storage.k8s.io',
  'v1',
  'csistoragecapacities',
  'CSIStorageCapacity',
);
export const CsiNodes = type<storage.CSINode>('storage.k8s.io', 'v1', 'csinodes', 'CSINode', false);
export const ReplicationControllers = type<core.ReplicationController>(
  '',
  'v1',
  'replicationcontrollers',
  'ReplicationController',
);
export const EndpointSlices = type<discovery.EndpointSlice>(
  'discovery.k8s.io',
  'v1',
  'endpointslices',
  'EndpointSlice',
);
export const Leases = type<coordination.Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease');
export const ReplicaSets = type<apps.ReplicaSet>('apps', 'v1', 'replicasets', 'ReplicaSet');
export const Deployments = type<apps.Deployment>('apps', 'v1', 'deployments', 'Deployment');
export const StatefulSets = type<apps.StatefulSet>('apps', 'v1', 'statefulsets', 'StatefulSet');
export const DaemonSets = type<apps.DaemonSet>('apps', 'v1', 'daemonsets', 'DaemonSet');
export const Jobs = type<batch.Job>('batch', 'v1', 'jobs', 'Job');
export const CronJobs = type<batch.CronJob>('batch', 'v1', 'cronjobs', 'CronJob');
export const HorizontalPodAutoscalers = type<autoscaling.HorizontalPodAutoscaler>(
  'autoscaling',
  'v2',
  'horizontalpodautoscalers',
  'HorizontalPodAutoscaler',
);
export const ControllerRevisions = type<apps.ControllerRevision>(
  'apps',
  'v1',
  'controllerrevisions',
  'ControllerRevision',
);
export const Roles = type<rbac.Role>('rbac.authorization.k8s.io', 'v1', 'roles', 'Role');
export const RoleBindings = type<rbac.RoleBinding>('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding');
export const ClusterRoles = type<rbac.ClusterRole>(
  'rbac.authorization.k8s.io',
  'v1',
  'clusterroles',
  'ClusterRole',
  false,
);
export const ClusterRoleBindings = type<rbac.ClusterRoleBinding>(
  'rbac.authorization.k8s.io',
  'v1',
  'clusterrolebindings',
  'ClusterRoleBinding',
  false,
);
export const CertificateSigningRequests = type<certificates.CertificateSigningRequest>(
  'certificates.k8s.io',
  'v1',
  'certificatesigningrequests',
  'CertificateSigningRequest',
  false,
);
export const CustomResourceDefinitions = type<Unstructured>(
  'apiextensions.k8s.io',
  'v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
  false,
);
export const TokenReviews = type<authentication.TokenReview>(
  'authentication.k8s.io',
  'v1',
  'tokenreviews',
  'TokenReview',
  false,
);
export const SubjectAccessReviews = type<authorization.SubjectAccessReview>(
  'authorization.k8s.io',
  'v1',
  'subjectaccessreviews',
  'SubjectAccessReview',
  false,
);
