// The five conditions by which a terminating namespace says what keeps it. Upstream:
// pkg/controller/namespace/deletion/status_condition_utils.go. Pure.
import type { NamespaceCondition } from 'kubernetes-types/core/v1.js';
import { timestamp } from '../shared/conditions.ts';

/** What one pass over the namespace's content found. */
export interface ContentReport {
  /** Group versions whose discovery failed. */
  undiscovered: readonly string[];
  /** Messages of deletions that failed. */
  errors: readonly string[];
  /** `pods.`, `deployments.apps` → objects that are still there. */
  remaining: ReadonlyMap<string, number>;
  /** Finalizer → objects that wait for it. */
  finalizers: ReadonlyMap<string, number>;
}

const fine: readonly [type: string, reason: string, message: string][] = [
  ['NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'],
  ['NamespaceDeletionGroupVersionParsingFailure', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'],
  [
    'NamespaceDeletionContentFailure',
    'ContentDeleted',
    'All content successfully deleted, may be waiting on finalization',
  ],
  ['NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed'],
  ['NamespaceFinalizersRemaining', 'ContentRemoved', 'All content successfully removed'],
];

const listed = (counts: ReadonlyMap<string, number>, text: (name: string, count: number) => string): string =>
  [...counts]
    .filter(([, count]) => count > 0)
    .map(([name, count]) => text(name, count))
    .sort()
    .join(', ');

/** Problems by condition type. */
function problems({ undiscovered, errors, remaining, finalizers }: ContentReport): Map<string, [string, string]> {
  const found = new Map<string, [string, string]>();
  if (undiscovered.length > 0) {
    const text = `unable to retrieve the complete list of server APIs: ${[...undiscovered].sort().join(', ')}`;
    const message = `Discovery failed for some groups, ${undiscovered.length} failing: ${text}`;
    found.set('NamespaceDeletionDiscoveryFailure', ['DiscoveryFailed', message]);
  }
  if (errors.length > 0) {
    const message = `Failed to delete all resource types, ${errors.length} remaining: ${[...errors].sort().join(', ')}`;
    found.set('NamespaceDeletionContentFailure', ['ContentDeletionFailed', message]);
  }
  const left = listed(remaining, (name, count) => `${name} has ${count} resource instances`);
  if (left) found.set('NamespaceContentRemaining', ['SomeResourcesRemain', `Some resources are remaining: ${left}`]);
  const waiting = listed(finalizers, (name, count) => `${name} in ${count} resource instances`);
  if (waiting) {
    found.set('NamespaceFinalizersRemaining', [
      'SomeFinalizersRemain',
      `Some content in the namespace has finalizers remaining: ${waiting}`,
    ]);
  }
  return found;
}

/** The new conditions, in place of the old ones; undefined when nothing changed. */
export function namespaceConditions(
  current: readonly NamespaceCondition[] | undefined,
  report: ContentReport,
  nowMs: number,
): NamespaceCondition[] | undefined {
  const found = problems(report);
  const conditions = [...(current ?? [])];
  let changed = false;
  for (const [type, reason, message] of fine) {
    const problem = found.get(type);
    const next: NamespaceCondition = {
      type,
      status: problem ? 'True' : 'False',
      lastTransitionTime: timestamp(nowMs),
      reason: problem?.[0] ?? reason,
      message: problem?.[1] ?? message,
    };
    const index = conditions.findIndex((c) => c.type === type);
    const old = conditions[index];
    if (!old) conditions.push(next);
    else if (old.status === next.status && old.reason === next.reason && old.message === next.message) continue;
    else {
      if (old.status === next.status && old.lastTransitionTime) next.lastTransitionTime = old.lastTransitionTime;
      conditions[index] = next;
    }
    changed = true;
  }
  return changed ? conditions : undefined;
}
