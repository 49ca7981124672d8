// Discovery as it always was: one document for the groups and one for each group's version.
// Upstream: apiserver/pkg/endpoints/discovery.
import { createHash } from 'node:crypto';
import { apiVersionOf } from '../../../api/types.ts';
import type { KindDefinition } from '../../../api/kind.ts';
import type { GroupModel, ResourceModel, VersionModel } from './model.ts';

export function legacyVersions(serverAddress: string): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

export function groupList(groups: readonly GroupModel[]): object {
  const named = groups.filter((g) => g.group !== '');
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(groupBody) };
}

export const groupDocument = (group: GroupModel): object => ({
  kind: 'APIGroup',
  apiVersion: 'v1',
  ...groupBody(group),
});

function groupBody({ group, versions }: GroupModel): object {
  const list = versions.map(({ apiVersion, version }) => ({ groupVersion: apiVersion, version }));
  return { name: group, versions: list, preferredVersion: list[0] };
}

export function resourceList({ apiVersion, resources }: VersionModel): object {
  return {
    kind: 'APIResourceList',
    ...(apiVersion.includes('/') ? { apiVersion: 'v1' } : {}),
    groupVersion: apiVersion,
    resources: resources.flatMap(resourceRows),
  };
}

/** Tells clients when objects are stored in another version. Upstream: discovery.StorageVersionHash. */
function storageVersionHash({ storage, kind }: KindDefinition): string {
  const text = `${storage.group}/${storage.version}/${kind}`;
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64');
}

function resourceRows({
  endpoint,
  definition,
  singular,
  short,
  categories,
  verbs,
  subresources,
}: ResourceModel): object[] {
  const { kind } = definition;
  const { namespaced, plural } = endpoint;
  const own = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(short.length ? { shortNames: short } : {}),
    ...(categories.length ? { categories } : {}),
    ...(definition.virtual ? {} : { storageVersionHash: storageVersionHash(definition) }),
  };
  const below = subresources.map((sub) => {
    const foreign = apiVersionOf(sub.kind) !== endpoint.apiVersion;
    return {
      name: `${plural}/${sub.name}`,
      singularName: '',
      namespaced,
      ...(foreign ? { group: sub.kind.group, version: sub.kind.version } : {}),
      kind: sub.kind.kind,
      verbs: sub.verbs,
    };
  });
  return verbs.length === 0 ? below : [own, ...below];
}
