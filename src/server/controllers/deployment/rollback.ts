// A Deployment that asks in an annotation to be rolled back, as `spec.rollbackTo` of the old versions says it: gets the
// template and the annotations of the set of that revision, and asks no more.
// Upstream: pkg/controller/deployment/rollback.go. Not `rollout undo`, which writes the template itself.
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { ROLLBACK_TO, isCopied, revisionOf } from './annotations.ts';
import type { Rollout } from './rollout.ts';
import { equalIgnoringHash, withoutHash } from './template.ts';

/** Undefined: none is asked for. 0: the one before. What is no number is ignored. */
export function askedRevision({ metadata }: Deployment): bigint | undefined {
  const text = metadata?.annotations?.[ROLLBACK_TO] ?? '';
  return /^[+-]?\d+$/.test(text) ? BigInt(text) : undefined;
}

/** The second highest; 0 when there is none. Upstream: LastRevision. */
export function lastRevision(sets: readonly ReplicaSet[]): bigint {
  let [most, second] = [0n, 0n];
  for (const revision of sets.map(revisionOf)) {
    if (revision >= most) [most, second] = [revision, most];
    else if (revision > second) second = revision;
  }
  return second;
}

export async function rollBack(rollout: Rollout, sets: readonly ReplicaSet[], asked: bigint): Promise<void> {
  const { deployment } = rollout;
  const revision = asked === 0n ? lastRevision(sets) : asked;
  const missing = (message: string) => rollout.event('Warning', 'DeploymentRollbackRevisionNotFound', message);
  if (revision === 0n) {
    missing('Unable to find last revision.');
    return rollout.update(withoutRequest(deployment));
  }
  const set = sets.find((rs) => revisionOf(rs) === revision);
  if (!set) {
    missing('Unable to find the revision to rollback to.');
    return rollout.update(withoutRequest(deployment));
  }
  const name = deployment.metadata?.name;
  if (equalIgnoringHash(deployment.spec?.template, set.spec?.template)) {
    const message = `The rollback revision contains the same template as current deployment "${name}"`;
    rollout.event('Warning', 'DeploymentRollbackTemplateUnchanged', message);
    return rollout.update(withoutRequest(deployment));
  }
  await rollout.update(withoutRequest(rolledBack(deployment, set)));
  rollout.event('Normal', 'DeploymentRollback', `Rolled back deployment "${name}" to revision ${revision}`);
}

/** Also its annotations are those that it had then: a cause of change belongs to its template. */
function rolledBack(deployment: Deployment, set: ReplicaSet): Deployment {
  const own = Object.entries(deployment.metadata?.annotations ?? {}).filter(([key]) => !isCopied(key));
  const then = Object.entries(set.metadata?.annotations ?? {}).filter(([key]) => isCopied(key));
  return {
    ...deployment,
    metadata: { ...deployment.metadata, annotations: Object.fromEntries([...own, ...then]) },
    spec: { ...deployment.spec!, template: withoutHash(set.spec?.template) },
  };
}

function withoutRequest(deployment: Deployment): Deployment {
  const { [ROLLBACK_TO]: _, ...annotations } = deployment.metadata?.annotations ?? {};
  return { ...deployment, metadata: { ...deployment.metadata, annotations } };
}
