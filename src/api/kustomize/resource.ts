// A resource of a build with what the build must remember of it, and the list of all of them. Upstream keeps this in
// annotations (kustomize api/resource, api/resmap); here it stands beside the object, which is ours to change.
import { builtinSchemas } from '../schema/builtin.ts';
import type { SchemaSource } from '../schema/schema.ts';
import { parseSelector } from '../selector.ts';
import type { Unstructured } from '../types.ts';
import { type Gvk, type ResId, effectiveNamespace, gvkOf, idKey, idText, sameId } from './ids.ts';
import { type BuildOrigin, setOrigin } from './origin.ts';
import { KustomizeError } from './types.ts';

export type Behavior = 'create' | 'merge' | 'replace' | 'unspecified';

export class Resource {
  object: Unstructured;
  /** The file that it came from. */
  readonly file: string;
  /** Who it was before each change of name, namespace or kind; the first one first. */
  previous: ResId[] = [];
  prefixes: string[] = [];
  suffixes: string[] = [];
  /** To get a hash of its content at the end of its name. */
  hashed = false;
  behavior: Behavior = 'unspecified';
  /** Variables that read a field of it. */
  variables: string[] = [];
  origin: BuildOrigin | undefined;
  transformations: BuildOrigin[] = [];

  constructor(object: Unstructured, file: string) {
    this.object = object;
    this.file = file;
  }

  get name(): string {
    return String(this.object.metadata?.name ?? '');
  }
  get namespace(): string {
    return String(this.object.metadata?.namespace ?? '');
  }
  get gvk(): Gvk {
    return gvkOf(this.object);
  }
  get id(): ResId {
    return { ...this.gvk, name: this.name, namespace: this.namespace };
  }
  get originalId(): ResId {
    return this.previous[0] ?? this.id;
  }
  get ids(): ResId[] {
    return [...this.previous, this.id];
  }

  /** To be called before a change of identity. */
  remember(): void {
    const id = this.id;
    // As upstream writes it down: the kind's group and version are always the present ones.
    this.previous.push({ ...id, namespace: effectiveNamespace(id) });
  }

  labels(): Record<string, string> {
    return (this.object.metadata?.labels ?? {}) as Record<string, string>;
  }
  annotations(): Record<string, string> {
    return (this.object.metadata?.annotations ?? {}) as Record<string, string>;
  }
}

export function selectorMatches(selector: string | undefined, values: Record<string, string>): boolean {
  return !selector || parseSelector(selector).matches(values);
}

/** All resources, in the order they came; no two have the same id. */
export class ResourceList {
  all: Resource[] = [];
  /** What says how lists merge. */
  schemas: SchemaSource = builtinSchemas;

  append(resource: Resource): void {
    // Only ids of now count: a resource may take the name that another one had.
    if (this.byCurrentId(resource.id).length > 0) {
      throw new KustomizeError(
        `may not add resource with an already registered id: ${idText(resource.id)}`,
        resource.file,
      );
    }
    this.all.push(resource);
    this.current?.set(idKey(resource.id), [resource]);
  }

  /** An index of ids while only appending goes on; whoever changes identities calls `changed`. */
  private current: Map<string, Resource[]> | undefined;

  changed(): void {
    this.current = undefined;
  }

  byCurrentId(id: ResId): Resource[] {
    if (!this.current) {
      this.current = new Map();
      for (const resource of this.all) {
        const key = idKey(resource.id);
        const known = this.current.get(key);
        if (known) known.push(resource);
        else this.current.set(key, [resource]);
      }
    }
    return this.current.get(idKey(id)) ?? [];
  }

  /** Those that are or were it. */
  byAnyId(matches: (id: ResId) => boolean): Resource[] {
    return this.all.filter((r) => r.ids.some(matches));
  }

  /** The one that is or was it, for a patch. */
  one(id: ResId): Resource {
    const found = this.byAnyId((other) => sameId(id, other));
    if (found.length === 1) return found[0]!;
    const what = found.length === 0 ? 'no matches for Id' : 'multiple matches for Id';
    throw new KustomizeError(`${what} ${idText(id)}; failed to find unique target for patch ${idText(id)}`);
  }

  remove(gone: ReadonlySet<Resource>): void {
    if (gone.size === 0) return;
    this.all = this.all.filter((r) => !gone.has(r));
    this.changed();
  }

  /** Takes in what a generator has made: new, or on top of one that is there. */
  absorb(resource: Resource): void {
    const matches = this.byAnyId((id) => sameId(id, resource.id));
    const { behavior } = resource;
    const merges = behavior === 'merge' || behavior === 'replace';
    if (matches.length === 0) {
      if (merges) throw new KustomizeError(`id ${goId(resource.id)} does not exist; cannot merge or replace`);
      return this.append(resource);
    }
    if (matches.length > 1) {
      throw new KustomizeError(`found multiple objects that could accept merge of ${idText(resource.id)}`);
    }
    if (!merges) throw new KustomizeError(`id ${goId(resource.id)} exists; behavior must be merge or replace`);
    overlay(resource, matches[0]!, behavior);
    this.all[this.all.indexOf(matches[0]!)] = resource;
    this.changed();
  }
}

/** The new one takes the old one's place, name and history. Upstream: Resource.CopyMergeMetaDataFieldsFrom. */
function overlay(resource: Resource, old: Resource, behavior: Behavior): void {
  const { metadata } = resource.object;
  const before = old.object.metadata;
  const merged = (field: 'labels' | 'annotations') => {
    const all = { ...before[field], ...metadata[field] };
    if (Object.keys(all).length > 0) metadata[field] = all;
    else delete metadata[field];
  };
  merged('labels');
  merged('annotations');
  metadata.name = old.name;
  if (old.namespace) metadata.namespace = old.namespace;
  else delete metadata.namespace;
  resource.previous = old.previous;
  resource.prefixes = old.prefixes;
  resource.suffixes = old.suffixes;
  resource.variables = [...old.variables];
  resource.hashed &&= old.hashed;
  if (behavior !== 'merge') {
    resource.behavior = old.behavior;
    return;
  }
  for (const field of ['data', 'binaryData']) {
    const all = { ...(old.object[field] as object | undefined), ...(resource.object[field] as object | undefined) };
    if (Object.keys(all).length > 0) resource.object[field] = all;
  }
  resource.behavior = old.behavior;
  if (old.origin) setOrigin(resource, old.origin);
}

/** Go's %#v of a ResId, which upstream prints here. */
function goId({ group, version, kind, name, namespace }: ResId): string {
  const gvk = `resid.Gvk{Group:${JSON.stringify(group)}, Version:${JSON.stringify(version)}, Kind:${JSON.stringify(kind)}, isClusterScoped:false}`;
  return `resid.ResId{Gvk:${gvk}, Name:${JSON.stringify(name)}, Namespace:${JSON.stringify(namespace)}}`;
}
