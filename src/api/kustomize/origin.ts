// buildMetadata: where each object came from and what changed it, as annotations. Upstream: kustomize
// api/resource/origin.go, api/krusty/kustomizer.go.
import { posix } from 'node:path';
import type { RepoSpec } from './repo-spec.ts';
import type { Resource } from './resource.ts';

export const ORIGIN = 'config.kubernetes.io/origin';
export const TRANSFORMATIONS = 'alpha.config.kubernetes.io/transformations';

export interface BuildOrigin {
  path?: string;
  repo?: string;
  ref?: string;
  configuredIn?: string;
  configuredBy?: { apiVersion: string; kind: string };
}

export function setOrigin(resource: Resource, origin: BuildOrigin): void {
  resource.origin = origin;
}

/** How the root kustomization came to a folder: the way, and the repository in which the way began. */
export interface Way {
  folder: string;
  repo?: string;
  ref?: string;
}

/** One step further. Upstream: Origin.Append. */
export function further(way: Way, path: string, spec: RepoSpec | undefined): Way {
  if (!spec) return { ...way, folder: posix.join(way.folder, path) };
  return { folder: posix.normalize(spec.path || '.'), repo: spec.url, ...(spec.ref ? { ref: spec.ref } : {}) };
}

/** The origin of a file, below the folder of an origin. */
export const originOf = ({ folder, ...repository }: Way, path: string): BuildOrigin => ({
  path: posix.join(folder, path),
  ...repository,
});

export const builtinOrigin = ({ folder, ...repository }: Way, fileName: string, kind: string): BuildOrigin => ({
  ...repository,
  configuredIn: posix.join(folder, fileName),
  configuredBy: { apiVersion: 'builtin', kind },
});

/** A transformer has worked: what has no origin is taken to be made by it. */
export function noteTransformation(resources: readonly Resource[], origin: BuildOrigin): void {
  for (const resource of resources) {
    if (resource.origin) resource.transformations.push(origin);
    else resource.origin = origin;
  }
}

/** As Go prints the struct: its fields in their own order. */
function lines({ path, repo, ref, configuredIn, configuredBy }: BuildOrigin): string[] {
  return [
    ...(path ? [`path: ${path}`] : []),
    ...(repo ? [`repo: ${repo}`] : []),
    ...(ref ? [`ref: ${ref}`] : []),
    ...(configuredIn ? [`configuredIn: ${configuredIn}`] : []),
    ...(configuredBy
      ? ['configuredBy:', `  apiVersion: ${configuredBy.apiVersion}`, `  kind: ${configuredBy.kind}`]
      : []),
  ];
}

const printList = (origins: readonly BuildOrigin[]): string =>
  origins.flatMap((origin) => lines(origin).map((line, i) => `${i === 0 ? '-' : ' '} ${line}\n`)).join('');

/** Writes what was asked for. An object without annotations has no empty map of them, either. */
export function annotateOrigins(resources: readonly Resource[], options: readonly string[]): void {
  for (const resource of resources) {
    const annotations: Record<string, string> = {};
    if (options.includes('originAnnotations') && resource.origin) {
      annotations[ORIGIN] = `${lines(resource.origin).join('\n')}\n`;
    }
    if (options.includes('transformerAnnotations') && resource.transformations.length > 0) {
      annotations[TRANSFORMATIONS] = printList(resource.transformations);
    }
    const { metadata } = resource.object;
    const all = { ...metadata.annotations, ...annotations };
    if (Object.keys(all).length > 0) metadata.annotations = all;
    else delete metadata.annotations;
  }
}
