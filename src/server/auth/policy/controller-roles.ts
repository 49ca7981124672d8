// The cluster roles of the controllers: `system:controller:<account>` is bound to the service account
// kube-system/<account>, as which a controller runs, ours or upstream's. Data after upstream's
// bootstrappolicy/controller_policy.go, and more where our controllers read or patch what upstream's do otherwise.
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

/** By the service account; those that no controller of ours runs as stand at the end. */
export const controllerRules: Readonly<Record<string, readonly PolicyRule[]>> = {
  'certificate-controller': certificates,
  'clusterrole-aggregation-controller': [
    rule('escalate get list patch update watch', 'rbac.authorization.k8s.io', 'clusterroles'),
    EVENTS,
  ],
  'cronjob-controller': [
    rule('get list update watch', 'batch', 'cronjobs'),
    rule('create delete get list patch update watch', 'batch', 'jobs'),
    rule('update patch', 'batch', 'cronjobs/status cronjobs/finalizers'),
    rule('delete list watch', 'core', 'pods'),
    EVENTS,
  ],
  'daemon-set-controller': [
    rule(READ, 'apps extensions', 'daemonsets'),
    rule('update patch', 'apps extensions', 'daemonsets/status daemonsets/finalizers'),
    rule('list watch', 'core', 'nodes'),
    pods,
    rule('create', 'core', 'pods/binding'),
    rule('create delete get list patch update watch', 'apps', 'controllerrevisions'),
    EVENTS,
  ],
  'deployment-controller': [
    rule('get list update patch watch', 'apps extensions', 'deployments'),
    rule('update patch', 'apps extensions', 'deployments/status deployments/finalizers'),
    rule('create delete get list patch update watch', 'apps extensions', 'replicasets'),
    rule('get list update watch', 'core', 'pods'),
    EVENTS,
  ],
  'disruption-controller': [
    rule(READ, 'apps extensions', 'deployments replicasets statefulsets'),
    rule(READ, 'core', 'pods replicationcontrollers'),
    rule(READ, 'policy', 'poddisruptionbudgets'),
    rule('update patch', 'policy', 'poddisruptionbudgets/status'),
    rule('patch update', 'core', 'pods/status'),
    rule('get', '*', '*/scale'),
    EVENTS,
  ],
  'endpoint-controller': [
    rule(READ, 'core', 'nodes pods services'),
    rule('create delete get list update patch watch', 'core', 'endpoints'),
    rule('create', 'core', 'endpoints/restricted'),
    EVENTS,
  ],
  'endpointslice-controller': endpointSlices,
  'endpointslicemirroring-controller': endpointSlices,
  'ephemeral-volume-controller': [
    rule(READ, 'core', 'pods'),
    rule('update', 'core', 'pods/finalizers'),
    rule('create get list watch', 'core', 'persistentvolumeclaims'),
    EVENTS,
  ],
  'generic-garbage-collector': [everything('delete get list patch update watch'), EVENTS],
  'horizontal-pod-autoscaler': [
    rule(READ, 'autoscaling', 'horizontalpodautoscalers'),
    rule('update patch', 'autoscaling', 'horizontalpodautoscalers/status'),
    rule('get update patch', '*', '*/scale'),
    rule('list watch', 'core metrics.k8s.io', 'pods'),
    rule(READ, 'custom.metrics.k8s.io external.metrics.k8s.io', '*'),
    EVENTS,
  ],
  'host-path-provisioner-controller': [
    rule('create delete get list update watch', 'core', 'persistentvolumes'),
    rule('get list update watch', 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'persistentvolumeclaims/status'),
    rule(READ, 'core', 'nodes'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
    EVENTS,
  ],
  'job-controller': [
    rule('get list patch update watch', 'batch', 'jobs'),
    rule('update patch', 'batch', 'jobs/status jobs/finalizers'),
    pods,
    EVENTS,
  ],
  'namespace-controller': [
    rule('delete get list update watch', 'core', 'namespaces'),
    rule('update', 'core', 'namespaces/finalize namespaces/status'),
    everything('delete deletecollection get list watch'),
  ],
  'node-controller': nodes,
  'persistent-volume-binder': [
    rule('create delete get list update watch', 'core', 'persistentvolumes'),
    rule('update', 'core', 'persistentvolumes/status persistentvolumeclaims/status'),
    rule('get list update watch', 'core', 'persistentvolumeclaims'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
    rule('list watch', 'core', 'nodes'),
    // Recycling is done by a pod.
    rule('create delete get list watch', 'core', 'pods'),
    rule('watch', 'core', 'events'),
    EVENTS,
  ],
  'pod-garbage-collector': [
    rule('delete list watch', 'core', 'pods'),
    rule(READ, 'core', 'nodes'),
    rule('patch', 'core', 'pods/status'),
    EVENTS,
  ],
  'pv-protection-controller': [rule('get list update watch', 'core', 'persistentvolumes'), EVENTS],
  'pvc-protection-controller': [
    rule('get list update watch', 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'persistentvolumeclaims/status'),
    rule(READ, 'core', 'pods'),
    EVENTS,
  ],
  'replicaset-controller': [
    rule('get list update watch', 'apps extensions', 'replicasets'),
    rule('update patch', 'apps extensions', 'replicasets/status replicasets/finalizers'),
    pods,
    EVENTS,
  ],
  'replication-controller': [
    rule('get list update watch', 'core', 'replicationcontrollers'),
    rule('update patch', 'core', 'replicationcontrollers/status replicationcontrollers/finalizers'),
    pods,
    EVENTS,
  ],
  'resourcequota-controller': [everything('list watch'), rule('update patch', 'core', 'resourcequotas/status'), EVENTS],
  'root-ca-cert-publisher': [
    rule(READ, 'core', 'configmaps namespaces'),
    rule('create update patch', 'core', 'configmaps'),
    EVENTS,
  ],
  'service-controller': [
    rule('get list update watch', 'core', 'services'),
    rule('patch update', 'core', 'services/status'),
    rule('list watch', 'core', 'nodes'),
    rule(READ, 'discovery.k8s.io', 'endpointslices'),
    EVENTS,
  ],
  'service-account-controller': [
    rule(READ, 'core', 'namespaces serviceaccounts configmaps'),
    rule('create', 'core', 'serviceaccounts'),
    EVENTS,
  ],
  'service-cidrs-controller': [
    rule('get list patch update watch', 'networking.k8s.io', 'servicecidrs'),
    rule('patch update', 'networking.k8s.io', 'servicecidrs/finalizers servicecidrs/status'),
    rule(READ, 'networking.k8s.io', 'ipaddresses'),
    EVENTS,
  ],
  'service-account-token-controller': [
    rule('delete get list update watch', 'core', 'secrets'),
    rule(READ, 'core', 'serviceaccounts'),
    EVENTS,
  ],
  'statefulset-controller': [
    rule(READ, 'apps', 'statefulsets'),
    rule('update patch', 'apps', 'statefulsets/status statefulsets/finalizers'),
    pods,
    rule('update', 'core', 'pods/finalizers'),
    rule('create delete get list patch update watch', 'apps', 'controllerrevisions'),
    rule('create delete get list update watch', 'core', 'persistentvolumeclaims'),
    EVENTS,
  ],
  'ttl-after-finished-controller': [rule('delete get list watch', 'batch', 'jobs'), EVENTS],
  'attachdetach-controller': [
    rule('list watch', 'core', 'persistentvolumes persistentvolumeclaims pods'),
    rule(READ, 'core', 'nodes'),
    rule('patch update', 'core', 'nodes/status'),
    rule('create delete get list watch', 'storage.k8s.io', 'volumeattachments'),
    rule(READ, 'storage.k8s.io', 'csidrivers csinodes'),
    EVENTS,
  ],
  'expand-controller': [
    rule('get list patch update watch', 'core', 'persistentvolumes'),
    rule('patch update', 'core', 'persistentvolumeclaims/status'),
    rule(READ, 'core', 'persistentvolumeclaims'),
    EVENTS,
  ],
  'legacy-service-account-token-cleaner': [
    rule('get', 'core', 'configmaps', 'kube-apiserver-legacy-service-account-token-tracking'),
    rule('delete patch', 'core', 'secrets'),
  ],
  'resource-claim-controller': [
    rule(READ, 'core', 'pods'),
    rule('update', 'core', 'pods/finalizers'),
    rule('patch update', 'core', 'pods/status'),
    rule('create delete get list patch update watch', 'resource.k8s.io', 'resourceclaims'),
    rule('patch update', 'resource.k8s.io', 'resourceclaims/status'),
    EVENTS,
  ],
  'route-controller': [rule('list watch', 'core', 'nodes'), rule('patch', 'core', 'nodes/status'), EVENTS],
  'selinux-warning-controller': [
    rule(READ, 'core', 'persistentvolumes persistentvolumeclaims pods'),
    rule(READ, 'storage.k8s.io', 'csidrivers'),
    EVENTS,
  ],
  'ttl-controller': [rule('list patch update watch', 'core', 'nodes'), EVENTS],
  'validatingadmissionpolicy-status-controller': [
    rule(READ, 'admissionregistration.k8s.io', 'validatingadmissionpolicies'),
    rule('get patch update', 'admissionregistration.k8s.io', 'validatingadmissionpolicies/status'),
    EVENTS,
  ],
  'volumeattributesclass-protection-controller': [
    rule(READ, 'core', 'persistentvolumes persistentvolumeclaims'),
    rule('get list update watch', 'storage.k8s.io', 'volumeattributesclasses'),
    EVENTS,
  ],
};
