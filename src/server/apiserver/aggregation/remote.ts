// The groups and versions that other servers answer: APIService objects with a service, followed in the watch cache.
// What is known of each (is it available, what does it serve) is put here by availability.ts; readers look it up.
import { stringifyJson } from '../../../api/codec/json.ts';
import type { ApiService } from '../../../api/kinds/apiregistration/apiservice.ts';
import type { ResourceType } from '../../../api/types.ts';
import type { HttpsTarget } from '../../../wire/https-caller.ts';
import { resolveService } from '../../admission/webhook/resolve-service.ts';
import type { Lister } from '../../admission/types.ts';
import type { Credential } from '../types.ts';

export const ApiServices: ResourceType<ApiService> = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  plural: 'apiservices',
  kind: 'APIService',
  namespaced: false,
};

/** One version of a group in aggregated discovery (apidiscovery.k8s.io/v2 APIVersionDiscovery). */
export interface VersionDiscovery {
  version: string;
  resources?: object[];
  freshness?: string;
}

/** What a server said of itself the last time that it could be asked. */
export interface RemoteDocuments {
  discovery?: VersionDiscovery;
  /** The address of its OpenAPI v3 document, with its hash. */
  openApiV3?: string;
  /** Its OpenAPI v2 document, only the paths of this group and version. */
  openApiV2?: object;
}

export interface RemoteService {
  name: string;
  group: string;
  version: string;
  service: { namespace: string; name: string; port: number };
  /** PEM. */
  ca: string | undefined;
  insecure: boolean;
  groupPriority: number;
  versionPriority: number;
  /** As the object's condition says. */
  available: boolean;
  documents: RemoteDocuments;
}

export class RemoteServices {
  /** `metrics.k8s.io/v1beta1` → service. */
  readonly #byVersion = new Map<string, RemoteService>();
  readonly #listeners = new Set<(name: string) => void>();
  #generation = 0;

  /** Counts what changes discovery and OpenAPI. */
  get generation(): number {
    return this.#generation;
  }

  get size(): number {
    return this.#byVersion.size;
  }

  all(): IterableIterator<RemoteService> {
    return this.#byVersion.values();
  }

  find(group: string, version: string): RemoteService | undefined {
    return this.#byVersion.get(`${group}/${version}`);
  }

  onChange(listener: (name: string) => void): void {
    this.#listeners.add(listener);
  }

  /** Told of each APIService as the watch cache has it. */
  put(object: ApiService): void {
    const { spec = {}, metadata } = object;
    const { group = '', version = '' } = spec;
    const key = `${group}/${version}`;
    const before = this.#byVersion.get(key);
    if (!spec.service || group === '') return this.remove(object);
    const available = object.status?.conditions?.some((c) => c.type === 'Available' && c.status === 'True') === true;
    const next: RemoteService = {
      name: metadata?.name ?? '',
      group,
      version,
      service: {
        namespace: spec.service.namespace ?? '',
        name: spec.service.name ?? '',
        port: spec.service.port ?? 443,
      },
      ca: spec.caBundle ? Buffer.from(spec.caBundle, 'base64').toString('utf8') : undefined,
      insecure: spec.insecureSkipTLSVerify === true,
      groupPriority: spec.groupPriorityMinimum ?? 0,
      versionPriority: spec.versionPriority ?? 0,
      available,
      documents: before?.documents ?? {},
    };
    this.#byVersion.set(key, next);
    if (!before || fingerprint(before) !== fingerprint(next)) this.#changed(next.name);
  }

  remove({ spec, metadata }: ApiService): void {
    if (this.#byVersion.delete(`${spec?.group ?? ''}/${spec?.version ?? ''}`)) this.#changed(metadata?.name ?? '');
  }

  /** A server said something new of itself. */
  learn(remote: RemoteService, documents: RemoteDocuments): void {
    const current = this.find(remote.group, remote.version);
    if (!current || stringifyJson(current.documents) === stringifyJson(documents)) return;
    current.documents = documents;
    this.#generation++;
  }

  #changed(name: string): void {
    this.#generation++;
    for (const listener of this.#listeners) listener(name);
  }
}

/** All that matters of an object: most changes of it are of its status' texts. */
const fingerprint = (remote: RemoteService): string => JSON.stringify({ ...remote, documents: undefined });

/** Where a path of the server is now. Throws when its service has no endpoints. */
export function targetOf(
  { service, ca, insecure }: RemoteService,
  path: string,
  lister: Lister,
  credential: Credential | undefined,
): HttpsTarget {
  const { namespace, name, port } = service;
  const address = resolveService(lister, namespace, name, port, 'error resolving');
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return {
    url: new URL(path, `https://${host}:${address.port}`),
    shown: `https://${host}:${address.port}${path}`,
    address,
    serverName: `${name}.${namespace}.svc`,
    ...(ca === undefined ? {} : { ca }),
    ...(insecure ? { insecure } : {}),
    ...(credential ? { credential } : {}),
  };
}
