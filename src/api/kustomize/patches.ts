// patches, patchesStrategicMerge, patchesJson6902: strategic merge patches by the object they name or the target they are
// given, JSON patches by target. Upstream: kustomize api/internal/builtins/PatchTransformer.go.
import { posix } from 'node:path';
import { parseYamlDocuments } from '../codec/yaml.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge-patch.ts';
import { strategicMergePatch } from '../patch/strategic.ts';
import { builtinSchemas } from '../schema/builtin.ts';
import { type Unstructured, parseApiVersion } from '../types.ts';
import { isMap } from './fields.ts';
import { selectorMatcher } from './selector.ts';
import { rename } from './transformers.ts';
import {
  type KustomizationFile,
  KustomizeError,
  type KustomizeFiles,
  type PatchEntry,
  type Resource,
} from './types.ts';

/** Answers the resources that are left: a patch may delete. */
export function applyPatches(
  resources: readonly Resource[],
  file: KustomizationFile,
  files: KustomizeFiles,
  folder: string,
): Resource[] {
  let left = [...resources];
  for (const text of file.patchesStrategicMerge ?? []) {
    const inline = /\n|^\s*[{]/.test(text);
    left = applyPatch(left, inline ? { patch: text } : { path: text }, files, folder);
  }
  for (const entry of file.patches ?? []) left = applyPatch(left, entry, files, folder);
  return left;
}

export function applyJson6902(
  resources: readonly Resource[],
  file: KustomizationFile,
  files: KustomizeFiles,
  folder: string,
): Resource[] {
  let left = [...resources];
  for (const entry of file.patchesJson6902 ?? []) left = applyPatch(left, entry, files, folder);
  return left;
}

function applyPatch(resources: Resource[], entry: PatchEntry, files: KustomizeFiles, folder: string): Resource[] {
  const origin = entry.path ? posix.join(folder, entry.path) : posix.join(folder, 'kustomization.yaml');
  const text = entry.path ? readText(files, origin, entry.path) : (entry.patch ?? '');
  const documents = parse(text, origin).filter((d) => d !== null);
  const operations = documents.length === 1 && Array.isArray(documents[0]) ? documents[0] : undefined;
  if (operations) {
    if (!entry.target) throw new KustomizeError(`must specify a target for JSON patch ${origin}`, origin, 'patches');
    const chosen = resources.filter(selectorMatcher(entry.target));
    for (const resource of chosen) patchWithOperations(resource, operations, origin);
    return resources;
  }
  let left = resources;
  for (const document of documents) {
    if (!isMap(document))
      throw new KustomizeError(`unable to parse SM or JSON patch from [${text.trim()}]`, origin, 'patches');
    const targets = entry.target
      ? left.filter(selectorMatcher(entry.target))
      : [named(left, document as never, origin)];
    const gone = new Set<Resource>();
    for (const target of targets) if (patchStrategically(target, document as never, entry)) gone.add(target);
    left = left.filter((r) => !gone.has(r));
  }
  return left;
}

function parse(text: string, origin: string): unknown[] {
  try {
    return parseYamlDocuments(text);
  } catch (error) {
    throw new KustomizeError(`unable to parse SM or JSON patch from ${origin}: ${(error as Error).message}`, origin);
  }
}

function readText(files: KustomizeFiles, path: string, written: string): string {
  const content = files.read(path);
  if (!content)
    throw new KustomizeError(`failed to get the patch file from path(${written}): '${path}' doesn't exist`, path);
  return Buffer.from(content).toString('utf8');
}

function named(resources: readonly Resource[], patch: Unstructured, origin: string): Resource {
  const { apiVersion = '', kind, metadata = {} } = patch;
  const { group, version } = parseApiVersion(apiVersion);
  const found = resources.filter((r) => {
    if (r.object.kind !== kind || parseApiVersion(r.object.apiVersion).group !== group) return false;
    const names = [...r.names, { name: r.object.metadata.name, namespace: r.object.metadata.namespace ?? '' }];
    return names.some((n) => n.name === metadata.name && (!metadata.namespace || n.namespace === metadata.namespace));
  });
  if (found.length === 1) return found[0]!;
  const id = `${kind}.${version}.${group || '[noGrp]'}/${metadata.name}.${metadata.namespace ?? '[noNs]'}`;
  const why =
    found.length === 0 ? `no resource matches strategic merge patch "${id}"` : `multiple targets for patch "${id}"`;
  throw new KustomizeError(
    `${why}: no matches for Id ${id}; failed to find unique target for patch ${id}`,
    origin,
    'patches',
  );
}

function patchWithOperations(resource: Resource, operations: unknown[], origin: string): void {
  try {
    adopt(resource, jsonPatch(resource.object, operations) as Unstructured);
  } catch (error) {
    const { kind, metadata } = resource.object;
    throw new KustomizeError(
      `patch for ${kind}/${metadata.name} failed: ${(error as Error).message}`,
      origin,
      'patches',
    );
  }
}

/** True: the patch says that the resource goes. */
function patchStrategically(resource: Resource, patch: Unstructured, entry: PatchEntry): boolean {
  if (patch['$patch'] === 'delete') return true;
  const { group, version } = parseApiVersion(resource.object.apiVersion);
  const schema = builtinSchemas.forKind(group, version, resource.object.kind);
  // A patch for a target has the target's identity, whatever it says.
  const { apiVersion, kind, metadata } = resource.object;
  const free = entry.options ?? {};
  const body = {
    ...patch,
    apiVersion,
    kind: free.allowKindChange ? (patch.kind ?? kind) : kind,
    metadata: {
      ...patch.metadata,
      name: free.allowNameChange ? (patch.metadata?.name ?? metadata.name) : metadata.name,
      ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
    },
  };
  const patched = schema
    ? strategicMergePatch(resource.object, body, schema, builtinSchemas)
    : mergePatch(resource.object, body);
  adopt(resource, withoutEmptied(resource.object, patched) as Unstructured);
  return false;
}

/** A map that the patch has emptied goes, too. Upstream: kyaml merge2. */
function withoutEmptied(before: unknown, after: unknown): unknown {
  if (!isMap(before) || !isMap(after) || before === after) return after;
  const kept = Object.entries(after).flatMap(([key, value]) => {
    const old = before[key];
    const emptied = isMap(old) && isMap(value) && Object.keys(old).length > 0 && Object.keys(value).length === 0;
    return emptied ? [] : [[key, withoutEmptied(old, value)] as const];
  });
  return Object.fromEntries(kept);
}

function adopt(resource: Resource, object: Unstructured): void {
  const { name, namespace } = object.metadata;
  const before = resource.object.metadata;
  resource.object = {
    ...object,
    metadata: {
      ...object.metadata,
      name: before.name ?? '',
      ...(before.namespace ? { namespace: before.namespace } : {}),
    },
  };
  rename(resource, { ...(name ? { name } : {}), ...(namespace ? { namespace } : {}) });
}
