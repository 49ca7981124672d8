// patches, patchesStrategicMerge, patchesJson6902: strategic merge patches by the object they name or the target they are
// given, JSON patches by target. Upstream: kustomize api/internal/builtins/Patch*Transformer.go.
import { parseJson } from '../codec/json.ts';
import { parseYaml, stringifyYaml } from '../codec/yaml.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { StatusError } from '../status.ts';
import type { SchemaSource } from '../schema/schema.ts';
import type { Unstructured } from '../types.ts';
import { cloneData, isMap } from './fields.ts';
import { idText } from './ids.ts';
import { type Loader, resourcesOfText } from './loader.ts';
import { mergeStrategically } from './merge.ts';
import type { Resource, ResourceList } from './resource.ts';
import { selectorMatcher } from './selector.ts';
import { KustomizeError, type PatchEntry } from './types.ts';

interface Allowed {
  name: boolean;
  kind: boolean;
}

/** One entry of `patches`. */
export function applyPatchEntry(resources: ResourceList, entry: PatchEntry, loader: Loader): void {
  const { text, source, file } = configured('PatchTransformer', entry, () => patchText(entry, loader));
  const { strategic, operations } = configured('PatchTransformer', entry, () => parsePatch(text, source, file));
  if (operations) {
    if (!entry.target) throw new KustomizeError(`must specify a target for JSON patch ${source}`, file, 'patches');
    for (const resource of resources.all.filter(selectorMatcher(entry.target))) {
      resource.remember();
      applyOperations(resource, operations, file);
    }
    resources.changed();
    return;
  }
  const allowed = {
    name: entry.options?.['allowNameChange'] ?? false,
    kind: entry.options?.['allowKindChange'] ?? false,
  };
  if (entry.target) {
    if (strategic.length > 1) {
      throw new KustomizeError(
        `Multiple Strategic-Merge Patches in one \`patches\` entry is not allowed to set \`patches.target\` field: ${source}`,
        file,
        'patches',
      );
    }
    mergeInto(resources, resources.all.filter(selectorMatcher(entry.target)), withTextMetadata(strategic[0]!), allowed);
    return;
  }
  for (const patch of strategic) {
    const id = patch.id;
    let target: Resource;
    try {
      target = resources.one(id);
    } catch (error) {
      const why = (error as Error).message;
      throw new KustomizeError(`no resource matches strategic merge patch "${idText(id)}": ${why}`, file, 'patches');
    }
    mergeInto(resources, [target], patch, allowed);
  }
}

function patchText(entry: PatchEntry, loader: Loader): { text: string; source: string; file: string } {
  const inline = (entry.patch ?? '').trim();
  const { path } = entry;
  if (!inline && !path) throw new KustomizeError(configError('must specify one of patch and path in', entry));
  if (inline && path) throw new KustomizeError(configError("patch and path can't be set at the same time", entry));
  if (inline) return { text: inline, source: `[patch: ${JSON.stringify(inline)}]`, file: loader.folder };
  const file = loader.resolve(path!);
  try {
    return { text: loader.text(path!), source: `[path: ${JSON.stringify(path)}]`, file };
  } catch (error) {
    throw new KustomizeError(`failed to get the patch file from path(${path}): ${(error as Error).message}`, file);
  }
}

const configText = (entry: PatchEntry): string => stringifyYaml({ ...entry });
const configError = (what: string, entry: PatchEntry): string => `${what}\n${configText(entry).trimEnd()}`;

/** Upstream sets up a plugin with the entry as YAML, and shows that when it fails. */
function configured<T>(plugin: string, entry: PatchEntry, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof KustomizeError)) throw error;
    const prefix = `trouble configuring builtin ${plugin} with config: \`\n${configText(entry)}\``;
    throw new KustomizeError(`${prefix}: ${error.message}`, error.file, error.field ?? 'patches');
  }
}

function parsePatch(text: string, source: string, file: string): { strategic: Resource[]; operations?: unknown[] } {
  let strategic: Resource[] | undefined;
  try {
    strategic = resourcesOfText(text, file);
  } catch {
    // It may be a JSON patch.
  }
  const operations = parseOperations(text);
  if (strategic && operations) {
    throw new KustomizeError(`illegally qualifies as both an SM and JSON patch: ${source}`, file, 'patches');
  }
  if (strategic) return { strategic };
  if (operations) return { strategic: [], operations };
  throw new KustomizeError(`unable to parse SM or JSON patch from ${source}`, file, 'patches');
}

function parseOperations(text: string): unknown[] | undefined {
  try {
    // What begins with a bracket must be JSON.
    const parsed: unknown = text.startsWith('[') ? parseJson(text) : parseYaml(text);
    return Array.isArray(parsed) && parsed.every(isMap) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** patchesStrategicMerge: each is a file or the text itself. */
export function applyStrategicMerges(resources: ResourceList, entries: readonly string[], loader: Loader): void {
  const patches = entries.flatMap((entry) => {
    try {
      return resourcesOfText(entry, loader.folder);
    } catch {
      return loader.resources(entry);
    }
  });
  for (const patch of patches) {
    mergeInto(resources, [resources.one(patch.id)], withTextMetadata(patch), { name: false, kind: false });
  }
}

/** One entry of patchesJson6902. */
export function applyJson6902(resources: ResourceList, entry: PatchEntry, loader: Loader): void {
  const { path, patch = '', target } = entry;
  const refuse = (why: string) => new KustomizeError(why, loader.folder, 'patchesJson6902');
  if (!target?.name) throw refuse('must specify the target name');
  if (!path && !patch) throw refuse('empty file path and empty jsonOp');
  if (path && patch) throw refuse('must specify a file path or jsonOp, not both');
  const text = path ? loader.text(path) : patch;
  const operations = parseOperations(text);
  if (!operations || operations.length === 0) {
    throw refuse(`patch appears to be empty; file=${path ?? ''}, JsonOp=${text}`);
  }
  for (const resource of resources.all.filter(selectorMatcher(target))) {
    applyOperations(resource, operations, loader.folder);
  }
  resources.changed();
}

function applyOperations(resource: Resource, operations: unknown[], file: string): void {
  try {
    resource.object = cloneData(jsonPatch(resource.object, operations)) as Unstructured;
  } catch (error) {
    const why = error instanceof StatusError ? error.status.details?.causes?.[0]?.message : undefined;
    throw new KustomizeError(why ?? (error as Error).message, file, 'patches');
  }
}

/**
 * Upstream copies labels and annotations of such a patch through maps of texts: a null in them does not remove, it is
 * the text. Upstream: resWrangler.ApplySmPatch, Resource.CopyMergeMetaDataFieldsFrom.
 */
function withTextMetadata(patch: Resource): Resource {
  for (const field of ['labels', 'annotations'] as const) {
    const values = patch.object.metadata[field] as Record<string, unknown> | undefined;
    if (!isMap(values)) continue;
    for (const [key, value] of Object.entries(values)) if (key !== '$patch') values[key] = String(value as string);
  }
  return patch;
}

function mergeInto(resources: ResourceList, targets: readonly Resource[], patch: Resource, allowed: Allowed): void {
  const gone = new Set<Resource>();
  for (const target of targets) if (!mergeOne(target, patch, allowed, resources.schemas)) gone.add(target);
  resources.remove(gone);
  if (allowed.name || allowed.kind) resources.changed();
}

/** False: the patch deletes the resource. What it may not change, it does not. */
function mergeOne(resource: Resource, patch: Resource, allowed: Allowed, schemas: SchemaSource): boolean {
  const { name, namespace } = resource;
  const { kind } = resource.object;
  if (allowed.name || allowed.kind) resource.remember();
  const body = { ...cloneData(patch.object), apiVersion: resource.object.apiVersion };
  const merged = mergeStrategically(resource.object, body, schemas) as Unstructured | undefined;
  if (!merged || Object.keys(merged).length === 0) return false;
  resource.object = merged;
  merged.metadata ??= {};
  if (!allowed.kind) merged.kind = kind;
  if (!allowed.name) merged.metadata.name = name;
  if (namespace) merged.metadata.namespace = namespace;
  else delete merged.metadata.namespace;
  return true;
}
