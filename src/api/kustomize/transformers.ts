// What a kustomization's fields do to resources: namespace, names, labels, annotations, images, replicas. Objects are
// changed in place. Upstream: kustomize api/internal/builtins and api/filters.
import { RE2JS } from 're2js';
import { stringifySorted } from '../codec/json.ts';
import { type Change, type Made, changeAt, isMap } from './fields.ts';
import { mergeSpecs } from './config.ts';
import type { FieldTables } from './field-specs.ts';
import { gvkText, isClusterScoped, isSelected } from './ids.ts';
import type { Resource, ResourceList } from './resource.ts';
import { type FieldSpec, type ImageEntry, KustomizeError, type LabelEntry } from './types.ts';

function changeSpecs(resource: Resource, specs: readonly FieldSpec[], change: Change, made?: Made): void {
  const { gvk } = resource;
  for (const spec of specs) changeAt(resource.object, gvk, spec, change, made);
}

export function setNamespace(list: ResourceList, namespace: string, specs: readonly FieldSpec[]): void {
  for (const resource of list.all) {
    resource.remember();
    const { object } = resource;
    if (!isClusterScoped(resource.gvk)) object.metadata.namespace = namespace;
    const binds = object.kind === 'RoleBinding' || object.kind === 'ClusterRoleBinding';
    const mine = specs.filter(
      ({ path, kind = '' }) =>
        path !== 'metadata/namespace' &&
        (path !== 'metadata/name' || object.apiVersion === 'v1') &&
        !(binds && path === 'subjects/namespace' && /^(Cluster)?RoleBinding$/.test(kind)),
    );
    if (binds) moveDefaultAccount(object, namespace);
    changeSpecs(resource, mine, () => namespace, 'scalar');
  }
  list.changed();
  for (const resource of list.all) {
    if (list.byCurrentId(resource.id).length < 2) continue;
    const both = list.byCurrentId(resource.id).map(printWithHistory);
    throw new KustomizeError(`namespace transformation produces ID conflict: [${both.join(' ')}]`, resource.file);
  }
}

/** Upstream keeps the history in annotations, and prints them. */
function printWithHistory({ object, previous }: Resource): string {
  const domain = 'internal.config.kubernetes.io';
  const annotations = {
    ...object.metadata.annotations,
    [`${domain}/previousKinds`]: previous.map((id) => id.kind).join(','),
    [`${domain}/previousNames`]: previous.map((id) => id.name).join(','),
    [`${domain}/previousNamespaces`]: previous.map((id) => id.namespace).join(','),
  };
  return stringifySorted({ ...object, metadata: { ...object.metadata, annotations } });
}

/** Only the account called default moves by itself; others follow the resource that they name. */
function moveDefaultAccount(object: object, namespace: string): void {
  const { subjects } = object as { subjects?: unknown };
  if (!Array.isArray(subjects)) return;
  for (const subject of subjects as unknown[]) {
    if (isMap(subject) && subject['name'] === 'default') subject['namespace'] = namespace;
  }
}

const unprefixed = [
  { kind: 'CustomResourceDefinition' },
  { group: 'apiregistration.k8s.io', kind: 'APIService' },
  { kind: 'Namespace' },
];

export function affixNames(list: ResourceList, side: 'prefix' | 'suffix', affix: string, specs: readonly FieldSpec[]) {
  for (const resource of list.all) {
    const original = resource.originalId;
    if (unprefixed.some((selector) => isSelected(original, selector))) continue;
    for (const spec of specs) {
      if (!isSelected(original, spec)) continue;
      if (spec.path === 'metadata/name') {
        (side === 'prefix' ? resource.prefixes : resource.suffixes).push(affix);
        resource.remember();
      }
      changeAt(resource.object, resource.gvk, spec, (value) =>
        side === 'prefix' ? `${affix}${String(value)}` : `${String(value)}${affix}`,
      );
    }
  }
  list.changed();
}

/** YAML may have made numbers and booleans of what must be text. */
const pairsOf = (pairs: Record<string, unknown> | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(pairs ?? {}).map(([key, value]) => [key, String(value)]));

export function addPairs(list: ResourceList, pairs: Record<string, string>, specs: readonly FieldSpec[]): void {
  if (Object.keys(pairs).length === 0) return;
  const change = (value: unknown) => ({ ...(isMap(value) ? value : {}), ...pairs });
  for (const resource of list.all) changeSpecs(resource, specs, change, 'map');
}

export function addLabels(list: ResourceList, entry: LabelEntry, tables: FieldTables): void {
  let specs = mergeSpecs(entry.fields ?? [], tables.labels);
  if (entry.includeSelectors) specs = mergeSpecs(specs, tables.commonLabels);
  else {
    if (entry.includeTemplates) specs = mergeSpecs(specs, tables.templateLabels);
    specs = mergeSpecs(specs, [{ path: 'metadata/labels', create: true }]);
  }
  addPairs(list, pairsOf(entry.pairs), specs);
}

export function addCommonLabels(list: ResourceList, labels: Record<string, string>, tables: FieldTables): void {
  addPairs(list, pairsOf(labels), tables.commonLabels);
}

export function addAnnotations(list: ResourceList, annotations: Record<string, string>, tables: FieldTables): void {
  addPairs(list, pairsOf(annotations), tables.commonAnnotations);
}

/** `name[:tag][@digest]`; a colon before the first slash is a port. Upstream: api/internal/image. */
export function splitImage(image: string): { name: string; tag: string; digest: string } {
  const slash = Math.max(image.indexOf('/'), 0);
  const at = image.indexOf('@', slash);
  const colon = image.indexOf(':', slash);
  if (at >= 0 && (at < colon || colon < 0)) return { name: image.slice(0, at), tag: '', digest: image.slice(at + 1) };
  if (colon < 0) return { name: image, tag: '', digest: '' };
  const end = at < 0 ? image.length : at;
  return { name: image.slice(0, colon), tag: image.slice(colon + 1, end), digest: at < 0 ? '' : image.slice(at + 1) };
}

/** The name of an entry is a regular expression upstream, too. */
function imageMatcher(name: string): (image: string) => boolean {
  try {
    const pattern = RE2JS.compile(`^${name}(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$`);
    return (image) => pattern.matches(image);
  } catch {
    throw new KustomizeError(`images: name "${name}" is no pattern`, undefined, 'images');
  }
}

export function setImage(list: ResourceList, entry: ImageEntry, specs: readonly FieldSpec[]): void {
  const matches = imageMatcher(entry.name ?? '');
  const change = (value: unknown): unknown => {
    const text = String(value as string);
    if (!matches(text)) return value;
    const { name, tag, digest } = splitImage(text);
    const next = newTagOf(entry, tag, digest);
    return `${entry.newName || name}${next.tag ? `:${next.tag}` : ''}${next.digest ? `@${next.digest}` : ''}`;
  };
  for (const resource of list.all) {
    if (resource.object.kind === 'CustomResourceDefinition') continue;
    changeContainers(resource.object, change);
    changeSpecs(resource, specs, (value) => (isMap(value) || Array.isArray(value) ? value : change(value)));
  }
}

/** Before the table, upstream looks for containers at any depth of any kind. Upstream: imagetag/legacy.go. */
function changeContainers(node: unknown, change: (image: unknown) => unknown): void {
  if (Array.isArray(node)) for (const item of node) changeContainers(item, change);
  if (!isMap(node)) return;
  for (const [key, value] of Object.entries(node)) {
    if (typeof value !== 'object' || value === null) continue;
    changeContainers(value, change);
    if ((key !== 'containers' && key !== 'initContainers') || !Array.isArray(value)) continue;
    for (const item of value as unknown[]) {
      if (isMap(item) && typeof item['image'] === 'string') item['image'] = change(item['image']);
    }
  }
}

function newTagOf(entry: ImageEntry, tag: string, digest: string): { tag: string; digest: string } {
  const newTag = entry.newTag === undefined || entry.newTag === null ? '' : String(entry.newTag);
  if (newTag && entry.digest) return { tag: newTag, digest: entry.digest };
  if (newTag) return { tag: newTag, digest: '' };
  if (entry.digest) return { tag: '', digest: entry.digest };
  if (entry.tagSuffix) return { tag: tag + entry.tagSuffix, digest: '' };
  return { tag, digest };
}

export function setReplicas(list: ResourceList, name: string, count: number, specs: readonly FieldSpec[]): void {
  let found = false;
  for (const spec of specs) {
    for (const resource of list.byAnyId((id) => id.name === name && isSelected(id, spec))) {
      found = true;
      changeAt(resource.object, resource.gvk, spec, () => count, 'scalar');
    }
  }
  if (found) return;
  throw new KustomizeError(
    `resource with name ${name} does not match a config with the following GVK [${specs.map(gvkText).join(' ')}]`,
  );
}
