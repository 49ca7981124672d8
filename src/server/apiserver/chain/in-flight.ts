// Bounds what runs at once: so many reads, so many writes; long-running requests (watches, streams) do not count.
// Upstream: apiserver/pkg/server/filters/maxinflight.go.
import { StatusError } from '../../../api/status.ts';
import type { Filter, RequestContext } from '../context.ts';

export const MAX_READS = 1_000;
export const MAX_WRITES = 1_000;
const STREAMING = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);

export function inFlightLimit(maxReads = MAX_READS, maxWrites = MAX_WRITES): Filter {
  let reads = 0;
  let writes = 0;
  return async (context, next) => {
    if (isLongRunning(context)) return next();
    const { method } = context.request;
    const reading = method === 'GET' || method === 'HEAD';
    if (reading ? reads >= maxReads : writes >= maxWrites) throw tooMany();
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

const isLongRunning = ({ info, request }: RequestContext): boolean =>
  request.user !== undefined || info.verb === 'watch' || STREAMING.has(info.subresource);

function tooMany(): StatusError {
  const message = 'Too many requests, please try again later.';
  return new StatusError('TooManyRequests', message, { retryAfterSeconds: 1 });
}
