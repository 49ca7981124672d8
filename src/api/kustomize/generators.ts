// configMapGenerator and secretGenerator, and the content hash at the end of generated names.
// Upstream: kustomize api/internal/generators, api/hasher.
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { stringifySorted } from '../codec/json.ts';
import type { Unstructured } from '../types.ts';
import {
  type GeneratorArgs,
  type GeneratorOptions,
  KustomizeError,
  type KustomizeFiles,
  type Resource,
} from './types.ts';

export interface Generated {
  resource: Resource;
  behavior: 'create' | 'merge' | 'replace';
}

export function generate(
  kind: 'ConfigMap' | 'Secret',
  args: GeneratorArgs,
  shared: GeneratorOptions | undefined,
  files: KustomizeFiles,
  folder: string,
): Generated {
  const field = kind === 'ConfigMap' ? 'configMapGenerator' : 'secretGenerator';
  const file = posix.join(folder, 'kustomization.yaml');
  if (!args.name) throw new KustomizeError(`${field}: name must be specified`, file, field);
  const pairs = readPairs(args, files, folder, `${field} ${args.name}`);
  const options = mergeOptions(shared, args.options);
  const { labels, annotations } = options;
  const metadata = {
    ...(annotations ? { annotations } : {}),
    ...(labels ? { labels } : {}),
    name: args.name,
    ...(args.namespace ? { namespace: args.namespace } : {}),
  };
  const body = kind === 'ConfigMap' ? configMapData(pairs) : secretData(pairs, args.type);
  const object = {
    apiVersion: 'v1',
    kind,
    metadata,
    ...body,
    ...(options.immutable ? { immutable: true } : {}),
  } as Unstructured;
  return {
    behavior: args.behavior ?? 'create',
    resource: {
      object,
      origin: file,
      names: [{ name: args.name, namespace: args.namespace ?? '' }],
      hashed: !options.disableNameSuffixHash,
    },
  };
}

function mergeOptions(shared: GeneratorOptions = {}, own: GeneratorOptions = {}): GeneratorOptions {
  const labels = { ...shared.labels, ...own.labels };
  const annotations = { ...shared.annotations, ...own.annotations };
  return {
    ...shared,
    ...own,
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

function readPairs(args: GeneratorArgs, files: KustomizeFiles, folder: string, what: string): Map<string, Buffer> {
  const pairs = new Map<string, Buffer>();
  const add = (key: string, value: Buffer) => {
    if (pairs.has(key))
      throw new KustomizeError(`${what}: cannot add key ${key}, another key by that name already exists`);
    pairs.set(key, value);
  };
  const read = (path: string): Buffer => {
    const content = files.read(posix.join(folder, path));
    if (!content)
      throw new KustomizeError(
        `${what}: evalsymlink failure on '${posix.join(folder, path)}': no such file or directory`,
      );
    return Buffer.from(content);
  };
  for (const path of [...(args.envs ?? []), ...(args.env ? [args.env] : [])]) {
    for (const [key, value] of envLines(read(path).toString('utf8'))) add(key, Buffer.from(value));
  }
  for (const literal of args.literals ?? []) {
    const at = literal.indexOf('=');
    if (at < 1) throw new KustomizeError(`${what}: invalid literal source ${literal}, expected key=value`);
    const value = literal.slice(at + 1);
    const quoted = /^(["'])(.*)\1$/s.exec(value);
    add(literal.slice(0, at), Buffer.from(quoted ? quoted[2]! : value));
  }
  for (const source of args.files ?? []) {
    const at = source.indexOf('=');
    const path = at < 0 ? source : source.slice(at + 1);
    add(at < 0 ? posix.basename(source) : source.slice(0, at), read(path));
  }
  return pairs;
}

function envLines(text: string): [string, string][] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, '').trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const at = line.indexOf('=');
      return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
    });
}

function configMapData(pairs: Map<string, Buffer>): object {
  const data: Record<string, string> = {};
  const binaryData: Record<string, string> = {};
  for (const [key, value] of pairs) {
    const text = value.toString('utf8');
    if (Buffer.from(text).equals(value)) data[key] = text;
    else binaryData[key] = value.toString('base64');
  }
  return {
    ...(Object.keys(data).length > 0 ? { data } : {}),
    ...(Object.keys(binaryData).length > 0 ? { binaryData } : {}),
  };
}

function secretData(pairs: Map<string, Buffer>, type = 'Opaque'): object {
  const data = Object.fromEntries([...pairs].map(([key, value]) => [key, value.toString('base64')]));
  return { ...(pairs.size > 0 ? { data } : {}), type: type || 'Opaque' };
}

const LETTERS: Record<string, string> = { '0': 'g', '1': 'h', '3': 'k', a: 'm', e: 't' };

/** Ten letters of the content's digest, none of which can make a word. The name is not part of the content. */
export function contentHash(object: Unstructured): string {
  const { kind } = object;
  const { data, binaryData, type } = object as { data?: object; binaryData?: object; type?: string };
  const fields =
    kind === 'ConfigMap'
      ? { kind, name: '', data: data ?? '', ...(binaryData ? { binaryData } : {}) }
      : kind === 'Secret'
        ? { kind, type: type ?? '', name: '', data: data ?? '' }
        : object;
  const digest = createHash('sha256').update(stringifySorted(fields)).digest('hex');
  return [...digest.slice(0, 10)].map((c) => LETTERS[c] ?? c).join('');
}
