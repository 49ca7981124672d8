// What identifies a resource during a build: kind, name and effective namespace, printed as kustomize prints them.
// Upstream: kustomize kyaml/resid (gvk.go, resid.go).
import { parseApiVersion } from '../types.ts';

export interface Gvk {
  group: string;
  version: string;
  kind: string;
}

export interface ResId extends Gvk {
  name: string;
  namespace: string;
}

export type GvkSelector = Partial<Gvk>;

/** Upstream's placeholder for the namespace of what has none. */
export const CLUSTER_SCOPE = '_non_namespaceable_';

/** Kinds that exist once in a cluster, by group, as kustomize's own schema (Kubernetes 1.21) has them; no others. */
const clusterKinds = new Map<string, Set<string>>(
  Object.entries({
    '': ['ComponentStatus', 'Namespace', 'Node', 'PersistentVolume'],
    'admissionregistration.k8s.io': ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
    'apiextensions.k8s.io': ['CustomResourceDefinition'],
    'apiregistration.k8s.io': ['APIService'],
    'authentication.k8s.io': ['TokenReview'],
    'authorization.k8s.io': ['SelfSubjectAccessReview', 'SelfSubjectRulesReview', 'SubjectAccessReview'],
    'certificates.k8s.io': ['CertificateSigningRequest'],
    'flowcontrol.apiserver.k8s.io': ['FlowSchema', 'PriorityLevelConfiguration'],
    'internal.apiserver.k8s.io': ['StorageVersion'],
    'networking.k8s.io': ['IngressClass'],
    'node.k8s.io': ['RuntimeClass'],
    policy: ['PodSecurityPolicy'],
    'rbac.authorization.k8s.io': ['ClusterRole', 'ClusterRoleBinding'],
    'scheduling.k8s.io': ['PriorityClass'],
    'storage.k8s.io': ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment'],
  }).map(([group, kinds]) => [group, new Set(kinds)]),
); // prettier-ignore

export const isClusterScoped = ({ group, kind }: Gvk): boolean => clusterKinds.get(group)?.has(kind) ?? false;

export function gvkOf(object: { apiVersion?: string; kind?: string }): Gvk {
  return { ...parseApiVersion(object.apiVersion ?? ''), kind: object.kind ?? '' };
}

export function effectiveNamespace(id: ResId): string {
  return isClusterScoped(id) ? CLUSTER_SCOPE : id.namespace || 'default';
}

export const sameGvk = (a: Gvk, b: Gvk): boolean => a.kind === b.kind && a.group === b.group && a.version === b.version;

export const sameId = (a: ResId, b: ResId): boolean =>
  a.name === b.name && sameGvk(a, b) && effectiveNamespace(a) === effectiveNamespace(b);

/** One string for equal ids: a key for maps. */
export const idKey = (id: ResId): string => `${id.group}/${id.version}/${id.kind}/${effectiveNamespace(id)}/${id.name}`;

/** Empty fields of the selector match all. */
export const isSelected = (gvk: Gvk, selector: GvkSelector): boolean =>
  (!selector.group || selector.group === gvk.group) &&
  (!selector.version || selector.version === gvk.version) &&
  (!selector.kind || selector.kind === gvk.kind);

export const isSelectedBy = (id: ResId, selector: Partial<ResId>): boolean =>
  (!selector.name || selector.name === id.name) &&
  (!selector.namespace || effectiveNamespace({ ...emptyId, ...selector }) === effectiveNamespace(id)) &&
  isSelected(id, selector);

const emptyId: ResId = { group: '', version: '', kind: '', name: '', namespace: '' };

/** `Deployment.v1.apps` */
export const gvkText = ({ group, version, kind }: GvkSelector): string =>
  `${kind || '[noKind]'}.${version || '[noVer]'}.${group || '[noGrp]'}`;

/** `Deployment.v1.apps/web.[noNs]` */
export const idText = (id: Partial<ResId>): string =>
  `${gvkText(id)}/${id.name || '[noName]'}.${id.namespace || '[noNs]'}`;
