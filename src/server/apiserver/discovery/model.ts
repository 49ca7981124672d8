// What the server serves, as plain data, made of the registry: groups with their versions, each with its resources.
// The two wire forms (documents.ts, aggregated.ts) are made of it.
import { ALL_VERBS, type KindDefinition, type Subresource } from '../../../api/kind.ts';
import type { Endpoint, Registry } from '../registry.ts';
import { byPriority } from './order.ts';

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
  /** Another server's: what it says of itself (its resources, as aggregated discovery shows them). */
  remote?: object;
}
export interface GroupModel {
  group: string;
  versions: VersionModel[];
}

/** In upstream's order: pods/exec and its like are connections, which discovery shows as get and create. */
const CONNECT_VERBS = ['create', 'get'];
const CONNECTIONS = new Set(['exec', 'attach', 'portforward']);
const PROXY_VERBS = ['create', 'delete', 'get', 'patch', 'update'];

/** A group and version that another server answers. */
export interface RemoteVersion {
  group: string;
  version: string;
  groupPriority: number;
  versionPriority: number;
  discovery: object;
}

/** `remotes` take the place of what this server has under the same group and version. */
export function discoveryModel(registry: Registry, remotes: readonly RemoteVersion[] = []): GroupModel[] {
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
  addRemotes(groups, remotes);
  const compare = byPriority(remotes);
  return [...groups]
    .map(([group, versions]) => ({
      group,
      versions: versions.sort((a, b) => compare.versions(group, a.version, b.version)),
    }))
    .sort((a, b) => compare.groups(a.group, b.group));
}

function addRemotes(groups: Map<string, VersionModel[]>, remotes: readonly RemoteVersion[]): void {
  for (const { group, version, discovery } of remotes) {
    const others = (groups.get(group) ?? []).filter((model) => model.version !== version);
    groups.set(group, [...others, { apiVersion: `${group}/${version}`, version, resources: [], remote: discovery }]);
  }
}

function resourceModel(endpoint: Endpoint): ResourceModel {
  const definition = endpoint.definition as KindDefinition;
  const old = endpoint.served.deprecated !== undefined && endpoint.group !== definition.group;
  return {
    endpoint,
    definition,
    singular: definition.singular ?? definition.kind.toLowerCase(),
    short: old ? [] : (definition.short ?? []),
    categories: old ? [] : (definition.categories ?? []),
    verbs: [...(definition.verbs ?? ALL_VERBS)].sort(),
    // Those of custom resources stand as their definition's file has them: status and then scale.
    subresources: Object.entries(definition.subresources ?? {})
      .map(([name, subresource]) => subresourceModel(endpoint, name, subresource))
      .sort((a, b) => (endpoint.kind.custom ? 0 : a.name < b.name ? -1 : 1)),
  };
}

function subresourceModel(endpoint: Endpoint, name: string, subresource: Subresource): SubresourceModel {
  const own = { group: endpoint.group, version: endpoint.version, kind: endpoint.definition.kind };
  let verbs: string[] = [...subresource.verbs].sort();
  if (CONNECTIONS.has(name)) verbs = CONNECT_VERBS;
  else if (name === 'proxy') verbs = PROXY_VERBS;
  return { name, kind: subresource.kind ?? own, verbs };
}
