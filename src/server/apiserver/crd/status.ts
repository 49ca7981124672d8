// What the server says of a CustomResourceDefinition: which names it accepted, that it is served, whether its schemas
// and its group are in order. Decided in the write itself, so that a definition is established when its creation is
// answered. Upstream: apiextensions-apiserver pkg/controller/{status,establish,nonstructuralschema,apiapproval}.
import type { Lister } from '../../admission/types.ts';
import { approvalOf, isProtectedGroup } from '../../../api/kinds/apiextensions/_approval.ts';
import type { CustomResourceDefinition } from '../../../api/kinds/apiextensions/_types.ts';
import { isCaBundle } from '../../../api/kinds/shared/webhook-client.ts';
import { CustomResourceDefinitions } from '../../../api/resources.ts';
import type { JsonSchemaProps } from '../../../api/schema/json-schema.ts';
import { validateStructural } from '../../../api/schema/structural.ts';
import { FieldErrors } from '../../../api/validation.ts';
import type { Names } from '../../../api/kinds/apiextensions/_types.ts';
import { type Condition, type Crd, CLEANUP_FINALIZER, hasCondition, setCondition } from './types.ts';
import { storageVersion } from './definition.ts';

/** Fills in status for the spec as it is now. `old` is undefined on create. */
export function settleStatus(crd: Crd, old: Crd | undefined, lister: Lister, nowIso: string): void {
  const others = (lister.list(CustomResourceDefinitions) as unknown as readonly Crd[]).filter(
    (other) => other.spec.group === crd.spec.group && other.metadata.name !== crd.metadata.name,
  );
  const status = (crd.status ??= {});
  const asked = withDefaults(crd.spec.names);
  const { names, problem } = settleNames(asked, old?.status?.acceptedNames, others);
  status.acceptedNames = names;
  const accepted = problem ?? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: NO_CONFLICTS };
  setCondition(crd, accepted, nowIso);
  const was = old?.status?.conditions?.find((c) => c.type === 'Established');
  setCondition(crd, establishment(crd, was, !problem), nowIso);
  settleSchemas(crd, nowIso);
  settleApproval(crd, nowIso);
  const stored = new Set(old?.status?.storedVersions ?? status.storedVersions ?? []);
  stored.add(storageVersion(crd).name);
  status.storedVersions = [...stored];
}

const NO_CONFLICTS = 'no conflicts found';

/** Once established, a definition stays so. */
function establishment(crd: Crd, was: Condition | undefined, namesAccepted: boolean): Condition {
  const type = 'Established';
  if (was?.status === 'True') return was;
  if (!namesAccepted) return { type, status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
  const bundle = (crd as unknown as CustomResourceDefinition).spec.conversion?.webhook?.clientConfig?.caBundle;
  if (bundle && !isCaBundle(bundle)) {
    const message = 'The conversion webhook CABundle is invalid';
    return { type, status: 'False', reason: 'InvalidCABundle', message };
  }
  const message = 'the initial names have been accepted';
  return { type, status: 'True', reason: 'InitialNamesAccepted', message };
}

function withDefaults(names: Names): Names {
  return {
    ...names,
    singular: names.singular || names.kind.toLowerCase(),
    listKind: names.listKind || `${names.kind}List`,
  };
}

/** Each name that is free is taken, even when another is not; the last problem is the one that is told. */
function settleNames(
  asked: Names,
  had: Names | undefined,
  others: readonly Crd[],
): { names: Names; problem?: Condition } {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of others) {
    const accepted = status?.acceptedNames;
    if (!accepted) continue;
    for (const name of [accepted.plural, accepted.singular, ...(accepted.shortNames ?? [])])
      if (name) resources.add(name);
    for (const name of [accepted.kind, accepted.listKind]) if (name) kinds.add(name);
  }
  const names: Names = { ...(had ?? { plural: '', kind: '' }) };
  let problem: Condition | undefined;
  const say = (reason: string, taken: string[]): void => {
    const quoted = taken.map((name) => `${JSON.stringify(name)} is already in use`);
    const message = quoted.length === 1 ? quoted[0]! : `[${quoted.join(', ')}]`;
    problem = { type: 'NamesAccepted', status: 'False', reason, message };
  };
  const settle = (field: 'plural' | 'singular' | 'kind' | 'listKind', used: Set<string>, reason: string): void => {
    const name = asked[field] ?? '';
    if (name !== had?.[field] && used.has(name)) say(reason, [name]);
    else names[field] = name;
  };
  settle('plural', resources, 'PluralConflict');
  settle('singular', resources, 'SingularConflict');
  const taken = (asked.shortNames ?? []).filter((name) => !had?.shortNames?.includes(name) && resources.has(name));
  if (taken.length > 0) say('ShortNamesConflict', taken);
  else if (asked.shortNames) names.shortNames = asked.shortNames;
  else delete names.shortNames;
  settle('kind', kinds, 'KindConflict');
  settle('listKind', kinds, 'ListKindConflict');
  if (asked.categories) names.categories = asked.categories;
  else delete names.categories;
  return problem ? { names, problem } : { names };
}

/** Only definitions of old have schemas that are not structural: new ones are refused. */
function settleSchemas(crd: Crd, nowIso: string): void {
  const errors = new FieldErrors();
  if (crd.spec.preserveUnknownFields) errors.invalid('spec.preserveUnknownFields', true, 'must be false');
  crd.spec.versions.forEach(({ schema }, i) => {
    const props = schema?.openAPIV3Schema as JsonSchemaProps | undefined;
    if (props) validateStructural(props, `spec.versions[${i}].schema.openAPIV3Schema`, errors);
  });
  const type = 'NonStructuralSchema';
  if (errors.empty) {
    const conditions = crd.status?.conditions;
    if (conditions?.some((c) => c.type === type)) crd.status!.conditions = conditions.filter((c) => c.type !== type);
    return;
  }
  const texts = errors.list.map(({ field, body }) => `${field}: ${body}`);
  const message = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`;
  setCondition(crd, { type, status: 'True', reason: 'Violations', message }, nowIso);
}

const APPROVAL_REASONS = {
  missing: 'MissingAnnotation',
  invalid: 'InvalidAnnotation',
  approved: 'ApprovedAnnotation',
  bypassed: 'UnapprovedAnnotation',
} as const;

function settleApproval(crd: Crd, nowIso: string): void {
  if (!isProtectedGroup(crd.spec.group)) return;
  const { state, reason: message } = approvalOf(crd as unknown as CustomResourceDefinition);
  const status = state === 'approved' ? 'True' : 'False';
  const type = 'KubernetesAPIApprovalPolicyConformant';
  setCondition(crd, { type, status, reason: APPROVAL_REASONS[state], message }, nowIso);
}

/** The definition is to go: its objects go first. */
export function beginTermination(crd: Crd, nowIso: string): void {
  const finalizers = crd.metadata.finalizers ?? [];
  if (!finalizers.includes(CLEANUP_FINALIZER)) crd.metadata.finalizers = [...finalizers, CLEANUP_FINALIZER];
  const message = 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon';
  setCondition(crd, { type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message }, nowIso);
}

/** True when a name that another definition gave up may now be had. */
export const awaitsNames = (crd: Crd): boolean => hasCondition(crd, 'NamesAccepted', 'False');
