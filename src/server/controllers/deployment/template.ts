// Pod templates: the comparison that finds the ReplicaSet of a template. Upstream: EqualIgnoreHash in
// pkg/controller/deployment/util/deployment_util.go.
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { semanticEqual } from '../../../api/equal.ts';
import { byCreation } from './arithmetic.ts';

export const POD_TEMPLATE_HASH = 'pod-template-hash';

/** Equal but for the hash label. */
export function equalIgnoringHash(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return semanticEqual(withoutHash(a), withoutHash(b));
}

export function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const { [POD_TEMPLATE_HASH]: _, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}

/** The set that runs the Deployment's template: the oldest, when several do. Upstream: FindNewReplicaSet. */
export function findNewSet(d: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...sets].sort(byCreation).find((rs) => equalIgnoringHash(rs.spec?.template, d.spec?.template));
}
