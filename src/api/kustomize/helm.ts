// Helm charts of a kustomization: which values helm gets and what is made of its answer. Running helm is the caller's
// (KustomizeFiles.helm). Upstream: kustomize/api/internal/builtins/HelmChartInflationGenerator.go.
import { posix } from 'node:path';
import { parseYaml, stringifyYaml } from '../codec/yaml.ts';
import type { Json } from '../types.ts';
import { type Loader, resourcesOfText } from './loader.ts';
import type { Resource } from './resource.ts';
import { type HelmChart, type HelmGlobals, KustomizeError } from './types.ts';

type Fields = Record<string, Json>;

const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The resources of one chart. */
export function inflateChart(given: HelmChart, globals: HelmGlobals, loader: Loader): Resource[] {
  const { helm } = loader.files;
  const refuse = (why: string): never => {
    const config = stringifyYaml({ ...globals, ...given } as Json);
    const text = `trouble configuring builtin HelmChartInflationGenerator with config: \`\n${config}\`: ${why}`;
    throw new KustomizeError(text, loader.folder, 'helmCharts');
  };
  if (!helm) return refuse('must specify --enable-helm');
  const root = loader.shown();
  const home = chartHome(given, globals, root);
  const chart: HelmChart = { ...given };
  if (!chart.name) return refuse('chart name cannot be empty');
  chart.additionalValuesFiles = (chart.additionalValuesFiles ?? []).map((file) => {
    loader.load(file);
    return posix.join(root, file);
  });
  const merge = chart.valuesMerge || 'override';
  if (!['merge', 'override', 'replace'].includes(merge)) {
    return refuse('valuesMerge must be one of [merge override replace]');
  }
  const valuesFile = chart.valuesFile || posix.join(home, chart.name, 'values.yaml');
  const values = (): string => {
    const inline = chart.valuesInline ?? {};
    if (Object.keys(inline).length === 0) return loader.text(valuesFile);
    if (merge === 'replace') return stringifyYaml(inline as Json);
    const own = (parseYaml(loader.text(valuesFile)) ?? {}) as Json;
    return stringifyYaml(merge === 'override' ? merged(own, inline as Json) : merged(inline as Json, own));
  };
  return resourcesOfText(helm({ chart, home, configHome: globals.configHome, values }), loader.folder);
}

function chartHome({ version, repo, name }: HelmChart, globals: HelmGlobals, root: string): string {
  const home = globals.chartHome || 'charts';
  const path = posix.isAbsolute(home) ? home : posix.join(root, home);
  return version && repo ? posix.join(path, `${name}-${version}`) : path;
}

/** `source` over `target`: maps are merged, null removes, all else is replaced. Upstream: kyaml merge2. */
function merged(target: Json, source: Json): Json {
  if (!isMap(target) || !isMap(source)) return source;
  const result: Fields = { ...target };
  for (const [key, value] of Object.entries(source)) {
    if (value === null) delete result[key];
    else result[key] = Object.hasOwn(result, key) ? merged(result[key]!, value) : value;
  }
  return result;
}

/** The words after `helm`. Upstream: HelmChart.AsHelmArgs. */
export function templateWords(chart: HelmChart, home: string, valuesFile: string): string[] {
  const flag = (name: string, value: string | undefined): string[] => (value ? [name, value] : []);
  return [
    'template',
    chart.releaseName || '--generate-name',
    ...(chart.name ? [posix.join(home, chart.name)] : []),
    ...flag('--namespace', chart.namespace),
    ...flag('--name-template', chart.nameTemplate),
    ...['-f', valuesFile],
    ...(chart.additionalValuesFiles ?? []).flatMap((file) => ['-f', file]),
    ...(chart.apiVersions ?? []).flatMap((version) => ['--api-versions', version]),
    ...flag('--kube-version', chart.kubeVersion),
    ...(chart.includeCRDs ? ['--include-crds'] : []),
    ...(chart.skipTests ? ['--skip-tests'] : []),
    ...(chart.skipHooks ? ['--no-hooks'] : []),
    ...(chart.debug ? ['--debug'] : []),
  ];
}

/** Upstream: pullCommand. */
export function pullWords({ repo, name = '', version }: HelmChart, home: string): string[] {
  const chart = repo?.startsWith('oci://') ? [`${repo.replace(/\/$/, '')}/${name}`] : ['--repo', repo ?? '', name];
  return [...['pull', '--untar', '--untardir', home], ...chart, ...(version ? ['--version', version] : [])];
}
