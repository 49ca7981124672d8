// Questions to the authorizer, asked and answered as objects. Upstream: pkg/registry/authorization.
import type { Unstructured } from '../../../api/types.ts';
import { FieldErrors, invalid } from '../../../api/validation.ts';
import type { User } from '../../../wire/http.ts';
import type { Attributes } from '../../auth/types.ts';
import type { HookContext } from '../types.ts';
import { type SelectorAttributes, checkSelector, fieldSelectorText } from './selectors.ts';

export interface ResourceAttributes {
  namespace?: string;
  verb?: string;
  group?: string;
  version?: string;
  resource?: string;
  subresource?: string;
  name?: string;
  fieldSelector?: SelectorAttributes;
  labelSelector?: SelectorAttributes;
}
export interface ReviewSpec {
  resourceAttributes?: ResourceAttributes;
  nonResourceAttributes?: { path?: string; verb?: string };
  user?: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

export const specOf = (draft: Unstructured): ReviewSpec => (draft['spec'] ?? {}) as ReviewSpec;

/** The user that a review names. */
export function namedUser({ user = '', uid, groups = [], extra }: ReviewSpec): User {
  return { name: user, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
}

function attributesFor(spec: ReviewSpec, user: User): Attributes {
  const { resourceAttributes: r, nonResourceAttributes: n } = spec;
  if (n) return { user, verb: n.verb ?? '', path: n.path ?? '' };
  const { verb = '', group = '', version = '*', resource = '', subresource = '', namespace = '', name = '' } = r ?? {};
  const fieldSelector = fieldSelectorText(r?.fieldSelector);
  const attributes = { user, verb, group, version, resource, subresource, namespace, name };
  return fieldSelector === '' ? attributes : { ...attributes, fieldSelector };
}

export async function review(
  kind: string,
  draft: Unstructured,
  user: User,
  context: HookContext,
): Promise<Unstructured> {
  const spec = specOf(draft);
  check(kind, draft, spec);
  const { allowed, denied, reason } = await context.options.authorizer.authorize(attributesFor(spec, user));
  const status = { allowed, ...(denied ? { denied } : {}), ...(reason ? { reason } : {}) };
  return {
    kind,
    apiVersion: 'authorization.k8s.io/v1',
    metadata: { ...(kind.startsWith('Local') ? { namespace: context.namespace } : {}), creationTimestamp: null },
    spec: draft['spec'],
    status,
  };
}

/** Upstream: pkg/apis/authorization/validation. */
function check(kind: string, draft: Unstructured, spec: ReviewSpec): void {
  const errors = new FieldErrors();
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (resourceAttributes && nonResourceAttributes) {
    errors.invalid(
      'spec.nonResourceAttributes',
      nonResourceAttributes,
      'cannot be specified in combination with resourceAttributes',
    );
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    errors.invalid(
      'spec.resourceAttributes',
      null,
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  }
  if (kind !== 'SelfSubjectAccessReview' && !spec.user && !spec.groups?.length) {
    errors.invalid('spec.user', '', 'at least one of user or group must be specified');
  }
  checkSelector(errors, 'spec.resourceAttributes.fieldSelector', resourceAttributes?.fieldSelector, false);
  checkSelector(errors, 'spec.resourceAttributes.labelSelector', resourceAttributes?.labelSelector, true);
  if (kind === 'LocalSubjectAccessReview') checkLocal(errors, draft, spec);
  else checkMetadata(errors, draft, []);
  if (!errors.empty) throw invalid({ group: 'authorization.k8s.io', kind }, '', errors);
}

function checkLocal(errors: FieldErrors, draft: Unstructured, spec: ReviewSpec): void {
  const { resourceAttributes, nonResourceAttributes } = spec;
  checkMetadata(errors, draft, ['namespace']);
  const namespace = resourceAttributes?.namespace ?? '';
  if (resourceAttributes && namespace !== (draft.metadata.namespace ?? '')) {
    errors.invalid('spec.resourceAttributes.namespace', namespace, 'must match metadata.namespace');
  }
  if (nonResourceAttributes) {
    errors.invalid('spec.nonResourceAttributes', nonResourceAttributes, 'disallowed on this kind of request');
  }
}

function checkMetadata(errors: FieldErrors, { metadata }: Unstructured, allowed: readonly string[]): void {
  const ignored = new Set([...allowed, 'managedFields', 'creationTimestamp']);
  const extra = Object.entries(metadata).some(([field, value]) => !ignored.has(field) && isSet(value));
  const exception = allowed.length > 0 ? ` except for ${allowed.join()}` : '';
  if (extra) errors.invalid('metadata', metadata, `must be empty${exception}`);
}

const isSet = (value: unknown): boolean =>
  value !== undefined &&
  value !== null &&
  value !== '' &&
  !(typeof value === 'object' && Object.keys(value).length === 0);
