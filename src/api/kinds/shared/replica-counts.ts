// The counters in the status of ReplicaSet and ReplicationController. Upstream: ValidateReplicaSetStatus.
import type { FieldErrors } from '../../validation.ts';
import { REPLICAS_GATES, dropper } from './feature-gates.ts';
import { nonNegative } from './field-rules.ts';

interface Counts {
  replicas?: number;
  fullyLabeledReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  observedGeneration?: number;
  collisionCount?: number | null;
}

export const dropTerminatingReplicas = dropper(REPLICAS_GATES);

export function validateReplicaCounts(errors: FieldErrors, status: Counts = {}): void {
  const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;
  for (const field of ['replicas', ...parts, 'observedGeneration'] as const) {
    nonNegative(errors, `status.${field}`, status[field]);
  }
  for (const field of parts) {
    if ((status[field] ?? 0) <= (status.replicas ?? 0)) continue;
    errors.invalid(`status.${field}`, status[field] ?? 0, 'cannot be greater than status.replicas');
  }
  if ((status.availableReplicas ?? 0) > (status.readyReplicas ?? 0)) {
    errors.invalid('status.availableReplicas', status.availableReplicas ?? 0, 'cannot be greater than readyReplicas');
  }
}

/** It makes names unique, and so never goes back. */
export function collisionCount(errors: FieldErrors, status: Counts = {}, old: Counts = {}): void {
  if ((status.collisionCount ?? 0) < (old.collisionCount ?? 0)) {
    errors.invalid('status.collisionCount', status.collisionCount ?? 0, 'cannot be decremented');
  }
}
