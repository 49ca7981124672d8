// Members of system:masters may do everything; no role can take that away from them, and reviews
// of rules tell what roles give them.
// Upstream: apiserver/pkg/authorization/authorizerfactory (NewPrivilegedGroups).
import { type Authorizer, type Decision, SYSTEM_MASTERS } from '../types.ts';

const ALLOWED: Decision = Object.freeze({ allowed: true });
const NO_OPINION: Decision = Object.freeze({ allowed: false });

export const mastersAuthorizer: Authorizer = {
  name: 'masters',
  authorize: ({ user }) => (user.groups.includes(SYSTEM_MASTERS) ? ALLOWED : NO_OPINION),
};
