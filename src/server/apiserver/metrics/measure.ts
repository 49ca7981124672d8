// The outermost step of the chain: times every request and counts it. What was counted is read by serve.ts.
import type { Response } from '../../../wire/http.ts';
import type { Filter, RequestContext } from '../context.ts';
import { type MetricVerb, RequestCounts, type Scope, Histogram, SIZE_BOUNDS } from './requests.ts';

const METRIC_VERBS: Readonly<Record<string, MetricVerb>> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
};
const CONNECTIONS = new Set(['exec', 'attach', 'portforward', 'proxy', 'log']);
/** Paths that are counted by themselves; any other would let clients make series. */
const PATHS = new Set(['/healthz', '/livez', '/readyz', '/version', '/metrics']);
const APPLY = 'application/apply-patch';

export class Measurements {
  readonly requests = new RequestCounts();
  /** Requests under way that are neither watches nor streams. */
  readOnly = 0;
  mutating = 0;
  /** The most at once since the last look. */
  readOnlyPeak = 0;
  mutatingPeak = 0;

  readonly filter: Filter = (context, next) => {
    const started = performance.now();
    const { method } = context.request;
    const reads = method === 'GET' || method === 'HEAD';
    if (reads) this.readOnlyPeak = Math.max(this.readOnlyPeak, ++this.readOnly);
    else this.mutatingPeak = Math.max(this.mutatingPeak, ++this.mutating);
    return next().then(
      (response) => {
        if (reads) this.readOnly--;
        else this.mutating--;
        this.#record(context, response, (performance.now() - started) / 1000);
        return response;
      },
      (error: unknown) => {
        if (reads) this.readOnly--;
        else this.mutating--;
        throw error;
      },
    );
  };

  /** Answers and forgets the peaks. */
  takePeaks(): { readOnly: number; mutating: number } {
    const peaks = { readOnly: this.readOnlyPeak, mutating: this.mutatingPeak };
    this.readOnlyPeak = this.readOnly;
    this.mutatingPeak = this.mutating;
    return peaks;
  }

  #record(context: RequestContext, response: Response, seconds: number): void {
    const { info, request, server } = context;
    if (!info.isResource) {
      if (PATHS.has(info.path)) this.requests.forPath(info.path).count(response.status, seconds);
      return;
    }
    const { subresource } = info;
    const endpoint = server.registry.find(info.group, info.version, info.resource);
    if (!endpoint || (subresource !== '' && !endpoint.definition.subresources?.[subresource])) return;
    const verb = verbOf(context);
    if (verb === undefined) return;
    const dryRun = request.query.size > 0 && request.query.has('dryRun');
    const { apiVersion, plural } = endpoint;
    const series = this.requests.forResource(apiVersion, plural, subresource, verb, scopeOf(context), dryRun);
    series.count(response.status, seconds);
    const length = verb === 'GET' || verb === 'LIST' ? response.headers['content-length'] : undefined;
    if (length !== undefined) (series.sizes ??= new Histogram(SIZE_BOUNDS)).observe(Number(length));
  }
}

function verbOf({ info, request }: RequestContext): MetricVerb | undefined {
  if (info.subresource !== '' && CONNECTIONS.has(info.subresource)) return 'CONNECT';
  if (info.verb === 'patch' && request.headers['content-type']?.startsWith(APPLY)) return 'APPLY';
  return METRIC_VERBS[info.verb];
}

function scopeOf({ info }: RequestContext): Scope {
  if (info.name !== '' || info.verb === 'create') return 'resource';
  return info.namespace !== '' ? 'namespace' : 'cluster';
}
