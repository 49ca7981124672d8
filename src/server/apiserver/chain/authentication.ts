// Who asks. In-process callers are known already; everybody else is asked for by the injected authenticator.
import type { Filter } from '../context.ts';

export const authentication: Filter = async (context, next) => {
  if (!context.request.user) context.user = await context.server.options.authenticate(context.request);
  return next();
};
