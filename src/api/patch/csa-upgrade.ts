// Hands what a client-side apply owned (an Update entry) over to a server-side one (an Apply entry), so that fields which
// leave the manifest are removed from then on. Upstream: client-go util/csaupgrade/upgrade.go.
import type { JsonObject, ManagedFieldsEntry } from '../types.ts';
import { union, type FieldNode } from './field-set.ts';
import { readFields } from './fields-v1.ts';

const setOf = (entry: ManagedFieldsEntry): FieldNode => {
  try {
    return readFields(entry.fieldsV1 ?? {});
  } catch {
    return {};
  }
};

function upgradeFrom(
  entries: readonly ManagedFieldsEntry[],
  from: string,
  to: string,
  subresource: string,
): readonly ManagedFieldsEntry[] {
  const here = (entry: ManagedFieldsEntry): boolean => (entry.subresource ?? '') === subresource;
  const isOld = (e: ManagedFieldsEntry): boolean => e.manager === from && e.operation === 'Update' && here(e);
  const isNew = (e: ManagedFieldsEntry): boolean => e.manager === to && e.operation === 'Apply' && here(e);
  const target = entries.find(isNew) ?? entries.find(isOld);
  if (!target || !entries.some(isOld)) return entries;
  // Entries of other versions name fields that this version may not have.
  const same = entries.find((e) => isOld(e) && e.apiVersion === target.apiVersion);
  const fields = same ? union(setOf(target), setOf(same)) : setOf(target);
  const upgraded: ManagedFieldsEntry = {
    ...target,
    manager: to,
    operation: 'Apply',
    fieldsV1: fields as JsonObject,
  };
  return entries.flatMap((entry) => (entry === target ? [upgraded] : isOld(entry) ? [] : [entry]));
}

/**
 * The entries after the hand-over; the same array when there is nothing to hand over. `from` are the managers of
 * client-side applies (`kubectl-client-side-apply`, and the programs that used it), `to` the server-side one's.
 */
export function upgradeManagedFields(
  entries: readonly ManagedFieldsEntry[],
  from: readonly string[],
  to: string,
  subresource = '',
): readonly ManagedFieldsEntry[] {
  return from.reduce((current, manager) => upgradeFrom(current, manager, to, subresource), entries);
}
