// What an update may change in a pod that exists. What subresources may change is in pod-subresources.ts.
// Upstream: ValidatePodUpdate.
import type * as core from 'kubernetes-types/core/v1.js';
import { differences, semanticEqual } from '../../equal.ts';
import { rangeMessage } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { NODE_SELECTOR_TERM, goStruct } from './go-structs.ts';
import { validateAnnotationUpdates } from './pod-annotations.ts';
import { trimmedImage } from './pod-containers.ts';
import { validateTolerations } from './pod-scheduling.ts';
import type { Container, Pod, PodSpec } from './pod-types.ts';

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');
const MAX_INT32 = 2147483647;

function sameNumber(errors: FieldErrors, path: string, now: readonly Container[], old: readonly Container[]): boolean {
  if (now.length !== old.length) {
    errors.forbidden(path, 'pod updates may not add or remove containers');
    return false;
  }
  now.forEach((c, i) => {
    if (!c.image) errors.required(`${path}[${i}].image`);
    trimmedImage(errors, `${path}[${i}]`, c);
  });
  return true;
}

function deadline(errors: FieldErrors, now: number | undefined, old: number | undefined): boolean {
  const field = 'spec.activeDeadlineSeconds';
  if (now == null) {
    if (old != null) errors.invalid(field, null, 'must not update from a positive integer to nil value');
    return true;
  }
  if (now < 0 || now > MAX_INT32) errors.invalid(field, now, rangeMessage(0, MAX_INT32));
  else if (old != null && old < now) errors.invalid(field, now, 'must be less than or equal to previous value');
  else return true;
  return false;
}

function tolerations(errors: FieldErrors, now: readonly core.Toleration[], old: readonly core.Toleration[]): void {
  const kept = old.every((o) =>
    now.some((n) => semanticEqual({ ...o, tolerationSeconds: 0 }, { ...n, tolerationSeconds: 0 })),
  );
  if (kept) validateTolerations(errors, 'spec.tolerations', now);
  else errors.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
}

function schedulingGates(errors: FieldErrors, now: PodSpec, old: PodSpec): void {
  const before = new Set(old.schedulingGates?.map((g) => g.name));
  now.schedulingGates?.forEach((gate, i) => {
    if (before.has(gate.name)) return;
    const why = `only deletion is allowed, but found new scheduling gate '${gate.name}'`;
    errors.forbidden(`spec.schedulingGates[${i}].name`, why);
  });
}

const withImages = (now: readonly Container[] | undefined, old: readonly Container[] | undefined) =>
  now?.map((c, i) => ({ ...c, image: old?.[i]?.image }));

/** The new spec with everything that may change set back. */
function munged(now: PodSpec, old: PodSpec): object {
  const spec: Record<string, unknown> = {
    ...now,
    containers: withImages(now.containers, old.containers),
    initContainers: withImages(now.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
  };
  const [grace, oldGrace] = [now.terminationGracePeriodSeconds, old.terminationGracePeriodSeconds];
  if (oldGrace != null && oldGrace < 0 && grace === 1) spec['terminationGracePeriodSeconds'] = oldGrace;
  return spec;
}

type Term = core.NodeSelectorTerm;

/** What stood in a term stands there still, at the front. */
function onlyAdds(now: Term, old: Term): boolean {
  const fields = ['matchExpressions', 'matchFields'] as const;
  // A term that matched nothing must not come to match something.
  if (fields.every((f) => !old[f]?.length)) return fields.every((f) => !now[f]?.length);
  return fields.every((f) => !old[f]?.length || semanticEqual(now[f]?.slice(0, old[f].length), old[f]));
}

/** Upstream: validateNodeAffinityMutation. */
function nodeAffinity(errors: FieldErrors, now: core.NodeAffinity | undefined, old: core.NodeAffinity | undefined) {
  const before = old?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  if (!before.length) return;
  const after = now?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  if (before.length !== after.length) {
    const why = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    return errors.invalid(path, after.length ? after.map((term) => goStruct(term, NODE_SELECTOR_TERM)) : null, why);
  }
  before.forEach((term, i) => {
    if (onlyAdds(after[i]!, term)) return;
    errors.invalid(
      `${path}[${i}]`,
      goStruct(after[i], NODE_SELECTOR_TERM),
      'only additions are allowed (no mutations or deletions)',
    );
  });
}

/** A pod that waits at a gate may still be told more narrowly where to run. */
function gatedChanges(errors: FieldErrors, spec: Record<string, unknown>, now: PodSpec, old: PodSpec): void {
  for (const key in old.nodeSelector) {
    if (now.nodeSelector?.[key] === old.nodeSelector[key]) continue;
    const why = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
    errors.invalid('spec.nodeSelector', now.nodeSelector, why);
    break;
  }
  spec['nodeSelector'] = old.nodeSelector;
  const [affinity, before] = [now.affinity?.nodeAffinity, old.affinity?.nodeAffinity];
  if (semanticEqual(affinity, before)) return;
  nodeAffinity(errors, affinity, before);
  spec['affinity'] = { ...now.affinity, nodeAffinity: before };
}

export function validatePodUpdate(pod: Pod, oldPod: Pod, errors: FieldErrors): void {
  const [now, old] = [pod.spec!, oldPod.spec!];
  validateAnnotationUpdates(errors, 'metadata.annotations', pod.metadata?.annotations, oldPod.metadata?.annotations);
  if (!sameNumber(errors, 'spec.containers', now.containers ?? [], old.containers ?? [])) return;
  if (!sameNumber(errors, 'spec.initContainers', now.initContainers ?? [], old.initContainers ?? [])) return;
  if (!deadline(errors, now.activeDeadlineSeconds, old.activeDeadlineSeconds)) return;
  tolerations(errors, now.tolerations ?? [], old.tolerations ?? []);
  schedulingGates(errors, now, old);
  if (semanticEqual(now, old)) return;
  const spec = munged(now, old) as Record<string, unknown>;
  if (old.schedulingGates?.length) gatedChanges(errors, spec, now, old);
  if (semanticEqual(spec, old)) return;
  const changes = differences(old, spec, 'spec').join('\n');
  errors.forbidden('spec', `pod updates may not change fields other than ${UPDATABLE}\n${changes}\n`);
}
