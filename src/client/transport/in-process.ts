// A Handler that calls an API server in this process as a given user. The user passes RBAC, admission and audit like
// any other; objects are shared, not copied.
import type { Handler, User } from '../../wire/http.ts';

export function inProcess(server: Handler, user: User): Handler {
  return (request) => server({ ...request, user });
}

/** The user that a controller runs as, in-process or over HTTPS. */
export const controllerUser = (name: string): User => ({
  name: `system:serviceaccount:kube-system:${name}-controller`,
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
});
