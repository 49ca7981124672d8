// configMapGenerator and secretGenerator, and the content hash at the end of generated names.
// Upstream: kustomize api/internal/generators, api/kv, api/hasher.
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { stringifySorted } from '../codec/json.ts';
import type { Unstructured } from '../types.ts';
import type { Loader } from './loader.ts';
import { type Behavior, Resource } from './resource.ts';
import { type GeneratorArgs, type GeneratorOptions, KustomizeError } from './types.ts';

export function generate(
  kind: 'ConfigMap' | 'Secret',
  args: GeneratorArgs,
  shared: GeneratorOptions | undefined,
  loader: Loader,
  file: string,
): Resource {
  if (!args.name) throw new KustomizeError('a configmap must have a name', file, kind);
  const pairs = readPairs(args, loader);
  const options = mergeOptions(shared, args.options);
  const { labels, annotations } = options;
  const object = {
    apiVersion: 'v1',
    kind,
    metadata: {
      name: String(args.name),
      ...(args.namespace ? { namespace: args.namespace } : {}),
      ...(labels ? { labels: texts(labels) } : {}),
      ...(annotations ? { annotations: texts(annotations) } : {}),
    },
    ...(kind === 'ConfigMap' ? configMapData(pairs) : secretData(pairs, args.type)),
    ...(options.immutable ? { immutable: true } : {}),
  } as Unstructured;
  const resource = new Resource(object, file);
  resource.hashed = !options.disableNameSuffixHash;
  resource.behavior = behaviorOf(args.behavior);
  return resource;
}

const behaviorOf = (text: string | undefined): Behavior =>
  text === 'create' || text === 'merge' || text === 'replace' ? text : 'unspecified';

const texts = (values: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));

/** A generator's own values win; of the switches, one that is on anywhere is on. */
function mergeOptions(shared: GeneratorOptions = {}, own: GeneratorOptions = {}): GeneratorOptions {
  const labels = { ...shared.labels, ...own.labels };
  const annotations = { ...shared.annotations, ...own.annotations };
  return {
    disableNameSuffixHash: Boolean(shared.disableNameSuffixHash || own.disableNameSuffixHash),
    immutable: Boolean(shared.immutable || own.immutable),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

function readPairs(args: GeneratorArgs, loader: Loader): Map<string, Buffer> {
  const pairs = new Map<string, Buffer>();
  const add = (key: string, value: Buffer) => {
    if (!/^[-._a-zA-Z0-9]+$/.test(key)) throw new KustomizeError(`"${key}" is not a valid key name: ${KEY_RULE}`);
    if (pairs.has(key)) throw new KustomizeError(`configmap ${args.name} illegally repeats the key \`${key}\``);
    pairs.set(key, value);
  };
  const envs = [...(args.envs ?? []), ...(args.env ? [args.env] : [])];
  const each = (what: string, sources: readonly string[], use: (source: string) => void) => {
    try {
      sources.forEach(use);
    } catch (error) {
      const { message, file } = error as KustomizeError;
      throw new KustomizeError(`loading KV pairs: ${what} [${sources.join(' ')}]: ${message}`, file);
    }
  };
  const loaded: [string, Buffer][] = [];
  each('env source files:', envs, (path) => {
    for (const [key, value] of envLines(loader.text(path))) loaded.push([key, Buffer.from(value)]);
  });
  each('literal sources', args.literals ?? [], (literal) => loaded.push(literalPair(String(literal))));
  each('file sources:', args.files ?? [], (source) => {
    const [key, path] = fileSource(String(source));
    loaded.push([key, Buffer.from(loader.load(path))]);
  });
  for (const [key, value] of loaded) add(key, value);
  return pairs;
}

const KEY_RULE =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

function literalPair(literal: string): [string, Buffer] {
  const at = literal.indexOf('=');
  if (at < 1) throw new KustomizeError(`invalid literal source ${literal}, expected key=value`);
  const value = literal.slice(at + 1);
  const quoted = value.length > 1 && value[0] === value.at(-1) && (value[0] === '"' || value[0] === "'");
  return [literal.slice(0, at), Buffer.from(quoted ? value.slice(1, -1) : value)];
}

function fileSource(source: string): [key: string, path: string] {
  const parts = source.split('=');
  if (parts.length === 1) return [posix.basename(source), source];
  const [key = '', path = ''] = parts;
  if (parts.length > 2) throw new KustomizeError(`source "${source}" key name or file path contains '='`);
  if (key === '') throw new KustomizeError(`missing key name for file path "${path}" in source "${source}"`);
  if (path === '') throw new KustomizeError(`missing file path for key name "${key}" in source "${source}"`);
  return [key, path];
}

function envLines(text: string): [string, string][] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, '').trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const at = line.indexOf('=');
      const key = at < 0 ? line : line.slice(0, at);
      if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(key)) {
        throw new KustomizeError(
          `"${key}" is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')`,
        );
      }
      return [key, at < 0 ? '' : line.slice(at + 1)];
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
  const { data = '', binaryData, stringData, type = '' } = object as Record<string, unknown> & { kind: string };
  const fields =
    kind === 'ConfigMap'
      ? { kind, name: '', data, ...(binaryData ? { binaryData } : {}) }
      : kind === 'Secret'
        ? { kind, type, name: '', data, ...(stringData ? { stringData } : {}) }
        : object;
  const digest = createHash('sha256').update(stringifySorted(fields)).digest('hex');
  return [...digest.slice(0, 10)].map((c) => LETTERS[c] ?? c).join('');
}
