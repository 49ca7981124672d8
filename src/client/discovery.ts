// What a server serves: aggregated discovery where it is offered, the older documents elsewhere. No cache here.
import type { Verb } from '../api/kind.ts';
import type { ResourceType, Unstructured } from '../api/types.ts';
import { apiVersionOf, parseApiVersion } from '../api/types.ts';
import { type Client, parseAnswer, readBytes } from './rest.ts';

export interface DiscoveredResource extends ResourceType<Unstructured> {
  singular: string;
  shortNames: string[];
  categories: string[];
  verbs: (Verb | string)[];
  /** Names of subresources: `status`, `scale`. */
  subresources: string[];
  /** Group and version of the objects when they are not the resource's own. */
  responseKind?: { group: string; version: string; kind: string };
}

export interface DiscoveredGroup {
  name: string;
  /** In the server's order of preference. */
  versions: { version: string; resources: DiscoveredResource[]; stale?: boolean }[];
}

const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,' +
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

/** All groups in the server's order, the core group (`''`) first. `failed` names group versions that did not answer. */
export async function discover(client: Client): Promise<{ groups: DiscoveredGroup[]; failed: string[] }> {
  const fetchJson = async (path: string) => {
    const response = await client.request('GET', path, { headers: { accept: AGGREGATED }, shared: false });
    return parseAnswer((await readBytes(response)).toString('utf8')) as Record<string, unknown>;
  };
  const [core, named] = await Promise.all([fetchJson('/api'), fetchJson('/apis')]);
  if (core['kind'] === 'APIGroupDiscoveryList' && named['kind'] === 'APIGroupDiscoveryList') {
    const groups = [...aggregatedGroups(core), ...aggregatedGroups(named)];
    return { groups, failed: staleVersions(groups) };
  }
  return legacyGroups(core, named, fetchJson);
}

/** What the server itself could not ask for: another server's, which it cannot reach. */
function staleVersions(groups: readonly DiscoveredGroup[]): string[] {
  return groups.flatMap(({ name, versions }) =>
    versions.filter(({ stale }) => stale).map(({ version }) => apiVersionOf({ group: name, version })),
  );
}

/** Every resource of every group, preferred versions first. */
export function flatten(groups: readonly DiscoveredGroup[]): DiscoveredResource[] {
  return groups.flatMap((g) => g.versions.flatMap((v) => v.resources));
}

interface AggregatedResource {
  resource: string;
  responseKind?: { group: string; version: string; kind: string };
  scope: string;
  singularResource?: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  subresources?: { subresource: string }[];
}

function aggregatedGroups(document: Record<string, unknown>): DiscoveredGroup[] {
  const items = (document['items'] ?? []) as {
    metadata?: { name?: string };
    versions?: { version: string; freshness?: string; resources?: AggregatedResource[] }[];
  }[];
  return items.map((item) => {
    const group = item.metadata?.name ?? '';
    const versions = (item.versions ?? []).map(({ version, freshness, resources = [] }) => ({
      version,
      stale: freshness === 'Stale',
      resources: resources.map((r) => ({
        group,
        version,
        plural: r.resource,
        kind: r.responseKind?.kind ?? '',
        namespaced: r.scope === 'Namespaced',
        singular: r.singularResource ?? '',
        shortNames: r.shortNames ?? [],
        categories: r.categories ?? [],
        verbs: r.verbs,
        subresources: (r.subresources ?? []).map((s) => s.subresource),
        ...(r.responseKind ? { responseKind: r.responseKind } : {}),
      })),
    }));
    return { name: group, versions };
  });
}

interface LegacyResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  kind: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
}

async function legacyGroups(
  core: Record<string, unknown>,
  named: Record<string, unknown>,
  fetchJson: (path: string) => Promise<Record<string, unknown>>,
): Promise<{ groups: DiscoveredGroup[]; failed: string[] }> {
  const wanted: { name: string; versions: string[] }[] = [{ name: '', versions: (core['versions'] ?? []) as string[] }];
  const groups = (named['groups'] ?? []) as {
    name: string;
    versions: { groupVersion: string; version: string }[];
    preferredVersion?: { version: string };
  }[];
  for (const { name, versions, preferredVersion } of groups) {
    const rank = (v: string) => (v === preferredVersion?.version ? 0 : 1);
    wanted.push({ name, versions: versions.map((v) => v.version).sort((a, b) => rank(a) - rank(b)) });
  }
  const failed: string[] = [];
  const load = async (group: string, version: string) => {
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    try {
      const { resources = [] } = (await fetchJson(path)) as { resources?: LegacyResource[] };
      return { version, resources: legacyResources(group, version, resources) };
    } catch {
      failed.push(apiVersionOf({ group, version }));
      return { version, resources: [], stale: true };
    }
  };
  const loaded = wanted.map(async ({ name, versions }) => ({
    name,
    versions: await Promise.all(versions.map((version) => load(name, version))),
  }));
  return { groups: await Promise.all(loaded), failed };
}

function legacyResources(group: string, version: string, resources: LegacyResource[]): DiscoveredResource[] {
  const subresources = resources.filter((r) => r.name.includes('/')).map((r) => r.name.split('/') as [string, string]);
  return resources
    .filter((r) => !r.name.includes('/'))
    .map((r) => ({
      ...parseApiVersion(apiVersionOf({ group, version })),
      plural: r.name,
      kind: r.kind,
      namespaced: r.namespaced,
      singular: r.singularName,
      shortNames: r.shortNames ?? [],
      categories: r.categories ?? [],
      verbs: r.verbs,
      subresources: subresources.filter(([parent]) => parent === r.name).map(([, sub]) => sub),
    }));
}
