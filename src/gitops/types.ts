// The custom resources of the GitOps loop: Flux's, with the fields that Sampan acts on. Upstream:
// fluxcd/source-controller api/v1, fluxcd/kustomize-controller api/v1, fluxcd/pkg/apis/meta.
import type { KubeObject, ObjectMeta, ResourceType } from '../api/types.ts';

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number;
}

export interface GitReference {
  branch?: string;
  tag?: string;
  semver?: string;
  /** A full ref: refs/heads/main, refs/pull/1/head. */
  name?: string;
  commit?: string;
}

export interface GitRepositorySpec {
  url: string;
  ref?: GitReference;
  interval: string;
  timeout?: string;
  suspend?: boolean;
  secretRef?: { name: string };
  /** gitignore patterns of what is not part of the artifact. */
  ignore?: string;
}

export interface Artifact {
  path: string;
  url: string;
  /** `main@sha1:<commit>`. */
  revision: string;
  digest?: string;
  lastUpdateTime: string;
  size?: number;
}

export interface GitRepository extends KubeObject {
  metadata: ObjectMeta;
  spec: GitRepositorySpec;
  status?: {
    observedGeneration?: number;
    conditions?: Condition[];
    artifact?: Artifact;
    lastHandledReconcileAt?: string;
  };
}

export interface ObjectReference {
  apiVersion?: string;
  kind: string;
  name: string;
  namespace?: string;
}

export interface KustomizationSpec {
  sourceRef: ObjectReference;
  path?: string;
  prune: boolean;
  interval: string;
  retryInterval?: string;
  timeout?: string;
  suspend?: boolean;
  force?: boolean;
  wait?: boolean;
  healthChecks?: ObjectReference[];
  dependsOn?: { name: string; namespace?: string }[];
  targetNamespace?: string;
  namePrefix?: string;
  nameSuffix?: string;
  serviceAccountName?: string;
  commonMetadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  images?: { name: string; newName?: string; newTag?: string; digest?: string }[];
  patches?: { patch: string; target?: Record<string, string> }[];
  components?: string[];
  postBuild?: {
    substitute?: Record<string, string>;
    substituteFrom?: { kind: 'ConfigMap' | 'Secret'; name: string; optional?: boolean }[];
  };
  deletionPolicy?: 'MirrorPrune' | 'Delete' | 'WaitForTermination' | 'Orphan';
}

/** `<namespace>_<name>_<group>_<kind>` and the version, as cli-utils writes them. */
export interface InventoryEntry {
  id: string;
  v: string;
}

export interface Kustomization extends KubeObject {
  metadata: ObjectMeta;
  spec: KustomizationSpec;
  status?: {
    observedGeneration?: number;
    conditions?: Condition[];
    inventory?: { entries: InventoryEntry[] };
    lastAppliedRevision?: string;
    lastAttemptedRevision?: string;
    lastHandledReconcileAt?: string;
  };
}

export const GitRepositories: ResourceType<GitRepository> = {
  group: 'source.toolkit.fluxcd.io',
  version: 'v1',
  plural: 'gitrepositories',
  kind: 'GitRepository',
  namespaced: true,
};
export const Kustomizations: ResourceType<Kustomization> = {
  group: 'kustomize.toolkit.fluxcd.io',
  version: 'v1',
  plural: 'kustomizations',
  kind: 'Kustomization',
  namespaced: true,
};

/** `sampan gitops reconcile` and `flux reconcile` write the time here; the loop copies it to status when done. */
export const RECONCILE_AT = 'reconcile.fluxcd.io/requestedAt';
/** On objects: who applied them. */
export const OWNER_NAME = 'kustomize.toolkit.fluxcd.io/name';
export const OWNER_NAMESPACE = 'kustomize.toolkit.fluxcd.io/namespace';
/** On objects: `disabled` leaves them alone. */
export const PRUNE = 'kustomize.toolkit.fluxcd.io/prune';
export const RECONCILE = 'kustomize.toolkit.fluxcd.io/reconcile';
/** On objects: Merge (default Override), IfNotPresent, Ignore. */
export const SSA = 'kustomize.toolkit.fluxcd.io/ssa';
/** On objects: `enabled` recreates what may not be changed. */
export const FORCE = 'kustomize.toolkit.fluxcd.io/force';
export const FINALIZER = 'finalizers.fluxcd.io';
export const FIELD_MANAGER = 'kustomize-controller';
