// What a kustomization's fields do to resources: namespace, names, labels, annotations, images, replicas. Each makes new
// objects. Upstream: kustomize api/internal/builtins and api/filters.
import { type Unstructured, parseApiVersion } from '../types.ts';
import { changeAt, isMap, specApplies } from './fields.ts';
import {
  annotationSpecs,
  clusterKinds,
  imageSpecs,
  metadataLabelSpecs,
  replicaSpecs,
  selectorLabelSpecs,
  templateLabelSpecs,
  unprefixedKinds,
} from './field-specs.ts';
import { type FieldSpec, type KustomizationFile, KustomizeError, type LabelEntry, type Resource } from './types.ts';

const gvkOf = (object: Unstructured) => ({ ...parseApiVersion(object.apiVersion), kind: object.kind });

/** Runs `change` at every field spec that is for the object's kind. */
export function changeSpecs(
  object: Unstructured,
  specs: readonly FieldSpec[],
  change: (value: unknown) => unknown,
): Unstructured {
  const gvk = gvkOf(object);
  let result = object;
  for (const spec of specs) {
    if (specApplies(spec, gvk)) result = changeAt(result, spec.path, spec.create ?? false, change);
  }
  return result;
}

/** Gives a resource a new identity and remembers the old one for references. */
export function rename(resource: Resource, change: { name?: string; namespace?: string }): void {
  const { metadata } = resource.object;
  const old = { name: metadata.name ?? '', namespace: metadata.namespace ?? '' };
  const { name = old.name, namespace = old.namespace } = change;
  if (name === old.name && namespace === old.namespace) return;
  resource.names.push({ name, namespace });
  const next = { ...metadata, name, ...(namespace ? { namespace } : {}) };
  resource.object = { ...resource.object, metadata: next };
}

export function setNamespace(resources: readonly Resource[], namespace: string): void {
  for (const resource of resources) {
    const { object } = resource;
    if (object.kind === 'Namespace' && parseApiVersion(object.apiVersion).group === '') {
      rename(resource, { name: namespace });
    } else if (!clusterKinds.has(object.kind)) rename(resource, { namespace });
    if (object.kind === 'RoleBinding' || object.kind === 'ClusterRoleBinding') {
      resource.object = changeAt(resource.object, 'subjects', false, (subjects) => bindSubjects(subjects, namespace));
    }
  }
}

/** Only the account called default moves by itself; others follow the resource that they name. */
function bindSubjects(subjects: unknown, namespace: string): unknown {
  if (!Array.isArray(subjects)) return subjects;
  return (subjects as Record<string, unknown>[]).map((subject) =>
    subject['kind'] === 'ServiceAccount' && subject['name'] === 'default' ? { ...subject, namespace } : subject,
  );
}

export function affixNames(resources: readonly Resource[], prefix: string, suffix: string): void {
  for (const resource of resources) {
    if (unprefixedKinds.has(resource.object.kind)) continue;
    rename(resource, { name: `${prefix}${resource.object.metadata.name ?? ''}${suffix}` });
  }
}

const adding = (pairs: Record<string, string>) => (value: unknown) => ({ ...(isMap(value) ? value : {}), ...pairs });

export function addLabels(resources: readonly Resource[], entry: LabelEntry): void {
  const pairs = stringValues(entry.pairs ?? {});
  const specs = [
    ...metadataLabelSpecs,
    ...(entry.includeSelectors || entry.includeTemplates ? templateLabelSpecs : []),
    ...(entry.includeSelectors ? selectorLabelSpecs : []),
    ...(entry.fields ?? []),
  ];
  for (const resource of resources) resource.object = changeSpecs(resource.object, specs, adding(pairs));
}

export function addAnnotations(resources: readonly Resource[], annotations: Record<string, string>): void {
  const pairs = stringValues(annotations);
  for (const resource of resources) resource.object = changeSpecs(resource.object, annotationSpecs, adding(pairs));
}

/** YAML may have made numbers and booleans of what must be text. */
const stringValues = (pairs: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(pairs).map(([key, value]) => [key, String(value)]));

type ImageEntry = NonNullable<KustomizationFile['images']>[number];

/** `name[:tag][@digest]`; a colon before the last slash is a port. */
export function splitImage(image: string): { name: string; tag: string; digest: string } {
  const at = image.indexOf('@');
  const digest = at < 0 ? '' : image.slice(at + 1);
  const rest = at < 0 ? image : image.slice(0, at);
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  return { name: colon < 0 ? rest : rest.slice(0, colon), tag: colon < 0 ? '' : rest.slice(colon + 1), digest };
}

export function setImages(resources: readonly Resource[], images: readonly ImageEntry[]): void {
  const byName = new Map(images.map((image) => [image.name, image]));
  const change = (value: unknown): unknown => {
    if (typeof value !== 'string') return value;
    const { name, tag, digest } = splitImage(value);
    const entry = byName.get(name);
    if (!entry) return value;
    const newName = entry.newName || name;
    if (entry.digest) return `${newName}${entry.newTag ? `:${entry.newTag}` : ''}@${entry.digest}`;
    if (entry.newTag) return `${newName}:${entry.newTag}`;
    const tagged = entry.tagSuffix && tag ? `:${tag}${entry.tagSuffix}` : tag ? `:${tag}` : '';
    return `${newName}${tagged}${digest ? `@${digest}` : ''}`;
  };
  for (const resource of resources) resource.object = changeSpecs(resource.object, imageSpecs, change);
}

export function setReplicas(resources: readonly Resource[], name: string, count: number): void {
  let found = false;
  for (const resource of resources) {
    const called = resource.names.some((n) => n.name === name) || resource.object.metadata.name === name;
    if (!called) continue;
    const gvk = gvkOf(resource.object);
    if (!replicaSpecs.some((spec) => specApplies(spec, gvk))) continue;
    found = true;
    resource.object = changeSpecs(resource.object, replicaSpecs, () => count);
  }
  if (!found) {
    throw new KustomizeError(
      `resource with name ${name} does not match a config with the following GVK [Deployment.[noVer].[noGrp] ReplicationController.[noVer].[noGrp] ReplicaSet.[noVer].[noGrp] StatefulSet.[noVer].[noGrp]]`,
    );
  }
}
