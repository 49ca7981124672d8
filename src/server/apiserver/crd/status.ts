// What the server says of a CustomResourceDefinition: which names it accepted, and that it is served. Decided in the
// write itself, so that a definition is established when its creation is answered.
// Upstream: apiextensions-apiserver pkg/controller/{status,establish}.
import type { Lister } from '../../admission/types.ts';
import { CustomResourceDefinitions } from '../../../api/resources.ts';
import { type Condition, type Crd, type CrdNames, CLEANUP_FINALIZER, setCondition } from './types.ts';
import { storageVersion } from './definition.ts';

/** Fills in status for the spec as it is now. `old` is undefined on create. */
export function settleStatus(crd: Crd, old: Crd | undefined, lister: Lister, nowIso: string): void {
  const others = (lister.list(CustomResourceDefinitions) as unknown as readonly Crd[]).filter(
    (other) => other.spec.group === crd.spec.group && other.metadata.name !== crd.metadata.name,
  );
  const status = (crd.status ??= {});
  const names = withDefaults(crd.spec.names);
  const taken = conflictOf(names, others);
  setCondition(
    crd,
    taken ?? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
    nowIso,
  );
  const established = old?.status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True') === true;
  if (!taken) status.acceptedNames = names;
  else status.acceptedNames ??= old?.status?.acceptedNames ?? { plural: '', kind: '' };
  setCondition(crd, establishment(established || !taken), nowIso);
  const stored = new Set(old?.status?.storedVersions ?? status.storedVersions ?? []);
  stored.add(storageVersion(crd).name);
  status.storedVersions = [...stored];
}

const establishment = (established: boolean): Condition =>
  established
    ? {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      }
    : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };

function withDefaults(names: CrdNames): CrdNames {
  return {
    ...names,
    singular: names.singular || names.kind.toLowerCase(),
    listKind: names.listKind || `${names.kind}List`,
  };
}

function conflictOf(names: CrdNames, others: readonly Crd[]): Condition | undefined {
  const plurals = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of others) {
    const accepted = status?.acceptedNames;
    if (!accepted) continue;
    for (const name of [accepted.plural, accepted.singular, ...(accepted.shortNames ?? [])])
      if (name) plurals.add(name);
    for (const name of [accepted.kind, accepted.listKind]) if (name) kinds.add(name);
  }
  const no = (reason: string, name: string): Condition => ({
    type: 'NamesAccepted',
    status: 'False',
    reason,
    message: `${JSON.stringify(name)} is already in use`,
  });
  // Upstream looks at one after the other, and the last problem is the one that it tells.
  if (names.listKind && kinds.has(names.listKind)) return no('ListKindConflict', names.listKind);
  if (kinds.has(names.kind)) return no('KindConflict', names.kind);
  const short = (names.shortNames ?? []).find((name) => plurals.has(name));
  if (short !== undefined) return no('ShortNamesConflict', short);
  if (names.singular && plurals.has(names.singular)) return no('SingularConflict', names.singular);
  return plurals.has(names.plural) ? no('PluralConflict', names.plural) : undefined;
}

/** The definition is to go: its objects go first. */
export function beginTermination(crd: Crd, nowIso: string): void {
  const finalizers = crd.metadata.finalizers ?? [];
  if (!finalizers.includes(CLEANUP_FINALIZER)) crd.metadata.finalizers = [...finalizers, CLEANUP_FINALIZER];
  const message = 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon';
  setCondition(crd, { type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message }, nowIso);
}
