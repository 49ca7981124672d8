// Names for completion: those of a kubeconfig, and those of the server's objects, in the namespace that the line names.
// Upstream: kubectl/pkg/util/completion/completion.go, CompGetResource and its like.
import type { Container, Pod, Service } from 'kubernetes-types/core/v1.js';
import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import { resourcePath, type Unstructured } from '../api/types.ts';
import { selectorFromObject } from '../api/selector.ts';
import type { Mapping } from './builder/mapper.ts';
import type { Cluster } from './cluster.ts';
import type { Line } from './completion-arguments.ts';
import type { GlobalFlags } from './globals.ts';
import { type FlagTable, parseFlags } from './pflag.ts';

export async function configNames(
  section: 'contexts' | 'clusters' | 'users',
  { table, words, context }: Line,
): Promise<string[]> {
  const { kubeConfigPaths, loadKubeConfig } = await import('../client/kubeconfig.ts');
  const explicit = globalsOf(table, words).kubeconfig || undefined;
  const config = loadKubeConfig(kubeConfigPaths(explicit, context.io.env), { explicit: explicit !== undefined });
  return [...config[section].keys()].sort();
}

/** The flags as far as they can be read. */
function globalsOf(table: FlagTable, words: readonly string[]): GlobalFlags {
  for (let end = words.length; end > 0; end--) {
    try {
      return parseFlags(table, words.slice(0, end)).values as unknown as GlobalFlags;
    } catch {
      continue;
    }
  }
  return parseFlags(table, []).values as unknown as GlobalFlags;
}

export const clusterOf = ({ table, words, context }: Line): Promise<Cluster> =>
  context.connect(globalsOf(table, words));

/** Of `pods`, of `pods,services`, of a category. */
export async function names(types: string, line: Line, namespace?: string): Promise<string[]> {
  const cluster = await clusterOf(line);
  const mapper = await cluster.mapper();
  const mappings: Mapping[] = [];
  for (const type of types.split(','))
    mappings.push(...((await mapper.category(type)) ?? [await mapper.resource(type)]));
  const lists = await Promise.all(
    mappings.map(async (mapping) => {
      const path = resourcePath(mapping, mapping.namespaced ? { namespace: namespace ?? cluster.namespace } : {});
      const { items = [] } = await cluster.json<{ items?: Unstructured[] }>('GET', path, {
        headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json' },
      });
      return items.map((i) => i.metadata.name ?? '');
    }),
  );
  return lists.flat();
}

async function objectNamed<T = Unstructured>(type: string, name: string, line: Line): Promise<T> {
  const cluster = await clusterOf(line);
  const mapping = await (await cluster.mapper()).resource(type);
  const place = mapping.namespaced ? { namespace: cluster.namespace, name } : { name };
  return cluster.json<T>('GET', resourcePath(mapping, place));
}

/** The pod of this name, or one of the pods that `type/name` looks after. */
async function podOf(text: string, line: Line): Promise<Pod> {
  const [type = '', name] = text.split(/\/(.*)/s);
  if (name === undefined) return objectNamed<Pod>('pods', text, line);
  const owner = await objectNamed(type, name, line);
  if (owner.kind === 'Pod') return owner as unknown as Pod;
  const cluster = await clusterOf(line);
  const { selector = {} } = (owner['spec'] ?? {}) as { selector?: Record<string, unknown> };
  const isPlain = !('matchLabels' in selector || 'matchExpressions' in selector);
  const labelSelector = selectorFromObject(
    (isPlain ? { matchLabels: selector } : selector) as LabelSelector,
  ).toString();
  const path = resourcePath(
    { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true },
    { namespace: cluster.namespace },
  );
  const { items = [] } = await cluster.json<{ items?: Pod[] }>('GET', path, { query: { labelSelector } });
  return items[0] ?? {};
}

export async function containersOf(pod: string, line: Line): Promise<string[]> {
  const { spec } = await podOf(pod, line);
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map((c) => c.name);
}

/** `80:80`; what was typed before the colon stays. */
export async function portsOf(target: string, last: string, line: Line): Promise<string[]> {
  const local = last.split(':')[0]!;
  const pair = (port: number | undefined): string => `${last === '' ? port : local}:${port}`;
  const [type = '', name] = target.split(/\/(.*)/s);
  if (name !== undefined && ['service', 'services', 'svc'].includes(type)) {
    const service = await objectNamed<Service>('services', name, line);
    return (service.spec?.ports ?? []).map(({ port }) => pair(port));
  }
  const { spec } = await podOf(target, line);
  return (spec?.containers ?? []).flatMap(({ ports = [] }: Container) =>
    ports.map(({ containerPort }) => pair(containerPort)),
  );
}

/** `pods`, `deployments.apps`: by group, then name, as `api-resources` lists them. */
export async function resourceTypes(line: Line): Promise<string[]> {
  const { resources } = await (await (await clusterOf(line)).mapper()).fresh();
  const sortKey = ({ group, plural }: Mapping): string => `${group} ${plural}`;
  const sorted = resources
    .filter((r) => r.verbs.includes('get'))
    .toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  return [...new Set(sorted.map((r) => (r.group ? `${r.plural}.${r.group}` : r.plural)))];
}
