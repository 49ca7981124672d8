// Nobody hands out rights that they do not have: who writes a role must hold its rules (or may `escalate`), who writes
// a binding must hold the role's rules (or may `bind` it).
// Upstream: pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased/storage.go and
// pkg/registry/rbac/validation/rule.go (ConfirmNoEscalation).
import { isDeepStrictEqual } from 'node:util';
import type { ClusterRole, PolicyRule, RoleBinding } from 'kubernetes-types/rbac/v1.js';
import { ClusterRoles, Roles } from '../../api/resources.ts';
import type { StatusError } from '../../api/status.ts';
import { forbidden, notFound } from '../../api/status.ts';
import type { Unstructured } from '../../api/types.ts';
import { aggregateRules, compactRules, ruleText, uncovered } from '../../api/rbac.ts';
import { SYSTEM_MASTERS } from '../auth/types.ts';
import { type AdmissionContext, type AdmissionRequest, defineAdmission } from './types.ts';

const GROUP = 'rbac.authorization.k8s.io';
const FULL: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

export default defineAdmission({
  name: 'RBACEscalation',
  phase: 'validating',
  handles: (request) =>
    request.resource.group === GROUP &&
    request.subresource === '' &&
    (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
    !request.user.groups.includes(SYSTEM_MASTERS),
  async validate(request, context) {
    if (request.kind.kind === 'Role' || request.kind.kind === 'ClusterRole') await checkRole(request, context);
    else await checkBinding(request, context);
  },
});

async function checkRole(request: AdmissionRequest, context: AdmissionContext): Promise<void> {
  const [role, old] = [request.object, request.oldObject] as unknown as [ClusterRole, ClusterRole | undefined];
  if (isOnlyForDeletion(request)) return;
  // Who creates names nothing yet: rights that are for some names say nothing of it.
  const name = request.operation === 'CREATE' ? '' : request.name;
  if (await may(request, context, 'escalate', request.resource.resource, name)) return;
  confirm(request, context, role.rules ?? []);
  // With an aggregation rule a role gathers anything; without the one that it had it may not get what it should.
  if ((role.aggregationRule ?? old?.aggregationRule) && missing(request, context, FULL).length > 0) {
    throw refuse(request, 'must have cluster-admin privileges to use an aggregationRule');
  }
}

async function checkBinding(request: AdmissionRequest, context: AdmissionContext): Promise<void> {
  if (isOnlyForDeletion(request)) return;
  const { kind, name } = (request.object as unknown as RoleBinding).roleRef;
  const type = kind === 'Role' ? Roles : ClusterRoles;
  if (await may(request, context, 'bind', type.plural, name)) return;
  const role = context.lister.get<ClusterRole>(
    type as typeof ClusterRoles,
    kind === 'Role' ? request.namespace : undefined,
    name,
  );
  if (!role) throw notFound(type, name);
  confirm(request, context, role.aggregationRule ? aggregated(role, context) : (role.rules ?? []));
}

/**
 * The garbage collector may take finalizers and owners off. A label is more: by labels a role's rules get into others.
 * Upstream: IsOnlyMutatingGCFields in pkg/registry/rbac/helpers.go.
 */
function isOnlyForDeletion({ object, oldObject }: AdmissionRequest): boolean {
  if (!object || !oldObject) return false;
  const rest = ({ metadata, ...others }: Unstructured): object => {
    const { finalizers: _finalizers, ownerReferences: _owners, managedFields: _fields, ...kept } = metadata;
    // The client's word for which revision it read.
    const { resourceVersion: _version, ...meta } = kept;
    return { ...others, metadata: meta };
  };
  return isDeepStrictEqual(rest(object), rest(oldObject));
}

function aggregated(role: ClusterRole, context: AdmissionContext): PolicyRule[] {
  const all = context.lister.list(ClusterRoles).map((r) => [r.metadata?.name ?? '', r] as const);
  return aggregateRules(role, new Map(all));
}

async function may(
  request: AdmissionRequest,
  context: AdmissionContext,
  verb: string,
  resource: string,
  name: string,
): Promise<boolean> {
  const decision = await context.authorizer.authorize({
    user: request.user,
    verb,
    group: GROUP,
    version: '*',
    resource,
    namespace: request.namespace || undefined,
    name,
  });
  return decision.allowed;
}

function missing(request: AdmissionRequest, context: AdmissionContext, wanted: readonly PolicyRule[]): PolicyRule[] {
  const held = context.authorizer.rulesFor?.(request.user, request.namespace || undefined) ?? [];
  return uncovered(held, wanted);
}

function confirm(request: AdmissionRequest, context: AdmissionContext, wanted: readonly PolicyRule[]): void {
  const lacking = missing(request, context, wanted);
  if (lacking.length === 0) return;
  const { name, groups } = request.user;
  const list = compactRules(lacking).map(ruleText).sort();
  throw refuse(
    request,
    `user ${JSON.stringify(name)} (groups=[${groups.map((g) => JSON.stringify(g)).join(' ')}]) is attempting to grant ` +
      `RBAC permissions not currently held:\n${list.join('\n')}`,
  );
}

function refuse(request: AdmissionRequest, why: string): StatusError {
  const name = request.name || (request.object?.metadata.name ?? '');
  return forbidden({ group: GROUP, plural: request.resource.resource }, name, why);
}
