// Counts requests by what they were about and how they ended. A request finds its series by a few look-ups of strings
// that are there already and counts in arrays; labels are put together when somebody reads the numbers. Only what the
// server serves has series, so that nobody can make as many as they like.
// Upstream: apiserver/pkg/endpoints/metrics/metrics.go (MonitorRequest, cleanVerb, CleanScope).
import type { Labels } from '../../../api/exposition.ts';

/** Seconds. */
export const DURATION_BOUNDS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
/** The service level's buckets are those from 50 ms on. */
export const SLI_FROM = 2;
/** Bytes. */
export const SIZE_BOUNDS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

export const VERBS = [
  'GET',
  'LIST',
  'WATCH',
  'POST',
  'PUT',
  'PATCH',
  'APPLY',
  'DELETE',
  'DELETECOLLECTION',
  'CONNECT',
] as const;
export type MetricVerb = (typeof VERBS)[number];
const SCOPES = ['resource', 'namespace', 'cluster', ''] as const;
export type Scope = (typeof SCOPES)[number];

const verbIndex = new Map<string, number>(VERBS.map((verb, i) => [verb, i]));
const scopeIndex = new Map<string, number>(SCOPES.map((scope, i) => [scope, i]));

export class Histogram {
  readonly counts: Float64Array;
  sum = 0;
  private readonly bounds: readonly number[];

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Most values are in the first buckets. */
  observe(value: number): void {
    const { bounds, counts } = this;
    let i = 0;
    while (i < bounds.length && value > bounds[i]!) i++;
    counts[i]!++;
    this.sum += value;
  }
}

/** One verb on one resource in one scope. */
export class RequestSeries {
  readonly codes = new Map<number, number>();
  readonly durations = new Histogram(DURATION_BOUNDS);
  sizes: Histogram | undefined;

  count(code: number, seconds: number): void {
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    this.durations.observe(seconds);
  }
}

export interface LabelledSeries {
  /** All but `dry_run`, `component` and `code`, in upstream's order. */
  labels: Labels;
  dryRun: string;
  series: RequestSeries;
}

/** By verb, scope and dry run. */
type Slots = (RequestSeries | undefined)[];

export class RequestCounts {
  /** apiVersion → plural → subresource. */
  readonly #resources = new Map<string, Map<string, Map<string, Slots>>>();
  /** Plain paths: health and its like. */
  readonly #paths = new Map<string, RequestSeries>();

  forResource(
    apiVersion: string,
    plural: string,
    subresource: string,
    verb: MetricVerb,
    scope: Scope,
    dryRun: boolean,
  ): RequestSeries {
    let plurals = this.#resources.get(apiVersion);
    if (!plurals) this.#resources.set(apiVersion, (plurals = new Map()));
    let subresources = plurals.get(plural);
    if (!subresources) plurals.set(plural, (subresources = new Map()));
    let slots = subresources.get(subresource);
    if (!slots) subresources.set(subresource, (slots = []));
    const at = (verbIndex.get(verb)! * SCOPES.length + scopeIndex.get(scope)!) * 2 + (dryRun ? 1 : 0);
    return (slots[at] ??= new RequestSeries());
  }

  forPath(path: string): RequestSeries {
    let series = this.#paths.get(path);
    if (!series) this.#paths.set(path, (series = new RequestSeries()));
    return series;
  }

  *all(): Generator<LabelledSeries> {
    for (const [path, series] of this.#paths) {
      const labels = { verb: 'GET', group: '', version: '', resource: '', subresource: path, scope: '' };
      yield { labels, dryRun: '', series };
    }
    for (const [apiVersion, plurals] of this.#resources) {
      const slash = apiVersion.indexOf('/');
      const group = slash < 0 ? '' : apiVersion.slice(0, slash);
      const version = apiVersion.slice(slash + 1);
      for (const [resource, subresources] of plurals) {
        for (const [subresource, slots] of subresources) {
          yield* labelled({ group, version, resource, subresource }, slots);
        }
      }
    }
  }
}

function* labelled(
  { group, version, resource, subresource }: Record<'group' | 'version' | 'resource' | 'subresource', string>,
  slots: Slots,
): Generator<LabelledSeries> {
  for (const [at, series] of slots.entries()) {
    if (!series) continue;
    const scope = SCOPES[Math.floor(at / 2) % SCOPES.length]!;
    const verb = VERBS[Math.floor(at / 2 / SCOPES.length)]!;
    yield { labels: { verb, group, version, resource, subresource, scope }, dryRun: at % 2 === 1 ? 'All' : '', series };
  }
}
