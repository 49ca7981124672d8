// Looks at one object: what of it is ours to compare, and who else has written to it. Pure.
import { createHash } from 'node:crypto';
import type { ManagedFieldsEntry, Unstructured } from '../../api/types.ts';
import { FIELD_MANAGER } from '../types.ts';

/**
 * Equal for two states of an object that differ only in what controllers report. A fingerprint that is not the one of
 * our last write means that somebody has changed the object.
 */
export function fingerprint(object: Unstructured): string {
  const { metadata, status: _status, ...rest } = object;
  const { labels, annotations, ownerReferences, finalizers, deletionTimestamp } = metadata;
  return digest([labels, annotations, ownerReferences, finalizers, deletionTimestamp, rest]);
}

/** Equal for equal manifests. */
export const manifestDigest = (wanted: Unstructured): string => digest(wanted);

const digest = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner)))
    .digest('base64');

type Fields = { [key: string]: Fields };

function merge(a: Fields, b: Fields): Fields {
  const merged: Fields = { ...a };
  for (const [key, value] of Object.entries(b)) merged[key] = merged[key] ? merge(merged[key], value) : value;
  return merged;
}

/** Managers whose changes by hand are taken back: what they own and Git does not say is removed. */
const overruled = (entry: ManagedFieldsEntry): boolean =>
  !entry.subresource &&
  ((entry.manager ?? '').startsWith('kubectl') ||
    entry.manager === 'sampan' ||
    entry.manager === 'before-first-apply' ||
    (entry.manager === FIELD_MANAGER && entry.operation === 'Update'));

/**
 * The managedFields with such entries made part of our own Apply entry; undefined when there are none. The next
 * apply then removes what is in them and not in Git. Upstream: fluxcd/pkg/ssa managedfields.go.
 */
export function takeOver(object: Unstructured): ManagedFieldsEntry[] | undefined {
  const entries = object.metadata.managedFields ?? [];
  const foreign = entries.filter(overruled);
  if (foreign.length === 0) return undefined;
  const ours = entries.find((e) => e.manager === FIELD_MANAGER && e.operation === 'Apply');
  const sets = [...(ours ? [ours] : []), ...foreign].map((e) => (e.fieldsV1 ?? {}) as Fields);
  const fields = sets.reduce(merge, {});
  const taken = { ...(ours ?? foreign[0]!), manager: FIELD_MANAGER, operation: 'Apply', fieldsV1: fields };
  return [taken, ...entries.filter((e) => e !== ours && !overruled(e))];
}
