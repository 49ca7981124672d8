// What a pass writes into a Kustomization's status, and which events it sends, with Flux's reasons and words. Upstream:
// kustomize-controller internal/controller/kustomization_controller.go.
import { objectKey, splitKey } from '../api/types.ts';
import type { ControllerContext } from '../client/controller.ts';
import { union } from './apply/inventory.ts';
import { withCondition, withoutCondition } from './conditions.ts';
import type { Failure } from './reconcile.ts';
import type { FileTree } from './source/tree.ts';
import { type InventoryEntry, type Kustomization, Kustomizations, RECONCILE_AT } from './types.ts';

/** One reconcile: `owner` follows our own status writes, so that later ones build on them. */
export interface Turn {
  context: ControllerContext;
  owner: Kustomization;
  tree: FileTree | undefined;
}

export async function progress(turn: Turn, tree: FileTree, message: string, applied: InventoryEntry[] = []) {
  const { context, owner } = turn;
  const observedGeneration = owner.metadata.generation ?? 0;
  const now = context.clock.now();
  const base = { reason: 'Progressing', message, observedGeneration };
  const kept = withoutCondition(owner.status?.conditions, 'Stalled');
  let conditions = withCondition(kept, { ...base, type: 'Reconciling', status: 'True' }, now);
  conditions = withCondition(
    conditions,
    { ...base, type: 'Ready', status: 'Unknown', message: 'Reconciliation in progress' },
    now,
  );
  if (applied.length > 0) conditions = withCondition(conditions, { ...base, type: 'Healthy', status: 'Unknown' }, now);
  const entries = union(owner.status?.inventory?.entries ?? [], applied);
  await patchStatus(turn, { conditions, lastAttemptedRevision: tree.revision, inventory: { entries } });
}

export async function succeed(turn: Turn, tree: FileTree, entries: InventoryEntry[]): Promise<void> {
  const { context, owner } = turn;
  const now = context.clock.now();
  const ready = {
    type: 'Ready',
    status: 'True' as const,
    reason: 'ReconciliationSucceeded',
    message: `Applied revision: ${tree.revision}`,
    observedGeneration: owner.metadata.generation ?? 0,
  };
  let conditions = withCondition(withoutCondition(owner.status?.conditions, 'Reconciling', 'Stalled'), ready, now);
  const checked = owner.spec.wait || (owner.spec.healthChecks ?? []).length > 0;
  const healthy = { ...ready, type: 'Healthy', reason: 'Succeeded', message: 'Health check passed' };
  conditions = checked ? withCondition(conditions, healthy, now) : withoutCondition(conditions, 'Healthy');
  await patchStatus(turn, {
    conditions,
    inventory: { entries },
    observedGeneration: owner.metadata.generation ?? 0,
    lastAppliedRevision: tree.revision,
    lastAttemptedRevision: tree.revision,
  });
}

export async function fail(turn: Turn, failure: Failure): Promise<void> {
  const { context, owner, tree } = turn;
  const now = context.clock.now();
  const { reason, message } = failure;
  const observedGeneration = owner.metadata.generation ?? 0;
  const ready = { type: 'Ready', status: 'False' as const, reason, message, observedGeneration };
  const known = owner.status?.conditions?.find((c) => c.type === 'Ready');
  if (known?.message !== message && !failure.waits) context.events.event(owner, 'Warning', reason, message);
  let conditions = withCondition(withoutCondition(owner.status?.conditions, 'Reconciling', 'Stalled'), ready, now);
  if (reason === 'HealthCheckFailed') conditions = withCondition(conditions, { ...ready, type: 'Healthy' }, now);
  // Nothing but a change of the object can help.
  if (reason === 'InvalidSpec') {
    conditions = withCondition(conditions, { ...ready, type: 'Stalled', status: 'True' }, now);
  }
  await patchStatus(turn, {
    conditions,
    observedGeneration,
    ...(tree ? { lastAttemptedRevision: tree.revision } : {}),
  });
}

export async function patchStatus(turn: Turn, change: Kustomization['status']): Promise<void> {
  const { context, owner } = turn;
  const handled = owner.metadata.annotations?.[RECONCILE_AT];
  const done = change?.observedGeneration !== undefined;
  const status = { ...change, ...(handled && done ? { lastHandledReconcileAt: handled } : {}) };
  const current = (owner.status ?? {}) as Record<string, unknown>;
  const changed = Object.entries(status).filter(([k, v]) => JSON.stringify(current[k]) !== JSON.stringify(v));
  if (changed.length === 0) return;
  const key = splitKey(objectKey(owner));
  const patch = { status: Object.fromEntries(changed) };
  turn.owner = await context.client.patch(Kustomizations, key, 'merge', patch, { subresource: 'status' });
}
