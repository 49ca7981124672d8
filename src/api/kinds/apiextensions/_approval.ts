// Groups of Kubernetes itself: a definition in one says who approved it. Upstream: apiextensions-apiserver
// pkg/apihelpers (IsProtectedCommunityGroup, GetAPIApprovalState).
import type { CustomResourceDefinition } from './_types.ts';

export const APPROVAL = 'api-approved.kubernetes.io';
const APPROVAL_HELP = 'see https://github.com/kubernetes/enhancements/pull/1111';

export interface Approval {
  state: 'missing' | 'invalid' | 'approved' | 'bypassed';
  reason: string;
}

export const isProtectedGroup = (group: string): boolean => /(^|\.)(k8s|kubernetes)\.io$/.test(group);

/** Upstream: apihelpers.GetAPIApprovalState. */
export function approvalOf({ metadata }: CustomResourceDefinition): Approval {
  const given = metadata?.annotations?.[APPROVAL] ?? '';
  const must = `protected groups must have approval annotation "${APPROVAL}"`;
  if (given === '') return { state: 'missing', reason: `${must}, ${APPROVAL_HELP}` };
  if (given.startsWith('unapproved')) return { state: 'bypassed', reason: `not approved: "${given}"` };
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(given);
  if (isUrl) return { state: 'approved', reason: `approved in ${given}` };
  return {
    state: 'invalid',
    reason: `${must} with either a URL or a reason starting with "unapproved", ${APPROVAL_HELP}`,
  };
}
