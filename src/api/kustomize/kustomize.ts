// kustomize as a pure function: a map of files in, objects out. This file is the order of things: resources, components,
// generators, transformers, references, hashes. Upstream: kustomize api/internal/target/kusttarget.go.
import { posix } from 'node:path';
import { YamlError, parseYaml, parseYamlDocuments } from '../codec/yaml.ts';
import { type ObjectMeta, type Unstructured, parseApiVersion } from '../types.ts';
import { isMap } from './fields.ts';
import { legacyRank } from './field-specs.ts';
import { type Generated, contentHash, generate } from './generators.ts';
import { applyJson6902, applyPatches } from './patches.ts';
import { fixReferences } from './references.ts';
import { replaceValues } from './replacements.ts';
import { addAnnotations, addLabels, affixNames, rename, setImages, setNamespace, setReplicas } from './transformers.ts';
import {
  type BuiltObject,
  type KustomizationFile,
  KustomizeError,
  type KustomizeFiles,
  type Resource,
} from './types.ts';

export { type BuiltObject, KustomizeError, type KustomizeFiles } from './types.ts';

const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const FIELDS = new Set([
  'apiVersion', 'kind', 'metadata', 'resources', 'bases', 'components', 'namespace', 'namePrefix', 'nameSuffix',
  'labels', 'commonLabels', 'commonAnnotations', 'images', 'replicas', 'patches', 'patchesStrategicMerge',
  'patchesJson6902', 'configMapGenerator', 'secretGenerator', 'generatorOptions', 'replacements', 'sortOptions',
  'buildMetadata',
]); // prettier-ignore

/** Builds the kustomization in folder `path`; throws KustomizeError. */
export function kustomize(files: KustomizeFiles, path: string): BuiltObject[] {
  const folder = posix.normalize(path);
  const { resources, file } = accumulate(files, folder, []);
  for (const resource of resources) {
    if (!resource.hashed) continue;
    rename(resource, { name: `${resource.object.metadata.name}-${contentHash(resource.object)}` });
  }
  fixReferences(resources);
  const built = file.sortOptions?.order === 'fifo' ? resources : legacySort(resources);
  return built.map(({ object, origin }) => ({ object, origin }));
}

/** Stable among kinds that the order does not name; by group, version, kind, namespace and name otherwise. */
function legacySort(resources: readonly Resource[]): Resource[] {
  const key = ({ object }: Resource) => {
    const { group, version } = parseApiVersion(object.apiVersion);
    return [object.kind, version, group, object.metadata.namespace ?? '', object.metadata.name ?? ''];
  };
  const compare = (a: string[], b: string[]): number => {
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
    return 0;
  };
  return [...resources].sort(
    (a, b) =>
      legacyRank(a.object.kind) - legacyRank(b.object.kind) || compare(gvkKey(a), gvkKey(b)) || compare(key(a), key(b)),
  );
}

const gvkKey = ({ object }: Resource): string[] => {
  const { group, version } = parseApiVersion(object.apiVersion);
  return [group, version, object.kind];
};

interface Accumulated {
  resources: Resource[];
  file: KustomizationFile;
}

function accumulate(files: KustomizeFiles, folder: string, stack: readonly string[]): Accumulated {
  if (stack.includes(folder)) {
    throw new KustomizeError(`cycle detected: candidate root '${folder}' contains visited root '${stack[0]}'`, folder);
  }
  const { file, path } = readKustomization(files, folder);
  const nested = [...stack, folder];
  let resources: Resource[] = [];
  for (const entry of [...(file.resources ?? []), ...(file.bases ?? [])]) {
    append(resources, loadEntry(files, folder, entry, nested, path));
  }
  resources = transform(resources, file, files, folder, nested);
  fixReferences(resources);
  return { resources, file };
}

function readKustomization(files: KustomizeFiles, folder: string): { file: KustomizationFile; path: string } {
  const found = NAMES.map((name) => posix.join(folder, name)).filter((name) => files.read(name));
  if (found.length === 0) {
    const list = "'kustomization.yaml', 'kustomization.yml' or 'Kustomization'";
    throw new KustomizeError(`unable to find one of ${list} in directory '${folder}'`, folder);
  }
  if (found.length > 1) {
    throw new KustomizeError(`Found multiple kustomization files under: ${folder}`, folder);
  }
  const path = found[0]!;
  let parsed: unknown;
  try {
    parsed = parseYaml(Buffer.from(files.read(path)!).toString('utf8')) ?? {};
  } catch (error) {
    throw new KustomizeError(`${path}: ${(error as Error).message}`, path);
  }
  if (!isMap(parsed)) throw new KustomizeError(`${path}: it is not a mapping`, path);
  const unknown = Object.keys(parsed).find((field) => !FIELDS.has(field));
  if (unknown) {
    throw new KustomizeError(`invalid Kustomization: json: unknown field "${unknown}" (in ${path})`, path, unknown);
  }
  return { file: parsed as KustomizationFile, path };
}

function loadEntry(
  files: KustomizeFiles,
  folder: string,
  entry: string,
  stack: readonly string[],
  from: string,
): Resource[] {
  const path = posix.join(folder, entry);
  if (files.isDirectory(path)) return accumulate(files, path, stack).resources;
  const content = files.read(path);
  if (content) return loadManifests(content, path);
  if (/^[a-z]+:\/\/|^git@|\?ref=/.test(entry)) {
    throw new KustomizeError(
      `accumulating resources from '${entry}': remote resources must be fetched first`,
      from,
      'resources',
    );
  }
  throw new KustomizeError(
    `accumulating resources: accumulation err='accumulating resources from '${entry}': '${path}' doesn't exist'`,
    from,
    'resources',
  );
}

function loadManifests(content: Uint8Array, path: string): Resource[] {
  let documents: unknown[];
  try {
    documents = parseYamlDocuments(Buffer.from(content).toString('utf8'));
  } catch (error) {
    const why = error instanceof YamlError ? error.message : String(error);
    throw new KustomizeError(`${path}: ${why.replace(/^error converting YAML to JSON: /, '')}`, path);
  }
  return documents.flatMap((document) => {
    if (document === null || document === undefined) return [];
    if (!isMap(document)) throw new KustomizeError(`${path}: a document is not a mapping`, path);
    const isList =
      typeof document['kind'] === 'string' && document['kind'].endsWith('List') && Array.isArray(document['items']);
    const objects = isList ? (document['items'] as Unstructured[]) : [document as Unstructured];
    return objects.map((object) => newResource(object, path));
  });
}

function newResource(object: Unstructured, origin: string): Resource {
  if (typeof object.kind !== 'string' || object.kind === '') {
    throw new KustomizeError(`${origin}: missing Resource metadata: kind must be set`, origin, 'kind');
  }
  if (typeof object.apiVersion !== 'string') {
    throw new KustomizeError(`${origin}: missing Resource metadata: apiVersion must be set`, origin, 'apiVersion');
  }
  const metadata: ObjectMeta = isMap(object.metadata) ? object.metadata : {};
  if (!metadata.name && !metadata.generateName) {
    throw new KustomizeError(
      `${origin}: missing metadata.name in object {${object.apiVersion} ${object.kind}}`,
      origin,
      'metadata.name',
    );
  }
  const names = [{ name: String(metadata.name ?? ''), namespace: metadata.namespace ?? '' }];
  return { object: { ...object, metadata }, origin, names, hashed: false };
}

const sameId = (a: Resource, b: Resource): boolean => {
  const [x, y] = [a.object, b.object];
  return (
    x.kind === y.kind &&
    parseApiVersion(x.apiVersion).group === parseApiVersion(y.apiVersion).group &&
    x.metadata.name === y.metadata.name &&
    (x.metadata.namespace ?? '') === (y.metadata.namespace ?? '')
  );
};

function append(resources: Resource[], more: readonly Resource[]): void {
  for (const resource of more) {
    if (resource.object.metadata.name && resources.some((r) => sameId(r, resource))) {
      const { kind, metadata, apiVersion } = resource.object;
      const { group, version } = parseApiVersion(apiVersion);
      const id = `${kind}.${version}.${group || '[noGrp]'}/${metadata.name}.${metadata.namespace ?? '[noNs]'}`;
      throw new KustomizeError(`may not add resource with an already registered id: ${id}`, resource.origin);
    }
    resources.push(resource);
  }
}

function addGenerated(resources: Resource[], { resource, behavior }: Generated): void {
  const found = resources.find(
    (r) => r.object.kind === resource.object.kind && r.names.some((n) => n.name === resource.names[0]!.name),
  );
  if (behavior === 'create') return append(resources, [resource]);
  if (!found) {
    throw new KustomizeError(
      `id matches for generator '${resource.names[0]!.name}': does not exist; cannot merge or replace`,
      resource.origin,
    );
  }
  const { metadata } = found.object;
  const mergedMeta = (field: 'labels' | 'annotations') => {
    const all = { ...metadata[field], ...resource.object.metadata[field] };
    return Object.keys(all).length > 0 ? { [field]: all } : {};
  };
  const both = (field: string) => {
    const all = { ...(found.object[field] as object), ...(resource.object[field] as object) };
    return Object.keys(all).length > 0 ? { [field]: all } : {};
  };
  const base = behavior === 'merge' ? { ...found.object, ...both('data'), ...both('binaryData') } : resource.object;
  found.object = { ...base, metadata: { ...metadata, ...mergedMeta('labels'), ...mergedMeta('annotations') } };
  found.hashed = resource.hashed;
}

function transform(
  given: Resource[],
  file: KustomizationFile,
  files: KustomizeFiles,
  folder: string,
  stack: readonly string[],
): Resource[] {
  let resources = given;
  for (const args of file.configMapGenerator ?? []) {
    addGenerated(resources, generate('ConfigMap', args, file.generatorOptions, files, folder));
  }
  for (const args of file.secretGenerator ?? []) {
    addGenerated(resources, generate('Secret', args, file.generatorOptions, files, folder));
  }
  for (const component of file.components ?? []) {
    resources = applyComponent(resources, files, posix.join(folder, component), stack);
  }
  resources = applyPatches(resources, file, files, folder);
  if (file.namespace) setNamespace(resources, file.namespace);
  if (file.namePrefix || file.nameSuffix) affixNames(resources, file.namePrefix ?? '', file.nameSuffix ?? '');
  for (const entry of file.labels ?? []) addLabels(resources, entry);
  if (file.commonLabels) addLabels(resources, { pairs: file.commonLabels, includeSelectors: true });
  if (file.commonAnnotations) addAnnotations(resources, file.commonAnnotations);
  resources = applyJson6902(resources, file, files, folder);
  for (const { name, count } of file.replicas ?? []) setReplicas(resources, name, count);
  if (file.images) setImages(resources, file.images);
  if (file.replacements) replaceValues(resources, file.replacements, files, folder);
  return resources;
}

/** A component works on its parent's resources as if its fields stood in the parent. */
function applyComponent(
  given: Resource[],
  files: KustomizeFiles,
  folder: string,
  stack: readonly string[],
): Resource[] {
  if (stack.includes(folder)) throw new KustomizeError(`cycle detected: component '${folder}'`, folder);
  const { file, path } = readKustomization(files, folder);
  if (file.kind !== 'Component') {
    throw new KustomizeError(
      `accumulating components: '${folder}' is not a Component: its kind is ${file.kind ?? 'Kustomization'}`,
      path,
      'kind',
    );
  }
  const nested = [...stack, folder];
  const resources = [...given];
  for (const entry of file.resources ?? []) append(resources, loadEntry(files, folder, entry, nested, path));
  return transform(resources, file, files, folder, nested);
}
