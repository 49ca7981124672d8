// Owners that stand twice in an object count once, with a warning. Upstream: apiserver/pkg/endpoints/handlers/rest.go
// (dedupOwnerReferencesAndAddWarning). Owners are not otherwise judged here.
import { deepEqual } from '../../../api/patch/equal.ts';
import type { OwnerReference, Unstructured } from '../../../api/types.ts';
import type { RequestContext } from '../context.ts';

const REASON =
  'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed:';

/** Of creations and updates what was sent is looked at, and of all writes what admission made of it. */
export function dedupOwners(
  context: RequestContext,
  { metadata }: Unstructured,
  when: 'as sent' | 'after admission',
): void {
  const owners = metadata.ownerReferences;
  // Nearly all objects have one owner or none.
  if (!owners || owners.length < 2) return;
  const kept: OwnerReference[] = [];
  const doubled: string[] = [];
  for (const owner of owners) {
    if (kept.some((other) => other.uid === owner.uid && deepEqual(other, owner))) doubled.push(owner.uid);
    else kept.push(owner);
  }
  if (doubled.length === 0) return;
  const what = when === 'as sent' ? 'duplicate entries' : 'duplicate entries after mutating admission happens';
  context.warnings.push(`.metadata.ownerReferences contains ${what}; ${REASON} ${doubled.join(', ')}`);
  metadata.ownerReferences = kept;
}
