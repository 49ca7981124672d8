// The cluster roles of the controllers: `system:controller:<name>-controller` is bound to the service account
// kube-system/<name>-controller, as which the controller runs. Data after upstream's
// bootstrappolicy/controller_policy.go; where our controllers read or patch what upstream's do otherwise, ours is meant.
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { EVENTS, READ, rule } from './rule.ts';

const everything = (verbs: string): PolicyRule => rule(verbs, '*', '*');
const SIGNERS =
  'kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving ' +
  'kubernetes.io/legacy-unknown';

const certificates = [
  rule('delete get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
  rule('update patch', 'certificates.k8s.io', 'certificatesigningrequests/approval certificatesigningrequests/status'),
  rule(
    'approve',
    'certificates.k8s.io',
    'signers',
    'kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving',
  ),
  rule('sign', 'certificates.k8s.io', 'signers', SIGNERS),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  rule(READ, 'core', 'nodes'),
  rule('get', 'core', 'services', 'kubernetes'),
  EVENTS,
];
const nodes = [
  rule('create delete get list patch update watch', 'core', 'nodes'),
  rule('patch update', 'core', 'nodes/status'),
  rule('patch update', 'core', 'pods/status'),
  rule('delete get list watch', 'core', 'pods'),
  rule(READ, 'coordination.k8s.io', 'leases'),
  EVENTS,
];
const pods = rule('create delete get list patch update watch', 'core', 'pods');
const endpointSlices = [
  rule(READ, 'core', 'nodes pods services endpoints'),
  rule('update', 'core', 'services/finalizers endpoints/finalizers'),
  rule('create delete deletecollection get list update patch watch', 'discovery.k8s.io', 'endpointslices'),
  rule('create', 'discovery.k8s.io', 'endpointslices/restricted'),
  EVENTS,
];

/** By the controller's name, which is the name of its definition. */
export const controllerRules: Readonly<Record<string, readonly PolicyRule[]>> = {
  csrapproving: certificates,
  csrsigning: certificates,
  csrcleaner: certificates,
  'clusterrole-aggregation': [
    rule('escalate get list patch update watch', 'rbac.authorization.k8s.io', 'clusterroles'),
    EVENTS,
  ],
  cronjob: [
    rule('get list update watch', 'batch', 'cronjobs'),
    rule('create delete get list patch update watch', 'batch', 'jobs'),
    rule('update patch', 'batch', 'cronjobs/status cronjobs/finalizers'),
    rule('delete list watch', 'core', 'pods'),
    EVENTS,
  ],
  daemonset: [
    rule(READ, 'apps extensions', 'daemonsets'),
    rule('update patch', 'apps extensions', 'daemonsets/status daemonsets/finalizers'),
    rule('list watch', 'core', 'nodes'),
    pods,
    rule('create', 'core', 'pods/binding'),
    rule('create delete get list patch update watch', 'apps', 'controllerrevisions'),
    EVENTS,
  ],
  deployment: [
    rule('get list update patch watch', 'apps extensions', 'deployments'),
    rule('update patch', 'apps extensions', 'deployments/status deployments/finalizers'),
    rule('create delete get list patch update watch', 'apps extensions', 'replicasets'),
    rule('get list update watch', 'core', 'pods'),
    EVENTS,
  ],
  disruption: [
    rule(READ, 'apps extensions', 'deployments replicasets statefulsets'),
    rule(READ, 'core', 'pods replicationcontrollers'),
    rule(READ, 'policy', 'poddisruptionbudgets'),
    rule('update patch', 'policy', 'poddisruptionbudgets/status'),
    rule('patch update', 'core', 'pods/status'),
    rule('get', '*', '*/scale'),
    EVENTS,
  ],
  endpoint: [
    rule(READ, 'core', 'nodes pods services'),
    rule('create delete get list update patch watch', 'core', 'endpoints'),
    rule('create', 'core', 'endpoints/restricted'),
    EVENTS,
  ],
  endpointslice: endpointSlices,
  endpointslicemirroring: endpointSlices,
  'ephemeral-volume': [
    rule(READ, 'core', 'pods'),
    rule('update', 'core', 'pods/finalizers'),
    rule('create get list watch', 'core', 'persistentvolumeclaims'),
    EVENTS,
  ],
  'garbage-collector': [everything('delete get list patch update watch'), EVENTS],
  'horizontal-pod-autoscaler': [
    rule(READ, 'autoscaling', 'horizontalpodautoscalers'),
    rule('update patch', 'autoscaling', 'horizontalpodautoscalers/status'),
    rule('get update patch', '*', '*/scale'),
    rule('list watch', 'core metrics.k8s.io', 'pods'),
    rule('get list', 'custom.metrics.k8s.io external.metrics.k8s.io', '*'),
    EVENTS,
  ],
  'host-path-provisioner': [
    rule('create delete get list update watch', 'core', 'persistentvolumes'),
    rule('get list update watch', 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'persistentvolumeclaims/status'),
    rule(READ, 'core', 'nodes'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
    EVENTS,
  ],
  job: [
    rule('get list patch update watch', 'batch', 'jobs'),
    rule('update patch', 'batch', 'jobs/status jobs/finalizers'),
    pods,
    EVENTS,
  ],
  namespace: [
    rule('delete get list update watch', 'core', 'namespaces'),
    rule('update', 'core', 'namespaces/finalize namespaces/status'),
    everything('delete deletecollection get list watch'),
  ],
  'node-lifecycle': nodes,
  'node-ipam': nodes,
  'taint-eviction': nodes,
  'persistent-volume-binder': [
    rule('create delete get list update watch', 'core', 'persistentvolumes'),
    rule('update', 'core', 'persistentvolumes/status persistentvolumeclaims/status'),
    rule('get list update watch', 'core', 'persistentvolumeclaims'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
    rule('list watch', 'core', 'nodes'),
    // Recycling is done by a pod.
    rule('create delete get list watch', 'core', 'pods'),
    EVENTS,
  ],
  'pod-garbage-collector': [
    rule('delete list watch', 'core', 'pods'),
    rule(READ, 'core', 'nodes'),
    rule('patch', 'core', 'pods/status'),
    EVENTS,
  ],
  'pv-protection': [rule('get list update watch', 'core', 'persistentvolumes'), EVENTS],
  'pvc-protection': [
    rule('get list update watch', 'core', 'persistentvolumeclaims'),
    rule(READ, 'core', 'pods'),
    EVENTS,
  ],
  replicaset: [
    rule('get list update watch', 'apps extensions', 'replicasets'),
    rule('update patch', 'apps extensions', 'replicasets/status replicasets/finalizers'),
    pods,
    EVENTS,
  ],
  replication: [
    rule('get list update watch', 'core', 'replicationcontrollers'),
    rule('update patch', 'core', 'replicationcontrollers/status replicationcontrollers/finalizers'),
    pods,
    EVENTS,
  ],
  resourcequota: [everything('list watch'), rule('update patch', 'core', 'resourcequotas/status'), EVENTS],
  'root-ca-cert-publisher': [
    rule(READ, 'core', 'configmaps namespaces'),
    rule('create update patch', 'core', 'configmaps'),
    EVENTS,
  ],
  service: [
    rule('get list update watch', 'core', 'services'),
    rule('patch update', 'core', 'services/status'),
    rule('list watch', 'core', 'nodes'),
    rule(READ, 'discovery.k8s.io', 'endpointslices'),
    EVENTS,
  ],
  'service-account': [
    rule(READ, 'core', 'namespaces serviceaccounts configmaps'),
    rule('create', 'core', 'serviceaccounts'),
    EVENTS,
  ],
  'service-cidrs': [
    rule('get list patch update watch', 'networking.k8s.io', 'servicecidrs'),
    rule('patch update', 'networking.k8s.io', 'servicecidrs/finalizers servicecidrs/status'),
    rule(READ, 'networking.k8s.io', 'ipaddresses'),
    EVENTS,
  ],
  'service-account-token': [
    rule('delete get list update watch', 'core', 'secrets'),
    rule(READ, 'core', 'serviceaccounts'),
    EVENTS,
  ],
  statefulset: [
    rule(READ, 'apps', 'statefulsets'),
    rule('update patch', 'apps', 'statefulsets/status statefulsets/finalizers'),
    pods,
    rule('create delete get list patch update watch', 'apps', 'controllerrevisions'),
    rule('create delete get list update watch', 'core', 'persistentvolumeclaims'),
    EVENTS,
  ],
  'ttl-after-finished': [rule('delete get list watch', 'batch', 'jobs'), EVENTS],
  // Bootstrap tokens that have run out.
  tokencleaner: [rule('delete get list watch', 'core', 'secrets'), EVENTS],
};
