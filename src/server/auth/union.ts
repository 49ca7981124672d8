// Authenticators and authorizers in a row. Upstream: apiserver/pkg/authentication/request/union,
// apiserver/pkg/authorization/union.
import { StatusError } from '../../api/status.ts';
import type { Request, User } from '../../wire/http.ts';
import { ANONYMOUS, type Attributes, type Authenticator, type Authorizer, type Decision } from './types.ts';

/** What a client is told is always the one word; why stands in `cause`, for logs and tests. */
export function unauthorized(why: string): StatusError {
  const error = new StatusError('Unauthorized', 'Unauthorized');
  error.cause = why;
  return error;
}

/**
 * The first that knows the user answers. A bad credential does not hide a good one; a request with nothing but bad
 * ones is Unauthorized, and one with none is anonymous.
 */
export function unionAuthenticator(authenticators: readonly Authenticator[]): (request: Request) => Promise<User> {
  return async (request) => {
    let complaint: unknown;
    for (const authenticator of authenticators) {
      try {
        const user = await authenticator.authenticate(request);
        if (user) return user;
      } catch (error) {
        complaint ??= error;
      }
    }
    if (complaint !== undefined) throw complaint;
    return ANONYMOUS;
  };
}

const NO_OPINION: Decision = Object.freeze({ allowed: false });

/** The first that allows or denies decides; synchronous as long as its members are. */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  const ask = (attributes: Attributes, from: number, reasons: string): Decision | Promise<Decision> => {
    for (let i = from; i < authorizers.length; i++) {
      const decision = authorizers[i]!.authorize(attributes);
      if (decision instanceof Promise) {
        return decision.then((d) => (d.allowed || d.denied ? d : ask(attributes, i + 1, joined(reasons, d.reason))));
      }
      if (decision.allowed || decision.denied) return decision;
      reasons = joined(reasons, decision.reason);
    }
    return reasons === '' ? NO_OPINION : { allowed: false, reason: reasons };
  };
  return {
    name: 'union',
    authorize: (attributes) => ask(attributes, 0, ''),
    rulesFor: (user, namespace) => authorizers.flatMap((a) => a.rulesFor?.(user, namespace) ?? []),
  };
}

const joined = (reasons: string, reason: string | undefined): string =>
  !reason ? reasons : reasons === '' ? reason : `${reasons}, ${reason}`;
