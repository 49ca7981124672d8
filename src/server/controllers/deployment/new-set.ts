// The ReplicaSet of a Deployment's current template: found and brought up to date, or made, with a new name when the
// hash collides. Upstream: getNewReplicaSet in pkg/controller/deployment/sync.go.
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { Deployments, ReplicaSets } from '../../../api/resources.ts';
import { isAlreadyExists } from '../../../api/status.ts';
import { withCondition } from '../shared/conditions.ts';
import { messageOf } from '../shared/objects.ts';
import { templateHash } from '../shared/hash.ts';
import { isControlledBy, newControllerRef } from '../shared/owners.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';
import { REVISION, maxRevision, newSetAnnotations } from './annotations.ts';
import { newSetReplicas } from './arithmetic.ts';
import { deploymentCondition, hasProgressDeadline, progressingCondition } from './progress.ts';
import type { Rollout } from './rollout.ts';
import { POD_TEMPLATE_HASH, equalIgnoringHash, findNewSet } from './template.ts';

export async function ensureNewSet(
  rollout: Rollout,
  sets: readonly ReplicaSet[],
  create: boolean,
): Promise<ReplicaSet | undefined> {
  const found = findNewSet(rollout.deployment, sets);
  const old = sets.filter((rs) => rs !== found);
  const revision = maxRevision(old) + 1n;
  if (found) return refresh(rollout, found, revision);
  return create ? make(rollout, old, revision) : undefined;
}

async function refresh(rollout: Rollout, found: ReplicaSet, revision: bigint): Promise<ReplicaSet> {
  const d = rollout.deployment;
  const { annotations, changed } = newSetAnnotations(d, found, revision, true);
  const minReadySeconds = d.spec?.minReadySeconds;
  let set = found;
  if (changed || (found.spec?.minReadySeconds ?? 0) !== (minReadySeconds ?? 0)) {
    set = await rollout.updateSet({
      ...found,
      metadata: { ...found.metadata, annotations },
      spec: { ...found.spec!, minReadySeconds },
    });
  }
  await rollout.writeRevision(set.metadata?.annotations?.[REVISION]);
  if (hasProgressDeadline(d) && !progressingCondition(d)) {
    await writeProgress(rollout, 'True', 'FoundNewReplicaSet', `Found new replica set "${found.metadata?.name}"`);
  }
  return set;
}

/** The object that is created; its name ends in the template's hash. */
export function newReplicaSet(d: Deployment, old: readonly ReplicaSet[], revision: bigint): ReplicaSet {
  const template = d.spec!.template;
  const hash = templateHash(template, d.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [POD_TEMPLATE_HASH]: hash };
  const rs: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${d.metadata?.name}-${hash}`,
      namespace: d.metadata?.namespace,
      ownerReferences: [newControllerRef(Deployments, d) as Required<ReturnType<typeof newControllerRef>>],
      labels,
    },
    spec: {
      replicas: newSetReplicas(d, old, 0),
      ...(d.spec?.minReadySeconds ? { minReadySeconds: d.spec.minReadySeconds } : {}),
      selector: {
        ...d.spec!.selector,
        matchLabels: { ...d.spec!.selector.matchLabels, [POD_TEMPLATE_HASH]: hash },
      },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
  const { annotations } = newSetAnnotations(d, rs, revision, false);
  return { ...rs, metadata: { ...rs.metadata, annotations } };
}

async function make(rollout: Rollout, old: readonly ReplicaSet[], revision: bigint): Promise<ReplicaSet | undefined> {
  const d = rollout.deployment;
  const wanted = newReplicaSet(d, old, revision);
  const name = wanted.metadata?.name ?? '';
  let set: ReplicaSet;
  let existed = false;
  try {
    set = await rollout.createSet(wanted);
  } catch (error) {
    if (isNamespaceTerminating(error)) return undefined;
    if (!isAlreadyExists(error)) return refused(rollout, name, error);
    // Either our own of a moment ago that the cache does not show yet, or another template with the same hash.
    const live = await rollout.context.client.get(ReplicaSets, { name, namespace: d.metadata?.namespace });
    if (!isControlledBy(live, d) || !equalIgnoringHash(live.spec?.template, d.spec?.template)) {
      await rollout.writeStatus({ ...d.status, collisionCount: (d.status?.collisionCount ?? 0) + 1 });
      throw error;
    }
    set = live;
    existed = true;
  }
  const size = wanted.spec?.replicas ?? 0;
  if (!existed && size > 0) {
    rollout.event('Normal', 'ScalingReplicaSet', `Scaled up replica set ${name} from 0 to ${size}`);
  }
  await rollout.writeRevision(set.metadata?.annotations?.[REVISION]);
  if (!existed && hasProgressDeadline(d)) {
    await writeProgress(rollout, 'True', 'NewReplicaSetCreated', `Created new replica set "${name}"`);
  }
  return set;
}

async function refused(rollout: Rollout, name: string, error: unknown): Promise<never> {
  const message = `Failed to create new replica set "${name}": ${messageOf(error)}`;
  if (hasProgressDeadline(rollout.deployment)) {
    await writeProgress(rollout, 'False', 'ReplicaSetCreateError', message);
  }
  rollout.event('Warning', 'ReplicaSetCreateError', message);
  throw error;
}

async function writeProgress(rollout: Rollout, status: 'True' | 'False', reason: string, message: string) {
  const now = rollout.context.clock.now();
  const condition = deploymentCondition('Progressing', status, reason, message, now);
  const before = rollout.deployment.status ?? {};
  await rollout.writeStatus({ ...before, conditions: withCondition(before.conditions, condition) });
}
