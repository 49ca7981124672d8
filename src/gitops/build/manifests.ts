// A tree and a Kustomization → the objects to apply. A plain folder of manifests gets a kustomization of its own, as
// Flux makes one; the Kustomization's own settings are laid over it. Pure.
import { posix } from 'node:path';
import { stringifyJson } from '../../api/codec/json.ts';
import { parseYaml } from '../../api/codec/yaml.ts';
import { type BuiltObject, KustomizeError, type KustomizeFiles, kustomize } from '../../api/kustomize/kustomize.ts';
import type { FileTree } from '../source/tree.ts';
import type { KustomizationSpec } from '../types.ts';

const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** The Kustomization's path leads nowhere. */
export class PathError extends Error {}

/** Throws KustomizeError with the file (and field) that is wrong, or PathError. */
export function buildManifests(tree: FileTree, spec: KustomizationSpec): BuiltObject[] {
  const path = posix.normalize((spec.path ?? '.').replace(/^\/+/, '') || '.').replace(/\/$/, '');
  if (path.startsWith('..')) throw new PathError(`kustomization path '${spec.path}' is outside of the repository`);
  const files = treeFiles(tree);
  if (!files.isDirectory(path))
    throw new PathError(`kustomization path not found: stat ${path}: no such file or directory`);
  const own = NAMES.map((n) => posix.join(path, n)).find((n) => files.read(n));
  const base = own ? readKustomization(files, own) : generated(files, path);
  const file = own ?? posix.join(path, NAMES[0]!);
  const laid = overlay(base, spec);
  const content = Buffer.from(stringifyJson(laid));
  return kustomize({ ...files, read: (p) => (p === file ? content : files.read(p)) }, path);
}

function readKustomization(files: KustomizeFiles, path: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = parseYaml(Buffer.from(files.read(path)!).toString('utf8')) ?? {};
  } catch (error) {
    throw new KustomizeError(`invalid Kustomization: ${(error as Error).message}`, path);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new KustomizeError('invalid Kustomization: it is not a mapping', path);
  }
  return parsed as Record<string, unknown>;
}

export function treeFiles(tree: FileTree): KustomizeFiles {
  const folders = new Map<string, Set<string>>();
  for (const path of tree.files.keys()) {
    let child = path;
    while (child !== '.') {
      const parent = posix.dirname(child);
      const names = folders.get(parent) ?? new Set<string>();
      folders.set(parent, names.add(posix.basename(child)));
      child = parent;
    }
  }
  return {
    read: (path) => tree.files.get(posix.normalize(path)),
    isDirectory: (path) => folders.has(posix.normalize(path)),
    list: (path) => [...(folders.get(posix.normalize(path)) ?? [])].sort(),
    // Everything in a repository may use everything else in it.
    confined: false,
  };
}

/** Every manifest below the folder; sub-folders with a kustomization of their own count as one resource. */
function generated(files: KustomizeFiles, path: string): Record<string, unknown> {
  const resources: string[] = [];
  const visit = (folder: string) => {
    for (const name of files.list(folder)) {
      const child = posix.join(folder, name);
      if (files.isDirectory(child)) {
        if (NAMES.some((n) => files.read(posix.join(child, n)))) resources.push(posix.relative(path, child));
        else visit(child);
      } else if (/\.ya?ml$/.test(name) && isManifest(files, child)) resources.push(posix.relative(path, child));
    }
  };
  visit(path);
  return { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources };
}

/** YAML files that are no Kubernetes objects (values, workflows) are passed over; those that try to be are not. */
function isManifest(files: KustomizeFiles, path: string): boolean {
  const text = Buffer.from(files.read(path)!).toString('utf8');
  return /^["']?(apiVersion|kind)["']?\s*:/m.test(text);
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** After kustomize-controller's generator: what the Kustomization says goes behind what the folder says. */
function overlay(base: Record<string, unknown>, spec: KustomizationSpec): Record<string, unknown> {
  const images = new Map(list(base['images']).map((image) => [(image as { name: string }).name, image]));
  for (const image of spec.images ?? []) images.set(image.name, { ...(images.get(image.name) as object), ...image });
  return {
    ...base,
    ...(spec.targetNamespace ? { namespace: spec.targetNamespace } : {}),
    ...(spec.namePrefix ? { namePrefix: spec.namePrefix + String(base['namePrefix'] ?? '') } : {}),
    ...(spec.nameSuffix ? { nameSuffix: String(base['nameSuffix'] ?? '') + spec.nameSuffix } : {}),
    ...(images.size > 0 ? { images: [...images.values()] } : {}),
    ...(spec.patches ? { patches: [...list(base['patches']), ...spec.patches] } : {}),
    ...(spec.components ? { components: [...list(base['components']), ...spec.components] } : {}),
  };
}
