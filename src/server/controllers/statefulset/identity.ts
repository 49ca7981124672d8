// Who a StatefulSet's pods are: names and ordinals, the labels and volumes that go with them, and the pod that is made
// for an ordinal. Upstream: pkg/controller/statefulset/stateful_set_utils.go.
import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { Pod, PodTemplateSpec, Volume } from 'kubernetes-types/core/v1.js';
import { StatefulSets } from '../../../api/resources.ts';
import { REVISION_HASH } from '../../../api/revisions.ts';
import { newControllerRef } from '../shared/owners.ts';
import { podFromTemplate } from '../shared/pod-control.ts';

export const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
export const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index';

/** A template and the name of the revision that holds it. */
export interface VersionedTemplate {
  revision: string;
  template: PodTemplateSpec;
}

/** `web-2` → ['web', 2]; what no set has made → ['', -1]. */
export function parentAndOrdinal(pod: Pod): [string, number] {
  const match = /^(.*)-([0-9]+)$/s.exec(pod.metadata?.name ?? '');
  if (!match) return ['', -1];
  const ordinal = Number(match[2]);
  return [match[1]!, ordinal <= 0x7fffffff ? ordinal : -1];
}
export const ordinalOf = (pod: Pod): number => parentAndOrdinal(pod)[1];
export const isMember = (set: StatefulSet, pod: Pod): boolean => parentAndOrdinal(pod)[0] === set.metadata?.name;

export const replicasOf = (set: StatefulSet): number => set.spec?.replicas ?? 1;
export const startOrdinal = (set: StatefulSet): number => set.spec?.ordinals?.start ?? 0;
export const inOrdinalRange = (set: StatefulSet, ordinal: number): boolean =>
  ordinal >= startOrdinal(set) && ordinal < startOrdinal(set) + replicasOf(set);

export const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata?.name}-${ordinal}`;
export const claimName = (set: StatefulSet, claimTemplate: string, ordinal: number): string =>
  `${claimTemplate}-${podName(set, ordinal)}`;
export const claimTemplates = (set: StatefulSet): string[] =>
  (set.spec?.volumeClaimTemplates ?? []).map((t) => t.metadata?.name ?? '');

export const revisionOf = (pod: Pod): string => pod.metadata?.labels?.[REVISION_HASH] ?? '';

/** Has the name and the label by which services and network policies find it. */
export function identityMatches(set: StatefulSet, pod: Pod): boolean {
  const [parent, ordinal] = parentAndOrdinal(pod);
  const { name, namespace, labels } = pod.metadata ?? {};
  return (
    ordinal >= 0 &&
    parent === set.metadata?.name &&
    name === podName(set, ordinal) &&
    namespace === set.metadata.namespace &&
    labels?.[POD_NAME_LABEL] === name
  );
}

/** Mounts the claims of its ordinal. */
export function storageMatches(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(pod);
  if (ordinal < 0) return false;
  return claimTemplates(set).every((template) => {
    const volume = pod.spec?.volumes?.find((v) => v.name === template);
    return volume?.persistentVolumeClaim?.claimName === claimName(set, template, ordinal);
  });
}

export function withIdentity(set: StatefulSet, pod: Pod): Pod {
  const ordinal = ordinalOf(pod);
  const name = podName(set, ordinal);
  const labels = { ...pod.metadata?.labels, [POD_NAME_LABEL]: name, [POD_INDEX_LABEL]: String(ordinal) };
  return { ...pod, metadata: { ...pod.metadata, name, namespace: set.metadata?.namespace, labels } };
}

/** Volumes of the claims take the place of volumes with the same names. */
export function withStorage(set: StatefulSet, pod: Pod): Pod {
  const templates = claimTemplates(set);
  if (templates.length === 0) return pod;
  const ordinal = ordinalOf(pod);
  const claimed = templates.map((name): Volume => ({
    name,
    persistentVolumeClaim: { claimName: claimName(set, name, ordinal) },
  }));
  const others = (pod.spec?.volumes ?? []).filter((v) => !templates.includes(v.name));
  return { ...pod, spec: { ...pod.spec!, volumes: [...claimed, ...others] } };
}

export function newPod(set: StatefulSet, { revision, template }: VersionedTemplate, ordinal: number): Pod {
  const made = podFromTemplate(template, set, newControllerRef(StatefulSets, set));
  const name = podName(set, ordinal);
  const labels = { ...made.metadata?.labels, [REVISION_HASH]: revision };
  const subdomain = set.spec?.serviceName;
  const spec = { ...made.spec!, hostname: name, ...(subdomain ? { subdomain } : {}) };
  return withStorage(set, withIdentity(set, { ...made, metadata: { ...made.metadata, name, labels }, spec }));
}

/** Below the partition, and while a set without partition is only partly rolled, pods are made as they were. */
export function newVersionedPod(
  set: StatefulSet,
  current: VersionedTemplate,
  update: VersionedTemplate,
  ordinal: number,
): Pod {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  const fromStart = ordinal - startOrdinal(set);
  const old = rollingUpdate
    ? fromStart < (rollingUpdate.partition ?? 0)
    : type === 'RollingUpdate' && fromStart < (set.status?.currentReplicas ?? 0);
  return newPod(set, old ? current : update, ordinal);
}
