// A Handler that calls an API server in this process as a given user. The user passes RBAC, admission and audit like
// any other; objects are shared, not copied.
import type { Handler, User } from '../../wire/http.ts';

export function inProcess(server: Handler, user: User): Handler {
  return (request) => server({ ...request, user });
}

/** The user of a controller's service account (`deployment-controller`), in-process or over HTTPS. */
export const controllerUser = (account: string): User => ({
  name: `system:serviceaccount:kube-system:${account}`,
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
});
