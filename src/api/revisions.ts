// ControllerRevisions as the history of StatefulSets and DaemonSets: each keeps a strategic merge patch that puts a
// whole pod template back. Pure; shared by the controllers and by `rollout history` and `rollout undo`.
// Upstream: getPatch in pkg/controller/{statefulset,daemon} and kubectl/pkg/polymorphichelpers, pkg/controller/history.
import type { ControllerRevision } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { semanticEqual } from './equal.ts';

/** On pods: a StatefulSet's revision name, or the hash of a DaemonSet's. On DaemonSet revisions: the hash. */
export const REVISION_HASH = 'controller-revision-hash';

export interface RevisionData {
  spec: { template: PodTemplateSpec & { $patch: 'replace' } };
}

const dataOf = (template: PodTemplateSpec): RevisionData => ({
  spec: { template: { ...template, $patch: 'replace' } },
});

/**
 * What a revision of this template stores: with sorted keys and the empty `resources` that Go prints, since kubectl
 * tells revisions apart by their bytes.
 */
export function revisionData(template: PodTemplateSpec): RevisionData {
  const { spec } = template;
  const printed = <T extends { resources?: object }>(list: readonly T[] | undefined) =>
    list?.map((container) => ({ ...container, resources: container.resources ?? {} }));
  const initContainers = printed(spec?.initContainers);
  const containers = printed(spec?.containers) ?? [];
  return sorted(
    dataOf({
      ...template,
      ...(spec ? { spec: { ...spec, containers, ...(initContainers ? { initContainers } : {}) } } : {}),
    }),
  );
}

function sorted<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted) as T;
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  entries.sort(([x], [y]) => (x < y ? -1 : 1));
  return Object.fromEntries(entries.map(([k, v]) => [k, sorted(v)])) as T;
}

/** The template that a revision puts back. Throws for data that is no such patch. */
export function templateOfRevision(revision: ControllerRevision): PodTemplateSpec {
  const { spec } = (revision.data ?? {}) as unknown as Partial<RevisionData>;
  if (!spec?.template) throw new Error(`unable to parse history ${revision.metadata?.name}`);
  const { $patch: _, ...template } = spec.template;
  return template;
}

/** Absent, null and empty values are the same: another server's encoder may have written the revision. */
export const sameRevisionData = (a: ControllerRevision, b: ControllerRevision): boolean =>
  semanticEqual(a.data, b.data);

export const isRevisionOf = (revision: ControllerRevision, template: PodTemplateSpec): boolean =>
  semanticEqual(revision.data, dataOf(template));

/** Oldest first; of equal numbers the older object, then by name. Upstream: history.byRevision. */
export function byRevision(a: ControllerRevision, b: ControllerRevision): number {
  if (a.revision !== b.revision) return a.revision - b.revision;
  const created = (r: ControllerRevision) => Date.parse(r.metadata?.creationTimestamp ?? '') || 0;
  return created(a) - created(b) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1);
}
