// What a resource hook is given for one attempt of a write. The extra keys that it asks for go into that attempt's
// transaction and are forgotten with it.
import { ALL_AUTHENTICATED, SYSTEM_MASTERS } from '../../auth/types.ts';
import type { RequestContext } from '../context.ts';
import type { HookContext } from '../types.ts';
import type { Extras } from './commit.ts';

/** Upstream's loopback user. */
const SERVER = Object.freeze({ name: 'system:apiserver', groups: [SYSTEM_MASTERS, ALL_AUTHENTICATED] });

export function hookContext(context: RequestContext, name: string, dryRun: boolean, extras: Extras): HookContext {
  const { server } = context;
  return {
    user: context.user,
    dryRun,
    namespace: context.info.namespace,
    name,
    lister: server.admission.lister,
    addToTransaction(compares, operations) {
      extras.compares.push(...compares);
      extras.operations.push(...operations);
    },
    async readKey(key) {
      const { item } = await server.options.store.get(key);
      return item && { value: item.value, modRevision: item.modRevision };
    },
    warn: (message) => void context.warnings.push(message),
    call: (request) => server.handler({ ...request, user: context.user }),
    callAsServer: (request) => server.handler({ ...request, user: SERVER }),
    options: server.options,
  };
}
