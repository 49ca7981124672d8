// Every kind that the server has at this moment, and the table that routes find it by: built-in kinds from the
// start, custom kinds as their definitions come and go. Verbs and discovery read it; it does no I/O.
import type { AnyKind, ServedVersion } from '../../api/kind.ts';
import { builtinSchemas } from '../../api/schema/builtin.ts';
import type { Schema } from '../../api/schema/schema.ts';
import { type ResourceType, type Unstructured, apiVersionOf } from '../../api/types.ts';
import type { FieldReader } from './cache/entry.ts';
import { type Feed, registryPrefix } from './cache/feed.ts';
import type { KindCache } from './cache/kind-cache.ts';
import type { Converter } from './crd/conversion.ts';
import type { ResourceHooks } from './types.ts';

/** What custom kinds have more. */
export interface CustomOptions {
  /** Of all versions, served or not, by apiVersion. */
  schemas?: ReadonlyMap<string, Schema>;
  since?: number;
  converter?: Converter | undefined;
}

/** One kind with where its objects live. */
export interface StoredKind {
  readonly definition: AnyKind;
  readonly hooks: ResourceHooks | undefined;
  readonly cache: KindCache;
  /** `v1` or `apps/v1`: what stored objects say. */
  readonly storageApiVersion: string;
  /** True for kinds that a CustomResourceDefinition made. */
  readonly custom: boolean;
  /** Stored objects may say an older apiVersion. */
  readonly mixedVersions: boolean;
  /** Custom kinds: objects may be stored without defaults; those who read them get them. */
  readonly mayLackDefaults: boolean;
  /** Custom kinds: the revision of the definition. Objects that are no newer may lack its defaults and have more fields. */
  readonly since: number;
  /** Custom kinds: what each version's objects are, served or not, by apiVersion. */
  readonly schemas: ReadonlyMap<string, Schema> | undefined;
  /** Custom kinds: the webhook that knows how versions differ; without it only apiVersion does. */
  readonly converter: Converter | undefined;
}

/** A kind as one group and version serves it. */
export interface Endpoint {
  readonly kind: StoredKind;
  /** What holds in this version: the kind's own, but for custom resources in several versions. */
  readonly definition: AnyKind;
  readonly fields: FieldReader;
  readonly served: ServedVersion;
  readonly group: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly plural: string;
  /** For messages. */
  readonly qualified: { group: string; plural: string };
  /** Of this version; undefined when nothing is known of it (versions that upstream removed). */
  readonly schema: Schema | undefined;
  /** True when objects are answered as they are stored. */
  readonly asStored: boolean;
  readonly namespaced: boolean;
}

export class Registry {
  readonly #feed: Feed;
  readonly #hooks: ReadonlyMap<string, ResourceHooks>;
  /** `apps/v1` → `deployments` → endpoint. */
  readonly #routes = new Map<string, Map<string, Endpoint>>();
  /** `apps/deployments` → kind, under its own group. */
  readonly #kinds = new Map<string, StoredKind>();
  readonly #listeners = new Set<() => void>();
  #generation = 0;

  constructor(feed: Feed, hooks: readonly ResourceHooks[]) {
    this.#feed = feed;
    this.#hooks = new Map(hooks.map((h) => [`${h.group}/${h.plural}`, h]));
  }

  /** Counts additions and removals, so that what is derived (discovery, OpenAPI) knows when it is old. */
  get generation(): number {
    return this.#generation;
  }

  find(group: string, version: string, plural: string): Endpoint | undefined {
    return this.#routes.get(group === '' ? version : `${group}/${version}`)?.get(plural);
  }

  /** All that one group and version serves; undefined when it does not exist. */
  groupVersion(apiVersion: string): ReadonlyMap<string, Endpoint> | undefined {
    return this.#routes.get(apiVersion);
  }

  groupVersions(): IterableIterator<string> {
    return this.#routes.keys();
  }

  kinds(): IterableIterator<StoredKind> {
    return this.#kinds.values();
  }

  kind(group: string, plural: string): StoredKind | undefined {
    return this.#kinds.get(`${group}/${plural}`);
  }

  /** One of the server's own kinds is kept under this name; no other takes its place. */
  isBuiltIn(group: string, plural: string): boolean {
    return this.kind(group, plural)?.custom === false;
  }

  /** What the server itself serves of a group and version is all that there is of it. */
  hasBuiltIn(apiVersion: string): boolean {
    const endpoints = this.groupVersion(apiVersion)?.values() ?? [];
    for (const { kind } of endpoints) if (!kind.custom) return true;
    return false;
  }

  /** A kind by the address that clients use, whatever version it names. */
  forType(type: ResourceType<never>): StoredKind | undefined {
    return this.kind(type.group, type.plural) ?? this.find(type.group, type.version, type.plural)?.kind;
  }

  endpointFor(kind: StoredKind, apiVersion: string): Endpoint | undefined {
    return this.#routes.get(apiVersion)?.get(kind.definition.plural);
  }

  /** For what the server itself does to objects: their stored version, served or not. */
  storageEndpoint(kind: StoredKind): Endpoint {
    const { storage, schema } = kind.definition;
    const found = this.endpointFor(kind, kind.storageApiVersion);
    return found ?? endpointOf(kind, { ...storage, ...(schema ? { schema } : {}) });
  }

  add(definition: AnyKind, options: CustomOptions = {}): StoredKind {
    const { group, plural, storage } = definition;
    const kind: StoredKind = {
      definition,
      hooks: this.#hooks.get(`${group}/${plural}`),
      cache: this.#feed.cacheFor(registryPrefix(group, plural)),
      storageApiVersion: apiVersionOf(storage),
      custom: options.schemas !== undefined,
      mixedVersions: (options.schemas?.size ?? 0) > 1,
      mayLackDefaults: mayLackDefaults(options.schemas),
      schemas: options.schemas,
      since: options.since ?? 0,
      converter: options.converter,
    };
    this.#unroute(group, plural);
    this.#kinds.set(`${group}/${plural}`, kind);
    for (const served of definition.served) this.#route(kind, served);
    this.#changed();
    return kind;
  }

  remove(group: string, plural: string): void {
    if (!this.#kinds.has(`${group}/${plural}`)) return;
    this.#unroute(group, plural);
    this.#kinds.delete(`${group}/${plural}`);
    this.#changed();
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #route(kind: StoredKind, served: ServedVersion): void {
    const endpoint = endpointOf(kind, served);
    let plurals = this.#routes.get(endpoint.apiVersion);
    if (!plurals) this.#routes.set(endpoint.apiVersion, (plurals = new Map()));
    plurals.set(endpoint.plural, endpoint);
  }

  #unroute(group: string, plural: string): void {
    const old = this.#kinds.get(`${group}/${plural}`);
    for (const served of old?.definition.served ?? []) {
      const apiVersion = apiVersionOf(served);
      const plurals = this.#routes.get(apiVersion);
      plurals?.delete(plural);
      if (plurals?.size === 0) this.#routes.delete(apiVersion);
    }
  }

  #changed(): void {
    this.#generation++;
    for (const listener of this.#listeners) listener();
  }
}

function endpointOf(kind: StoredKind, served: ServedVersion): Endpoint {
  const { definition } = kind;
  const apiVersion = apiVersionOf(served);
  const own = served.definition ?? definition;
  // Looked up when first needed: most kinds are never written in a process' life.
  let schema: Schema | undefined;
  return {
    kind,
    definition: own,
    fields: fieldReader(own),
    served,
    group: served.group,
    version: served.version,
    apiVersion,
    plural: definition.plural,
    qualified: { group: served.group, plural: definition.plural },
    get schema() {
      return (schema ??= schemaOf(definition, served));
    },
    asStored: apiVersion === kind.storageApiVersion,
    namespaced: definition.scope === 'Namespaced',
  };
}

function schemaOf(definition: AnyKind, served: ServedVersion): Schema | undefined {
  const { kind, storage } = definition;
  const own = served.schema ?? definition.schema ?? builtinSchemas.forKind(served.group, served.version, kind);
  // Versions that upstream removed are in no data; without a conversion they have the stored version's shape.
  return own ?? (served.convert ? undefined : builtinSchemas.forKind(storage.group, storage.version, kind));
}

/** What was written through another version has none of the stored one's, and a new object loses its whole status. */
function mayLackDefaults(schemas: ReadonlyMap<string, Schema> | undefined): boolean {
  if (!schemas) return false;
  return (
    schemas.size > 1 || [...schemas.values()].some(({ properties }) => properties?.['status']?.default !== undefined)
  );
}

/** Reads a kind's selectable fields beside the two that every object has. */
function fieldReader(definition: AnyKind): FieldReader {
  const fields = Object.entries(definition.selectableFields ?? {});
  return (object: Unstructured) => {
    const values: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const [field, read] of fields) values[field] = read(object);
    return values;
  };
}
