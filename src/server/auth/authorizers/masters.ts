// Members of system:masters may do everything; no role can take that away from them.
// Upstream: apiserver/pkg/authorization/authorizerfactory (NewPrivilegedGroups).
import { type Authorizer, type Decision, SYSTEM_MASTERS } from '../types.ts';

const ALLOWED: Decision = Object.freeze({ allowed: true });
const NO_OPINION: Decision = Object.freeze({ allowed: false });
const EVERYTHING = Object.freeze([
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
]);

export const mastersAuthorizer: Authorizer = {
  name: 'masters',
  authorize: ({ user }) => (user.groups.includes(SYSTEM_MASTERS) ? ALLOWED : NO_OPINION),
  rulesFor: (user) => (user.groups.includes(SYSTEM_MASTERS) ? EVERYTHING : []),
};
