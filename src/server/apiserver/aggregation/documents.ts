// What an extension server says of itself: discovery in the aggregated form (made of the old one where it knows no
// other), and its OpenAPI documents. Upstream: kube-aggregator/pkg/apiserver/handler_discovery.go,
// controllers/openapi{,v3}/aggregator.
import type { HttpsAnswer } from '../../../wire/https-caller.ts';
import type { RemoteVersion } from '../discovery/model.ts';
import type { RemoteDocuments, RemoteService, RemoteServices, VersionDiscovery } from './remote.ts';

/** One question to the server; rejects when it cannot be reached. */
export type Ask = (path: string, accept: string) => Promise<HttpsAnswer>;

const AGGREGATED = ['v2', 'v2beta1']
  .map((v) => `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`)
  .concat('application/json')
  .join(',');

/** What could be had; what the server does not answer is left out. */
export async function fetchDocuments(remote: RemoteService, ask: Ask): Promise<RemoteDocuments> {
  const json = async (path: string, accept = 'application/json'): Promise<unknown> => {
    try {
      const { status, body } = await ask(path, accept);
      return status === 200 ? (JSON.parse(body.toString('utf8')) as unknown) : undefined;
    } catch {
      return undefined;
    }
  };
  const [discovery, openApiV3, openApiV2] = await Promise.all([
    discoveryOf(remote, json),
    v3Address(remote, json),
    v2Document(remote, json),
  ]);
  return {
    ...(discovery ? { discovery } : {}),
    ...(openApiV3 ? { openApiV3 } : {}),
    ...(openApiV2 ? { openApiV2 } : {}),
  };
}

/** For discovery: a server that could not be asked yet is listed without resources. */
export const remoteVersions = ({ remotes }: { remotes: RemoteServices }): RemoteVersion[] =>
  [...remotes.all()].map(({ group, version, groupPriority, versionPriority, documents, available }) => ({
    group,
    version,
    groupPriority,
    versionPriority,
    discovery: {
      ...(documents.discovery ?? { version }),
      freshness: available && documents.discovery ? 'Current' : 'Stale',
    },
  }));

type ReadJson = (path: string, accept?: string) => Promise<unknown>;

interface GroupDiscovery {
  metadata?: { name?: string };
  versions?: VersionDiscovery[];
}

async function discoveryOf({ group, version }: RemoteService, json: ReadJson): Promise<VersionDiscovery | undefined> {
  const all = (await json('/apis', AGGREGATED)) as { kind?: string; items?: GroupDiscovery[] } | undefined;
  if (all?.kind === 'APIGroupDiscoveryList') {
    const found = all.items
      ?.find((item) => item.metadata?.name === group)
      ?.versions?.find((v) => v.version === version);
    return found && { ...found, freshness: 'Current' };
  }
  const list = (await json(`/apis/${group}/${version}`)) as { resources?: ApiResource[] } | undefined;
  return (
    list && { version, resources: aggregatedResources(group, version, list.resources ?? []), freshness: 'Current' }
  );
}

/** A row of the old discovery (metav1.APIResource). */
interface ApiResource {
  name: string;
  singularName?: string;
  namespaced?: boolean;
  group?: string;
  version?: string;
  kind: string;
  verbs?: string[];
  shortNames?: string[];
  categories?: string[];
}

/** Upstream: endpoints/discovery.go ConvertGroupVersionIntoToDiscovery. */
export function aggregatedResources(group: string, version: string, rows: readonly ApiResource[]): object[] {
  const responseKind = (row: ApiResource): object => ({
    group: row.group || group,
    version: row.version || version,
    kind: row.kind,
  });
  const resources = new Map<string, Record<string, unknown> & { subresources?: object[] }>();
  for (const row of rows.filter(({ name }) => !name.includes('/'))) {
    resources.set(row.name, {
      resource: row.name,
      responseKind: responseKind(row),
      scope: row.namespaced ? 'Namespaced' : 'Cluster',
      singularResource: row.singularName ?? '',
      verbs: row.verbs ?? [],
      ...(row.shortNames?.length ? { shortNames: row.shortNames } : {}),
      ...(row.categories?.length ? { categories: row.categories } : {}),
    });
  }
  for (const row of rows) {
    const [parent, subresource] = row.name.split('/', 2);
    if (subresource === undefined) continue;
    // A subresource without its resource is listed below one that has no verbs.
    let resource = resources.get(parent!);
    if (!resource) {
      resource = {
        resource: parent!,
        scope: row.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: '',
        verbs: [],
      };
      resources.set(parent!, resource);
    }
    (resource.subresources ??= []).push({ subresource, responseKind: responseKind(row), verbs: row.verbs ?? [] });
  }
  return [...resources.values()];
}

async function v3Address({ group, version }: RemoteService, json: ReadJson): Promise<string | undefined> {
  const index = (await json('/openapi/v3')) as { paths?: Record<string, { serverRelativeURL?: string }> } | undefined;
  return index?.paths?.[`apis/${group}/${version}`]?.serverRelativeURL;
}

/** Upstream: FilterSpecByPathsWithoutSideEffects: a server answers for its own paths alone. */
async function v2Document({ group, version }: RemoteService, json: ReadJson): Promise<object | undefined> {
  const spec = (await json('/openapi/v2')) as { paths?: Record<string, object>; definitions?: object } | undefined;
  if (!spec?.paths) return undefined;
  const prefix = `/apis/${group}/${version}/`;
  const own = Object.entries(spec.paths).filter(([path]) => path === prefix || path.startsWith(prefix));
  return { paths: Object.fromEntries(own), definitions: spec.definitions ?? {} };
}
