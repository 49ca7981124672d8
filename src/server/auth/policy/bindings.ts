// Who has which of the roles that exist in every cluster, and the few roles that live in a namespace.
// Data: upstream's bootstrappolicy/policy.go (ClusterRoleBindings), namespace_policy.go, and kubeadm's bindings for
// nodes that join (cmd/kubeadm/app/phases/bootstraptoken/node, clusterinfo).
import type { ClusterRoleBinding, Role, RoleBinding, Subject } from 'kubernetes-types/rbac/v1.js';
import { EVENTS, READ, rule } from './rule.ts';

const GROUP = 'rbac.authorization.k8s.io';
const apiVersion = `${GROUP}/v1`;
const group = (name: string): Subject => ({ kind: 'Group', apiGroup: GROUP, name });
const user = (name: string): Subject => ({ kind: 'User', apiGroup: GROUP, name });
const serviceAccount = (namespace: string, name: string): Subject => ({ kind: 'ServiceAccount', namespace, name });

const bind = (role: string, subjects: Subject[], name = role): ClusterRoleBinding => ({
  apiVersion,
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: role },
  subjects,
});

/** A node that joins has this group from its bootstrap token. */
export const BOOTSTRAPPERS_GROUP = 'system:bootstrappers:sampan';
const NODES = group('system:nodes');
const EVERYBODY = [group('system:authenticated'), group('system:unauthenticated')];

export const clusterRoleBindings: readonly ClusterRoleBinding[] = [
  bind('cluster-admin', [group('system:masters')]),
  bind('system:monitoring', [group('system:monitoring')]),
  bind('system:discovery', [group('system:authenticated')]),
  bind('system:basic-user', [group('system:authenticated')]),
  bind('system:public-info-viewer', EVERYBODY),
  bind('system:service-account-issuer-discovery', [group('system:serviceaccounts')]),
  bind('system:kube-controller-manager', [user('system:kube-controller-manager')]),
  bind('system:kube-scheduler', [user('system:kube-scheduler')]),
  bind('system:volume-scheduler', [user('system:kube-scheduler')]),
  bind('system:kube-dns', [serviceAccount('kube-system', 'kube-dns')]),
  // The node authorizer has it; the binding is there for who looks for it.
  bind('system:node', []),
  // Upstream binds the proxy's own user; our nodes are kubelet, proxy and DNS in one.
  bind('system:node-proxier', [user('system:kube-proxy'), NODES]),
  bind('system:sampan:node-network', [NODES]),
  bind('system:node-bootstrapper', [group(BOOTSTRAPPERS_GROUP)], 'kubeadm:kubelet-bootstrap'),
  bind(
    'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    [group(BOOTSTRAPPERS_GROUP)],
    'kubeadm:node-autoapprove-bootstrap',
  ),
  bind(
    'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    [NODES],
    'kubeadm:node-autoapprove-certificate-rotation',
  ),
  bind('cluster-admin', [serviceAccount('sampan-system', 'gitops')], 'sampan:gitops'),
];

const role = (namespace: string, name: string, rules: Role['rules']): Role => ({
  apiVersion,
  kind: 'Role',
  metadata: { namespace, name },
  rules,
});
const bindRole = (namespace: string, roleName: string, subjects: Subject[], name = roleName): RoleBinding => ({
  apiVersion,
  kind: 'RoleBinding',
  metadata: { namespace, name },
  roleRef: { apiGroup: GROUP, kind: 'Role', name: roleName },
  subjects,
});

const CLUSTER_INFO = 'kubeadm:bootstrap-signer-clusterinfo';
const DNS_ENDPOINTS = 'system:sampan:node-dns-endpoints';
const AUTHENTICATION = 'extension-apiserver-authentication';
const SIGNER = 'system:controller:bootstrap-signer';
const CLEANER = 'system:controller:token-cleaner';
const CLOUD = 'system:controller:cloud-provider';
const leaderLocking = (component: string): string => `system::leader-locking-${component}`;
const LEADERS = ['kube-controller-manager', 'kube-scheduler'];
const LEADER_RULES = ['leases', 'leasecandidates'].map((resource) =>
  rule('create get list update watch', 'coordination.k8s.io', resource),
);

export const roles: readonly Role[] = [
  role('kube-public', CLUSTER_INFO, [rule('get', 'core', 'configmaps', 'cluster-info')]),
  role('kube-system', `${AUTHENTICATION}-reader`, [rule(READ, 'core', 'configmaps', AUTHENTICATION)]),
  ...LEADERS.map((component) => role('kube-system', leaderLocking(component), LEADER_RULES)),
  // For upstream's own controllers and cloud providers; ours act by their cluster roles.
  role('kube-public', SIGNER, [
    rule(READ, 'core', 'configmaps'),
    rule('update', 'core', 'configmaps', 'cluster-info'),
    EVENTS,
  ]),
  role('kube-system', SIGNER, [rule(READ, 'core', 'secrets')]),
  role('kube-system', CLEANER, [rule('delete get list watch', 'core', 'secrets'), EVENTS]),
  role('kube-system', CLOUD, [rule('create get list watch', 'core', 'configmaps')]),
  role('kube-system', DNS_ENDPOINTS, [
    rule('create delete get list patch update watch', 'discovery.k8s.io', 'endpointslices'),
  ]),
];

export const roleBindings: readonly RoleBinding[] = [
  bindRole('kube-public', CLUSTER_INFO, [user('system:anonymous')]),
  bindRole(
    'kube-system',
    `${AUTHENTICATION}-reader`,
    LEADERS.map((component) => user(`system:${component}`)),
    `system::${AUTHENTICATION}-reader`,
  ),
  ...LEADERS.map((component) =>
    bindRole('kube-system', leaderLocking(component), [
      user(`system:${component}`),
      serviceAccount('kube-system', component),
    ]),
  ),
  bindRole('kube-public', SIGNER, [serviceAccount('kube-system', 'bootstrap-signer')]),
  bindRole('kube-system', SIGNER, [serviceAccount('kube-system', 'bootstrap-signer')]),
  bindRole('kube-system', CLEANER, [serviceAccount('kube-system', 'token-cleaner')]),
  bindRole('kube-system', CLOUD, [serviceAccount('kube-system', 'cloud-provider')]),
  bindRole('kube-system', DNS_ENDPOINTS, [NODES]),
];
