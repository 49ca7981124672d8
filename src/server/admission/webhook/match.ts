// Whether a webhook is to be called for a request, and with which resource and kind. Upstream:
// admission/plugin/webhook/generic/webhook.go (ShouldCallHook), predicates/{rules,namespace,object}.
import { Namespaces } from '../../../api/resources.ts';
import type { StatusError } from '../../../api/status.ts';
import { forbidden, notFound } from '../../../api/status.ts';
import type { GroupVersionKind, Unstructured } from '../../../api/types.ts';
import type { AdmissionContext, AdmissionRequest, AdmittedVersions, GroupVersionResource } from '../types.ts';
import type { Hook, Rule } from './hooks.ts';
import type { VersionedObjects } from './versioned.ts';

export interface Invocation {
  hook: Hook;
  /** As the webhook knows the resource: the one of the request, or an equivalent one that its rules name. */
  resource: GroupVersionResource;
  kind: GroupVersionKind;
}

/** Configurations of admission cannot lock themselves. */
const EXEMPT = new Set([
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
]);

export const isExempt = ({ kind }: AdmissionRequest): boolean =>
  kind.group === 'admissionregistration.k8s.io' && EXEMPT.has(kind.kind);

const includes = (items: readonly string[] | undefined, wanted: string): boolean =>
  items?.some((item) => item === '*' || item === wanted) === true;

function ruleMatches(rule: Rule, request: AdmissionRequest, resource: GroupVersionResource): boolean {
  return (
    scopeMatches(rule.scope, request) &&
    includes(rule.operations, request.operation) &&
    includes(rule.apiGroups, resource.group) &&
    includes(rule.apiVersions, resource.version) &&
    rule.resources?.some((pattern) => resourceMatches(pattern, resource.resource, request.subresource)) === true
  );
}

function scopeMatches(scope: string | undefined, { namespace, resource }: AdmissionRequest): boolean {
  if (scope === undefined || scope === '*') return true;
  // A request about a namespace carries its name as the namespace.
  const cluster = namespace === '' || (resource.group === '' && resource.resource === 'namespaces');
  return (scope === 'Cluster') === cluster;
}

function resourceMatches(pattern: string, resource: string, subresource: string): boolean {
  const slash = pattern.indexOf('/');
  const [wanted, below] = slash < 0 ? [pattern, ''] : [pattern.slice(0, slash), pattern.slice(slash + 1)];
  return (wanted === '*' || wanted === resource) && (below === '*' || below === subresource);
}

/** Undefined: none of its rules is about the request. No look-ups, no conversion. */
export function ruleFor(hook: Hook, request: AdmissionRequest, versions: AdmittedVersions): Invocation | undefined {
  const { rules = [], matchPolicy } = hook.spec;
  if (rules.some((rule) => ruleMatches(rule, request, request.resource))) {
    return { hook, resource: request.resource, kind: versions.kind };
  }
  if (matchPolicy !== 'Equivalent') return undefined;
  for (const rule of rules) {
    for (const { resource, kind } of versions.equivalents) {
      if (ruleMatches(rule, request, resource)) return { hook, resource, kind };
    }
  }
  return undefined;
}

/** Rules, selectors and conditions. Throws what the request fails with. */
export async function invocationOf(
  hook: Hook,
  request: AdmissionRequest,
  context: AdmissionContext,
  versioned: VersionedObjects,
): Promise<Invocation | undefined> {
  const invocation = ruleFor(hook, request, versioned.versions);
  if (!invocation || !objectMatches(hook, request)) return undefined;
  if (!(await namespaceMatches(hook, request, context))) return undefined;
  if (!hook.conditions) return invocation;
  const objects = await versioned.as(invocation.kind);
  const result = hook.conditions.evaluate(request, objects, invocation, context.authorizer);
  if (result.error !== undefined) {
    const { group, resource: plural } = request.resource;
    throw forbidden({ group, plural }, request.name, result.error);
  }
  return result.matches ? invocation : undefined;
}

function objectMatches({ objectSelector }: Hook, { object, oldObject }: AdmissionRequest): boolean {
  if (objectSelector.empty) return true;
  const matches = (o: Unstructured | undefined): boolean => !!o && objectSelector.matches(o.metadata?.labels ?? {});
  return matches(object) || matches(oldObject);
}

async function namespaceMatches(hook: Hook, request: AdmissionRequest, context: AdmissionContext): Promise<boolean> {
  const { namespaceSelector: selector } = hook;
  const { namespace, resource, operation, subresource } = request;
  // Cluster-scoped objects belong to no namespace: they are never exempted.
  if (namespace === '' && resource.resource !== 'namespaces') return true;
  if (selector.empty) return true;
  const own = resource.resource === 'namespaces' && subresource === '';
  if (own && (operation === 'CREATE' || operation === 'UPDATE')) {
    return selector.matches(request.object?.metadata.labels ?? {});
  }
  const found =
    context.lister.get(Namespaces, undefined, namespace) ?? (await context.live(Namespaces, undefined, namespace));
  if (!found) throw asFound(namespace);
  return selector.matches(found.metadata?.labels ?? {});
}

const asFound = (namespace: string): StatusError => notFound(Namespaces, namespace);
