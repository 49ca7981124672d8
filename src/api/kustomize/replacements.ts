// replacements: values copied from one resource's field into others'. Upstream: kustomize api/filters/replacement.
import { posix } from 'node:path';
import { parseYaml } from '../codec/yaml.ts';
import type { Unstructured } from '../types.ts';
import { isMap } from './fields.ts';
import { selectorMatcher } from './selector.ts';
import { KustomizeError, type KustomizeFiles, type Replacement, type Resource } from './types.ts';

export function replaceValues(
  resources: readonly Resource[],
  replacements: readonly Replacement[],
  files: KustomizeFiles,
  folder: string,
): void {
  for (const entry of replacements) {
    for (const replacement of entry.path ? readReplacements(files, posix.join(folder, entry.path)) : [entry]) {
      replaceOne(resources, replacement);
    }
  }
}

function readReplacements(files: KustomizeFiles, path: string): Replacement[] {
  const content = files.read(path);
  if (!content) throw new KustomizeError(`replacement file '${path}' doesn't exist`, path, 'replacements');
  const parsed = parseYaml(Buffer.from(content).toString('utf8')) as unknown;
  return Array.isArray(parsed) ? (parsed as Replacement[]) : [parsed as Replacement];
}

/** `metadata.labels.[a.b/c]` → parts; brackets keep dots together. */
export function splitFieldPath(path: string): string[] {
  return [...path.matchAll(/\[([^\]]*)\]|((?:\\.|[^.[\]])+)/g)].map((m) => m[1] ?? m[2]!.replaceAll('\\.', '.'));
}

function replaceOne(resources: readonly Resource[], { source, targets = [] }: Replacement): void {
  if (!source) throw new KustomizeError('replacements must specify a source', undefined, 'replacements');
  const found = resources.filter(selectorMatcher({ ...source }));
  if (found.length !== 1) {
    const what = found.length === 0 ? 'nothing selected by' : 'multiple matches for selector';
    throw new KustomizeError(
      `${what} ${source.kind ?? ''}:${source.name ?? ''}:${source.fieldPath ?? ''}`,
      undefined,
      'replacements',
    );
  }
  const fieldPath = source.fieldPath ?? 'metadata.name';
  const value = part(read(found[0]!.object, splitFieldPath(fieldPath)), source.options);
  if (value === undefined) {
    throw new KustomizeError(
      `fieldPath \`${fieldPath}\` is missing for replacement source ${source.kind}/${source.name}`,
      undefined,
      'replacements',
    );
  }
  for (const target of targets) {
    const selected = selectorMatcher(target.select ?? {});
    const rejected = (target.reject ?? []).map(selectorMatcher);
    for (const resource of resources) {
      if (!selected(resource) || rejected.some((r) => r(resource))) continue;
      for (const path of target.fieldPaths ?? ['metadata.name']) {
        const parts = splitFieldPath(path);
        const create = target.options?.create ?? false;
        resource.object = write(resource.object, parts, create, (old) =>
          merged(old, value, target.options),
        ) as Unstructured;
      }
    }
  }
}

function part(value: unknown, options: { delimiter?: string; index?: number } | undefined): unknown {
  if (!options?.delimiter || typeof value !== 'string') return value;
  return value.split(options.delimiter)[options.index ?? 0];
}

function merged(old: unknown, value: unknown, options: { delimiter?: string; index?: number } | undefined): unknown {
  if (!options?.delimiter || typeof old !== 'string') return value;
  const parts = old.split(options.delimiter);
  const index = options.index ?? 0;
  if (index < 0) parts.unshift(String(value));
  else if (index >= parts.length) parts.push(String(value));
  else parts[index] = String(value);
  return parts.join(options.delimiter);
}

/** Indexes of the list items that a path part means: `*`, `0`, `name=web`, `-` (append). */
function items(list: unknown[], step: string): number[] {
  if (step === '*') return list.map((_, i) => i);
  if (/^\d+$/.test(step)) return [Number(step)];
  const at = step.indexOf('=');
  if (at < 0) return [];
  const [key, wanted] = [step.slice(0, at), step.slice(at + 1)];
  return list.flatMap((item, i) => (isMap(item) && String(item[key]) === wanted ? [i] : []));
}

function read(node: unknown, parts: readonly string[]): unknown {
  const [step, ...rest] = parts;
  if (step === undefined) return node;
  if (Array.isArray(node)) {
    const index = items(node, step)[0];
    return index === undefined ? undefined : read(node[index], rest);
  }
  return isMap(node) ? read(node[step], rest) : undefined;
}

function write(node: unknown, parts: readonly string[], create: boolean, change: (old: unknown) => unknown): unknown {
  const [step, ...rest] = parts;
  if (step === undefined) return change(node);
  if (Array.isArray(node)) {
    const chosen = new Set(items(node, step));
    return node.map((item, i) => (chosen.has(i) ? write(item, rest, create, change) : item));
  }
  if (!isMap(node)) return node;
  if (node[step] === undefined) {
    if (!create)
      throw new KustomizeError(
        `unable to find field "${parts.join('.')}" in replacement target`,
        undefined,
        'replacements',
      );
    return { ...node, [step]: write(rest.length > 0 ? {} : undefined, rest, create, change) };
  }
  return { ...node, [step]: write(node[step], rest, create, change) };
}
