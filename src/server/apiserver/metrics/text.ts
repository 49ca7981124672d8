// The families of /metrics, made when somebody asks. Names, labels and help are upstream's.
// Upstream: apiserver/pkg/endpoints/metrics, pkg/storage/etcd3/metrics, component-base/version.
import { family, familyHead, histogramLines, sampleLine, type Sample } from '../../../api/exposition.ts';
import { versionInfo } from '../chain/version.ts';
import type { Server } from '../context.ts';
import { WatchStream } from '../verbs/watch-stream.ts';
import type { Measurements } from './measure.ts';
import { DURATION_BOUNDS, SIZE_BOUNDS, SLI_FROM, type LabelledSeries } from './requests.ts';

const component = 'apiserver';

export function metricsText(server: Server, measurements: Measurements): string {
  const series = [...measurements.requests.all()];
  return [
    requestTotals(series),
    durations(series),
    sliDurations(series),
    sizes(series),
    deprecatedApis(server, series),
    inFlight(measurements),
    watches(server),
    storedObjects(server),
    buildInfo(),
    processMetrics(server),
  ].join('');
}

function requestTotals(series: readonly LabelledSeries[]): string {
  const name = 'apiserver_request_total';
  const help =
    '[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.';
  let text = familyHead(name, 'counter', help);
  for (const { labels, dryRun, series: s } of series) {
    for (const [code, count] of s.codes) {
      text += sampleLine(name, { ...labels, dry_run: dryRun, component, code: String(code) }, count);
    }
  }
  return text;
}

function durations(series: readonly LabelledSeries[]): string {
  const name = 'apiserver_request_duration_seconds';
  const help =
    '[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.';
  let text = familyHead(name, 'histogram', help);
  for (const { labels, dryRun, series: s } of series) {
    const all = { ...labels, dry_run: dryRun, component };
    text += histogramLines(name, all, DURATION_BOUNDS, s.durations.counts, s.durations.sum);
  }
  return text;
}

/** The same times in coarser buckets: nothing waits in queues here, and webhooks are not told apart. */
function sliDurations(series: readonly LabelledSeries[]): string {
  const name = 'apiserver_request_sli_duration_seconds';
  const help =
    '[ALPHA] Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.';
  const bounds = DURATION_BOUNDS.slice(SLI_FROM);
  let text = familyHead(name, 'histogram', help);
  for (const { labels, dryRun, series: s } of series) {
    if (dryRun !== '') continue;
    const { counts, sum } = s.durations;
    const coarse = Float64Array.from(counts.slice(SLI_FROM));
    for (let i = 0; i < SLI_FROM; i++) coarse[0]! += counts[i]!;
    text += histogramLines(name, { ...labels, component }, bounds, coarse, sum);
  }
  return text;
}

function sizes(series: readonly LabelledSeries[]): string {
  const name = 'apiserver_response_sizes';
  const help =
    '[STABLE] Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.';
  let text = familyHead(name, 'histogram', help);
  for (const { labels, series: s } of series) {
    if (s.sizes) text += histogramLines(name, { ...labels, component }, SIZE_BOUNDS, s.sizes.counts, s.sizes.sum);
  }
  return text;
}

function deprecatedApis({ registry }: Server, series: readonly LabelledSeries[]): string {
  const samples = new Map<string, Sample>();
  for (const { labels } of series) {
    const { group = '', version = '', resource = '', subresource = '' } = labels;
    const deprecated = registry.find(group, version, resource)?.served.deprecated;
    if (!deprecated) continue;
    const removedRelease = /unavailable in v(\d+\.\d+)\+/.exec(deprecated.message ?? '')?.[1] ?? '';
    const asked = { group, version, resource, subresource, removed_release: removedRelease };
    samples.set(Object.values(asked).join(' '), [asked, 1]);
  }
  const help =
    '[STABLE] Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.';
  return family('apiserver_requested_deprecated_apis', 'gauge', help, [...samples.values()]);
}

function inFlight(measurements: Measurements): string {
  const { readOnly, mutating } = measurements.takePeaks();
  const help =
    '[STABLE] Maximal number of currently used inflight request limit of this apiserver per request kind in last second.';
  return family('apiserver_current_inflight_requests', 'gauge', help, [
    [{ request_kind: 'mutating' }, mutating],
    [{ request_kind: 'readOnly' }, readOnly],
  ]);
}

function watches({ registry }: Server): string {
  const samples = new Map<string, [labels: Record<string, string>, count: number]>();
  for (const { cache } of registry.kinds()) {
    for (const listener of cache.listeners()) {
      if (!(listener instanceof WatchStream)) continue;
      const { group, version, resource, namespace } = listener.info;
      const scope = namespace === '' ? 'cluster' : 'namespace';
      const labels = { verb: 'WATCH', group, version, resource, subresource: '', scope, component };
      const key = Object.values(labels).join(' ');
      const known = samples.get(key);
      if (known) known[1]++;
      else samples.set(key, [labels, 1]);
    }
  }
  const help =
    '[STABLE] Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.';
  return family('apiserver_longrunning_requests', 'gauge', help, [...samples.values()]);
}

function storedObjects({ registry }: Server): string {
  const old: Sample[] = [];
  const now: Sample[] = [];
  for (const { definition, cache } of registry.kinds()) {
    if (definition.virtual) continue;
    const { group, plural } = definition;
    old.push([{ resource: group === '' ? plural : `${plural}.${group}` }, cache.size]);
    now.push([{ group, resource: plural }, cache.size]);
  }
  return (
    family(
      'apiserver_storage_objects',
      'gauge',
      '[STABLE] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
      old,
    ) +
    family(
      'apiserver_resource_objects',
      'gauge',
      '[ALPHA] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
      now,
    )
  );
}

function buildInfo(): string {
  const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } = versionInfo;
  const labels = {
    build_date: buildDate,
    compiler,
    git_commit: gitCommit,
    git_tree_state: gitTreeState,
    git_version: gitVersion,
    go_version: goVersion,
    major,
    minor,
    platform,
  };
  const help =
    "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.";
  return family('kubernetes_build_info', 'gauge', help, [[labels, 1]]);
}

function processMetrics(server: Server): string {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  const gauge = (name: string, help: string, value: number): string => family(name, 'gauge', help, [[{}, value]]);
  const started = Math.round((server.now() / 1000 - process.uptime()) * 100) / 100;
  return [
    family('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', [
      [{}, (user + system) / 1e6],
    ]),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', rss),
    gauge('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', started),
    gauge('nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.', heapUsed),
    gauge('nodejs_heap_size_total_bytes', 'Process heap size from Node.js in bytes.', heapTotal),
  ].join('');
}
