// A table of facts: where the built-in groups stand among all groups, and versions within them. Upstream:
// pkg/controlplane/apiserver/aggregator.go, pkg/controlplane/instance.go (DefaultGenericAPIServicePriorities).

/** Higher comes first in discovery. */
export interface Priority {
  group: number;
  version: number;
}

/** What a custom resource's group gets. Upstream: controllers/crdregistration. */
export const CUSTOM: Priority = { group: 1_000, version: 100 };

const GROUPS: Readonly<Record<string, number>> = {
  '': 18_000,
  // Upstream has no APIService for it and lists it before all others.
  'apiregistration.k8s.io': 17_900,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'admissionregistration.k8s.io': 16_700,
  'apiextensions.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'resource.k8s.io': 15_900,
  // Upstream's while it had it was 17,900; here it comes after the groups that took its kinds over.
  extensions: 15_700,
  // As metrics-server registers itself.
  'metrics.k8s.io': 100,
};

/** Where it is not the version's stability that decides. */
const VERSIONS: Readonly<Record<string, number>> = {
  v1: 1,
  'autoscaling/v2': 30,
  'autoscaling/v2beta1': 9,
  'autoscaling/v2beta2': 1,
  'events.k8s.io/v1beta1': 5,
  'rbac.authorization.k8s.io/v1beta1': 12,
  'rbac.authorization.k8s.io/v1alpha1': 9,
  'admissionregistration.k8s.io/v1beta1': 12,
  'admissionregistration.k8s.io/v1alpha1': 9,
  'scheduling.k8s.io/v1beta1': 12,
  'scheduling.k8s.io/v1alpha1': 9,
  'coordination.k8s.io/v1beta1': 13,
  'discovery.k8s.io/v1beta1': 12,
  'flowcontrol.apiserver.k8s.io/v1': 21,
  'flowcontrol.apiserver.k8s.io/v1beta3': 18,
  'flowcontrol.apiserver.k8s.io/v1beta2': 15,
  'flowcontrol.apiserver.k8s.io/v1beta1': 12,
};

/** Undefined for a group that is not built in. */
export function builtinPriority(group: string, version: string): Priority | undefined {
  const priority = GROUPS[group];
  if (priority === undefined) return undefined;
  const stable = version.includes('alpha') ? 1 : version.includes('beta') ? 9 : 15;
  return { group: priority, version: VERSIONS[group === '' ? version : `${group}/${version}`] ?? stable };
}
