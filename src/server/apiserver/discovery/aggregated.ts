// Discovery in one document, which clients since 1.26 ask for. Upstream: apiserver/pkg/endpoints/discovery/aggregated.
import type { GroupModel, ResourceModel } from './model.ts';

export function aggregatedList(groups: readonly GroupModel[], version: 'v2' | 'v2beta1'): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: { ...(group ? { name: group } : {}), creationTimestamp: null },
      versions: versions.map(
        (v) =>
          v.remote ?? {
            version: v.version,
            resources: v.resources.map(resource),
            freshness: 'Current',
          },
      ),
    })),
  };
}

function resource({ endpoint, definition, singular, short, categories, verbs, subresources }: ResourceModel): object {
  const { group, version, plural, namespaced } = endpoint;
  const { kind } = definition;
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(short.length ? { shortNames: short } : {}),
    ...(categories.length ? { categories } : {}),
    ...(subresources.length > 0
      ? {
          subresources: subresources.map((sub) => ({
            subresource: sub.name,
            responseKind: sub.kind,
            verbs: sub.verbs,
          })),
        }
      : {}),
  };
}
