// Bounds what runs at once: so many reads, so many writes; long-running requests (watches, streams) do not count, and
// administrators always get an answer. Upstream: apiserver/pkg/server/filters/{maxinflight,longrunning}.go.
import type { Response } from '../../../wire/http.ts';
import { SYSTEM_MASTERS } from '../../auth/types.ts';
import type { Filter, RequestContext } from '../context.ts';

export const MAX_READS = 1_000;
export const MAX_WRITES = 1_000;
const LONG_VERBS = new Set(['watch', 'proxy']);
const LONG_SUBRESOURCES = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);
const READ_VERBS = new Set(['get', 'list', 'watch']);
const MESSAGE = Buffer.from('Too many requests, please try again later.\n');

export function inFlightLimit({ reads: maxReads = MAX_READS, writes: maxWrites = MAX_WRITES } = {}): Filter {
  let reads = 0;
  let writes = 0;
  return async (context, next) => {
    if (isLongRunning(context)) return next();
    const reading = READ_VERBS.has(context.info.verb);
    if (reading ? reads >= maxReads : writes >= maxWrites) {
      return context.user.groups.includes(SYSTEM_MASTERS) ? next() : tooMany();
    }
    if (reading) reads++;
    else writes++;
    try {
      return await next();
    } finally {
      if (reading) reads--;
      else writes--;
    }
  };
}

/** Calls within the process wait for nobody: they are what answers the others. */
const isLongRunning = ({ info, request }: RequestContext): boolean =>
  request.user !== undefined ||
  (info.isResource && (LONG_VERBS.has(info.verb) || LONG_SUBRESOURCES.has(info.subresource)));

/** Plain text, as upstream's: it is answered before anything about the request is known to be right. */
const tooMany = (): Response => ({
  status: 429,
  headers: {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'retry-after': '1',
  },
  body: { bytes: () => MESSAGE },
});
