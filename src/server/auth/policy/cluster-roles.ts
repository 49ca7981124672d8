// The cluster roles that exist in every cluster. Data: upstream's bootstrappolicy/policy.go (ClusterRoles), reduced to
// what exists here, plus the roles of our own node daemon, which is kubelet, proxy and DNS in one.
import type { ClusterRole, PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { nodeRules } from './node-rules.ts';
import { EVENTS, READ, READ_WRITE, WRITE, paths, rule } from './rule.ts';

const AGGREGATE = 'rbac.authorization.k8s.io/aggregate-to-';
const role = (name: string, rules: PolicyRule[], aggregateTo?: string): ClusterRole => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name, ...(aggregateTo ? { labels: { [`${AGGREGATE}${aggregateTo}`]: 'true' } } : {}) },
  rules,
});
const aggregate = (name: string, aggregateTo?: string): ClusterRole => ({
  ...role(name, [], aggregateTo),
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`${AGGREGATE}${name}`]: 'true' } }] },
});
const reviews = [
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
];
const approver = (signer: string): ClusterRole =>
  role(`system:certificates.k8s.io:${signer}-approver`, [
    rule('approve', 'certificates.k8s.io', 'signers', `kubernetes.io/${signer}`),
  ]);
const csrAccess = (kind: string): ClusterRole =>
  role(`system:certificates.k8s.io:certificatesigningrequests:${kind}`, [
    rule('create', 'certificates.k8s.io', `certificatesigningrequests/${kind}`),
  ]);

const APPS = 'daemonsets deployments deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale';
const OLD_APPS =
  'daemonsets deployments deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale';

const editRules = [
  rule(READ, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  rule('impersonate', 'core', 'serviceaccounts'),
  rule(WRITE, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  rule('create', 'core', 'pods/eviction'),
  rule(
    WRITE,
    'core',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets ' +
      'serviceaccounts services services/proxy',
  ),
  rule('create', 'core', 'serviceaccounts/token'),
  rule(WRITE, 'apps', `deployments/rollback ${APPS}`),
  rule(WRITE, 'autoscaling', 'horizontalpodautoscalers'),
  rule(WRITE, 'batch', 'cronjobs jobs'),
  rule(WRITE, 'extensions', `deployments/rollback ${OLD_APPS}`),
  rule(WRITE, 'policy', 'poddisruptionbudgets'),
  rule(WRITE, 'networking.k8s.io', 'ingresses networkpolicies'),
  rule(READ_WRITE, 'coordination.k8s.io', 'leases'),
];

const viewRules = [
  rule(
    READ,
    'core',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers ' +
      'replicationcontrollers/scale serviceaccounts services services/status',
  ),
  rule(
    READ,
    'core',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status ' +
      'resourcequotas resourcequotas/status',
  ),
  rule(READ, 'core', 'namespaces'),
  rule(READ, 'discovery.k8s.io', 'endpointslices'),
  rule(
    READ,
    'apps',
    `controllerrevisions ${APPS} daemonsets/status deployments/status replicasets/status statefulsets/status`,
  ),
  rule(READ, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  rule(READ, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  rule(READ, 'extensions', `${OLD_APPS} daemonsets/status deployments/status ingresses/status replicasets/status`),
  rule(READ, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  rule(READ, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
];

const lock = (name: string): PolicyRule[] => [
  rule('create', 'coordination.k8s.io', 'leases'),
  rule('get update', 'coordination.k8s.io', 'leases', name),
];

const schedulerRules = [
  EVENTS,
  ...lock('kube-scheduler'),
  rule(READ, 'core', 'nodes'),
  rule('delete get list watch', 'core', 'pods'),
  rule('create', 'core', 'bindings pods/binding'),
  rule('patch update', 'core', 'pods/status'),
  rule(READ, 'core', 'replicationcontrollers services'),
  rule(READ, 'apps extensions', 'replicasets'),
  rule(READ, 'apps', 'statefulsets'),
  rule(READ, 'policy', 'poddisruptionbudgets'),
  rule(READ, 'core', 'persistentvolumeclaims persistentvolumes'),
  ...reviews,
  rule(READ, 'storage.k8s.io', 'csidrivers csinodes csistoragecapacities'),
  rule(READ, 'core', 'namespaces'),
  rule(READ, 'scheduling.k8s.io', 'priorityclasses'),
];

const controllerManagerRules = [
  EVENTS,
  ...lock('kube-controller-manager'),
  rule('create', 'core', 'secrets serviceaccounts'),
  rule('delete', 'core', 'secrets'),
  rule('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
  rule('update', 'core', 'secrets serviceaccounts'),
  ...reviews,
  rule('list watch', '*', '*'),
  rule('create', 'core', 'serviceaccounts/token'),
];

const PROBES = '/healthz /livez /readyz';

export const clusterRoles: readonly ClusterRole[] = [
  role('cluster-admin', [rule('*', '*', '*'), paths('*', '*')]),
  aggregate('admin'),
  aggregate('edit', 'admin'),
  aggregate('view', 'edit'),
  role(
    'system:aggregate-to-admin',
    [
      rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
      rule(READ_WRITE, 'rbac.authorization.k8s.io', 'rolebindings roles'),
    ],
    'admin',
  ),
  role('system:aggregate-to-edit', editRules, 'edit'),
  role('system:aggregate-to-view', viewRules, 'view'),
  // What metrics-server brings along.
  role('system:aggregated-metrics-reader', [rule(READ, 'metrics.k8s.io', 'nodes pods')], 'view'),
  role('system:auth-delegator', reviews),
  role('system:basic-user', [
    rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
    rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
  ]),
  role('system:discovery', [
    paths('get', `/api /api/* /apis /apis/* ${PROBES} /openapi /openapi/* /version /version/`),
  ]),
  role('system:public-info-viewer', [paths('get', `${PROBES} /version /version/`)]),
  role('system:monitoring', [paths('get', `${PROBES} /healthz/* /livez/* /readyz/* /metrics /metrics/slis`)]),
  role('system:service-account-issuer-discovery', [paths('get', '/.well-known/openid-configuration /openid/v1/jwks')]),
  csrAccess('nodeclient'),
  csrAccess('selfnodeclient'),
  approver('kube-apiserver-client'),
  approver('kube-apiserver-client-kubelet'),
  approver('kubelet-serving'),
  approver('legacy-unknown'),
  role('system:kube-controller-manager', controllerManagerRules),
  role('system:kube-scheduler', schedulerRules),
  role('system:volume-scheduler', [
    rule('get list patch update watch', 'core', 'persistentvolumes persistentvolumeclaims'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
  ]),
  role('system:kube-dns', [rule('list watch', 'core', 'endpoints services')]),
  role('system:kube-aggregator', [rule(READ, 'core', 'endpoints services')]),
  role('system:heapster', [
    rule(READ, 'core', 'events namespaces nodes pods'),
    rule(READ, 'extensions', 'deployments'),
  ]),
  role('system:persistent-volume-provisioner', [
    rule('create delete get list watch', 'core', 'persistentvolumes'),
    rule('get list update watch', 'core', 'persistentvolumeclaims'),
    rule(READ, 'storage.k8s.io', 'storageclasses'),
    rule('watch', 'core', 'events'),
    EVENTS,
  ]),
  role('system:node', nodeRules),
  role('system:node-bootstrapper', [
    rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
  ]),
  role('system:node-proxier', [
    rule('list watch', 'core', 'endpoints services'),
    rule(READ, 'core', 'nodes'),
    EVENTS,
    rule('list watch', 'discovery.k8s.io', 'endpointslices'),
  ]),
  role('system:node-problem-detector', [rule('get', 'core', 'nodes'), rule('patch', 'core', 'nodes/status'), EVENTS]),
  role('system:kubelet-api-admin', [
    rule(READ, 'core', 'nodes'),
    rule('proxy', 'core', 'nodes'),
    rule('*', 'core', 'nodes/log nodes/metrics nodes/proxy nodes/stats'),
  ]),
  // Ours: what the DNS, proxy and routing parts of every node read.
  role('system:sampan:node-network', [
    rule(READ, 'networking.k8s.io', 'servicecidrs'),
    rule(READ, 'core', 'endpoints namespaces services'),
    rule(READ, 'discovery.k8s.io', 'endpointslices'),
  ]),
];
