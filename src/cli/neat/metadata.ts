// Metadata without what only servers and controllers write.
import { LAST_APPLIED } from '../last-applied.ts';

export type Fields = Record<string, unknown>;

/** What the server alone writes into metadata. */
export const serverFields = [
  'managedFields',
  'resourceVersion',
  'uid',
  'creationTimestamp',
  'generation',
  'selfLink',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
];

/** Annotations and labels that controllers keep for themselves. */
const notes = [
  LAST_APPLIED,
  'deployment.kubernetes.io/revision',
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.daemonset.template.generation',
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
  'volume.kubernetes.io/storage-provisioner',
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/selected-node',
  'batch.kubernetes.io/job-tracking',
  'kubernetes.io/metadata.name',
  'controller-uid',
  'job-name',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
];

/** Also of templates inside of specs. */
export function tidyMetadata(metadata: Fields): void {
  for (const field of [...serverFields, 'ownerReferences']) delete metadata[field];
  for (const field of ['annotations', 'labels']) {
    const map = metadata[field] as Fields | undefined;
    if (!map) continue;
    for (const note of notes) delete map[note];
    if (Object.keys(map).length === 0) delete metadata[field];
  }
}
