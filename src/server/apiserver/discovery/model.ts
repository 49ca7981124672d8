// What the server serves, as plain data, made of the registry: groups with their versions, each with its resources.
// The two wire forms (documents.ts, aggregated.ts) are made of it.
import { ALL_VERBS, type KindDefinition, type Subresource } from '../../../api/kind.ts';
import type { Endpoint, Registry } from '../registry.ts';
import { compareGroups, compareVersions } from './order.ts';

export interface SubresourceModel {
  name: string;
  kind: { group: string; version: string; kind: string };
  verbs: string[];
}
export interface ResourceModel {
  endpoint: Endpoint;
  definition: KindDefinition;
  singular: string;
  /** Old groups of a kind have neither: clients would call a short name ambiguous, and list a category's objects twice. */
  short: readonly string[];
  categories: readonly string[];
  verbs: string[];
  subresources: SubresourceModel[];
}
export interface VersionModel {
  apiVersion: string;
  version: string;
  resources: ResourceModel[];
}
export interface GroupModel {
  group: string;
  versions: VersionModel[];
}

/** In upstream's order: pods/exec and its like are connections, which discovery shows as get and create. */
const CONNECT_VERBS = ['create', 'get'];
const CONNECTIONS = new Set(['exec', 'attach', 'portforward']);
const PROXY_VERBS = ['create', 'delete', 'get', 'patch', 'update'];

export function discoveryModel(registry: Registry): GroupModel[] {
  const groups = new Map<string, VersionModel[]>();
  for (const apiVersion of registry.groupVersions()) {
    const endpoints = [...registry.groupVersion(apiVersion)!.values()];
    const { group, version } = endpoints[0]!;
    const resources = endpoints.map(resourceModel).sort((a, b) => (a.endpoint.plural < b.endpoint.plural ? -1 : 1));
    const versions = groups.get(group);
    const model = { apiVersion, version, resources };
    if (versions) versions.push(model);
    else groups.set(group, [model]);
  }
  return [...groups]
    .map(([group, versions]) => ({ group, versions: versions.sort((a, b) => compareVersions(a.version, b.version)) }))
    .sort((a, b) => compareGroups(a.group, b.group));
}

function resourceModel(endpoint: Endpoint): ResourceModel {
  const definition = endpoint.kind.definition as KindDefinition;
  const old = endpoint.served.deprecated !== undefined && endpoint.group !== definition.group;
  return {
    endpoint,
    definition,
    singular: definition.singular ?? definition.kind.toLowerCase(),
    short: old ? [] : (definition.short ?? []),
    categories: old ? [] : (definition.categories ?? []),
    verbs: [...(definition.verbs ?? ALL_VERBS)].sort(),
    subresources: Object.entries(definition.subresources ?? {})
      .map(([name, subresource]) => subresourceModel(endpoint, name, subresource))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function subresourceModel(endpoint: Endpoint, name: string, subresource: Subresource): SubresourceModel {
  const own = { group: endpoint.group, version: endpoint.version, kind: endpoint.kind.definition.kind };
  let verbs: string[] = [...subresource.verbs].sort();
  if (CONNECTIONS.has(name)) verbs = CONNECT_VERBS;
  else if (name === 'proxy') verbs = PROXY_VERBS;
  return { name, kind: subresource.kind ?? own, verbs };
}
